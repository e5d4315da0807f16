"""Locking all cards of a person or a company: asked for once, sent one by one by the worker, followed on one page."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cardholders.models import Cardholder, Company
from cards import services
from cards.actions import posted
from cards.forms import LockAllForm
from cards.models import Card
from console.access import Actor, Permission, requires
from console.htmx import page_or_fragment, redirect, toast
from console.provider.models import Command, CommandKind

LOCKABLE = services.CHANGES[CommandKind.LOCK].allowed
FOLLOWED = timedelta(days=1)  # how long the page of a bulk lock still shows it


@requires(Permission.CARD_LOCK)
def lock_all_person(request: HttpRequest, pk: int) -> HttpResponse:
    return _lock_all(request, get_object_or_404(Cardholder.objects.defer("raw"), pk=pk), "person")


@requires(Permission.CARD_LOCK)
def lock_all_company(request: HttpRequest, pk: int) -> HttpResponse:
    return _lock_all(request, get_object_or_404(Company.objects.defer("raw"), pk=pk), "company")


@requires(Permission.RECORD_READ)
def locking_person(request: HttpRequest, pk: int) -> HttpResponse:
    return _locking(request, get_object_or_404(Cardholder.objects.defer("raw"), pk=pk))


@requires(Permission.RECORD_READ)
def locking_company(request: HttpRequest, pk: int) -> HttpResponse:
    return _locking(request, get_object_or_404(Company.objects.defer("raw"), pk=pk))


def _lock_all(request: HttpRequest, owner: Cardholder | Company, kind: str) -> HttpResponse:
    cards = services.cards_of(owner)
    active = [card for card in cards if card.state in LOCKABLE]
    form = LockAllForm(posted(request))
    if active and form.is_valid():
        asked = services.lock_all(active, actor=Actor.of(request), reason=form.cleaned_data["reason"])
        words = ngettext("%(count)d card is being locked.", "%(count)d cards are being locked.", len(asked))
        toast(request, words % {"count": len(asked)})
        return redirect(request, f"cards:locking_{kind}", owner.pk)
    context = {
        "title": _("Lock all cards"),
        "owner": owner,
        "is_company": isinstance(owner, Company),
        "cards": active,
        "others": len(cards) - len(active),
        "form": form,
        "back_url": owner.get_absolute_url(),
    }
    return render(request, "cards/lock_all.html", context, status=422 if form.errors else 200)


def _locking(request: HttpRequest, owner: Cardholder | Company) -> HttpResponse:
    """One row per card with its newest bulk lock. 204 while nothing moved since the asker looked."""
    rows = _rows(services.cards_of(owner))
    version = "-".join(f"{command.state}{command.checks}" for _card, command in rows)
    if request.GET.get("seen") == version:
        return HttpResponse(status=204)
    settled = sum(not command.is_open for _card, command in rows)
    context: dict[str, object] = {
        "title": _("Locking all cards"),
        "owner": owner,
        "rows": rows,
        "settled": settled,
        "total": len(rows),
        "is_open": settled < len(rows),
        "progress": _("%(settled)d of %(total)d settled") % {"settled": settled, "total": len(rows)},
        "live_url": f"{request.path}?seen={version}",
        "back_url": owner.get_absolute_url(),
    }
    return page_or_fragment(request, "cards/locking.html", "cards/_locking.html", context)


def _rows(cards: list[Card]) -> list[tuple[Card, Command]]:
    by_pk = {card.pk: card for card in cards}
    newest: dict[int, Command] = {}
    asked = Command.objects.filter(
        kind=CommandKind.LOCK,
        record="card",
        record_id__in=by_pk,
        payload__queued=True,
        created_at__gte=timezone.now() - FOLLOWED,
    )
    for command in asked.order_by("created_at"):
        newest[command.record_id] = command
    return [(by_pk[pk], command) for pk, command in sorted(newest.items())]
