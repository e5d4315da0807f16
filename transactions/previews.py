"""A transaction, and a dispute, beside the list: with why it was declined and what helps."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from console import preview, privacy
from console.access import Permission, allowed, permissions_of, requires
from console.money import format_minor
from console.preview import Event, Link, Preview
from console.provider import commands
from console.templatetags.console import when
from transactions import chain, declines, dispute_actions, services
from transactions.models import Dispute, Transaction


@requires(Permission.RECORD_READ)
@require_safe
def transaction(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(
        Transaction.objects.select_related("card", "cardholder", "company").defer(
            "raw", "card__raw", "cardholder__raw", "company__raw"
        ),
        pk=pk,
    )
    clear = allowed(request.user, Permission.PERSONAL_READ)
    explained = declines.explain(found, permissions_of(request.user.roles))  # type: ignore[union-attr]
    steps = [
        Event(str(step.label), step.at, note="" if step.amount is None else format_minor(step.amount, found.currency))
        for step in chain.chain_of(found).steps
    ]
    return preview.shown(
        request,
        Preview(
            title=found.title,
            url=found.get_absolute_url(),
            word=found.status,
            kind="transaction",
            meaning=explained.decline.meaning if explained else chain.meaning(found),
            actions=_actions(request, found, explained),
            facts=[
                (_("Amount"), preview.amount_of(found)),
                (_("Local amount"), _local(found)),
                (_("Why declined"), f"{explained.decline.label} ({found.declined_reason})" if explained else ""),
                (_("Where"), ", ".join(filter(None, (found.merchant_city, found.merchant_country)))),
                (_("Merchant category"), found.merchant_category),
                (_("Time"), when(found.occurred_at)),
                (_("Posted"), when(found.posted_at)),
            ],
            related=[
                Link(str(each) if each is found.card else privacy.name(each, clear=clear), each.get_absolute_url())
                for each in (found.card, found.cardholder, found.company)
                if each
            ],
            events=preview.newest(steps, preview.commanded(commands.of_record("transaction", pk))),
        ),
    )


def _actions(request: HttpRequest, found: Transaction, explained: declines.Explained | None) -> list[dict[str, Any]]:
    actions = []
    if explained and explained.url and explained.decline.remedy:
        actions.append(
            {"url": explained.url, "label": explained.decline.remedy.label, "dialog": explained.decline.remedy.dialog}
        )
    if allowed(request.user, Permission.DISPUTE_OPEN) and found.codego_id and not services.why_not_dispute(found):
        url = reverse("transactions:open_dispute", args=[found.pk])
        actions.append({"url": url, "label": _("Open dispute"), "icon": "disputes", "dialog": True})
    return actions


@requires(Permission.RECORD_READ)
@require_safe
def dispute(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Dispute.objects.select_related("transaction__card").defer("raw"), pk=pk)
    about = found.transaction
    offered = dispute_actions.offers(found, request.user.roles)  # type: ignore[union-attr]
    clear = allowed(request.user, Permission.PERSONAL_READ)
    text = found.text_evidence
    dates = [Event(_("Opened"), found.opened_at), Event(_("Closed"), found.resolved_at)]
    return preview.shown(
        request,
        Preview(
            title=_("Dispute of %(what)s") % {"what": about} if about else _("Dispute"),
            url=found.get_absolute_url(),
            word=found.status,
            kind="dispute",
            actions=[each | {"dialog": True} for each in offered["at_hand"]],
            facts=[
                (_("Amount"), _money(about.amount, about.currency) if about else ""),
                (_("Statement"), text if clear or not text else privacy.DOTS),
                (_("Purchase posted"), when(about.posted_at) if about else ""),
            ],
            related=[Link(str(each), each.get_absolute_url()) for each in (about, about and about.card) if each],
            events=preview.newest(dates, preview.commanded(commands.of_record("dispute", pk))),
        ),
    )


def _money(amount: int | None, currency: str) -> str:
    return "" if amount is None else format_minor(amount, currency)


def _local(found: Transaction) -> str:
    differs = found.local_currency and found.local_currency.upper() != found.currency.upper()
    return _money(found.local_amount, found.local_currency) if differs else ""
