"""Rows that mirror the provider's objects, and the one way they are written: newer wins, whatever the order of arrival.

What is newer is decided by two clocks that are never mixed: `version` is the provider's (`updatedAt`), `read_at` and
`heard_at` are ours (when a read was sent, when a delivery came). An incoming record that neither clock can place is a
*hint*: it changes nothing and marks the row dirty, and a worker reads the object.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import timezone

from console.history import services as history
from console.history.models import ChangeSource
from console.history.services import Written, plain
from console.terms import services as terms
from console.terms.words import found_by

BATCH = 250  # rows a statement: well under SQLite's limit on variables
AHEAD = timedelta(days=1)  # how far a provider's clock may run before ours

# What a wire field fills besides the column of its own name: where it cannot be read, all of it is empty.
ALSO_FILLS = {
    "status": ("state",),
    "application_status": ("state",),
    "limit": ("limit_amount", "limit_frequency"),
    "expiration_month": ("expires_on",),
    "expiration_year": ("expires_on",),
    "ultimate_beneficial_owners": ("owners",),
    "source": ("decimal_amount", "currency"),
    "amount": ("decimal_amount",),
}


class Mirrored(models.Model):
    """A row that is a copy of one of the provider's objects. Instants are UTC."""

    codego_id = models.CharField(max_length=128, unique=True, null=True, editable=False)
    by_reference = models.BooleanField(default=False)  # only its id is known so far, from another record
    raw = models.JSONField(default=dict)
    flags = models.JSONField(default=list)
    version = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True)
    dirty_at = models.DateTimeField(null=True)
    reading_at = models.DateTimeField(null=True)
    read_failures = models.PositiveSmallIntegerField(default=0)
    read_error = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True

    def derive(self) -> None:
        """Fills the columns that follow from others, after a record was merged into the row."""

    @property
    def fresh_at(self) -> datetime | None:
        """When the provider last told us of it."""
        return max((at for at in (self.read_at, self.heard_at) if at), default=None)


# What belongs to the row's own life here and is never overwritten by a record of the provider.
OURS = frozenset({
    "id", "created_at", "dirty_at", "reading_at", "read_failures", "read_error", "external_id", "missing_since",
})  # fmt: skip


PERSONAL = frozenset({
    "first_name", "last_name", "name", "email", "phone_country_code", "phone_number", "address", "owners",
    "text_evidence", "application_reason", "display_name", "memo", "description",
})  # fmt: skip


class Verdict(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    STALE = "stale"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class Source:
    """Where records come from. A read's instant is when its request was sent; a delivery's when it came."""

    kind: str  # "delivery", "run", "read" or "command"
    at: datetime
    ref: str = ""
    last_word: bool = False  # a delivery that no read can follow: it counts as one
    again: bool = False  # applied once more by a rebuild: it writes the row and nothing beside it

    @property
    def is_read(self) -> bool:
        return self.kind != "delivery" or self.last_word

    @property
    def news_at(self) -> datetime | None:
        """For `mark_dirty`: when the news came. What a read leaves open, only a later read can settle."""
        return self.at if self.again or not self.is_read else None


@dataclass(frozen=True, slots=True)
class Incoming:
    """One record as columns; a value of None is absent on the wire and keeps what the row has."""

    codego_id: str
    version: datetime | None
    values: dict[str, Any]
    raw: dict[str, Any]
    flags: Sequence[str] = ()
    initial: dict[str, Any] = field(default_factory=dict)  # columns of a row that is new, where `values` has none

    def unreadable(self) -> set[str]:
        """Columns whose wire field was there but could not be understood: they hold nothing rather than something old."""
        doubted = {_column(flag.split(":", 1)[0]) for flag in self.flags}
        doubted |= {column for name in doubted for column in ALSO_FILLS.get(name, ())}
        return doubted & {name for name, value in self.values.items() if value is None}


def _column(wire_name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", wire_name).replace(".", "_").lower()


@dataclass(slots=True)
class Applied:
    """The verdict on each record, in the order they were given, and what a sweep found to differ."""

    verdicts: list[Verdict] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)

    def count(self) -> Counter[str]:
        return Counter(v.value for v in self.verdicts)


Row = TypeVar("Row", bound=Mirrored)


def write(
    model: type[Row], incoming: Sequence[Incoming], source: Source, *, final: frozenset[str] = frozenset()
) -> Applied:
    """Writes the records that are newer than their rows. `final` names states that nothing follows."""
    incoming = [_fitted(model, r, source.at) for r in incoming]
    verdicts: dict[int, Verdict] = {}
    changes: list[dict[str, Any]] = []
    for turn in _turns(incoming):
        for start in range(0, len(turn), BATCH):
            some = turn[start : start + BATCH]
            decided, changed = _write_batch(model, [incoming[i] for i in some], source, final)
            verdicts |= dict(zip(some, decided, strict=True))
            changes += changed
    return Applied([verdicts[i] for i in range(len(incoming))], changes)


def _fitted(model: type[Row], record: Incoming, at: datetime) -> Incoming:
    """The record as the columns can hold it: text that is too long is cut and flagged; all of it stays in `raw`.
    A version from the future is none: every true one after it would look stale."""
    columns, unreadable = _columns(model), record.unreadable()
    values, flags, version = {}, list(record.flags), record.version
    if version and version > at + AHEAD:
        flags.append("updatedAt: in the future")
        version = None
    for name, given in record.values.items():
        column = columns[name]
        value = column.get_default() if name in unreadable and not column.null else given
        most = column.max_length if isinstance(value, str) else None
        if most and len(value) > most:
            flags.append(f"{name}: longer than {most} characters, cut")
        values[name] = value[:most] if most else plain(value) if isinstance(value, dict | list) else value
    return replace(record, version=version, values=values, raw=plain(record.raw), flags=flags)


@cache
def _columns(model: type[Mirrored]) -> dict[str, Any]:
    return {f.attname: f for f in model._meta.concrete_fields}


def _turns(incoming: Sequence[Incoming]) -> list[list[int]]:
    """Indexes sorted by id (so that two writers lock in one order), an id at most once a turn."""
    turns: list[list[int]] = []
    seen: Counter[str] = Counter()
    for i in sorted(range(len(incoming)), key=lambda i: incoming[i].codego_id):
        turn = seen[incoming[i].codego_id]
        seen[incoming[i].codego_id] += 1
        if turn == len(turns):
            turns.append([])
        turns[turn].append(i)
    return turns


class _Overtaken(Exception):  # noqa: N818 - it says what happened
    """Another writer made a row of this batch while it was thought to be new."""


def _write_batch(
    model: type[Row], records: Sequence[Incoming], source: Source, final: frozenset[str]
) -> tuple[list[Verdict], list[dict[str, Any]]]:
    while True:
        with suppress(_Overtaken):
            return _try_batch(model, records, source, final)


def _try_batch(
    model: type[Row], records: Sequence[Incoming], source: Source, final: frozenset[str]
) -> tuple[list[Verdict], list[dict[str, Any]]]:
    with transaction.atomic():
        locked = model._default_manager.select_for_update().filter(codego_id__in=[r.codego_id for r in records])
        rows = {row.codego_id: row for row in locked.order_by("codego_id")}
        verdicts = {r.codego_id: decide(rows.get(r.codego_id), r, source, final) for r in records}
        changes = [
            {"id": r.codego_id, "fields": _differences(rows[r.codego_id], r)}
            for r in records
            if source.kind == "run" and verdicts[r.codego_id] is Verdict.CHANGED
        ]
        newer = [r for r in records if _to_write(rows.get(r.codego_id), r, verdicts[r.codego_id], source)]
        before = {r.codego_id: image(rows[r.codego_id]) for r in newer if _is_known(rows.get(r.codego_id))}
        noun = model._meta.model_name or ""
        words = {row.pk: found_by(noun, row) for row in rows.values()}
        merged = [_merged(model, rows.get(r.codego_id), r, source) for r in newer]
        written = _upsert(model, merged)
        _refuse_overtaken(model, [row for row in merged if row.codego_id in written and row.codego_id not in rows])
        if not source.again:
            _keep_history(model, merged, before, written, source)
            now = {written[row.codego_id]: found_by(noun, row) for row in merged if row.codego_id in written}
            terms.keep(noun, now, words)
        for record in newer:
            if record.codego_id not in written:  # another writer was there first with something at least as new
                verdicts[record.codego_id] = Verdict.HINT
        if source.is_read:
            _confirm(model, [i for i, v in verdicts.items() if v is Verdict.UNCHANGED], source.at)
        if hints := [i for i, v in verdicts.items() if v is Verdict.HINT]:
            refer(model, hints)
            mark_dirty(model, hints, source.news_at)
    return [verdicts[r.codego_id] for r in records], changes


def _refuse_overtaken(model: type[Row], new: Sequence[Row]) -> None:
    """What such a row held before is lost once it is written over: the batch starts again, with the row locked."""
    born = {row.codego_id: row.created_at for row in new}
    found = model._default_manager.filter(codego_id__in=born).values_list("codego_id", "created_at") if born else ()
    if any(born[codego_id] != created_at for codego_id, created_at in found):
        raise _Overtaken


def _is_known(row: Row | None) -> bool:
    """Whether anything but its id was ever told of it."""
    return row is not None and not (row.by_reference and not row.version and not row.read_at)


def image(row: Mirrored) -> dict[str, Any]:
    """What the provider's records fill, by column."""
    return {name: getattr(row, name) for name in _columns(type(row)) if name not in OURS}


def _keep_history(
    model: type[Row], rows: Sequence[Row], before: dict[Any, dict[str, Any]], written: dict[str, int], source: Source
) -> None:
    notes = [
        Written(written[row.codego_id], before.get(row.codego_id), image(row))
        for row in rows
        if row.codego_id in written
    ]
    noun = model._meta.model_name or ""
    history.note(noun, notes, source=ChangeSource(source.kind), at=source.at, ref=source.ref)


def decide(row: Row | None, record: Incoming, source: Source, final: frozenset[str] = frozenset()) -> Verdict:
    """The whole rule of what is newer."""
    if row is None or not _is_known(row):
        return Verdict.CREATED if source.is_read or record.version else Verdict.HINT
    if getattr(row, "state", "") in final and record.values.get("state") not in final:
        return Verdict.STALE
    if record.version and row.version and record.version != row.version:
        return Verdict.CHANGED if record.version > row.version else Verdict.STALE
    return _decide_by_our_clock(row, record, source)


def _decide_by_our_clock(row: Row, record: Incoming, source: Source) -> Verdict:
    """Where the provider's versions are equal, or one of them is missing: a read is placed by when it was sent."""
    versioned = bool(record.version and row.version)
    verdict = Verdict.UNCHANGED if _same(row, record) else Verdict.CHANGED
    if versioned and verdict is Verdict.UNCHANGED:
        return verdict
    if not source.is_read:
        complements = versioned and not row.by_reference and not _differing(row, record) & _said(row)
        return Verdict.CHANGED if complements else Verdict.HINT
    if row.read_at and source.at <= row.read_at:
        return Verdict.STALE
    if not versioned and row.heard_at and source.at <= row.heard_at:
        return Verdict.HINT
    return verdict


def _to_write(row: Row | None, record: Incoming, verdict: Verdict, source: Source) -> bool:
    """What changed, and what only carries raw fields that no column holds."""
    if verdict is Verdict.UNCHANGED:
        return source.is_read and row is not None and row.raw != record.raw
    return verdict in {Verdict.CREATED, Verdict.CHANGED}


def _same(row: Row, record: Incoming) -> bool:
    return not row.by_reference and not _differing(row, record)


def _differing(row: Row, record: Incoming) -> set[str]:
    unreadable = record.unreadable()
    return {
        name
        for name, value in record.values.items()
        if (value is not None or name in unreadable) and getattr(row, name) != value
    }


def _said(row: Row) -> set[str]:
    """Columns that the row's newest record named, and all links. Any other holds what an older one said, or nothing:
    a read may leave out what deliveries carry."""
    named = {_column(wire_name) for wire_name in row.raw}
    named |= {column for name in named for column in ALSO_FILLS.get(name, ())}
    return named | {name for name in _columns(type(row)) if name.endswith("_id")}


def _differences(row: Row, record: Incoming) -> dict[str, list[Any] | None]:
    """Column to [ours, theirs]; personal data is named, not repeated."""
    return {
        name: None if name in PERSONAL else plain([getattr(row, name), record.values[name]])
        for name in sorted(_differing(row, record))
    }


def _merged(model: type[Row], row: Row | None, record: Incoming, source: Source) -> Row:
    merged = row or model(codego_id=record.codego_id)
    before = getattr(merged, "state", None)
    unreadable = record.unreadable()
    given = record.values if row and not row.by_reference else record.initial | _present(record.values)
    for name, value in given.items():
        if value is not None or name in unreadable:
            setattr(merged, name, value)
    merged.derive()
    merged.raw, merged.flags, merged.by_reference = record.raw, list(record.flags), False
    merged.version = record.version or merged.version
    if hasattr(merged, "state_since") and record.values.get("state") not in {None, before}:
        merged.state_since = record.version or source.at
    if source.is_read:
        merged.read_at = max(source.at, merged.read_at or source.at)
    else:
        merged.heard_at = max(source.at, merged.heard_at or source.at)
    return merged


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


_NEWER = """{t}.by_reference OR (excluded.version IS NOT NULL AND {t}.version IS NOT NULL AND excluded.version > {t}.version)
OR ((excluded.version IS NULL OR {t}.version IS NULL OR excluded.version = {t}.version) AND excluded.read_at IS NOT NULL
AND ({t}.read_at IS NULL OR excluded.read_at >= {t}.read_at))"""


def _upsert(model: type[Row], rows: Sequence[Row]) -> dict[str, int]:
    """INSERT … ON CONFLICT DO UPDATE … WHERE newer, in one statement; what was written, with its primary key."""
    if not rows:
        return {}
    quote = connection.ops.quote_name
    fields = [f for f in model._meta.concrete_fields if not f.primary_key]
    table = quote(model._meta.db_table)
    columns = {f.name: quote(str(f.column)) for f in fields}
    names = ", ".join(columns.values())
    update = ", ".join(f"{column} = excluded.{column}" for name, column in columns.items() if name not in OURS)
    one = f"({', '.join(['%s'] * len(fields))})"
    sql = (
        f"INSERT INTO {table} ({names}) VALUES {', '.join([one] * len(rows))} "  # noqa: S608 - names from our models
        f"ON CONFLICT (codego_id) DO UPDATE SET {update} WHERE {_NEWER.format(t=table)} RETURNING codego_id, id"
    )
    values = [f.get_db_prep_save(getattr(row, f.attname), connection) for row in rows for f in fields]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        written = {str(codego_id): int(pk) for codego_id, pk in cursor.fetchall()}
    _settle_dirt(model, [row for row in rows if row.codego_id in written])
    return written


def _settle_dirt(model: type[Row], rows: Sequence[Row]) -> None:
    """A mark made before the read was sent is answered by it; a later one stands."""
    for at in {row.read_at for row in rows if row.read_at and row.dirty_at}:
        ids = [row.codego_id for row in rows if row.read_at == at]
        model._default_manager.filter(codego_id__in=ids, dirty_at__lte=at).update(
            dirty_at=None, read_failures=0, read_error=""
        )


def _confirm(model: type[Row], ids: Sequence[str], at: datetime) -> None:
    rows = model._default_manager.filter(codego_id__in=ids)
    rows.filter(Q(read_at__isnull=True) | Q(read_at__lt=at)).update(read_at=at)
    rows.filter(dirty_at__lte=at).update(dirty_at=None, read_failures=0, read_error="")


def refer(model: type[Row], ids: Iterable[str]) -> dict[str, int]:
    """Primary keys by provider id; an id not yet known gets a placeholder that a worker will read."""
    wanted = sorted({i for i in ids if i})
    if not wanted:
        return {}
    found = dict(model._default_manager.filter(codego_id__in=wanted).values_list("codego_id", "pk"))
    if missing := [i for i in wanted if i not in found]:
        now = timezone.now()
        model._default_manager.bulk_create(
            [model(codego_id=i, by_reference=True, dirty_at=now) for i in missing], ignore_conflicts=True
        )
        found = dict(model._default_manager.filter(codego_id__in=wanted).values_list("codego_id", "pk"))
    return {str(i): pk for i, pk in found.items()}


def mark_dirty(model: type[Row], ids: Iterable[str], at: datetime | None = None) -> None:
    """Asks for a fresh read: of many marks one read follows, and one more if marked while reading. `at` is when the news
    came, if that is not now: a read sent since has seen it, however late the news is worked off."""
    rows = model._default_manager.filter(codego_id__in=list(ids))
    if at:
        unread, unmarked = Q(read_at__isnull=True) | Q(read_at__lt=at), Q(dirty_at__isnull=True) | Q(dirty_at__lt=at)
        rows = rows.filter(unread, unmarked)
    rows.update(dirty_at=at or timezone.now())
