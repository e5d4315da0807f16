"""The list of transactions and the page of one."""

import zlib
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cardholders.chains import chain_name
from console.access import Permission, allowed, permissions_of, requires
from console.arrivals import watched
from console.columns import Column
from console.htmx import page_or_fragment, redirect
from console.listing import listed, paginate
from console.notes import services as notes
from console.provider import commands
from transactions import chain, declines, services
from transactions.columns import list_columns
from transactions.dispute_views import answerable
from transactions.filters import NEWEST_TRANSACTIONS, TRANSACTION_SORTS, TransactionFilters
from transactions.list_exports import export
from transactions.models import Transaction

HEAVY = ("raw", "flags", "card__raw", "card__flags", "cardholder__raw", "cardholder__flags", "company__raw")
ROWS = Transaction.objects.select_related("card", "cardholder", "company").defer(*HEAVY)


@listed(lazy("Transactions"))
@requires(Permission.RECORD_READ)
@watched("transaction")
def transactions(request: HttpRequest) -> HttpResponse:
    page = paginate(
        request,
        ROWS.all(),
        form=TransactionFilters(request.GET),
        columns=_columns(),
        default_sort=NEWEST_TRANSACTIONS,
        sortable=TRANSACTION_SORTS,
        export_url=reverse("transactions:export") if allowed(request.user, Permission.LIST_EXPORT) else "",
    )
    context: dict[str, object] = {"title": _("Transactions"), "page": page}
    return page_or_fragment(request, "transactions/list.html", "transactions/_table.html", context)


@requires(Permission.LIST_EXPORT)
def export_transactions(request: HttpRequest) -> StreamingHttpResponse:
    return export(
        request,
        ROWS.filter(by_reference=False),
        name="transactions",
        form=TransactionFilters(request.GET),
        columns=lambda zone: list_columns(zone, clear=allowed(request.user, Permission.PERSONAL_READ)),
        sorts=TRANSACTION_SORTS,
        default_sort=NEWEST_TRANSACTIONS,
    )


@requires(Permission.RECORD_READ)
def by_id(request: HttpRequest, codego_id: str) -> HttpResponse:
    return redirect(request, get_object_or_404(Transaction, codego_id=codego_id))


@requires(Permission.RECORD_READ)
def transaction(request: HttpRequest, pk: int) -> HttpResponse:
    """204 while the page shows what is known; the part of it that lives anew once that has changed."""
    found = get_object_or_404(Transaction.objects.select_related("card", "cardholder", "company"), pk=pk)
    moving = _moving(found)
    version = _version(found, moving)
    if request.GET.get("seen") == version:
        return HttpResponse(status=204)
    context = {
        "title": str(found),
        "transaction": found,
        "meaning": chain.meaning(found),
        "explained": declines.explain(found, permissions_of(request.user.roles)),  # type: ignore[union-attr]
        "network": chain_name(found.chain_id),
        "why_not": services.why_not_dispute(found),
        "live_url": f"{request.path}?seen={version}",
        **moving,
        **notes.of_record("transaction", found.pk),
    }
    return page_or_fragment(request, "transactions/detail.html", "transactions/_record.html", context)


def _moving(found: Transaction) -> dict[str, Any]:
    """What changes while the page is open."""
    sent = commands.of_record("transaction", found.pk)
    return {
        "chain": chain.chain_of(found),
        "disputes": list(found.disputes.defer("raw").order_by("-opened_at", "-pk")),
        "commands": sent,
        "answerable": next((each for each in sent if answerable(each)), None),
    }


def _version(found: Transaction, moving: dict[str, Any]) -> str:
    seen = (
        (found.state, found.amount, found.declined_reason, found.posted_at, found.read_error, found.dirty_at is None),
        found.card and found.card.state,
        [(step.label, step.amount, step.at) for step in moving["chain"].steps],
        [(each.pk, each.state) for each in moving["disputes"]],
        [(each.pk, each.state) for each in moving["commands"]],
        moving["answerable"] is None,
    )
    return f"{zlib.crc32(repr(seen).encode()):x}"


def _columns() -> list[Column]:
    return [
        Column("what", _("Merchant"), fixed=True),
        Column("amount", _("Amount"), "amount", numeric=True),
        Column("status", _("Status")),
        Column("card", _("Card")),
        Column("holder", _("Cardholder")),
        Column("time", _("Time"), "time"),
        Column("posted", _("Posted"), "posted"),
        Column("type", _("Type"), shown=False),
        Column("local", _("Local amount"), numeric=True, shown=False),
        Column("reason", _("Decline reason"), shown=False),
        Column("company", _("Company"), shown=False),
        Column("category", _("Merchant category"), shown=False),
        Column("city", _("City"), shown=False),
        Column("country", _("Country"), shown=False),
        Column("authorised", _("Authorised"), shown=False),
        Column("hash", _("Transaction hash"), shown=False),
        Column("description", _("Description"), shown=False),
        Column("id", _("Transaction id"), shown=False),
    ]
