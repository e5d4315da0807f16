"""Disputes: opening one, the list, the page of one, and writing down what support said where nothing else can tell."""

import uuid
import zlib
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cardholders import related
from cards.actions import failed, refusal
from console.access import Actor, Permission, allowed, requires
from console.arrivals import watched
from console.codego.errors import CodegoError
from console.columns import Column
from console.htmx import page_or_fragment, redirect, toast
from console.listing import listed, paginate
from console.notes import services as notes
from console.provider import commands
from console.provider.commands import CannotDo
from console.provider.models import Command, CommandKind, CommandState
from console.provider.observing import lacks
from console.pulse import pulse
from transactions import services
from transactions.columns import dispute_columns
from transactions.dispute_actions import offers
from transactions.filters import DISPUTE_SORTS, NEWEST_DISPUTES, DisputeFilters
from transactions.forms import AnswerForm, DisputeForm
from transactions.list_exports import export
from transactions.models import Dispute, Transaction

HEAVY = ("raw", "flags", "transaction__raw", "transaction__flags", "transaction__card__raw")
ROWS = Dispute.objects.select_related("transaction__card").defer(*HEAVY)


@listed(lazy("Disputes"))
@requires(Permission.RECORD_READ)
@watched("dispute")
def disputes(request: HttpRequest) -> HttpResponse:
    page = paginate(
        request,
        ROWS.all(),
        form=DisputeFilters(request.GET),
        columns=_columns(),
        default_sort=NEWEST_DISPUTES,
        sortable=DISPUTE_SORTS,
        export_url=reverse("transactions:export_disputes") if allowed(request.user, Permission.LIST_EXPORT) else "",
    )
    context: dict[str, object] = {"title": _("Disputes"), "page": page}
    return page_or_fragment(request, "transactions/disputes.html", "transactions/_disputes_table.html", context)


@requires(Permission.LIST_EXPORT)
def export_disputes(request: HttpRequest) -> StreamingHttpResponse:
    return export(
        request,
        ROWS.filter(by_reference=False),
        name="disputes",
        form=DisputeFilters(request.GET),
        columns=lambda zone: dispute_columns(zone, clear=allowed(request.user, Permission.PERSONAL_READ)),
        sorts=DISPUTE_SORTS,
        default_sort=NEWEST_DISPUTES,
    )


@requires(Permission.RECORD_READ)
def dispute(request: HttpRequest, pk: int) -> HttpResponse:
    """204 while the page shows what is known."""
    whose = ("transaction__card", "transaction__cardholder", "transaction__company")
    found = get_object_or_404(Dispute.objects.select_related(*whose), pk=pk)
    moving = _moving(request, found)
    version = _version(found, moving)
    if request.GET.get("seen") == version:
        return HttpResponse(status=204)
    about = found.transaction
    context = {
        "title": _("Dispute of %(what)s") % {"what": about} if about else _("Dispute"),
        "dispute": found,
        "transaction": about,
        "live_url": f"{request.path}?seen={version}",
        **moving,
        **notes.of_record("dispute", found.pk),
    }
    return page_or_fragment(request, "transactions/dispute.html", "transactions/_dispute_record.html", context)


def _moving(request: HttpRequest, found: Dispute) -> dict[str, Any]:
    """What changes while the page is open."""
    sent = commands.of_record("dispute", found.pk)
    of = found.transaction
    owner = (
        {"cardholder": of.cardholder} if of and of.cardholder else {"company": of.company} if of and of.company else {}
    )
    others = [each for each in related.disputes(**owner) if each.pk != found.pk] if owner else []
    return {"pulse": pulse(found), "others": others, "commands": sent, **offers(found, request.user.roles)}  # type: ignore[union-attr]


def _version(found: Dispute, moving: dict[str, Any]) -> str:
    seen = (
        moving["standing"].version,
        moving["pulse"],
        (found.state, found.resolved_at, found.fresh_at, found.dirty_at is None, found.read_error),
        [(each.pk, each.state, each.checks) for each in moving["commands"]],
        [offer["url"] for offer in (*moving["at_hand"], *moving["further"])],
        moving["file_url"],
        related.version((), moving["others"]),
    )
    return f"{zlib.crc32(repr(seen).encode()):x}"


@requires(Permission.DISPUTE_OPEN)
def open_dispute(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Transaction.objects.select_related("card", "cardholder", "company"), pk=pk)
    form = DisputeForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and (sent := _send(request, found, form)):
        return _sent(request, found, sent)
    context: dict[str, object] = {
        "title": _("Open dispute"),
        "transaction": found,
        "form": form,
        "why_not": services.why_not_dispute(found),
    }
    status = 422 if request.method == "POST" else 200
    return page_or_fragment(
        request, "transactions/open_dispute.html", "transactions/_open_dispute.html", context, status=status
    )


def _send(request: HttpRequest, found: Transaction, form: DisputeForm) -> Command | None:
    """The command, unless it was refused: then the form says by whom and in which words, and keeps the text."""
    try:
        sent = services.open_dispute(found, form.cleaned_data["text"], actor=Actor.of(request))
    except CannotDo as ours:
        form.add_error(None, str(ours))
        return None
    except CodegoError as failure:
        form.add_error(None, _("Nothing was sent: %(words)s") % {"words": failure})
        return None
    if failed(sent):
        form.add_error(None, refusal(sent))
        return None
    return sent


def _sent(request: HttpRequest, found: Transaction, sent: Command) -> HttpResponse:
    if sent.state != CommandState.DONE:
        toast(request, _("The provider's answer was lost. This page shows what became of the dispute."), "unknown")
        return redirect(request, found)
    toast(request, _("The dispute is open."))
    return redirect(request, Dispute.objects.filter(codego_id=sent.result).first() or found)


@requires(Permission.DISPUTE_OPEN)
def answer(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What support said of a dispute whose outcome the provider shows nowhere."""
    sent = get_object_or_404(Command, pk=pk, kind=CommandKind.DISPUTE, record="transaction")
    found = get_object_or_404(Transaction.objects.select_related("card"), pk=sent.record_id)
    form = AnswerForm(request.POST or None)
    if request.method == "POST" and answerable(sent) and form.is_valid():
        try:
            return _recorded(request, found, sent, form.cleaned_data)
        except CannotDo as refusal:
            form.add_error(None, str(refusal))
    context: dict[str, object] = {
        "title": _("Record what support said"),
        "transaction": found,
        "form": form,
        "command": sent,
        "answerable": answerable(sent),
    }
    status = 422 if request.method == "POST" else 200
    return page_or_fragment(request, "transactions/answer.html", "transactions/_answer.html", context, status=status)


def _recorded(request: HttpRequest, found: Transaction, sent: Command, given: dict[str, Any]) -> HttpResponse:
    opened = given["opened"] == "yes"
    services.record_answer(
        sent,
        opened=opened,
        dispute_id=given["dispute_id"] if opened else "",
        actor=Actor.of(request),
        reason=given["reason"],
    )
    toast(
        request, _("Recorded. The dispute is being read.") if opened else _("Recorded. The purchase can be disputed.")
    )
    return redirect(request, found)


def answerable(command: Command) -> bool:
    """Whether only a person can say what became of it: several could be it, or the provider lists no disputes."""
    if command.kind != CommandKind.DISPUTE:
        return False
    return command.state == CommandState.SEVERAL or (command.state == CommandState.UNKNOWN and lacks("GET /disputes"))


def _columns() -> list[Column]:
    return [
        Column("merchant", _("Merchant"), fixed=True),
        Column("amount", _("Amount"), "amount", numeric=True),
        Column("status", _("Status")),
        Column("opened", _("Opened"), "opened"),
        Column("age", _("Age")),
        Column("card", _("Card")),
        Column("resolved", _("Resolved"), shown=False),
        Column("posted", _("Posted"), shown=False),
        Column("text", _("Statement"), shown=False),
        Column("transaction", _("Transaction id"), shown=False),
        Column("id", _("Dispute id"), shown=False),
    ]
