"""Rows made anew from what was observed of them: the deliveries in the inbox and the records that reads brought."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from cardholders.models import Applicant, Balance, Contract
from console.access import Actor
from console.audit import services as audit
from console.audit.events import Action
from console.codego.envelope import parse_envelope
from console.codego.errors import Unreadable
from console.codego.records import BalanceRecord
from console.history import services as history
from console.history.models import ChangeSource
from console.history.patches import alike
from console.history.services import RAW, Entry, Values, Written
from console.provider.mirror import OURS, Mirrored, Source, image
from console.sync.models import Delivery, DeliveryVerdict
from console.sync.routes import EVENTS, READS, Event, event_of
from console.terms import services as terms

RESOURCES = ("companies", "cardholders", "contracts", "balances", "cards", "transactions", "disputes")
MODELS: dict[str, type[Mirrored]] = {name: READS[name].model for name in RESOURCES}

# What an order of arrival leaves in a row, and no observation says.
OF_ARRIVAL = frozenset({"codego_id", "read_at", "heard_at", "state_since"})
TECHNICAL = OF_ARRIVAL | {"by_reference", "raw", "flags", "version"}

APPLIED = (DeliveryVerdict.APPLIED, DeliveryVerdict.STALE, DeliveryVerdict.HINT)
WAITING_AGAIN = (DeliveryVerdict.NEW, DeliveryVerdict.FAILED, DeliveryVerdict.PARKED)


class Verdict(StrEnum):
    SAME = "same"
    DIFFERENT = "different"
    UNOBSERVED = "unobserved"  # nothing is on record that could make it
    INSUFFICIENT = "insufficient"  # what is on record does not make a whole row: it stays as it is


@dataclass(frozen=True, slots=True)
class Difference:
    column: str
    ours: Any
    observed: Any


@dataclass(frozen=True, slots=True)
class Rebuilt:
    verdict: Verdict
    observations: int = 0
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """Something that was told of an object, and how it is told to the row again."""

    at: datetime
    rank: tuple[Any, ...]  # the order of those of one instant
    tell: Callable[[], object]


@dataclass(slots=True)
class Story:
    """All that was observed of a row, in order, and the values it had before: none where the log holds its beginning."""

    base: Values | None
    observations: list[Observation] = field(default_factory=list)


class _TakenBack(Exception):  # noqa: N818 - ends a trial
    pass


def walk(resource: str, codego_id: str = "") -> Iterator[Mirrored]:
    """Rows that the provider knows, oldest first."""
    rows, last = MODELS[resource]._default_manager.filter(codego_id__isnull=False).defer(RAW), 0
    if codego_id:
        rows = rows.filter(codego_id=codego_id)
    while some := list(rows.filter(pk__gt=last).order_by("pk")[:200]):
        yield from some
        last = some[-1].pk


def check(row: Mirrored) -> Rebuilt:
    """What a rebuild would change. Changes nothing."""
    with transaction.atomic():
        return _tried(row, keep=False)[0]


def rebuild(row: Mirrored, *, actor: Actor) -> Rebuilt:
    """Makes the row what its observations say, in one transaction. Its number, what points at it and its history stay."""
    with transaction.atomic():
        rebuilt, marked_at = _tried(row, keep=True)
        if rebuilt.verdict == Verdict.SAME and marked_at:
            type(row)._default_manager.filter(pk=row.pk, dirty_at__isnull=True).update(dirty_at=marked_at)
        if rebuilt.verdict == Verdict.DIFFERENT:
            columns = [each.column for each in rebuilt.differences]
            noun = row._meta.model_name or ""
            audit.record(Action.RECORD_REBUILD, actor=actor, record=noun, record_id=row.pk, columns=columns)
    return rebuilt


def _tried(row: Mirrored, *, keep: bool) -> tuple[Rebuilt, datetime | None]:
    """The outcome, and when a read was last asked for that has not come. A row that differs stays rebuilt if `keep`."""
    model: Any = type(row)
    row = model._default_manager.select_for_update().get(pk=row.pk)
    story = story_of(row)
    if not story.observations:
        return Rebuilt(Verdict.UNOBSERVED), None
    rebuilt, marked_at = Rebuilt(Verdict.INSUFFICIENT, len(story.observations)), None
    with suppress(_TakenBack), transaction.atomic():
        new = _told_again(row, story)
        marked_at = new.dirty_at
        if new.by_reference and not row.by_reference:
            raise _TakenBack
        differences = tuple(_differences(row, new))
        verdict = Verdict.DIFFERENT if differences else Verdict.SAME
        rebuilt = Rebuilt(verdict, len(story.observations), differences)
        if not (keep and differences):
            raise _TakenBack
        terms.renew(new)
        _note(row, new)
    return rebuilt, marked_at


def _told_again(row: Mirrored, story: Story) -> Mirrored:
    """The row after all observations were applied to what it was before them."""
    rows: Any = type(row)._default_manager.filter(pk=row.pk)
    rows.update(dirty_at=None, **_beginning(row, story.base))
    for observation in story.observations:
        observation.tell()
    new: Mirrored = rows.get()
    if row.dirty_at and (new.read_at is None or row.dirty_at > new.read_at):  # others than deliveries ask for reads
        new.dirty_at = max(row.dirty_at, new.dirty_at or row.dirty_at)
        rows.update(dirty_at=new.dirty_at)
    if isinstance(row, Applicant) and story.base is not None and getattr(new, "state", "") == row.state:
        rows.update(state_since=row.state_since)  # since when may be older than the log
    return new


def _beginning(row: Mirrored, base: Values | None) -> Values:
    """The provider's columns as they were before anything was observed. Links are kept where the log does not reach
    back to their beginning, and moments that only a default ever filled."""
    columns: Values = {}
    for each in row._meta.concrete_fields:
        name = each.attname
        if name in OURS or name == "codego_id" or (isinstance(each, models.DateTimeField) and each.has_default()):
            continue
        if base is None or name in TECHNICAL:
            columns[name] = each.get_default()
        elif not each.is_relation:
            columns[name] = base[name] if isinstance(each, models.JSONField) else each.to_python(base[name])
    opened_here = base is not None and base["codego_id"] is None and not base["by_reference"]
    if base is not None and base.get("state_since"):
        columns["state_since"] = datetime.fromisoformat(base["state_since"])
    return columns | {"by_reference": not opened_here}


def _differences(row: Mirrored, new: Mirrored) -> Iterator[Difference]:
    ours, observed = image(row), image(new)
    for name in ours.keys() - OF_ARRIVAL:
        if not alike(ours[name], observed[name]):
            yield Difference(name, ours[name], observed[name])


def _note(row: Mirrored, new: Mirrored) -> None:
    """One change that marks the rebuild. It holds no column: the log goes on to tell what was observed at each moment,
    not what the row was damaged to. Only records are kept as patches of each other, so theirs is."""
    raw_only = Written(row.pk, {RAW: row.raw}, {RAW: new.raw})
    history.note(row._meta.model_name or "", [raw_only], source=ChangeSource.REBUILD, at=timezone.now())


# --- What was observed ------------------------------------------------------------------------------------------------


def story_of(row: Mirrored) -> Story:
    entries = list(history.entries(row, history.of_row(row)))
    told = partial(_record_of, row)
    deliveries = list(_deliveries(row, entries))
    story = Story(_base(row, entries), [_of_delivery(row, each, record) for each, record in deliveries])
    known = {str(each.pk) for each, _record in deliveries}
    reads: dict[datetime, Observation] = {}
    for source, raw in (*_confirmed(row, entries), *_first(row, entries), *_written(entries, known)):
        record = told(raw)
        if record and source.kind == "delivery":
            story.observations.append(_applied(row, source, record))
        elif record:
            reads[source.at] = _applied(row, source, record)
    story.observations += [*reads.values(), *_merges(row, entries)]
    story.observations.sort(key=lambda each: (each.at, each.rank))
    return story


def _base(row: Mirrored, entries: Sequence[Entry]) -> Values | None:
    if not entries:
        return history.values_of(row)
    return None if entries[-1].change.created else entries[-1].before


def _deliveries(row: Mirrored, entries: Sequence[Entry]) -> Iterator[tuple[Delivery, Any]]:
    """Those that name the object and were applied, with their records; an unknown word or a later parser may hide some."""
    refs = [e.change.ref for e in entries if e.change.source == ChangeSource.DELIVERY and e.change.ref.isdecimal()]
    applied = Q(verdict__in=APPLIED) | Q(verdict__in=WAITING_AGAIN, applied_at__isnull=False)
    ours = Q(object_id=row.codego_id) | Q(pk__in=[int(ref) for ref in refs])
    for delivery in Delivery.objects.filter(ours, applied).order_by("pk"):
        event, envelope = event_of(delivery.type), parse_envelope(bytes(delivery.body), {})
        if event is None or event.model is not type(row):
            continue
        with suppress(Unreadable):
            record = event.parse(envelope.type or "", envelope.body or {})
            if record is not None and record.id == row.codego_id:
                yield delivery, record


def _confirmed(row: Mirrored, entries: Sequence[Entry]) -> Iterator[tuple[Source, Values]]:
    """The last read that the row took, which left no change where it only confirmed what was known."""
    if row.read_at is None:
        return
    raw = row.raw
    for entry in entries:
        if entry.change.at <= row.read_at:
            break
        raw = entry.before[RAW]
    yield Source("read", row.read_at), raw


def _first(row: Mirrored, entries: Sequence[Entry]) -> Iterator[tuple[Source, Values]]:
    """What a row that is older than the log held when it began."""
    base = _base(row, entries)
    if base and base["read_at"]:
        yield Source("read", datetime.fromisoformat(base["read_at"])), base[RAW]
    elif base and base["heard_at"]:
        yield Source("delivery", datetime.fromisoformat(base["heard_at"])), base[RAW]


def _written(entries: Sequence[Entry], known: set[str]) -> Iterator[tuple[Source, Values]]:
    """The record that each change brought, save deliveries that the inbox still holds."""
    for entry in entries:
        change = entry.change
        held = change.source == ChangeSource.DELIVERY and change.ref in known
        if change.source not in {ChangeSource.MERGE, ChangeSource.REBUILD} and not held:
            yield Source(change.source, change.at, change.ref), entry.after[RAW]


def _merges(row: Mirrored, entries: Sequence[Entry]) -> Iterator[Observation]:
    """What staff had typed when two rows proved to be one person, where the provider says nothing else."""
    for entry in entries:
        if entry.change.source == ChangeSource.MERGE:
            typed = {
                each.attname: entry.new[each.attname]
                for each in row._meta.concrete_fields
                if each.attname in entry.new and each.attname not in TECHNICAL and not each.is_relation
            }
            tell = partial(_type_in, row, typed)
            yield Observation(entry.change.at, ("merge", entry.change.pk), tell)


def _type_in(row: Mirrored, typed: Values) -> None:
    fields = {f.attname: f for f in row._meta.concrete_fields}
    values = {n: v if isinstance(fields[n], models.JSONField) else fields[n].to_python(v) for n, v in typed.items()}
    if values:
        type(row)._default_manager.filter(pk=row.pk).update(**values)


def _of_delivery(row: Mirrored, delivery: Delivery, record: Any) -> Observation:
    source = Source("delivery", delivery.received_at, str(delivery.pk))
    return _applied(row, source, _with_owner(row, record))


def _applied(row: Mirrored, source: Source, record: Any) -> Observation:
    apply = next(read.apply for read in READS.values() if read.model is type(row))
    rank = ("delivery" if source.kind == "delivery" else "read", source.ref.zfill(20))
    return Observation(source.at, rank, lambda: apply([record], source=replace(source, again=True)))


def _record_of(row: Mirrored, raw: Values) -> Any:
    """The record as it was read, from what is kept of it; None where nothing is."""
    if not raw:
        return None
    if isinstance(row, Balance):
        owner = row.cardholder or row.company
        return owner and (owner, BalanceRecord.parse(raw))
    record = _event(type(row)).record.parse({**raw, "id": row.codego_id})
    return _with_owner(row, replace(record, raw=raw))


def _with_owner(row: Mirrored, record: Any) -> Any:
    """A contract is read at its owner's address and seldom names it."""
    if not isinstance(row, Contract) or record.user_id or record.company_id:
        return record
    return replace(
        record,
        user_id=row.cardholder and row.cardholder.codego_id,
        company_id=row.company and row.company.codego_id,
    )


def _event(model: type[Mirrored]) -> Event:
    return next(event for event in EVENTS.values() if event.model is model)
