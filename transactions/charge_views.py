"""Charging a fee, asked for twice: what is typed is shown once more before anything is sent. And saying which fee it
was, where the answer was lost and more than one could be it."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cardholders.models import Cardholder, Company
from cardholders.nouns import Applicant, applicant_or_404, noun_of
from cards.actions import carry_out, failed, posted, shown
from cards.forms import USD
from cards.power import power_of
from console import privacy
from console.access import Actor, Permission, allowed, requires
from console.codego.errors import CodegoError
from console.htmx import page_or_fragment, redirect, toast
from console.money import format_minor
from console.provider.commands import CannotDo
from console.provider.models import Command, CommandKind, CommandState
from console.templatetags.console import status, when
from transactions import charges
from transactions.forms import ChargeForm, WhichFeeForm
from transactions.models import Transaction

LATELY = timedelta(days=7)  # for so long the same amount once more may be a slip


@requires(Permission.CHARGE_MAKE)
def charge_person(request: HttpRequest, pk: int) -> HttpResponse:
    return _charge(request, get_object_or_404(Cardholder.objects.select_related("company").defer("raw"), pk=pk))


@requires(Permission.CHARGE_MAKE)
def charge_company(request: HttpRequest, pk: int) -> HttpResponse:
    return _charge(request, get_object_or_404(Company.objects.defer("raw"), pk=pk))


@requires(Permission.CHARGE_MAKE)
def claim(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    command = get_object_or_404(Command, pk=pk, kind=CommandKind.CHARGE)
    owner = applicant_or_404(command.record, command.record_id)
    if command.state != CommandState.SEVERAL:
        toast(request, _("It is known already what became of it."))
        return redirect(request, "provider:command", command.pk)
    fees, trouble = _candidates(command)
    form = WhichFeeForm(posted(request), fees=fees)
    if form.is_valid():
        try:
            said = charges.claim(command, form.fee(), actor=Actor.of(request))
        except CannotDo as words:
            form.add_error(None, str(words))
        else:
            toast(request, _("Recorded: this is the fee.") if said.result else _("Recorded: it was not charged."))
            return redirect(request, owner)
    asked = command.payload
    context: dict[str, object] = {
        "title": _("Which fee was it?"),
        "what": _("The answer to this request was lost, and since then a new fee has appeared that may be it or not."),
        "facts": [*_about(request, owner), (_("Asked for"), f"{_money(asked['amount'])} · {asked['description']}")],
        "verb": _("Record it"),
        "back_url": owner.get_absolute_url(),
        "action_url": request.path,
        "form": form,
        "notice": trouble,
    }
    return _page(request, form, context)


def _charge(request: HttpRequest, owner: Applicant) -> HttpResponse:
    form = ChargeForm(posted(request), initial={"once": uuid.uuid4()})
    why_not = charges.why_not(owner)
    if form.is_valid() and "change" not in request.POST:
        if not why_not and not form.is_reviewed():
            return _review(request, owner, form)
        if _send(request, owner, form):
            return redirect(request, owner)
        if answer := _sent_before(request, owner, form):
            return answer
        form.again(reviewed="", once=str(uuid.uuid4()))
    elif form.is_bound:
        form.again(reviewed="")
    context = {
        "title": _("Charge a fee"),
        "what": "" if why_not else _("Nothing is charged yet: you see it once more before it is sent."),
        "facts": [*_about(request, owner), (_("Spending power"), shown(_power(owner)))],
        "notice": "" if why_not in form.non_field_errors() else why_not,
        "form": form if form.is_bound or not why_not else None,
        "verb": "" if why_not else _("Look it over"),
        "back_url": owner.get_absolute_url(),
        "action_url": request.path,
    }
    return _page(request, form, context)


def _send(request: HttpRequest, owner: Applicant, form: ChargeForm) -> Command | None:
    given = form.cleaned_data

    def act() -> Command:
        asked = {"actor": Actor.of(request), "reason": given["reason"], "once": given["once"]}
        return charges.charge(owner, given["amount"], given["description"], **asked)

    return carry_out(request, form, act, done=_("The fee is charged."))


def _sent_before(request: HttpRequest, owner: Applicant, form: ChargeForm) -> HttpResponse | None:
    """This very form was sent already and not refused: what became of that is shown, and nothing is sent."""
    sent = Command.objects.filter(pk=form.cleaned_data["once"], kind=CommandKind.CHARGE)
    before = sent.filter(record=noun_of(owner), record_id=owner.pk).first()
    if before is None or failed(before):
        return None
    toast(
        request, _("This form was sent already, and the fee was asked for once. This is what became of it."), "unknown"
    )
    return redirect(request, "provider:command", before.pk)


def _review(request: HttpRequest, owner: Applicant, form: ChargeForm) -> HttpResponse:
    """What was typed, to be read over; its fields are hidden."""
    given = form.cleaned_data
    amount = _money(given["amount"])
    form.hide(reviewed=str(given["amount"]), once=str(given["once"]))
    context = {
        "title": _("Charge %(amount)s?") % {"amount": amount},
        "what": _("The provider adds it to what is owed, which leaves less to spend. It cannot be taken back here."),
        "facts": [
            *_about(request, owner),
            (_("Amount"), format_html("<strong>{}</strong>", amount)),
            (_("Description"), given["description"]),
            (_("Reason"), given["reason"]),
            (_("Spending power"), shown(_power(owner))),
        ],
        "notice": _charged_lately(owner, given["amount"]),
        "form": form,
        "verb": _("Charge %(amount)s") % {"amount": amount},
        "change": _("Change it"),
        "back_url": owner.get_absolute_url(),
        "action_url": request.path,
    }
    return _page(request, form, context)


def _charged_lately(owner: Applicant, amount: int) -> str:
    """The same amount was charged before: that may be meant, or a slip."""
    fees = owner.transactions.filter(kind="fee", amount=amount, occurred_at__gte=timezone.now() - LATELY)
    last = fees.order_by("-occurred_at", "-pk").first()
    if last is None:
        return ""
    return format_html(_("A fee of the same amount was charged already: {}, {}."), last, when(last.occurred_at))


def _candidates(command: Command) -> tuple[list[Transaction], str]:
    try:
        return charges.candidates(command), ""
    except CodegoError as failure:
        return [], _("The provider's list of fees could not be read: %(words)s") % {"words": failure}


def _about(request: HttpRequest, owner: Applicant) -> list[tuple[str, object]]:
    """Whom it meets, so that nobody charges the wrong one."""
    name = privacy.name(owner, clear=allowed(request.user, Permission.PERSONAL_READ))
    state: SafeString = status(owner.application_status, "application")
    return [(_("Whom"), name), (_("Status"), state), (_("Provider's id"), owner.codego_id or "")]


def _power(owner: Applicant) -> Any:
    return power_of(owner) if isinstance(owner, Cardholder) else power_of(None, owner)


def _money(amount: int) -> str:
    return format_minor(amount, USD)


def _page(request: HttpRequest, form: ChargeForm | WhichFeeForm, context: Mapping[str, object]) -> HttpResponse:
    """In a dialog where there is script."""
    code = 422 if form.errors else 200
    return page_or_fragment(request, "ui/confirm.html", "ui/_confirm.html", context, status=code)
