"""Keeps what each write replaced, and gives back what a row was at a moment."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db import models

from console.history.models import Change, ChangeSource
from console.history.patches import alike, undo, undone

RAW = "raw"  # the provider's record, kept as patches

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """A row as it was (None: nothing was known of it) and as it is now, by column."""

    pk: int
    old: Mapping[str, Any] | None
    new: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """A change with the row as it was before it and after it."""

    change: Change
    before: Values
    after: Values

    @property
    def old(self) -> Values:
        """What it replaced."""
        return {name: self.before[name] for name in self.change.before if name in self.before}

    @property
    def new(self) -> Values:
        """What it put there."""
        return {name: self.after[name] for name in self.change.before if name in self.after}


class Knowledge(StrEnum):
    """How much this console knew of an object at a moment."""

    NOTHING = "nothing"
    ID = "id"  # named by another record, or opened here and not yet told of by the provider
    UNKEPT = "unkept"  # it knew the object, but kept no changes yet
    VALUES = "values"


@dataclass(slots=True)
class Span:
    """A row at a moment and at a later one, what set each value, and what changed between."""

    knowledge: Knowledge
    first_at: datetime  # when this console first knew of the object
    told_at: datetime | None = None  # when its first values came, where the log knows
    began_at: datetime | None = None  # when changes began to be kept
    then: Values = field(default_factory=dict)
    later: Values = field(default_factory=dict)
    set_by: dict[str, Change] = field(default_factory=dict)  # a column that is missing was so before the log began
    entries: list[Entry] = field(default_factory=list)  # newest first
    more: bool = False  # there are older ones between the two moments than `entries` holds


def plain(value: Any) -> Any:
    """JSON as the database gives it back: decimals, days and instants as text, to the last digit."""
    return json.loads(json.dumps(value, default=_text))


def _text(value: object) -> str:
    match value:
        case datetime() | date():
            return value.isoformat()
        case Decimal():
            return str(value)
    raise TypeError(type(value).__name__)


def note(record: str, written: Iterable[Written], *, source: ChangeSource, at: datetime, ref: str = "") -> None:
    """Call it in the transaction that wrote the rows."""
    Change.objects.bulk_create(
        Change(
            record=record,
            record_id=each.pk,
            source=source,
            ref=ref,
            at=at,
            created=each.old is None,
            before={} if each.old is None else _replaced(each.old, each.new),
        )
        for each in written
    )


def _replaced(old: Mapping[str, Any], new: Mapping[str, Any]) -> Values:
    before = {name: value for name, value in old.items() if name != RAW and _differs(value, new[name])}
    found: Values = plain(before)
    if patch := undo(plain(new[RAW]), plain(old[RAW])):
        found[RAW] = patch
    return found


def _differs(old: Any, new: Any) -> bool:
    return old != new or (isinstance(old, dict | list) and not alike(old, new))


def entries(row: models.Model, changes: Iterable[Change]) -> Iterator[Entry]:
    """The row's changes, given newest first without a gap, each with the row on either side of it."""
    now = values_of(row)
    for change in changes:
        after, now = now, _before(now, change)
        yield Entry(change, now, after)


def values_at(row: models.Model, at: datetime) -> Values | None:
    """The row's columns as this console had them at `at`, as JSON; None where it had no values of the object yet."""
    span = between(row, at, at)
    return span.then if span.knowledge in {Knowledge.VALUES, Knowledge.UNKEPT} else None


def between(row: Any, at: datetime, to: datetime, most: int = 50) -> Span:
    """The row at `at` and at `to`, and the newest changes between the two, at most so many. Three queries at most,
    whatever happened to it."""
    span = Span(Knowledge.VALUES, row.created_at)
    now = span.then = span.later = values_of(row)
    unset, oldest = set(now), None
    for entry in entries(row, of_row(row).iterator()):
        oldest = entry.change
        if oldest.written_at > at:
            now = entry.before
            if oldest.written_at > to:
                span.later = now
            elif len(span.entries) < most:
                span.entries.append(entry)
            else:
                span.more = True
            continue
        touched = unset if oldest.created else unset & oldest.before.keys()
        span.set_by |= dict.fromkeys(touched, oldest)
        unset = unset - touched
        if not unset:
            break
    span.then = now
    return _known(span, row, oldest, at)


def _known(span: Span, row: Any, oldest: Change | None, at: datetime) -> Span:
    """Fills in how much was known; `oldest` is the change that was last walked over, if there are any."""
    unborn = oldest is not None and oldest.created and oldest.written_at > at
    span.told_at = oldest.written_at if oldest is not None and oldest.created else None
    span.first_at = min(row.created_at, oldest.written_at) if oldest else row.created_at
    if at < span.first_at:
        span.knowledge = Knowledge.NOTHING
    elif unborn or (span.then["by_reference"] and not span.then["version"] and not span.then["read_at"]):
        span.knowledge = Knowledge.ID
    elif not span.told_at:
        span.began_at = Change.objects.order_by("pk").values_list("written_at", flat=True).first()
        if at < (span.began_at or at):
            span.knowledge = Knowledge.UNKEPT
    return span


def of_row(row: models.Model) -> models.QuerySet[Change]:
    """Newest first."""
    return Change.objects.filter(record=row._meta.model_name or "", record_id=row.pk).order_by("-id")


def values_of(row: models.Model) -> Values:
    """The row's columns as JSON."""
    found: Values = plain({f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields})
    return found


def _before(now: Values, change: Change) -> Values:
    """A column that has gone since is passed over."""
    known = {name: value for name, value in change.before.items() if name in now}
    if RAW in known:
        known[RAW] = undone(now[RAW], known[RAW])
    return now | known
