"""A console that hears the sandbox's webhooks, and a reconciliation of it from sweep to proofs."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db.models import Count, Sum

from console.reconciliation import breaks, work
from console.reconciliation.models import Break, BreakState, Reconciliation, ReconciliationState
from console.sync import inbox, reading, routes, runs
from console.sync.models import Run, RunState
from tests.deliveries import Recorder


class Console:
    """Ours, beside a provider that is spoken to over HTTP."""

    def __init__(self, sandbox, recorder: Recorder) -> None:
        self.sandbox, self.recorder, self.taken = sandbox, recorder, 0

    def sweep(self, kind: str) -> Run:
        run = runs.start(kind)
        while run.state == RunState.RUNNING and run.failures < 3:
            run = runs.work(runs.claim(run.pk), seconds=30)
        return run

    def hear(self) -> None:
        """Takes in every webhook that was sent, applies it, and reads what it hints at."""
        until = time.monotonic() + 20
        while self.sandbox.http.get("/control/api/state").json()["deliveries"].keys() & {"waiting", "pending", "due"}:
            if time.monotonic() > until:
                raise TimeoutError("a webhook is never sent")
            time.sleep(0.02)
        for told in self.recorder.told[self.taken :]:
            inbox.accept(told.raw, told.sent, "127.0.0.1")
        self.taken = len(self.recorder.told)
        while inbox.drain():
            pass
        until = time.monotonic() + 20
        while any(_unread(read).exists() for read in routes.READS.values()):
            if time.monotonic() > until:
                raise TimeoutError("a hint is never read")
            reading.read_dirty()

    def story(self, name: str, **details: object) -> dict:
        """Something happens at the provider, and what it sends of it is taken in at once."""
        found = self.sandbox.story(name, **details)
        self.hear()
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sandbox, name)

    def prove(self, run: Run | None = None) -> Reconciliation:
        """A reconciliation over what is known now, or over what a sweep has read."""
        made = work.start(run)
        while made.state == ReconciliationState.RUNNING:
            assert made.failures < 2, made.error
            made = work.work(work.claim(made.pk), seconds=30)
        return made

    def reconcile(self) -> Reconciliation:
        """As the clock does it: balances, contracts and transactions are swept, then proven."""
        run = self.sweep("reconcile")
        assert run.failures < 3, run.error
        return self.prove(run)


def _unread(read: routes.Read) -> Any:
    """What waits to be read; what was tried in vain does not count."""
    return read.model._default_manager.filter(dirty_at__isnull=False, read_failures=0)


@pytest.fixture
def console(sandbox, settings) -> Iterator[Console]:
    """Everything imported once, and every webhook heard from then on."""
    with Recorder() as recorder:
        sandbox.webhooks(url=recorder.url, paused=False)
        settings.CODEGO_WEBHOOK_SECRETS = [sandbox.webhook_secret]
        ours = Console(sandbox, recorder)
        assert ours.sweep("import").state == RunState.DONE
        ours.hear()
        yield ours
        sandbox.webhooks(paused=True)


@pytest.fixture
def open_sums() -> Callable[[], dict[str, dict[str, int]]]:
    """What is open at this moment, counted from the breaks themselves: a roll-forward has to come to the same."""

    def of(group: str) -> dict[str, int]:
        rows = breaks.of_group(group, Break.objects.filter(state=BreakState.OPEN))
        sums = rows.aggregate(n=Count("pk"), sum=Sum("amount"))
        return {"count": sums["n"], "amount": sums["sum"] or 0}

    return lambda: {group: of(group) for group in breaks.GROUPS}
