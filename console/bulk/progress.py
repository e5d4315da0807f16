"""How a run stands: its figures, what holds it up, and how long it will still take."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count
from django.utils import timezone

from console.bulk import services
from console.bulk.kind import Kind
from console.bulk.kinds import KINDS
from console.bulk.models import BulkRow, BulkRun, BulkState, RowState, Why
from console.provider.models import OPEN_STATES, Budget
from console.sync.health import ALIVE, heartbeat_ages

CALLS = 2  # for a record that is sent: the change, and the reading of it afterwards
LATEST = 20  # rows that the pace is taken from
ENDED = (RowState.DONE, RowState.REFUSED, RowState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Progress:
    counts: Counter[str]
    total: int  # rows that were to be changed
    through: int  # of these, those whose turn is over
    mood: str  # running, paused, silent or over
    left: timedelta | None  # until the last row's turn, if it goes on like this
    finding: int  # rows whose outcome is being found out


def of(run: BulkRun) -> Progress:
    counts = services.counts(run)
    planned = BulkRow.objects.filter(run=run, will=True).count()
    waiting = counts[RowState.WAITING] + counts[RowState.SENT]
    open_rows = run.rows.filter(state=RowState.UNKNOWN, command__state__in=OPEN_STATES)
    mood = mood_of(run)
    return Progress(
        counts=counts,
        total=planned,
        through=planned - waiting,
        mood=mood,
        left=_left(run, waiting) if mood == "running" else None,
        finding=open_rows.count() if counts[RowState.UNKNOWN] else 0,
    )


def mood_of(run: BulkRun) -> str:
    if run.state != BulkState.RUNNING:
        return "over"
    age = heartbeat_ages()["worker"]
    touched = run.claimed_at or run.due_at
    silent = touched is None or timezone.now() - touched > ALIVE
    if silent and (age is None or age > ALIVE):
        return "silent"
    return "paused" if run.pause else "running"


def version(run: BulkRun) -> str:
    """Of everything that a page of the run shows; one row is read for it."""
    return f"{run.state}-{run.version}-{mood_of(run)}"


def reasons(run: BulkRun) -> list[tuple[str, int]]:
    """Why rows are left as they are, most frequent first."""
    found = run.rows.filter(state=RowState.SKIPPED).order_by().values_list("why").annotate(n=Count("pk"))
    return [(str(Why(why).label), n) for why, n in sorted(found, key=lambda each: -each[1]) if why]


def _left(run: BulkRun, waiting: int) -> timedelta | None:
    """The pace of the last rows, but not faster than the provider's budget allows."""
    ended: Sequence[datetime | None] = list(
        run.rows.filter(state__in=ENDED).exclude(at=None).order_by("-at").values_list("at", flat=True)[:LATEST]
    )
    pace = 0.0
    if len(ended) > 1 and ended[0] and ended[-1]:
        pace = (ended[0] - ended[-1]).total_seconds() / (len(ended) - 1)
    if KINDS[run.kind].ask:
        interval = Budget.objects.filter(pk=1).values_list("interval", flat=True).first() or 0.0
        pace = max(pace, interval * CALLS)
    return timedelta(seconds=round(pace * waiting)) if pace and waiting else None


def estimate(kind: Kind, rows: int) -> timedelta | None:
    """How long so many records take at the pace that the provider allows now; None where nothing is sent."""
    interval = Budget.objects.filter(pk=1).values_list("interval", flat=True).first()
    return timedelta(seconds=round(interval * CALLS * rows)) if kind.ask and interval else None
