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
    BadRequest,
    CodegoError,
    NoSuchRoute,
    RateLimited,
    Refused,
    Unauthorized,
    Unavailable,
    Unreadable,
)
from console.codego.paging import Page
from console.provider.mirror import Applied, Source, Verdict
from console.provider.observing import lacks
from console.sync.owners import balance_of, contracts_of_owner, read_company, read_user
from console.sync.routes import READS
from transactions.models import NOT_FINAL, Transaction
from transactions.sync import apply_disputes, apply_transactions

WINDOW = timedelta(days=45)
OVERLAP = timedelta(hours=6)  # how far before the sweep before it a catch-up reads again
LOOSE = timedelta(days=2)  # a server may round what is asked for to days, of whichever zone
ON_ITS_WAY = timedelta(minutes=2)  # the delivery of something younger may still come
DECIDED = ("approved", "denied", "canceled")
SURE = 3  # rows in a row that could not be read: then it is not the rows
_ROWS = 50  # primary keys fetched at a time when rows are read one by one


@dataclass(slots=True)
class Step:
    """One call's worth of a sweep. `young` ids are of records so new that their delivery may be on its way."""

    cursor: dict[str, Any]
    counts: Counter[str] = field(default_factory=Counter)
    differences: list[dict[str, Any]] = field(default_factory=list)
    created: dict[str, datetime] = field(default_factory=dict)  # id to when it was asked for
    young: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a run wants of a resource: everything, or what is new; since when rows count as read; and when the resource
    was last swept whole."""

    since: datetime
    kind: str
    swept: datetime | None = None
    ref: str = ""  # the run's number

    def source(self, at: datetime) -> Source:
        return Source("run", at, self.ref)


Sweep = Callable[[Codego, dict[str, Any], Scope], Iterator[Step]]
Pages = Callable[[str | None], Iterator[Page[Any]]]
Apply = Callable[..., Applied]
Enough = Callable[[Page[Any], Step], bool]


def _step(resource: str, cursor: dict[str, Any], apply: Apply, records: Sequence[Any], source: Source) -> Step:
    """The records in one batch; if the database refuses it, each by itself, so that one odd record holds up nobody."""
    try:
        applied = apply(records, source=source) if records else Applied()
    except (DatabaseError, ArithmeticError, ValueError) as failure:
        if len(records) == 1:
            return _failed(cursor, resource, _id(records[0]), failure)
    else:
        return _counted(Step(cursor), resource, records, applied, source.at)
    step = Step(cursor)
    for record in records:
        one = _step(resource, cursor, apply, [record], source)
        step.counts += one.counts
        step.differences += one.differences
        step.created |= one.created
        step.young |= one.young
    return step


def _counted(step: Step, resource: str, records: Sequence[Any], applied: Applied, at: datetime) -> Step:
    step.counts["seen"] = len(applied.verdicts)
    for verdict, n in applied.count().items():
        step.counts[verdict if verdict in {"created", "changed"} else "unchanged"] += n
    step.differences = [{"resource": resource, **change} for change in applied.changes]
    told = list(zip(records, applied.verdicts, strict=True))
    step.created = {_id(record): at for record, verdict in told if verdict is Verdict.CREATED}
    step.young = {_id(record) for record, verdict in told if verdict in _NEWS and _is_young(record, at)}
    return step


_NEWS = frozenset({Verdict.CREATED, Verdict.CHANGED})
_TIMES = ("updated_at", "created_at", "authorized_at", "posted_at", "resolved_at")


def _id(record: Any) -> str:
    """A balance has no id of its own: it comes in a pair with its owner."""
    return str(record[0].codego_id if isinstance(record, tuple) else record.id)


def _is_young(record: Any, at: datetime) -> bool:
    record = record[1] if isinstance(record, tuple) else record
    times = [moment for name in _TIMES if (moment := getattr(record, name, None))]
    return bool(times) and at - max(times) < ON_ITS_WAY


def _failed(cursor: dict[str, Any], resource: str, codego_id: str | None, failure: Exception) -> Step:
    return Step(
        cursor, Counter(seen=1, failed=1), [{"resource": resource, "id": codego_id, "error": str(failure)[:200]}]
    )


def _pages(
    resource: str, pages: Pages, apply: Apply, cursor: dict[str, Any], scope: Scope,
    enough: Enough = lambda _page, _step: False,
) -> Iterator[Step]:  # fmt: skip
    """Every page from the cursor on, or until one is `enough`."""
    if cursor.get("over"):
        return  # the slice before this one ended on the last page
    found = pages(cursor.get("page"))
    while True:
        at = timezone.now()
        page = next(found, None)
        if page is None:
            return
        cursor = {**cursor, "page": page.cursor}
        step = _step(resource, cursor, apply, page.records, scope.source(at))
        step.counts["failed"] += page.unreadable
        step.counts["seen"] += page.unreadable
        cursor["over"] = enough(page, step) or page.cursor is None
        yield step
        if cursor["over"]:
            return


def _nothing_new(page: Page[Any], step: Step) -> bool:
    return bool(page.records) and not (step.counts["created"] or step.counts["changed"])


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
    return _pages("cards", lambda page: client.cards(cursor=page), apply_cards, cursor, scope)


def transactions(client: Codego, cursor: dict[str, Any], scope: Scope) -> Iterator[Step]:
    """An import reads all. Every other run reads what its time span holds, and each row that is not final by its id."""
    if scope.kind == "import":
        yield from _pages(
            "transactions", lambda page: client.transactions(cursor=page), apply_transactions, cursor, scope
        )
        return
    if "row" not in cursor:
        yield from _recent(client, cursor, scope)
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


def _recent(client: Codego, cursor: dict[str, Any], scope: Scope) -> Iterator[Step]:
    """Three lists, one after the other: what was authorised in the time span and what was posted in it, each to its
    end, since either may be dated back and show up far down; then the newest until a page tells nothing new, for what
    carries neither time or a clock that is off. A server that does not heed the times is read once, as far as `_older`
    says."""
    after = datetime.fromisoformat(cursor["after"]) if "after" in cursor else _span(scope)
    lists: dict[str, tuple[Pages, Enough]] = {
        "newest": (lambda page: client.transactions(cursor=page), _nothing_new),
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
            for step in _pages("transactions", pages, apply_transactions, here, scope, enough):
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
        return in_order and max(times) < after and _nothing_new(page, step)

    return enough


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
