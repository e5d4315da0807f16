"""Imports, catch-ups and reconciliations: runs made of slices, so that a killed worker loses a page and no more.

A run is worked a slice at a time, and so are the runs beside it: the one that waited longest goes first. Within a run
each slice is another resource's, unless its kind needs them in order.
"""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from console.access import SYSTEM, Actor
from console.audit import services as audit
from console.audit.events import Action, Outcome
from console.codego.errors import BadRequest, CodegoError, RateLimited, Refused
from console.codego.protocols import Priority
from console.provider.factory import client
from console.sync import drift
from console.sync.models import Cursor, Run, RunState
from console.sync.schedule import IN_ORDER, KINDS, SCHEDULE
from console.sync.steps import Scope, Step, words_of
from console.sync.sweeps import SWEEPS

log = logging.getLogger("deckhand.sync")
SLICE = 8.0  # seconds; no task runs over ten
LEASE = timedelta(seconds=60)  # longer than any call with its retries
TRIES = 12  # failures in a row, with the pauses below: about two hours
COUNTS = ("seen", "created", "changed", "unchanged", "failed")


def start(kind: str, resources: Sequence[str] = (), *, actor: Actor = SYSTEM, wake: bool = True) -> Run:
    """A new run, or the one of this kind and these resources that has not ended yet: it goes on where it stopped,
    at once where it is woken."""
    wanted = [r for r in KINDS[kind] if not resources or r in resources]
    for open_run in Run.objects.filter(kind=kind, state=RunState.RUNNING).order_by("-started_at"):
        if open_run.resources == wanted:
            if wake:
                Run.objects.filter(pk=open_run.pk).update(due_at=timezone.now(), failures=0)
            return open_run
    run = Run.objects.create(kind=kind, resources=wanted, asked_by_id=actor.user_id)
    if actor.user_id:
        audit.record(Action.RUN_START, actor=actor, outcome=Outcome.STARTED, record="run", record_id=run.pk, kind=kind)
    return run


def claim(run_id: int | None = None) -> Run | None:
    """Takes the run that has been due longest for one slice. Held by a lease: a worker that dies gives it back by being
    silent."""
    now = timezone.now()
    free = Q(claimed_at__isnull=True) | Q(claimed_at__lt=now - LEASE)
    due = Run.objects.filter(free, state=RunState.RUNNING, due_at__lte=now)
    if run_id:
        due = due.filter(pk=run_id)
    for run in due.order_by("due_at")[:5]:
        if Run.objects.filter(free, pk=run.pk, state=RunState.RUNNING).update(claimed_at=now):
            run.refresh_from_db()
            return run
    return None


def work(run: Run, *, told: Callable[[Run], None] = lambda _: None, seconds: float = SLICE) -> Run:
    """One slice of a claimed run, at least a step of it. Raises nothing: what went wrong is on the run, with when it is
    tried again."""
    until = time.monotonic() + seconds
    whole = imported()
    try:
        with client(Priority.SWEEP) as provider:
            over = False
            while run.state == RunState.RUNNING and not over:
                resource = _turn(run)
                for step in SWEEPS[resource](provider, run.cursor["places"].get(resource, {}), _scope(run, resource)):
                    _note(run, resource, step, counted=whole)
                    told(run)
                    if over := time.monotonic() >= until:
                        break
                else:
                    _end(run, resource)
    except BadRequest as refusal:
        run.cursor["places"].get(run.cursor["now"], {}).pop(
            "page", None
        )  # it may be the place that was forgotten there
        run.save(update_fields=["cursor"])
        _fail(run, refusal)
    except Exception as failure:  # noqa: BLE001 - whatever it was is written on the run, and it is tried again
        _fail(run, failure)
    Run.objects.filter(pk=run.pk).update(claimed_at=None)
    return run


def _turn(run: Run) -> str:
    """Whose turn it is. It is written down before anything is read, so that a resource which kills its worker is not
    the first one again."""
    left = list(run.cursor.get("left", ())) or _stalest_first(run)
    if run.kind not in IN_ORDER and left[0] == run.cursor.get("now"):
        left = [*left[1:], left[0]]
    began = {left[0]: timezone.now().isoformat(), **run.cursor.get("began", {})}
    run.cursor = {"left": left, "now": left[0], "places": run.cursor.get("places", {}), "began": began}
    run.save(update_fields=["cursor"])
    return left[0]


def _stalest_first(run: Run) -> list[str]:
    """In proportion to how often each ought to be swept; what never was comes before all."""
    if run.kind in IN_ORDER:
        return list(run.resources)
    swept, now = _swept(), timezone.now()

    def behind(resource: str) -> float:
        at = swept.get(resource)
        return (now - at) / SCHEDULE[resource].every if at else float("inf")

    return sorted(run.resources, key=behind, reverse=True)


def _scope(run: Run, resource: str) -> Scope:
    return Scope(run.started_at, run.kind, _swept().get(resource), str(run.pk))


def _swept() -> dict[str, datetime]:
    return {name: at for name, at in Cursor.objects.values_list("resource", "swept_at") if at}


def left(run: Run) -> list[str]:
    """The resources that are not behind a run yet, the one being read first."""
    return list(run.cursor.get("left", run.resources))


def _note(run: Run, resource: str, step: Step, *, counted: bool) -> None:
    counts = run.counts.setdefault(resource, dict.fromkeys(COUNTS, 0))
    for name in COUNTS:
        counts[name] += step.counts[name]
    run.cursor["places"][resource] = step.cursor
    drift.note(run, resource, step, counted=counted)
    run.failures, run.error, run.claimed_at = 0, "", timezone.now()
    run.due_at = timezone.now()  # the other runs come first
    run.save(update_fields=["counts", "cursor", "differences", "drift", "failures", "error", "claimed_at", "due_at"])


def _end(run: Run, resource: str) -> None:
    with transaction.atomic():
        run.counts.setdefault(resource, dict.fromkeys(COUNTS, 0))
        run.cursor["left"].remove(resource)
        run.cursor["places"].pop(resource, None)
        if run.kind == "import" or imported():
            began = datetime.fromisoformat(run.cursor["began"][resource])
            Cursor.objects.get_or_create(resource=resource, defaults={"swept_at": began})
            older = Q(swept_at__isnull=True) | Q(swept_at__lt=began)
            Cursor.objects.filter(older, resource=resource).update(swept_at=began)
        if not run.cursor["left"]:
            run.state, run.finished_at, run.due_at = RunState.DONE, timezone.now(), None
        run.save(update_fields=["counts", "cursor", "state", "finished_at", "due_at"])


def _fail(run: Run, failure: Exception) -> None:
    """A passing fault is tried again, later each time; a refusal of the key waits for somebody."""
    run.failures += 1
    run.error = words_of(failure)[:500]
    log.warning("run %s: %s", run.pk, type(failure).__name__, exc_info=not isinstance(failure, CodegoError))
    if run.failures >= TRIES:
        run.state, run.finished_at, run.due_at = RunState.FAILED, timezone.now(), None
    else:
        gives_up = isinstance(failure, Refused) and not isinstance(failure, RateLimited)
        wait = 600 if gives_up else min(2**run.failures, 600)
        run.due_at = timezone.now() + timedelta(seconds=wait)
    run.save(update_fields=["failures", "error", "state", "finished_at", "due_at"])


def imported() -> bool:
    """Whether the whole programme was ever read to its end: until then newer pages alone prove nothing."""
    done = Run.objects.filter(kind="import", state=RunState.DONE).values_list("resources", flat=True)
    return any(resources == list(KINDS["import"]) for resources in done)


def summary(run: Run) -> dict[str, Any]:
    """The fixed shape of `sync --json`."""
    empty = dict.fromkeys(COUNTS, 0)
    return {"resources": {resource: run.counts.get(resource, empty) for resource in run.resources}}
