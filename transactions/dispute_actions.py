"""What staff can do to an open dispute: each asked for on a page that says about which purchase, and what it does."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET

from cards.actions import carry_out, posted, who
from console.access import Actor, Permission, permissions_of, requires
from console.htmx import page_or_fragment, redirect, toast
from console.money import format_minor
from console.provider import features
from console.provider.commands import CannotDo
from console.provider.models import CommandKind
from console.provider.observing import lacks
from console.proxies import OneFile
from console.templatetags.console import status, when
from transactions import dispute_changes
from transactions.evidence import MOST, kind_of
from transactions.forms import EvidenceForm, StatementForm, WithdrawForm
from transactions.models import Dispute
from transactions.standing import standing_of_dispute

Words = str | Promise
AT_HAND = 2  # buttons in sight; the others are one click further


class Offer(NamedTuple):
    """An action as it is put to a person. `what` says what it does before it is done."""

    kind: CommandKind
    route: str
    verb: Words
    what: Words
    danger: bool = False


ATTACH = Offer(
    CommandKind.EVIDENCE,
    "attach",
    lazy("Attach file"),
    lazy("The file goes to the provider and is not kept here. Where one was sent before, this may take its place."),
)
STATEMENT = Offer(
    CommandKind.STATEMENT,
    "statement",
    lazy("Change statement"),
    lazy(
        "The provider takes the whole statement anew: leave what still holds and add to it. "
        "No card number, security code or PIN belongs in it."
    ),
)
WITHDRAW = Offer(
    CommandKind.WITHDRAW,
    "withdraw",
    lazy("Withdraw dispute"),
    lazy("The provider drops the case and the merchant keeps the money. This cannot be undone."),
    danger=True,
)
OFFERS = (ATTACH, STATEMENT, WITHDRAW)


def offers(dispute: Dispute, roles: Sequence[str]) -> dict[str, Any]:
    """For the page of a dispute: where it stands, the actions that its state calls for beside those, where its file can
    be had, and which features the provider was seen to lack. Only for those who may act."""
    permissions = permissions_of(list(roles))
    possible = [offer for offer in OFFERS if not dispute_changes.why_not(dispute, offer.kind)]
    standing = standing_of_dispute(dispute, {offer.route for offer in possible}, permissions)
    if Permission.DISPUTE_OPEN not in permissions:
        return {"standing": standing, "at_hand": [], "further": [], "file_url": "", "lacking": []}
    found = [
        {
            "url": reverse(f"transactions:{offer.route}", args=[dispute.pk]),
            "label": offer.verb,
            "kind": "danger" if offer.danger else "",
        }
        for offer in possible
    ]
    found = [offer for offer in found if offer["url"] not in standing.urls]
    needs = dispute_changes.NEEDS.values() if dispute_changes.is_open(dispute) else ()
    lacking = dict.fromkeys(feature for route, feature in needs if lacks(route))
    has_file = dispute.has_file_evidence and not lacks(dispute_changes.FETCH)
    return {
        "standing": standing,
        "at_hand": found[:AT_HAND],
        "further": found[AT_HAND:],
        "file_url": reverse("transactions:evidence", args=[dispute.pk]) if has_file else "",
        "lacking": [features.BY_KEY[key] for key in lacking],
    }


@requires(Permission.DISPUTE_OPEN)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    dispute = _dispute_of(pk)
    form = WithdrawForm(posted(request))
    if form.is_valid():
        asked = {"actor": Actor.of(request), "reason": form.cleaned_data["reason"]}
        done = _("The dispute is withdrawn.")
        if carry_out(request, form, lambda: dispute_changes.withdraw(dispute, **asked), done=done):
            return redirect(request, dispute)
    return _confirm(request, dispute, WITHDRAW, form)


@requires(Permission.DISPUTE_OPEN)
def statement(request: HttpRequest, pk: int) -> HttpResponse:
    """The form begins with the statement as it is."""
    dispute = _dispute_of(pk)
    now = dispute_changes.statement_of(dispute)
    form = StatementForm(posted(request), initial={"text": now, "before": now})
    if form.is_valid():
        given = form.cleaned_data
        asked = {"before": given["before"], "actor": Actor.of(request)}
        done = _("The statement is changed.")
        if carry_out(request, form, lambda: dispute_changes.restate(dispute, given["text"], **asked), done=done):
            return redirect(request, dispute)
    return _confirm(request, dispute, STATEMENT, form)


@requires(Permission.DISPUTE_OPEN)
@csrf_exempt  # until it is settled how the body is read: `_attach` checks the token
def attach(request: HttpRequest, pk: int) -> HttpResponse:
    """The only page that takes a file."""
    request.upload_handlers = [OneFile(request, MOST)]
    return _attach(request, pk)


@csrf_protect
def _attach(request: HttpRequest, pk: int) -> HttpResponse:
    dispute = _dispute_of(pk)
    form = EvidenceForm(posted(request), request.FILES if request.method == "POST" else None)
    if form.is_valid():
        file, actor = form.cleaned_data["file"], Actor.of(request)
        done = _("The file is with the provider.")
        if carry_out(request, form, lambda: dispute_changes.attach(dispute, file, actor=actor), done=done):
            return redirect(request, dispute)
    there = dispute.has_file_evidence
    known = {True: _("yes"), False: _("no"), None: _("not known")}[there]
    return _confirm(request, dispute, ATTACH, form, {_("File sent before"): known})


@requires(Permission.DISPUTE_OPEN)
@require_GET
def evidence(request: HttpRequest, pk: int) -> HttpResponse:
    """The provider's bytes, under a name of ours and never as something that a browser opens."""
    dispute = _dispute_of(pk)
    try:
        content = dispute_changes.fetch(dispute, actor=Actor.of(request))
    except CannotDo as refusal:
        toast(request, str(refusal), "refused")
        return redirect(request, dispute)
    kind = kind_of(content)
    name = f"evidence-{dispute.pk}{kind.ending if kind else '.bin'}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return HttpResponse(content, content_type="application/octet-stream", headers=headers)


def _dispute_of(pk: int) -> Dispute:
    return get_object_or_404(
        Dispute.objects.select_related("transaction__card__cardholder__company", "transaction__card__company").defer(
            "raw", "transaction__raw"
        ),
        pk=pk,
    )


def _confirm(
    request: HttpRequest,
    dispute: Dispute,
    offer: Offer,
    form: forms.Form,
    more: Mapping[str, object] | None = None,
) -> HttpResponse:
    """A page that asks, in a dialog where there is script; where it cannot be done it says what to do instead."""
    why_not = dispute_changes.why_not(dispute, offer.kind)
    about = dispute.transaction
    purchase = f"{about} · {format_minor(about.amount or 0, about.currency)}" if about else ""
    card = about.card if about else None
    facts = {
        _("Purchase"): purchase,
        **({_("Card"): card, _("Whose"): who(request, card)} if card else {}),
        _("Status"): status(dispute.status, "dispute"),
        _("Opened"): when(dispute.opened_at),
    }
    shown = {
        "title": offer.verb,
        "what": "" if why_not else offer.what,
        "facts": [*facts.items(), *(more or {}).items()],
        "notice": "" if why_not in form.non_field_errors() else why_not,
        "form": form if form.is_bound or not why_not else None,
        "verb": "" if why_not else offer.verb,
        "danger": offer.danger,
        "action_url": request.path,
        "back_url": dispute.get_absolute_url(),
    }
    code = 422 if form.errors else 200
    return page_or_fragment(request, "ui/confirm.html", "ui/_confirm.html", shown, status=code)
