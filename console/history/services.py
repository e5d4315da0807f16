"""Keeps what each write replaced, and gives back what a row was at a moment."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from console.history.models import Change, ChangeSource
from console.history.patches import undo, undone

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
    """A change with the values on either side of it; `new` and `old` hold the columns it touched."""

    change: Change
    old: Values
    new: Values


def plain(value: Any) -> Any:
    """JSON as the database gives it back: decimals and instants as text."""
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


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
    before = {name: value for name, value in old.items() if name != RAW and value != new[name]}
    found: Values = plain(before)
    if patch := undo(plain(new[RAW]), plain(old[RAW])):
        found[RAW] = patch
    return found


def entries(row: models.Model, changes: Iterable[Change]) -> Iterator[Entry]:
    """The row's changes, given newest first without a gap, each with what it replaced and what it put there."""
    now: Values = plain({f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields})
    for change in changes:
        new = {name: now[name] for name in change.before if name in now}
        now = _before(now, change)
        yield Entry(change, {name: now[name] for name in new}, new)


def values_at(row: models.Model, at: datetime) -> Values | None:
    """The row's columns as this console had them at `at`, as JSON; None where it knew nothing of the object yet."""
    now: Values = plain({f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields})
    created = False
    for change in of_row(row).filter(written_at__gt=at):
        created |= change.created
        now = _before(now, change)
    unborn = created and not of_row(row).filter(written_at__lte=at).exists()
    return None if unborn else now


def of_row(row: models.Model) -> models.QuerySet[Change]:
    """Newest first."""
    return Change.objects.filter(record=row._meta.model_name or "", record_id=row.pk).order_by("-id")


def _before(now: Values, change: Change) -> Values:
    """A column that has gone since is passed over."""
    known = {name: value for name, value in change.before.items() if name in now}
    if RAW in known:
        known[RAW] = undone(now[RAW], known[RAW])
    return now | known
