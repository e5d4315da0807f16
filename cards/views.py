"""The list of cards, its export, and a card's own page."""

import zlib
from typing import Any

from django.db.models import Case, F, QuerySet, When
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cardholders import related
from cards import words
from cards.actions import card_of, offers, who
from cards.filters import CardFilters
from cards.models import CANCELED, Card
from cards.power import Power, power_of
from cards.standing import declined_lately, last_lock, standing_of
from console.access import Actor, Permission, allowed, permissions_of, requires
from console.audit import services as audit
from console.audit.events import Action
from console.exports import ExportColumn, stream_csv
from console.htmx import page_or_fragment, redirect
from console.listing import Column, paginate
from console.money import major
from console.notes import services as notes
from console.provider import commands
from console.pulse import pulse
from console.standing import Standing

DEFAULT_SORT = "-issued"
SORTABLE = {
    "last4": "last4",
    "status": "state",
    "type": "type",
    "limit": "limit_amount",
    "expires": "expires_on",
    "issued": "codego_created_at",
}
TRANSACTIONS, COMMANDS, OTHERS = 10, 5, 5


@requires(Permission.RECORD_READ)
def listing(request: HttpRequest) -> HttpResponse:
    page = paginate(
        request,
        _cards(),
        form=_filters(request),
        columns=(
            Column("last4", _("Card"), "last4"),
            Column("holder", _("Cardholder")),
            Column("status", _("Status"), "status"),
            Column("type", _("Type"), "type"),
            Column("limit", _("Limit"), "limit", numeric=True),
            Column("within", _("Within")),
            Column("expires", _("Expires"), "expires"),
            Column("issued", _("Issued"), "issued"),
        ),
        default_sort=DEFAULT_SORT,
        sortable=SORTABLE,
        export_url=reverse("cards:export") if allowed(request.user, Permission.LIST_EXPORT) else "",
    )
    rows = [(card, words.type_of(card)) for card in page.rows]
    context: dict[str, object] = {"title": _("Cards"), "page": page, "rows": rows, "today": timezone.now().date()}
    return page_or_fragment(request, "cards/list.html", "cards/_table.html", context)


@requires(Permission.LIST_EXPORT)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The list under its filter and sort, as CSV."""
    form = _filters(request)
    cards = _sorted(form.filtered(_cards()), request.GET.get("sort", ""))
    filters = [bound.name for bound, _value in form.in_force()]
    audit.record(Action.LIST_EXPORT, actor=Actor.of(request), list="cards", filters=filters)
    preamble = [
        _("Cards, made %(now)s.") % {"now": timezone.localtime().isoformat(timespec="seconds")},
        _("Limits in US dollars (major units). Times in %(zone)s.") % {"zone": timezone.get_current_timezone_name()},
        *(f"{chip.label}: {chip.value}" for chip in form.chips(request)),
    ]
    return stream_csv("cards.csv", preamble, _export_columns(request), cards.iterator(chunk_size=2000))


@requires(Permission.RECORD_READ)
def by_id(request: HttpRequest, codego_id: str) -> HttpResponse:
    return redirect(request, get_object_or_404(Card, codego_id=codego_id))


@requires(Permission.RECORD_READ)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The page, and every few seconds the part of it that lives: 204 while nothing has changed."""
    card = card_of(pk)
    moving = _moving(request, card)
    version = _version(card, moving)
    if request.GET.get("seen") == version:
        return HttpResponse(status=204)
    context = {**_page(request, card, moving["standing"]), **moving, "live_url": f"{request.path}?seen={version}"}
    return page_or_fragment(request, "cards/detail.html", "cards/_record.html", context)


def _cards() -> QuerySet[Card]:
    return Card.objects.select_related("cardholder__company", "company").defer("raw", "cardholder__raw", "company__raw")


def _filters(request: HttpRequest) -> CardFilters:
    return CardFilters(request.GET, personal=allowed(request.user, Permission.PERSONAL_READ))


def _sorted(cards: QuerySet[Card], sort: str) -> QuerySet[Card]:
    """As on screen: what has no value comes last either way."""
    sort = sort if sort.removeprefix("-") in SORTABLE else DEFAULT_SORT
    column = F(SORTABLE[sort.removeprefix("-")])
    if sort.startswith("-"):
        return cards.order_by(column.desc(nulls_last=True), "-pk")
    return cards.order_by(column.asc(nulls_last=True), "pk")


def _export_columns(request: HttpRequest) -> list[ExportColumn]:
    clear = allowed(request.user, Permission.PERSONAL_READ)
    columns = [
        ExportColumn("Card id", lambda card: card.codego_id),
        ExportColumn("Last four", lambda card: card.last4),
        ExportColumn("Cardholder or company", lambda card: who(request, card)),
        ExportColumn("Type", lambda card: card.type),
        ExportColumn("Status", lambda card: card.status),
        ExportColumn("Limit", lambda card: None if card.limit_amount is None else major(card.limit_amount, "USD")),
        ExportColumn("Limit per", lambda card: card.limit_frequency),
        ExportColumn("Expires", lambda card: card.expires_on),
        ExportColumn("Issued", lambda card: card.codego_created_at and timezone.localtime(card.codego_created_at)),
        ExportColumn("As of", lambda card: card.fresh_at and timezone.localtime(card.fresh_at)),
    ]
    return [*columns, ExportColumn("Name on card", lambda card: card.display_name)] if clear else columns


def _moving(request: HttpRequest, card: Card) -> dict[str, Any]:
    """What changes while the page is open."""
    newest = card.transactions.order_by("-occurred_at", "-pk").defer("raw")
    power, declined = power_of(card.cardholder, card.company), declined_lately(card.transactions)
    permissions = permissions_of(request.user.roles)  # type: ignore[union-attr]
    return {
        "pulse": pulse(card),
        "power": power,
        "declined": declined,
        "standing": standing_of(card, power, declined, last_lock(card), permissions),
        "transactions": list(newest[:TRANSACTIONS]),
        "reasons": related.declined(card.transactions),
        "disputes": related.disputes(card=card),
        "others": _others(card),
        "commands": commands.of_record("card", card.pk, limit=COMMANDS),
    }


def _others(card: Card) -> list[Card]:
    """Further cards of its holder, or of the company where it has none; cancelled ones last."""
    owner: Any = card.cardholder or card.company
    if owner is None:
        return []
    cards = owner.cards.exclude(pk=card.pk).defer("raw")
    return list(cards.order_by(Case(When(state=CANCELED, then=1), default=0), "-pk")[:OTHERS])


def _version(card: Card, moving: dict[str, Any]) -> str:
    power: Power = moving["power"]
    seen = (
        moving["standing"].version,
        moving["pulse"],
        (
            card.status,
            card.limit_amount,
            card.limit_frequency,
            card.token_wallets,
            card.dirty_at is None,
            card.read_error,
        ),
        (power.amount, power.of_company),
        related.version(moving["reasons"], moving["disputes"]),
        [(each.pk, each.state, each.limit_amount) for each in moving["others"]],
        [(each.pk, each.state, each.amount) for each in moving["transactions"]],
        [(each.pk, each.state, each.checks) for each in moving["commands"]],
    )
    return f"{zlib.crc32(repr(seen).encode()):x}"


def _page(request: HttpRequest, card: Card, standing: Standing) -> dict[str, object]:
    today = timezone.now().date()
    at_hand, further = offers(card, request.user.roles, without=standing.urls)  # type: ignore[union-attr]
    return {
        "title": str(card),
        "card": card,
        "type": words.type_of(card),
        "window": words.WINDOWS.get(card.limit_frequency, (card.limit_frequency, "")),
        "not_credit": words.NOT_CREDIT,
        "at_hand": at_hand,
        "further": further,
        "expired": bool(card.expires_on and card.expires_on < today),
        "days_left": (card.expires_on - today).days if card.expires_on else None,
        **notes.of_record("card", card.pk),
    }
