"""A bulk run up to where the worker takes over: drafted from what was chosen, judged, confirmed; and stopped, or tried
again. Every record is a row from the first moment, so that what comes into the list later is not in the run."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.http import QueryDict
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext as _

from console.access import Actor
from console.anyof import Ids
from console.audit import services as audit
from console.audit.events import Action, Outcome
from console.bulk.kind import Given, Kind
from console.bulk.kinds import KINDS, LISTS
from console.bulk.models import BulkRow, BulkRun, BulkState, RowState, Why
from console.bulk.nouns import NOUNS
from console.notices import services as notices
from console.notices.kinds import Kind as Notice
from console.provider import commands
from console.provider.commands import CannotDo
from console.provider.models import OPEN_STATES, Command

MOST = 5000
BATCH = 500
KEPT = timedelta(days=1)  # how long a run that was never confirmed is kept


def draft(kind: Kind, *, actor: Actor, ids: Sequence[int] | None, query: str = "", clear: bool = False) -> BulkRun:
    """A run over the rows with these ids or, where that is None, over everything that matches the query now. `clear`: whether
    the actor reads personal data, since filters by name are only for those. Raises CannotDo."""
    found = _matching(kind, query, clear=clear) if ids is None else _chosen(kind, ids)
    if kind.of:
        found = _first(kind.of(found).order_by("-pk"))
    if not found:
        raise CannotDo(_("Nothing was chosen. Tick the rows first."))
    gone = 0 if kind.of or ids is None else len(set(ids)) - len(found)
    run = BulkRun(kind=kind.key, query=query, everything=ids is None, gone=gone)
    return _drafted(run, kind, found, actor)


def retry(run: BulkRun, *, actor: Actor) -> BulkRun:
    """A new run over what was refused in an ended one. Raises CannotDo."""
    refused = list(run.rows.filter(state=RowState.REFUSED).order_by("pk").values_list("record_id", flat=True))
    if run.state not in {BulkState.DONE, BulkState.STOPPED} or not refused:
        raise CannotDo(_("There is nothing to try again."))
    again = BulkRun(kind=run.kind, reason=run.reason, parameters=run.parameters, query=run.query, retry_of=run)
    return _drafted(again, KINDS[run.kind], refused, actor)


def judge(run: BulkRun, *, reason: str, parameters: Given) -> None:
    """The dry run: gives every row its verdict under what the form said. Nothing is sent. Raises CannotDo."""
    kind = KINDS[run.kind]
    with transaction.atomic():
        if BulkRun.objects.select_for_update().get(pk=run.pk).state not in {BulkState.DRAFT, BulkState.READY}:
            raise CannotDo(_("This was started already, or put away."))
        run.reason, run.parameters, run.state = reason, parameters, BulkState.READY
        every = list(run.rows.order_by("pk"))
        for rows in (every[start : start + BATCH] for start in range(0, len(every), BATCH)):
            records = records_of(kind.noun, [row.record_id for row in rows])
            busy = in_flight(kind, records)
            for row in rows:
                record = records.get(row.record_id)
                row.seen = kind.seen(record) if record else ""
                why = Why.IN_FLIGHT if row.record_id in busy else verdict(kind, record, parameters)
                row.will, row.why = why is None, why or ""
                row.state = RowState.SKIPPED if why else RowState.WAITING
            BulkRow.objects.bulk_update(rows, ["seen", "will", "why", "state"])
        run.save(update_fields=["reason", "parameters", "state"])


def verdict(kind: Kind, record: Any, given: Given, seen: str | None = None) -> Why | None:
    """Why a record is left as it is. `seen` is what the dry run's verdict was given on."""
    if record is None:
        return Why.GONE
    why = kind.judge(record, given)
    return Why.CHANGED if why is None and seen is not None and kind.seen(record) != seen else why


def records_of(noun: str, ids: Iterable[int]) -> dict[int, Any]:
    return {record.pk: record for record in NOUNS[noun].rows().filter(pk__any_of=Ids(ids))}


def in_flight(kind: Kind, ids: Iterable[int], but: Command | None = None) -> set[int]:
    """Those of the records that another command on its way is about."""
    if kind.ask is None:
        return set()
    found = Command.objects.filter(record=kind.noun, record_id__any_of=Ids(ids), state__in=OPEN_STATES)
    return set((found.exclude(pk=but.pk) if but else found).values_list("record_id", flat=True))


def confirm(run: BulkRun, *, actor: Actor) -> None:
    """Hands it to the worker, once. Raises CannotDo."""
    if not run.rows.filter(state=RowState.WAITING).exists():
        raise CannotDo(_("There is nothing to do: every record would be left as it is."))
    with transaction.atomic():
        now = timezone.now()
        ready = BulkRun.objects.filter(pk=run.pk, state=BulkState.READY, actor_id=actor.user_id)
        if not ready.update(state=BulkState.RUNNING, started_at=now, due_at=now):
            raise CannotDo(_("This was started already, or put away."))
        _record(Action.BULK_START, run, actor, Outcome.STARTED, filters=_filters(run))


def stop(run: BulkRun, *, actor: Actor) -> None:
    """What was not sent yet stays as it is; what was sent cannot be taken back. Raises CannotDo."""
    if not halt(run, Why.STOPPED, actor):
        raise CannotDo(_("It has ended already."))


def halt(run: BulkRun, why: Why, actor: Actor) -> bool:
    """Ends a run before its rows are through; False where it had ended."""
    with transaction.atomic():
        now = timezone.now()
        running = BulkRun.objects.filter(pk=run.pk, state=BulkState.RUNNING)
        stopped = {"state": BulkState.STOPPED, "stopped_by_id": actor.user_id, "finished_at": now, "due_at": None}
        if not running.update(**stopped, pause="", version=run.version + 1):
            return False
        waiting = BulkRow.objects.filter(run=run, state=RowState.WAITING)
        for row in waiting.exclude(command=None).select_related("command"):
            commands.give_up_unsent(row.command, str(Why.STOPPED.label))  # type: ignore[arg-type] # it has one
        waiting.update(state=RowState.SKIPPED, why=why, at=now)
        if run.actor_id != actor.user_id:
            _tell(run)
        outcome = Outcome.DONE if why == Why.STOPPED else Outcome.REFUSED
        _record(Action.BULK_STOP, run, actor, outcome, why=why.value)
    return True


def ended(run: BulkRun) -> None:
    """Written down, and told to whoever started it."""
    _tell(run)
    _record(Action.BULK_END, run, Actor(run.actor_id, tuple(filter(None, run.actor_roles.split(",")))), Outcome.DONE)


def counts(run: BulkRun) -> Counter[str]:
    """Rows by their state."""
    return counts_of([run])[run.pk]


def counts_of(runs: Iterable[BulkRun]) -> dict[int, Counter[str]]:
    """The same of each of several runs, by its number."""
    found = {run.pk: Counter[str]() for run in runs}
    rows = BulkRow.objects.filter(run__in=found).order_by().values_list("run", "state").annotate(n=Count("pk"))
    for pk, state, n in rows:
        found[pk][state] = n
    return found


def _drafted(run: BulkRun, kind: Kind, ids: Sequence[int], actor: Actor) -> BulkRun:
    if actor.user_id is None:
        raise CannotDo(_("A bulk action needs somebody to answer for it."))
    _forget()
    run.actor_id, run.actor_roles, run.address = actor.user_id, ",".join(actor.roles), actor.address
    with transaction.atomic():
        run.save()
        rows = (BulkRow(run=run, record=kind.noun, record_id=pk) for pk in ids)
        BulkRow.objects.bulk_create(rows, batch_size=BATCH)
    return run


def _forget() -> None:
    """Drafts that nobody went on with."""
    old = BulkRun.objects.filter(state__in=[BulkState.DRAFT, BulkState.READY], snapshot_at__lt=timezone.now() - KEPT)
    old.delete()


def _chosen(kind: Kind, ids: Sequence[int]) -> list[int]:
    if len(ids) > MOST:
        raise CannotDo(_too_many())
    return _first(NOUNS[LISTS[kind.where].noun].rows().filter(pk__any_of=Ids(ids)).order_by("-pk"))


def _matching(kind: Kind, query: str, *, clear: bool) -> list[int]:
    of = LISTS[kind.where]
    form = of.filters(QueryDict(query), clear)
    found = form.filtered(NOUNS[of.noun].rows())
    if form.errors:
        raise CannotDo(_("The filter could not be understood, so nothing was chosen. Correct it first."))
    return _first(found.order_by("-pk"))


def _first(rows: Any) -> list[int]:
    """Their ids, if there are not too many of them. Raises CannotDo."""
    found = list(dict.fromkeys(rows.values_list("pk", flat=True)[: MOST + 1]))
    if len(found) > MOST:
        raise CannotDo(_too_many())
    return found


def _too_many() -> str:
    return _(
        "More than %(most)s records: that is too much for one bulk action. Narrow the filter and select again."
    ) % {"most": f"{MOST:,}"}


def _filters(run: BulkRun) -> list[str]:
    """The names of the filters, not what was typed into them: that may be somebody's name."""
    if not run.everything:
        return []
    form = LISTS[KINDS[run.kind].where].filters(QueryDict(run.query), True)
    form.filtered(NOUNS[LISTS[KINDS[run.kind].where].noun].rows())
    return [bound.name for bound, _value in form.in_force()]


def _tell(run: BulkRun) -> None:
    found = counts(run)
    parts = [part for state in RowState if found[state] for part in (" · ", state.label, " ", found[state])]
    words = format_lazy("{}" * (len(parts) + 1), KINDS[run.kind].title, *parts)
    notices.tell([run.actor_id], Notice.BULK, words=words, url=run.get_absolute_url(), key=f"bulk:{run.pk}")


def _record(action: Action, run: BulkRun, actor: Actor, outcome: Outcome, **more: Any) -> None:
    audit.record(
        action, actor=actor, outcome=outcome, record="bulk", record_id=run.pk, reason=run.reason, kind=run.kind,
        counts=dict(counts(run)), **more,
    )  # fmt: skip
