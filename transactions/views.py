"""The list of transactions and the page of one."""

import zlib
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cardholders.chains import chain_name
from cardholders.models import Contract
from console.access import Permission, allowed, permissions_of, requires
from console.arrivals import watched
from console.columns import Column
from console.htmx import page_or_fragment, redirect
from console.listing import listed, paginate
from console.notes import services as notes
from console.provider import commands
from console.pulse import pulse
from transactions import chain, declines, services
from transactions.columns import list_columns
from transactions.dispute_views import answerable
from transactions.filters import NEWEST_TRANSACTIONS, TRANSACTION_SORTS, TransactionFilters
from transactions.list_exports import export
from transactions.models import Transaction
from transactions.standing import standing_of

HEAVY = ("raw", "flags", "card__raw", "card__flags", "cardholder__raw", "cardholder__flags", "company__raw")
ALIKE = 5
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
    moving = _moving(request, found)
    version = _version(found, moving)
    if request.GET.get("seen") == version:
        return HttpResponse(status=204)
    context = {
        "title": found.title,
        "transaction": found,
        "network": chain_name(found.chain_id),
        "live_url": f"{request.path}?seen={version}",
        **moving,
        **notes.of_record("transaction", found.pk),
    }
    return page_or_fragment(request, "transactions/detail.html", "transactions/_record.html", context)


def _moving(request: HttpRequest, found: Transaction) -> dict[str, Any]:
    """What changes while the page is open."""
    permissions = permissions_of(request.user.roles)  # type: ignore[union-attr]
    sent = commands.of_record("transaction", found.pk)
    answer = next((each for each in sent if answerable(each)), None)
    steps = chain.chain_of(found)
    disputes = list(found.disputes.defer("raw").order_by("-opened_at", "-pk"))
    why_not = services.why_not_dispute(found)
    explained = declines.explain(found, permissions)
    return {
        "pulse": pulse(found),
        "chain": steps,
        "disputes": disputes,
        "commands": sent,
        "answerable": answer,
        "why_not": why_not,
        "alike": _alike(found),
        "contract": _contract(found),
        "standing": standing_of(found, steps, explained, disputes, answer, why_not=why_not, permissions=permissions),
    }


def _alike(found: Transaction) -> list[Transaction]:
    """What else this holder, or this company, bought from the merchant."""
    owner: Any = found.cardholder or found.company
    if owner is None or found.kind != "spend" or not (found.merchant_id or found.merchant_name):
        return []
    name = "merchant_id" if found.merchant_id else "merchant_name"
    same = owner.transactions.filter(kind="spend", **{name: getattr(found, name)}).exclude(pk=found.pk)
    return list(same.select_related("card").defer("raw", "card__raw").order_by("-occurred_at", "-pk")[:ALIKE])


def _contract(found: Transaction) -> Contract | None:
    """Where a deposit went: the owner's contract on its chain."""
    owner: Any = found.company or found.cardholder
    if owner is None or found.chain_id is None:
        return None
    contract: Contract | None = owner.contracts.filter(chain_id=found.chain_id).defer("raw").order_by("pk").first()
    return contract


def _version(found: Transaction, moving: dict[str, Any]) -> str:
    seen = (
        moving["standing"].version,
        moving["pulse"],
        (found.state, found.amount, found.declined_reason, found.posted_at, found.read_error, found.dirty_at is None),
        found.card and found.card.state,
        [(step.label, step.amount, step.at) for step in moving["chain"].steps],
        [(each.pk, each.state) for each in moving["disputes"]],
        [(each.pk, each.state, each.amount) for each in moving["alike"]],
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
