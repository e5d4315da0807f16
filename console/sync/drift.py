"""What sweeps found that no delivery had told: kept with each run, counted by resource and by day."""

from collections import Counter
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from console.sync.models import Run
from console.sync.routes import EVENTS, READS
from console.sync.steps import Step

MOST_DIFFERENCES = 500
DAYS = 14
MISSED, DIFFERED = "missed", "differed"
KINDS = {MISSED: _("Missed entirely"), DIFFERED: _("Had another value")}
# Nothing is ever delivered of a balance, so the first reading of one is no delivery missed.
DELIVERED = frozenset(event.model for event in EVENTS.values())


class Day(NamedTuple):
    """Rows that runs of one day, as the reader counts days, found to differ."""

    day: date
    missed: int
    differed: int


def note(run: Run, resource: str, step: Step, *, counted: bool) -> None:
    """Adds a step's findings to the run. Before everything was read once (`counted` is False) a new row is no news and
    nothing is drift. What is so young that its delivery may be on its way is kept and named, and not counted."""
    found = list(step.differences)
    if counted:
        found += [{"resource": resource, "id": each, "missed": True} for each in _unheard_of(resource, step.created)]
        fresh = Counter(kind_of(each) for each in found if each["id"] not in step.young)
        del fresh[""]
        if fresh:
            run.drift[resource] = dict(Counter(run.drift.get(resource, {})) + fresh)
    for each in found:
        if kind_of(each) and each["id"] in step.young:
            each["young"] = True
    run.differences += found[: max(MOST_DIFFERENCES - len(run.differences), 0)]


def kind_of(difference: dict[str, Any]) -> str:
    """Of a difference that a run keeps; empty where it tells of a record that could not be read."""
    return "" if "error" in difference else MISSED if "missed" in difference else DIFFERED


def _unheard_of(resource: str, created: dict[str, Any]) -> list[str]:
    """Those that were not even known by reference before they were asked for."""
    model: Any = READS[resource].model
    if not created or model not in DELIVERED:
        return []
    rows = model._default_manager.filter(codego_id__in=created, created_at__gte=min(created.values()))
    known = set(rows.values_list("codego_id", flat=True))
    return [each for each in created if each in known]


def total(run: Run) -> int:
    return sum(sum(kinds.values()) for kinds in run.drift.values())


def by_day() -> list[Day]:
    """The last two weeks, oldest first, each run on the day it started."""
    today = timezone.localdate()
    first = today - timedelta(days=DAYS - 1)
    found: dict[date, Counter[str]] = {first + timedelta(days=n): Counter() for n in range(DAYS)}
    since = timezone.now() - timedelta(days=DAYS)
    for started_at, drift in (
        Run.objects.filter(started_at__gte=since).exclude(drift={}).values_list("started_at", "drift")
    ):
        day = timezone.localtime(started_at).date()
        for kinds in drift.values():
            found.setdefault(day, Counter()).update(kinds)
    return [Day(day, kinds[MISSED], kinds[DIFFERED]) for day, kinds in sorted(found.items()) if day >= first]
