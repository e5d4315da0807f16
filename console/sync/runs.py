"""Imports, catch-ups and reconciliations: runs made of slices, so that a killed worker loses a page and no more."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
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
from console.sync.models import Cursor, Run, RunState
from console.sync.sweeps import SWEEPS, Scope, Step

log = logging.getLogger("deckhand.sync")
SLICE = 8.0  # seconds; no task runs over ten
LEASE = timedelta(seconds=60)  # longer than any call with its retries
TRIES = 12  # failures in a row, with the pauses below: about two hours
MOST_DIFFERENCES = 500
COUNTS = ("seen", "created", "changed", "unchanged", "failed")

KINDS: dict[str, tuple[str, ...]] = {
    "import": tuple(SWEEPS),
    "catch_up": ("cards", "transactions", "cardholders", "companies"),
    "reconcile": ("transactions", "contracts", "balances"),
    "window": ("transactions", "disputes"),
}


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
    """Takes a due run for one slice. Held by a lease: a worker that dies gives it back by being silent."""
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
    """One slice of a claimed run. Raises nothing: what went wrong is on the run, with when it is tried again."""
    until = time.monotonic() + seconds
    try:
        with client(Priority.SWEEP) as provider:
            while run.state == RunState.RUNNING and time.monotonic() < until:
                resource = run.resources[run.cursor.get("at", 0)]
                scope = Scope(run.started_at, run.kind, str(run.pk))
                for step in SWEEPS[resource](provider, run.cursor.get("in", {}), scope):
                    _note(run, resource, step)
                    told(run)
                    if time.monotonic() >= until:
                        break
                else:
                    _next_resource(run, resource)
    except BadRequest as refusal:
        run.cursor.get("in", {}).pop("page", None)  # it may be the place in the list that the provider forgot
        run.save(update_fields=["cursor"])
        _fail(run, refusal)
    except Exception as failure:  # noqa: BLE001 - whatever it was is written on the run, and it is tried again
        _fail(run, failure)
    Run.objects.filter(pk=run.pk).update(claimed_at=None)
    return run


def _note(run: Run, resource: str, step: Step) -> None:
    counts = run.counts.setdefault(resource, dict.fromkeys(COUNTS, 0))
    for name in COUNTS:
        counts[name] += step.counts[name]
    run.cursor = {"at": run.cursor.get("at", 0), "in": step.cursor}
    room = MOST_DIFFERENCES - len(run.differences)
    run.differences += step.differences[: max(room, 0)]
    run.failures, run.error, run.claimed_at, run.due_at = 0, "", timezone.now(), timezone.now()
    run.save(update_fields=["counts", "cursor", "differences", "failures", "error", "claimed_at", "due_at"])


def _next_resource(run: Run, resource: str) -> None:
    with transaction.atomic():
        run.counts.setdefault(resource, dict.fromkeys(COUNTS, 0))
        run.cursor = {"at": run.cursor.get("at", 0) + 1, "in": {}}
        if run.kind == "import" or imported():
            Cursor.objects.update_or_create(resource=resource, defaults={"swept_at": run.started_at})
        if run.cursor["at"] >= len(run.resources):
            run.state, run.finished_at, run.due_at = RunState.DONE, timezone.now(), None
        run.save(update_fields=["counts", "cursor", "state", "finished_at", "due_at"])


def _fail(run: Run, failure: Exception) -> None:
    """A passing fault is tried again, later each time; a refusal of the key waits for somebody."""
    run.failures += 1
    run.error = str(failure)[:500]
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
    return any(run.resources == list(KINDS["import"]) for run in Run.objects.filter(kind="import", state=RunState.DONE))


def summary(run: Run) -> dict[str, Any]:
    """The fixed shape of `sync --json`."""
    empty = dict.fromkeys(COUNTS, 0)
    return {"resources": {resource: run.counts.get(resource, empty) for resource in run.resources}}
