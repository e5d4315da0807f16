"""The list of cards, its export, and a card's own page."""

import zlib
from datetime import datetime
from typing import Any

from django.db.models import Case, QuerySet, When
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cardholders import related
from cardholders.models import Company
from cards import words
from cards.actions import card_of, offers, who
from cards.filters import CardFilters
from cards.models import CANCELED, Card
from cards.power import Power, power_of
from cards.standing import declined_lately, last_lock, standing_of
from console.access import Permission, allowed, permissions_of, requires
from console.arrivals import watched
from console.audit.exporting import exported
from console.branding import signature
from console.columns import Column
from console.exports import ExportColumn
from console.htmx import page_or_fragment, redirect
from console.listing import listed, paginate
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


@listed(lazy("Cards"))
@requires(Permission.RECORD_READ)
@watched("card")
def listing(request: HttpRequest) -> HttpResponse:
    page = paginate(
        request,
        _cards(),
        form=_filters(request),
        columns=_columns(),
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
    return exported(
        request,
        _cards(),
        name="cards",
        form=form,
        columns=_export_columns(request),
        sortable=SORTABLE,
        default_sort=DEFAULT_SORT,
        preamble=[
            signature(),
            _("Cards, made %(now)s.") % {"now": timezone.localtime().isoformat(timespec="seconds")},
            _("Limits in US dollars (major units). Times in %(zone)s.")
            % {"zone": timezone.get_current_timezone_name()},
            *(f"{chip.label}: {chip.value}" for chip in form.chips(request)),
        ],
    )


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


def _columns() -> list[Column]:
    return [
        Column("last4", _("Card"), "last4", fixed=True),
        Column("holder", _("Cardholder")),
        Column("status", _("Status"), "status"),
        Column("type", _("Type"), "type"),
        Column("limit", _("Limit"), "limit", numeric=True),
        Column("within", _("Within")),
        Column("expires", _("Expires"), "expires"),
        Column("issued", _("Issued"), "issued"),
        Column("company", _("Company"), shown=False),
        Column("name", _("Name on card"), shown=False),
        Column("wallets", _("Wallets"), shown=False),
        Column("id", _("Card id"), shown=False),
        Column("as_of", _("As of"), shown=False),
    ]


def _cards() -> QuerySet[Card]:
    return Card.objects.select_related("cardholder__company", "company").defer("raw", "cardholder__raw", "company__raw")


def _filters(request: HttpRequest) -> CardFilters:
    return CardFilters(request.GET, personal=allowed(request.user, Permission.PERSONAL_READ))


def _export_columns(request: HttpRequest) -> list[ExportColumn]:
    clear = allowed(request.user, Permission.PERSONAL_READ)
    columns = [
        ExportColumn("Card id", lambda card: card.codego_id, "id"),
        ExportColumn("Last four", lambda card: card.last4, "last4"),
        ExportColumn("Cardholder or company", lambda card: who(request, card), "holder"),
        ExportColumn("Type", lambda card: card.type, "type"),
        ExportColumn("Status", lambda card: card.status, "status"),
        ExportColumn(
            "Limit", lambda card: None if card.limit_amount is None else major(card.limit_amount, "USD"), "limit"
        ),
        ExportColumn("Limit per", lambda card: card.limit_frequency, "within"),
        ExportColumn("Expires", lambda card: card.expires_on, "expires"),
        ExportColumn("Issued", lambda card: _local(card.codego_created_at), "issued"),
        ExportColumn("As of", lambda card: _local(card.fresh_at), "as_of"),
        ExportColumn("Company", lambda card: str(_company(card) or ""), "company"),
        ExportColumn("Wallets", lambda card: ", ".join(map(str, card.token_wallets)), "wallets"),
    ]
    return [*columns, ExportColumn("Name on card", lambda card: card.display_name, "name")] if clear else columns


def _local(moment: datetime | None) -> datetime | None:
    return moment and timezone.localtime(moment)


def _company(card: Card) -> Company | None:
    return card.company or (card.cardholder.company if card.cardholder else None)


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
