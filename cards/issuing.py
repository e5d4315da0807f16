"""New cards: issuing, replacing a lost or stolen one, and saying which of several new cards was asked for."""

import uuid
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from cardholders.models import Cardholder
from cards import services, words
from cards.actions import about, announce, card_of, carry_out, failed, posted, refusal
from cards.forms import ClaimForm, IssueForm, ReplaceForm, starting
from cards.models import CANCELED, Card
from cards.power import power_of
from console.access import Actor, Permission, requires
from console.codego.errors import CodegoError
from console.htmx import page_or_fragment, redirect, toast
from console.provider.commands import CannotDo
from console.provider.models import Command, CommandKind, CommandState


@requires(Permission.CARD_ISSUE)
def issue(request: HttpRequest, pk: int) -> HttpResponse:
    holder = get_object_or_404(Cardholder.objects.select_related("company").defer("raw"), pk=pk)
    form = IssueForm(posted(request), initial=starting(holder))
    if form.is_valid():
        once = form.cleaned_data["once"]
        if before := Command.objects.filter(pk=once, kind=CommandKind.ISSUE, record_id=holder.pk).first():
            toast(
                request,
                _("This form was sent already, and one card was asked for. This is what became of it."),
                "unknown",
            )
            return redirect(request, "provider:command", before.pk)

        def ask() -> Command:
            return services.issue(holder, form.order(), actor=Actor.of(request), once=once)

        if sent := carry_out(request, form, ask, done=_("The card is issued.")):
            return redirect(request, issued(sent) or holder)
        form.renew()
    context = {
        "title": _("Issue card"),
        "holder": holder,
        "form": form,
        "power": power_of(holder),
        "not_credit": words.NOT_CREDIT,
        "back_url": holder.get_absolute_url(),
    }
    return render(request, "cards/issue.html", context, status=422 if form.errors else 200)


def issued(command: Command) -> Card | None:
    return Card.objects.filter(codego_id=command.result).first() if command.result else None


@requires(Permission.CARD_ISSUE, Permission.CARD_CANCEL)
def replace(request: HttpRequest, pk: int) -> HttpResponse:
    card = card_of(pk)
    if card.state == CANCELED:
        toast(request, _("This card is cancelled already."), "refused")
        return redirect(request, "cards:replaced", card.pk)
    form = ReplaceForm(posted(request), card=card, initial=starting(card.cardholder) if card.cardholder else {})
    if form.is_valid() and (answer := _replace(request, card, form)):
        return answer
    context = {
        "title": _("Replace lost or stolen card"),
        "card": card,
        "facts": [*about(request, card), (_("Limit of the new card"), words.limit(card))],
        "form": form,
        "power": power_of(card.cardholder, card.company),
        "not_credit": words.NOT_CREDIT,
        "back_url": card.get_absolute_url(),
    }
    return render(request, "cards/replace.html", context, status=422 if form.errors else 200)


@requires(Permission.RECORD_READ)
def replaced(request: HttpRequest, pk: int) -> HttpResponse:
    """Both halves of a replacement as they stand: the old card's end, and the new card."""
    card = card_of(pk)
    commands = Command.objects.select_related("actor").order_by("-created_at")
    ended = commands.filter(record="card", record_id=card.pk, kind=CommandKind.CANCEL).first()
    made = None
    if ended and card.cardholder_id:
        made = commands.filter(
            record="cardholder", record_id=card.cardholder_id, kind=CommandKind.ISSUE, created_at__gte=ended.created_at
        ).last()
    context = {
        "title": _("Replacement of %(card)s") % {"card": card},
        "card": card,
        "ended": ended,
        "made": made,
        "may_issue": card.state == CANCELED and bool(card.cardholder_id) and (made is None or failed(made)),
    }
    return render(request, "cards/replaced.html", context)


@requires(Permission.CARD_ISSUE)
def claim(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    command = get_object_or_404(Command, pk=pk, kind=CommandKind.ISSUE)
    holder = get_object_or_404(Cardholder, pk=command.record_id)
    if command.state != CommandState.SEVERAL:
        toast(request, _("It is known already which card this is."))
        return redirect(request, "provider:command", command.pk)
    cards, trouble = _candidates(command)
    form = ClaimForm(posted(request), cards=cards)
    if form.is_valid():

        def say() -> Command:
            return services.claim_card(command, form.cleaned_data["card"], actor=Actor.of(request))

        if carry_out(request, form, say, done=_("The card is known.")):
            return redirect(request, form.cleaned_data["card"])
    context: dict[str, object] = {
        "title": _("Which card was asked for?"),
        "what": _("The answer to this request was lost, and since then more than one new card like it has appeared."),
        "verb": _("This is the card"),
        "back_url": holder.get_absolute_url(),
        "action_url": request.path,
        "form": form,
        "notice": trouble,
    }
    code = 422 if form.errors else 200
    return page_or_fragment(request, "ui/confirm.html", "ui/_confirm.html", context, status=code)


def _candidates(command: Command) -> tuple[list[Card], str]:
    try:
        return services.candidates(command), ""
    except CodegoError as failure:
        return [], _("The provider's list of cards could not be read: %(words)s") % {"words": failure}


def _replace(request: HttpRequest, card: Card, form: ReplaceForm) -> HttpResponse | None:
    """None where the old card stands as it did. Once it is cancelled, what follows shows on a page of its own."""
    where = reverse("cards:replaced", args=[card.pk])
    try:
        ended, made = services.replace(card, form.order(), actor=Actor.of(request), reason=form.reason())
    except (CannotDo, CodegoError) as failure:
        return _stopped(request, card, form, failure)
    if failed(ended):
        form.add_error(None, refusal(ended))
        return None
    if made is None:
        announce(request, ended, "")
    elif made.is_open or made.state == CommandState.DONE:
        announce(request, made, _("The old card is cancelled and the new one is issued."))
    else:
        toast(request, _("The old card is cancelled, but the new one was refused."), "refused")
    return redirect(request, where)


def _stopped(request: HttpRequest, card: Card, form: forms.Form, failure: Exception) -> HttpResponse | None:
    """Stopped by a sentence: before anything was sent, or between the two halves."""
    if not _just_cancelled(card):
        form.add_error(None, str(failure))
        return None
    said = {"words": failure}
    toast(
        request,
        _("The old card is cancelled. No new card was asked for: nothing was sent. %(words)s") % said,
        "refused",
    )
    return redirect(request, "cards:replaced", card.pk)


def _just_cancelled(card: Card) -> bool:
    newest: Any = Command.objects.filter(record="card", record_id=card.pk).order_by("-created_at").first()
    return bool(newest and newest.kind == CommandKind.CANCEL and newest.state == CommandState.DONE)
