"""Reads what is marked dirty: one read per object in flight, once more if it was marked again meanwhile."""

import time
from datetime import timedelta
from typing import Any

from django.db.models import F, Q
from django.utils import timezone

from console.codego.client import Codego
from console.codego.errors import NoSuchObject, NoSuchRoute, NotSent, Unauthorized, Unavailable
from console.codego.protocols import Priority
from console.provider.factory import client
from console.provider.mirror import mark_dirty
from console.sync.models import Run, RunState
from console.sync.routes import READS, Read
from console.sync.steps import words_of

LEASE = timedelta(seconds=30)
LONGEST = 900  # seconds between two tries of one object
SLICE = 8.0


def ask(row: Any) -> None:
    """Marks a row: the worker reads it at once, also where earlier failures had put it off."""
    model: Any = type(row)
    mark_dirty(model, [row.codego_id])
    model._default_manager.filter(pk=row.pk, reading_at__gt=timezone.now()).update(reading_at=None)
    model._default_manager.filter(pk=row.pk).update(read_error="", read_failures=0)


def read_dirty(seconds: float = SLICE) -> int:
    """Reads due objects for one slice; how many were read. Stops early where the provider does not answer at all."""
    until, done = time.monotonic() + seconds, 0
    if not any(_due(read).exists() for read in READS.values()):
        return 0
    with client(Priority.WORKER) as provider:
        for read in READS.values():
            for row in _due(read).order_by("dirty_at")[:200]:
                if time.monotonic() >= until:
                    return done
                if _claim(read, row):
                    done += 1
                    if not _read(provider, read, row):
                        return done
    return done


def _due(read: Read) -> Any:
    free = Q(reading_at__isnull=True) | Q(reading_at__lt=timezone.now() - LEASE)
    due = read.model._default_manager.filter(free, dirty_at__isnull=False, codego_id__isnull=False)
    if Run.objects.filter(kind="import", state=RunState.RUNNING, failures=0).exists():
        due = due.filter(by_reference=False)  # the import is on its way to these
    return due


def _claim(read: Read, row: Any) -> bool:
    free = Q(reading_at__isnull=True) | Q(reading_at__lt=timezone.now() - LEASE)
    rows = read.model._default_manager.filter(free, pk=row.pk, dirty_at__isnull=False)
    return bool(rows.update(reading_at=timezone.now()))


def _read(provider: Codego, read: Read, row: Any) -> bool:
    """False where going on would be of no use."""
    rows = read.model._default_manager.filter(pk=row.pk)
    at = timezone.now()
    try:
        read.run(provider, row, at)
    except (NoSuchObject, NoSuchRoute) as absent:
        rows.filter(dirty_at__lte=at).update(dirty_at=None, read_error=str(absent)[:200])
    except Exception as failure:  # noqa: BLE001 - whatever it was is written on the row, and it is tried again
        _put_off(rows, row, words_of(failure))
        return not isinstance(failure, Unavailable | Unauthorized | NotSent)
    if rows.filter(by_reference=True, dirty_at__isnull=False).exists():
        _put_off(rows, row, "Its owner is not known yet.")
        return True
    rows.filter(dirty_at__lte=at).update(dirty_at=None, read_failures=0, read_error="")
    rows.update(reading_at=None)
    return True


def _put_off(rows: Any, row: Any, why: str) -> None:
    """Tries again later, and later each time."""
    wait = timedelta(seconds=min(2 ** min(row.read_failures + 1, 10), LONGEST))
    rows.update(reading_at=timezone.now() + wait - LEASE, read_failures=F("read_failures") + 1, read_error=why[:200])
