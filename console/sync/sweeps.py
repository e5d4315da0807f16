"""How each resource is swept."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q

from cardholders.models import APPROVED, Balance, Cardholder, Company, Contract
from cardholders.sync import apply_balances, apply_cardholders, apply_companies, apply_contracts
from cards.sync import apply_cards
from console.codego.client import Codego
from console.codego.errors import BadRequest, NoSuchRoute, Refused
from console.codego.paging import Page
from console.provider.observing import lacks
from console.sync.owners import balance_of, contracts_of_owner, read_company, read_user
from console.sync.routes import READS
from console.sync.steps import Apply, Enough, Pages, Scope, Step, Sweep, each_page, each_row, nothing_new, place_in
from transactions.models import NOT_FINAL, Transaction
from transactions.sync import apply_disputes, apply_transactions

WINDOW = timedelta(days=45)
OVERLAP = timedelta(hours=6)  # how far before the sweep before it a catch-up reads again
LOOSE = timedelta(days=2)  # a server may round what is asked for to days, of whichever zone
DECIDED = ("approved", "denied", "canceled")


def _people(
    resource: str, model: Any, listing: str, pages: Pages, read: Callable[[Any], Sequence[Any]], apply: Apply,
    cursor: dict[str, Any], scope: Scope,
) -> Iterator[Step]:  # fmt: skip
    """By the list route where it answers, then everybody the list did not show, by id."""
    if scope.kind != "catch_up" and "row" not in cursor and not lacks(listing):
        try:
            yield from each_page(resource, pages, apply, cursor, scope)
        except NoSuchRoute:
            pass
        except Refused as refusal:
            if refusal.status != 405:
                raise
    known = model.objects.filter(codego_id__isnull=False)
    unread = known.filter(read_at__lt=scope.since) | known.filter(read_at__isnull=True)
    if scope.kind == "catch_up":
        unread = unread.exclude(state__in=DECIDED)
    yield from each_row(resource, unread, read, apply, place_in(cursor), scope)


def cardholders(client: Codego, cursor: dict[str, Any], scope: Scope) -> Iterator[Step]:
    return _people(
        "cardholders", Cardholder, "GET /users", client.users, lambda row: [read_user(client, row.codego_id)],
        apply_cardholders, cursor, scope,
    )  # fmt: skip


def companies(client: Codego, cursor: dict[str, Any], scope: Scope) -> Iterator[Step]:
    return _people(
        "companies", Company, "GET /companies", client.companies, lambda row: [read_company(client, row.codego_id)],
        apply_companies, cursor, scope,
    )  # fmt: skip


def cards(client: Codego, cursor: dict[str, Any], scope: Scope) -> Iterator[Step]:
    return each_page("cards", lambda page: client.cards(cursor=page), apply_cards, cursor, scope)


def transactions(client: Codego, cursor: dict[str, Any], scope: Scope) -> Iterator[Step]:
    """An import reads all. Every other run reads what its time span holds, and each row that is not final by its id."""
    if scope.kind == "import":
        yield from each_page(
            "transactions", lambda page: client.transactions(cursor=page), apply_transactions, cursor, scope
        )
        return
    if "row" not in cursor:
        yield from _recent(client, cursor, scope)
    moving = Transaction.objects.filter(codego_id__isnull=False, state__in=NOT_FINAL, by_reference=False)
    moving = moving.filter(Q(read_at__isnull=True) | Q(read_at__lt=scope.since))
    moving = moving.exclude(kind__in=("fee", "collateral"))
    read = READS["transactions"].fetch
    yield from each_row(
        "transactions",
        moving,
        lambda row: read(client, row),
        apply_transactions,
        {"row": cursor.get("row", 0), "answered": True},  # the pages before were
        scope,
    )


def _recent(client: Codego, cursor: dict[str, Any], scope: Scope) -> Iterator[Step]:
    """Three lists, one after the other: what was authorised in the time span and what was posted in it, each to its
    end, since either may be dated back and show up far down; then the newest until a page tells nothing new, for what
    carries neither time or a clock that is off. A server that does not heed the times is read once, as far as `_older`
    says."""
    after = datetime.fromisoformat(cursor["after"]) if "after" in cursor else _span(scope)
    lists: dict[str, tuple[Pages, Enough]] = {
        "newest": (lambda page: client.transactions(cursor=page), nothing_new),
    }
    if after:
        lists = {
            "authorized": (
                lambda page: client.transactions(authorized_after=after, cursor=page),
                _older("authorized_at", after),
            ),
            "posted": (lambda page: client.transactions(posted_after=after, cursor=page), _older("posted_at", after)),
        } | lists
    start = {"after": after.isoformat()} if after else {}
    for name, (pages, enough) in lists.items():
        if cursor.get("list", name) != name:
            continue
        here = {**start, **cursor, "list": name}
        try:
            for step in each_page("transactions", pages, apply_transactions, here, scope, enough):
                here = step.cursor
                yield step
        except BadRequest:
            if here.get("page") or name == "newest":
                raise
            # it refuses the parameter: the other lists have to do
        if here.get("unheeded"):
            return
        cursor = start


def _span(scope: Scope) -> datetime | None:
    """From when on a run looks at transactions again; None where nothing was ever read to its end."""
    if scope.kind == "window":
        return scope.since - WINDOW
    return scope.swept - OVERLAP if scope.swept else None


def _older(name: str, after: datetime) -> Enough:
    """Notes that a server gave what was not asked for. Then the list has no end of its own, and goes on to a page that
    is older than the span from its first to its last record, is itself in order from new to old, and tells nothing new.
    A server that orders in another way never shows such a page and is read whole."""
    after -= LOOSE

    def enough(page: Page[Any], step: Step) -> bool:
        times = [moment for record in page.records if (moment := getattr(record, name))]
        if not times or min(times) >= after:
            return False
        step.cursor["unheeded"] = True
        in_order = times[0] > times[-1] and times == sorted(times, reverse=True)
        return in_order and max(times) < after and nothing_new(page, step)

    return enough


def disputes(client: Codego, cursor: dict[str, Any], scope: Scope) -> Iterator[Step]:
    """Where the provider lists them; elsewhere disputes are known from deliveries and from our own commands."""
    if lacks("GET /disputes"):
        return
    try:
        yield from each_page("disputes", lambda page: client.disputes(cursor=page), apply_disputes, cursor, scope)
    except NoSuchRoute:
        return


def contracts(client: Codego, cursor: dict[str, Any], scope: Scope) -> Iterator[Step]:
    return _of_owners("contracts", lambda owner: contracts_of_owner(client, owner), apply_contracts, cursor, scope)


def balances(client: Codego, cursor: dict[str, Any], scope: Scope) -> Iterator[Step]:
    return _of_owners("balances", lambda owner: balance_of(client, owner), apply_balances, cursor, scope)


def _of_owners(
    resource: str, read: Callable[[Any], Sequence[Any]], apply: Apply, cursor: dict[str, Any], scope: Scope
) -> Iterator[Step]:
    """What hangs on people, then on companies, that are approved or have had a contract or a balance before."""
    stages: dict[str, Any] = {"people": Cardholder, "companies": Company}
    for stage, model in stages.items():
        if cursor.get("stage", stage) != stage:
            continue
        has = (Exists(of.objects.filter(**{model._meta.model_name: OuterRef("pk")})) for of in (Contract, Balance))
        owners = model.objects.filter(Q(state=APPROVED) | next(has) | next(has), codego_id__isnull=False)
        yield from each_row(resource, owners, read, apply, {"stage": stage, **place_in(cursor)}, scope)
        cursor = {"stage": "companies"}


SWEEPS: dict[str, Sweep] = {
    "cards": cards,
    "transactions": transactions,
    "disputes": disputes,
    "companies": companies,
    "cardholders": cardholders,
    "contracts": contracts,
    "balances": balances,
}
MODELS = {name: read.model for name, read in READS.items()}
