"""How each resource is swept: pages or rows, a step at a time, each step with the cursor to go on from."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone

from cardholders.models import APPROVED, Cardholder, Company
from cardholders.sync import apply_balances, apply_cardholders, apply_companies, apply_contracts
from cards.sync import apply_cards
from console.codego.client import Codego
from console.codego.errors import (
    CodegoError,
    NoSuchRoute,
    RateLimited,
    Refused,
    Unauthorized,
    Unavailable,
    Unreadable,
)
from console.codego.paging import Page
from console.provider.mirror import Applied, Source
from console.provider.observing import lacks
from console.sync.owners import balance_of, contracts_of_owner, read_company, read_user
from console.sync.routes import READS
from transactions.models import NOT_FINAL, Transaction
from transactions.sync import apply_disputes, apply_transactions

WINDOW = timedelta(days=45)
DECIDED = ("approved", "denied", "canceled")
SURE = 3  # rows in a row that could not be read: then it is not the rows
_ROWS = 50  # primary keys fetched at a time when rows are read one by one


@dataclass(slots=True)
class Step:
    """One call's worth of a sweep."""

    cursor: dict[str, Any]
    counts: Counter[str] = field(default_factory=Counter)
    differences: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a run wants of a resource: everything, or what is new; and since when rows count as read."""

    since: datetime
    kind: str
    ref: str = ""  # the run's number

    def source(self, at: datetime) -> Source:
        return Source("run", at, self.ref)


Sweep = Callable[[Codego, dict[str, Any], Scope], Iterator[Step]]
Pages = Callable[[str | None], Iterator[Page[Any]]]
Apply = Callable[..., Applied]


def _step(resource: str, cursor: dict[str, Any], apply: Apply, records: Sequence[Any], source: Source) -> Step:
    """The records in one batch; if the database refuses it, each by itself, so that one odd record holds up nobody."""
    try:
        return _counted(resource, cursor, apply(records, source=source) if records else Applied())
    except (DatabaseError, ArithmeticError, ValueError) as failure:
        if len(records) == 1:
            return _failed(cursor, resource, getattr(records[0], "id", None), failure)
    step = Step(cursor)
    for record in records:
        one = _step(resource, cursor, apply, [record], source)
        step.counts += one.counts
        step.differences += one.differences
    return step


def _counted(resource: str, cursor: dict[str, Any], applied: Applied) -> Step:
    counts = Counter(seen=len(applied.verdicts))
    for verdict, n in applied.count().items():
        counts[verdict if verdict in {"created", "changed"} else "unchanged"] += n
    return Step(cursor, counts, [{"resource": resource, **change} for change in applied.changes])


def _failed(cursor: dict[str, Any], resource: str, codego_id: str | None, failure: Exception) -> Step:
    return Step(
        cursor, Counter(seen=1, failed=1), [{"resource": resource, "id": codego_id, "error": str(failure)[:200]}]
    )


def _pages(
    resource: str, pages: Pages, apply: Apply, cursor: dict[str, Any], scope: Scope, *, newest: bool = False
) -> Iterator[Step]:
    """Every page from the cursor on; `newest` stops at the first page that tells nothing new."""
    if cursor.get("over"):
        return  # the slice before this one ended on the last page
    found = pages(cursor.get("page"))
    while True:
        at = timezone.now()
        page = next(found, None)
        if page is None:
            return
        step = _step(resource, {**cursor, "page": page.cursor}, apply, page.records, scope.source(at))
        step.counts["failed"] += page.unreadable
        step.counts["seen"] += page.unreadable
        nothing_new = newest and page.records and not (step.counts["created"] or step.counts["changed"])
        step.cursor["over"] = page.cursor is None or bool(nothing_new)
        yield step
        if step.cursor["over"]:
            return


def _rows(
    resource: str, rows: Any, read: Callable[[Any], Sequence[Any]], apply: Apply, cursor: dict[str, Any], scope: Scope
) -> Iterator[Step]:
    """Row by row in key order, each by a call of its own; a row the provider refuses is counted and passed. What may
    be wrong with the provider and not with the row is held back until another row is answered; `answered` in the cursor
    says that something was already."""
    held: list[Step] = []
    trouble: CodegoError | None = None
    answered = bool(cursor.get("answered"))
    for row in _walk(rows, cursor.get("row", 0)):
        here, at = {**cursor, "row": row.pk, "answered": answered}, timezone.now()
        try:
            step, trouble = _step(resource, here, apply, read(row), scope.source(at)), None
        except (Refused, Unreadable, Unavailable) as failure:
            step, trouble = _failed(here, resource, row.codego_id, failure), _trouble(failure, answered=answered)
        if trouble:
            held.append(step)
            if len(held) == SURE:
                break
            continue
        answered = step.cursor["answered"] = True
        yield from (*held, step)
        held.clear()
    if trouble and (len(held) == SURE or not answered):
        if isinstance(trouble, NoSuchRoute):
            return  # the provider lacks the feature
        raise trouble
    yield from held


def _trouble(failure: CodegoError, *, answered: bool) -> CodegoError | None:
    """The failure, where it may be the provider's and not the row's. Raises what is certain to be."""
    if isinstance(failure, RateLimited) or (isinstance(failure, Unavailable) and failure.status is None):
        raise failure
    doubtful = isinstance(failure, Unauthorized | Unavailable) or (isinstance(failure, NoSuchRoute) and not answered)
    return failure if doubtful else None


def _place(cursor: dict[str, Any]) -> dict[str, Any]:
    """Where a walk through rows goes on."""
    return {"row": cursor.get("row", 0), "answered": bool(cursor.get("answered"))}


def _walk(rows: Any, last: int) -> Iterator[Any]:
    while some := list(rows.filter(pk__gt=last).order_by("pk")[:_ROWS]):
        yield from some
        last = some[-1].pk


def _people(
    resource: str, model: Any, listing: str, pages: Pages, read: Callable[[Any], Sequence[Any]], apply: Apply,
    cursor: dict[str, Any], scope: Scope,
) -> Iterator[Step]:  # fmt: skip
    """By the list route where it answers, then everybody the list did not show, by id."""
    if scope.kind != "catch_up" and "row" not in cursor and not lacks(listing):
        try:
            yield from _pages(resource, pages, apply, cursor, scope)
        except NoSuchRoute:
            pass
        except Refused as refusal:
            if refusal.status != 405:
                raise
    known = model.objects.filter(codego_id__isnull=False)
    unread = known.filter(read_at__lt=scope.since) | known.filter(read_at__isnull=True)
    if scope.kind == "catch_up":
        unread = unread.exclude(state__in=DECIDED)
    yield from _rows(resource, unread, read, apply, _place(cursor), scope)


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
    """Cards are few: always all."""
    return _pages("cards", lambda page: client.cards(cursor=page), apply_cards, cursor, scope)


def transactions(client: Codego, cursor: dict[str, Any], scope: Scope) -> Iterator[Step]:
    """An import reads all; a catch-up the newest pages and every transaction that is not final; a night 45 days."""
    if "row" not in cursor:
        after = scope.since - WINDOW if scope.kind == "window" else None
        newest = scope.kind in {"catch_up", "reconcile"}
        pages = _transaction_pages(client, after)
        yield from _pages("transactions", pages, apply_transactions, cursor, scope, newest=newest)
    if scope.kind != "import":
        moving = Transaction.objects.filter(codego_id__isnull=False, state__in=NOT_FINAL, by_reference=False)
        moving = moving.filter(Q(read_at__isnull=True) | Q(read_at__lt=scope.since))
        moving = moving.exclude(kind__in=("fee", "collateral"))
        read = READS["transactions"].fetch
        yield from _rows(
            "transactions",
            moving,
            lambda row: read(client, row),
            apply_transactions,
            {"row": cursor.get("row", 0), "answered": True},  # the pages before were
            scope,
        )


def _transaction_pages(client: Codego, after: datetime | None) -> Pages:
    return lambda page: client.transactions(authorized_after=after, cursor=page)


def disputes(client: Codego, cursor: dict[str, Any], scope: Scope) -> Iterator[Step]:
    """Where the provider lists them; elsewhere disputes are known from deliveries and from our own commands."""
    if lacks("GET /disputes"):
        return
    try:
        yield from _pages("disputes", lambda page: client.disputes(cursor=page), apply_disputes, cursor, scope)
    except NoSuchRoute:
        return


def contracts(client: Codego, cursor: dict[str, Any], scope: Scope) -> Iterator[Step]:
    return _of_owners("contracts", lambda owner: contracts_of_owner(client, owner), apply_contracts, cursor, scope)


def balances(client: Codego, cursor: dict[str, Any], scope: Scope) -> Iterator[Step]:
    return _of_owners("balances", lambda owner: balance_of(client, owner), apply_balances, cursor, scope)


def _of_owners(
    resource: str, read: Callable[[Any], Sequence[Any]], apply: Apply, cursor: dict[str, Any], scope: Scope
) -> Iterator[Step]:
    """What hangs on approved people, then on approved companies."""
    stages: dict[str, Any] = {"people": Cardholder, "companies": Company}
    for stage, model in stages.items():
        if cursor.get("stage", stage) != stage:
            continue
        owners = model.objects.filter(codego_id__isnull=False, state=APPROVED)
        yield from _rows(resource, owners, read, apply, {"stage": stage, **_place(cursor)}, scope)
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
