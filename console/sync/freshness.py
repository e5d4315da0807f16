"""As of when our copy holds, of a resource and of a row, and why it is no newer: the one place that says it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from console.provider.models import Budget
from console.sync import health, runs
from console.sync.models import Cursor, Run, RunState
from console.sync.schedule import SCHEDULE

FRESH, STALE, NEVER, READING = "fresh", "stale", "never", "reading"
UNREAD = timedelta(minutes=5)  # a row that waits longer for the read it was marked for
LATELY = timedelta(days=2)  # as far back as a run can say why something is old


@dataclass(frozen=True, slots=True)
class AsOf:
    """`since`: from when on it counts as stale. `resource`: the one whose sweep would make it fresh."""

    state: str
    at: datetime | None = None
    since: datetime | None = None
    why: str = ""
    resource: str = ""


class Freshness:
    """What one request needs to know. The sweeps are one query; what explains an old copy is asked for only then."""

    def __init__(self) -> None:
        self.now = timezone.now()

    @cached_property
    def swept(self) -> dict[str, datetime]:
        return {name: at for name, at in Cursor.objects.values_list("resource", "swept_at") if at}

    def of(self, *resources: str) -> AsOf:
        """Of several together as the one is that is furthest behind."""
        never = [name for name in resources if name not in self.swept]
        name = never[0] if never else min(resources, key=self._left)
        pace, at = SCHEDULE[name], self.swept.get(name)
        if at is None:
            return AsOf(READING if self._importing else NEVER, resource=name)
        if self._left(name) >= timedelta():
            return AsOf(FRESH, at, resource=name)
        return AsOf(STALE, at, at + pace.stale, resource=name)

    def _left(self, resource: str) -> timedelta:
        return SCHEDULE[resource].stale - (self.now - self.swept[resource])

    def of_row(self, resource: str, row: Any) -> AsOf | None:
        """None for what is not at the provider yet."""
        if row is None or row.codego_id is None:
            return None
        at, waits = row.fresh_at, row.dirty_at and self.now - row.dirty_at
        if row.read_error:
            return AsOf(STALE if at else NEVER, at, row.dirty_at, _("Reading it failed: %s") % row.read_error)
        if waits is not None and waits < UNREAD:
            return AsOf(READING, at)
        if at is None:
            return AsOf(NEVER)
        if waits is not None:
            return AsOf(STALE, at, row.dirty_at, self.why(resource) or _("It waits to be read again."))
        return self._by_age(resource, at)

    def _by_age(self, resource: str, at: datetime) -> AsOf:
        """A row is as good as the sweeps that would have shown a change of it; where they read every row, as its own
        last reading."""
        pace, whole = SCHEDULE[resource], self.of(resource)
        if self.now - at < pace.stale or (whole.state == FRESH and not pace.whole):
            return AsOf(FRESH, at)
        if whole.state == FRESH:
            return AsOf(STALE, at, at + pace.stale, _("The sweeps since then were not shown it."))
        return AsOf(STALE, at, max(at, whole.at or at) + pace.stale, resource=resource)

    def why(self, resource: str, *, clear: bool = True) -> str:
        """Why a resource is no newer, if that is known; what the provider said only where it may be read (`clear`)."""
        if self._down_since:
            at = timezone.localtime(self._down_since)
            return _("The provider has not answered since %s.") % formats.date_format(at, "H:i")
        run = next((run for run in self._runs if resource in run.resources), None)
        words = _of_run(run) if run else ""
        if not self._works and not (run and run.error):
            words = _("Background work stands still.")
        return f"{words} {run.error}" if run and run.error and words and clear else words

    @cached_property
    def _down_since(self) -> datetime | None:
        return Budget.objects.filter(pk=1).values_list("down_since", flat=True).first()

    @cached_property
    def _works(self) -> bool:
        return all(age is not None and age < health.ALIVE for age in health.heartbeat_ages().values())

    @property
    def _importing(self) -> bool:
        return any(run.kind == "import" and run.state == RunState.RUNNING for run in self._runs)

    @cached_property
    def _runs(self) -> list[Run]:
        """The newest first, and before them those that still run."""
        lately = Run.objects.filter(started_at__gte=self.now - LATELY).defer("differences", "counts")
        return sorted(lately.order_by("-started_at")[:50], key=lambda run: run.state != RunState.RUNNING)


def _of_run(run: Run) -> str:
    if run.state == RunState.FAILED:
        return _("The last sweep gave up.")
    if run.state == RunState.DONE:
        return ""
    if run.error:
        return _("The sweep fails and is tried again by itself.")
    if run.kind != "import":
        return _("It is being read now.")
    of = len(run.resources)
    return _("The import is under way: %(done)d of %(of)d parts done.") % {"done": of - len(runs.left(run)), "of": of}


def of_request(request: HttpRequest) -> Freshness:
    """One for each request, however many places on its page ask."""
    found: Freshness = request.__dict__.setdefault("deckhand_freshness", Freshness())
    return found
