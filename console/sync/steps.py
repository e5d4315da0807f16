"""The steps of a sweep: a page or a row at a time, applied, counted, and with the cursor to go on from."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError
from django.utils import timezone

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
from console.provider.mirror import Applied, Source, Verdict

ON_ITS_WAY = timedelta(minutes=2)  # the delivery of something younger may still come
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


def words_of(failure: Exception) -> str:
    """What went wrong, for everybody's eyes. A database quotes the row that it refused, so of what is no answer of the
    provider only the kind is said."""
    return str(failure) if isinstance(failure, CodegoError) else type(failure).__name__


def _failed(cursor: dict[str, Any], resource: str, codego_id: str | None, failure: Exception) -> Step:
    return Step(
        cursor, Counter(seen=1, failed=1), [{"resource": resource, "id": codego_id, "error": words_of(failure)[:200]}]
    )


def each_page(
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


def nothing_new(page: Page[Any], step: Step) -> bool:
    return bool(page.records) and not (step.counts["created"] or step.counts["changed"])


def each_row(
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


def place_in(cursor: dict[str, Any]) -> dict[str, Any]:
    """Where a walk through rows goes on."""
    return {"row": cursor.get("row", 0), "answered": bool(cursor.get("answered"))}


def _walk(rows: Any, last: int) -> Iterator[Any]:
    while some := list(rows.filter(pk__gt=last).order_by("pk")[:_ROWS]):
        yield from some
        last = some[-1].pk
