"""Doorbells. Each task does what is due in the database for a few seconds and rings again if more is left."""

import time

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from console.notices import services as notices
from console.provider import observing
from console.sync import alarms, forged, inbox, reading, runs, settle
from console.sync.models import Heartbeat
from transactions import reports

EXPIRES = 30  # seconds; the beat rings again, and the work is in the database
QUIET = 0.3  # seconds between two rings of one bell from one process
_rung: dict[str, float] = {}


def ring(name: str) -> None:
    """Asks the worker to look, once the transaction is committed. A lost ring costs seconds: the beat rings too."""
    now = time.monotonic()
    if now - _rung.get(name, -QUIET) >= QUIET:
        _rung[name] = now
        transaction.on_commit(lambda: _publish(name))


def _publish(name: str) -> None:
    from kombu.exceptions import OperationalError

    try:
        TASKS[name].apply_async(expires=EXPIRES, retry=False)
    except (OperationalError, OSError):
        _rung.pop(name, None)  # the broker is away: the beat will ring when it is back


@shared_task(name="deckhand.drain")
def drain() -> None:
    until = time.monotonic() + 8
    while inbox.drain() and time.monotonic() < until:
        pass
    ring("read")


@shared_task(name="deckhand.read")
def read() -> None:
    reading.read_dirty()


@shared_task(name="deckhand.settle")
def settle_commands() -> None:
    settle.settle_due()


@shared_task(name="deckhand.run")
def run() -> None:
    if claimed := runs.claim():
        runs.work(claimed)
        ring("run")


@shared_task(name="deckhand.report")
def report() -> None:
    if reports.work():
        ring("report")


@shared_task(name="deckhand.start_run")
def start_run(kind: str) -> None:
    runs.start(kind if runs.imported() else "import", wake=False)
    ring("run")


@shared_task(name="deckhand.beat")
def beat() -> None:
    """Proof of life of both: the worker ran this, and the beat sent it within the seconds after which it expires."""
    alarms.resumed(Heartbeat.objects.filter(name="worker").values_list("at", flat=True).first())
    for name in ("worker", "beat"):
        Heartbeat.objects.update_or_create(name=name, defaults={"at": timezone.now()})


@shared_task(name="deckhand.prune")
def prune() -> None:
    observing.prune()
    forged.prune()
    notices.prune()


@shared_task(name="deckhand.alarm")
def alarm() -> None:
    alarms.ring()


TASKS = {"drain": drain, "read": read, "settle": settle_commands, "run": run, "report": report}
