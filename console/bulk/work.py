"""The worker's part: a slice of a run, one record after the other. Whoever takes a run up after a kill finds on its rows
how far it came; a command is sent at most once, whoever finds it."""

import logging
import time
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from console.access import SYSTEM, Actor, allowed
from console.bulk import services
from console.bulk.kind import Kind
from console.bulk.kinds import KINDS
from console.bulk.models import OPEN_ROWS, BulkRow, BulkRun, BulkState, RowState, Why
from console.codego.client import Codego
from console.codego.protocols import Priority
from console.provider import commands
from console.provider.commands import CannotDo
from console.provider.factory import client
from console.provider.models import OPEN_STATES, Command, CommandState
from console.sync.tasks import ring

log = logging.getLogger("deckhand.bulk")
SLICE = 8.0  # seconds; no task runs over ten
LEASE = timedelta(seconds=60)  # longer than any call with its retries
PAUSE = timedelta(seconds=5)  # between two tries while the provider takes nothing
FOLLOWED = 500  # rows in one look
OUTCOMES = {
    CommandState.INTENT: RowState.WAITING,
    CommandState.SENT: RowState.UNKNOWN,
    CommandState.UNKNOWN: RowState.UNKNOWN,
    CommandState.SEVERAL: RowState.UNKNOWN,
    CommandState.LAPSED: RowState.UNKNOWN,
    CommandState.DONE: RowState.DONE,
    CommandState.REFUSED: RowState.REFUSED,
    CommandState.NOT_DONE: RowState.REFUSED,
}


def claim(pk: int | None = None) -> BulkRun | None:
    """Takes the run that has been due longest, by a lease: a worker that dies gives it back by being silent."""
    now = timezone.now()
    free = Q(claimed_at__isnull=True) | Q(claimed_at__lt=now - LEASE)
    due = BulkRun.objects.filter(free, state=BulkState.RUNNING, due_at__lte=now)
    for run in (due.filter(pk=pk) if pk else due).order_by("due_at")[:5]:
        if BulkRun.objects.filter(free, pk=run.pk, state=BulkState.RUNNING).update(claimed_at=now):
            run.refresh_from_db()
            return run
    return None


def work(run: BulkRun, *, seconds: float = SLICE) -> bool:
    """One slice of a claimed run, at least a record of it; whether there is more to do at once."""
    until, kind = time.monotonic() + seconds, KINDS[run.kind]
    _recover(run)
    with ExitStack() as stack:
        provider = stack.enter_context(client(Priority.WORKER)) if kind.send else None
        while True:
            row = run.rows.filter(state=RowState.WAITING).order_by("pk").first()
            if row is None:
                return _end(run)
            actor = _who(run, kind)
            if actor is None:
                services.halt(run, Why.NO_ROLE, SYSTEM)
                return False
            if not _turn(run, kind, row, actor, provider):
                return False
            if time.monotonic() >= until:
                BulkRun.objects.filter(pk=run.pk, claimed_at=run.claimed_at).update(
                    claimed_at=None, due_at=timezone.now()
                )
                return True


def follow() -> int:
    """Rows whose command was settled after their turn; how many."""
    _let_go()
    settled = BulkRow.objects.filter(state__in=OPEN_ROWS).exclude(command=None)
    settled = settled.exclude(command__state__in=[*OPEN_STATES, CommandState.LAPSED])
    rows = list(settled.select_related("command").order_by("pk")[:FOLLOWED])
    for row in rows:
        _note(row, row.command)
    for pk in {row.run_id for row in rows}:
        BulkRun.objects.filter(pk=pk).update(version=F("version") + 1)
    return len(rows)


def _let_go() -> None:
    """What a run had in hand when it was stopped, and has not sent: nobody sends it any more."""
    in_hand = BulkRow.objects.filter(state__in=OPEN_ROWS, command__state=CommandState.INTENT)
    for row in in_hand.exclude(run__state=BulkState.RUNNING).select_related("command")[:FOLLOWED]:
        commands.give_up_unsent(row.command, str(Why.STOPPED.label))  # type: ignore[arg-type] # it has one
        unsent = BulkRow.objects.filter(pk=row.pk, state__in=OPEN_ROWS, command__state=CommandState.NOT_DONE)
        if unsent.update(state=RowState.SKIPPED, why=Why.STOPPED, at=timezone.now()):
            BulkRun.objects.filter(pk=row.run_id).update(version=F("version") + 1)


def _recover(run: BulkRun) -> None:
    """What the worker before left in mid-air: unsent it waits again; sent, its outcome is found out, not sent again."""
    for row in run.rows.filter(state=RowState.SENT).select_related("command"):
        _note(row, row.command)


def _who(run: BulkRun, kind: Kind) -> Actor | None:
    """Whoever confirmed it, with the roles of this moment; None if these do not allow it any more."""
    user: Any = get_user_model().objects.filter(pk=run.actor_id, is_active=True).first()
    return Actor(user.pk, tuple(user.roles), run.address) if user and allowed(user, kind.permission) else None


def _turn(run: BulkRun, kind: Kind, row: BulkRow, actor: Actor, provider: Codego | None) -> bool:
    """One record. False where the run does not go on now: it was stopped, taken over, or the provider takes nothing."""
    try:
        with transaction.atomic():
            if not _hold(run):
                return False
            command = _begin(run, kind, row, actor)
        if command is None or kind.send is None or provider is None:
            return True
        command = kind.send(provider, command)
    except Exception as failure:
        log.exception("bulk run %s, row %s", run.pk, row.pk)
        _fail(row, failure)
        return True
    if command.state == CommandState.INTENT:
        return _put_off(run, row, command.message)
    _note(row, command)
    if run.pause:
        BulkRun.objects.filter(pk=run.pk).update(pause="")
        run.pause = ""
    return True


def _hold(run: BulkRun) -> bool:
    """Renews the lease, and with it holds the run's row until the transaction ends: a stop waits, or came before."""
    now = timezone.now()
    held = BulkRun.objects.filter(pk=run.pk, state=BulkState.RUNNING, claimed_at=run.claimed_at)
    if not held.update(claimed_at=now, version=F("version") + 1):
        return False
    run.claimed_at = now
    return True


def _begin(run: BulkRun, kind: Kind, row: BulkRow, actor: Actor) -> Command | None:
    """Judges once more; then does it, or stores the command that is to be sent."""
    row = BulkRow.objects.select_for_update(of=("self",)).select_related("command").get(pk=row.pk)
    if row.state != RowState.WAITING:
        return None
    record = services.records_of(kind.noun, [row.record_id]).get(row.record_id)
    busy = services.in_flight(kind, [row.record_id], but=row.command)
    why = Why.IN_FLIGHT if busy else services.verdict(kind, record, run.parameters, row.seen)
    if why:
        if row.command:
            commands.give_up_unsent(row.command, str(why.label))
        _set(row, RowState.SKIPPED, why=why)
        return None
    try:
        with transaction.atomic():
            if kind.act:
                kind.act(record, run, actor)
                _set(row, RowState.DONE)
                return None
            assert kind.ask is not None  # a kind has one of the two
            row.command = row.command or kind.ask(record, run, actor)
    except CannotDo as words:
        _set(row, RowState.REFUSED, message=str(words))
        return None
    _set(row, RowState.SENT)
    return row.command


def _set(row: BulkRow, state: RowState, *, why: str = "", message: str = "") -> None:
    row.state, row.why, row.message, row.at = state, why, message, timezone.now()
    row.save(update_fields=["state", "why", "message", "at", "command"])


def _note(row: BulkRow, command: Command | None) -> None:
    """Takes a row's state from its command; a row that was settled meanwhile stays."""
    if command is None:
        return
    state = OUTCOMES[CommandState(command.state)]
    message = "" if state == RowState.WAITING else command.message
    open_rows = BulkRow.objects.filter(pk=row.pk, state__in=OPEN_ROWS)
    open_rows.update(state=state, message=message, at=timezone.now())


def _fail(row: BulkRow, failure: Exception) -> None:
    """A fault of ours: what may have been sent is found out, the rest has had no effect."""
    now = BulkRow.objects.select_related("command").get(pk=row.pk)
    if now.command and now.state == RowState.SENT:
        commands.give_up_unsent(now.command)
        _note(now, Command.objects.get(pk=now.command.pk))
    elif now.state == RowState.WAITING:
        words = _("The console failed on this one (%(error)s); the log says more.") % {"error": type(failure).__name__}
        _set(now, RowState.REFUSED, message=words)


def _put_off(run: BulkRun, row: BulkRow, words: str) -> bool:
    """The provider takes nothing now: everything stays in line, unless the run was stopped meanwhile."""
    now = timezone.now()
    held = BulkRun.objects.filter(pk=run.pk, state=BulkState.RUNNING, claimed_at=run.claimed_at)
    with transaction.atomic():
        if held.update(claimed_at=None, due_at=now + PAUSE, pause=words or "…", version=F("version") + 1):
            BulkRow.objects.filter(pk=row.pk, state__in=OPEN_ROWS).update(state=RowState.WAITING, message="", at=now)
    return False


def _end(run: BulkRun) -> bool:
    running = BulkRun.objects.filter(pk=run.pk, state=BulkState.RUNNING, claimed_at=run.claimed_at)
    over: dict[str, datetime | str | None] = {"finished_at": timezone.now(), "due_at": None, "claimed_at": None}
    if running.update(state=BulkState.DONE, pause="", version=F("version") + 1, **over):
        services.ended(run)
        ring("read")
        ring("drain")
    return False
