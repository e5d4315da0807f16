"""A reconciliation in slices: balances, then contracts, then what became of the breaks. It reads nothing from the
provider; the sweep before it has."""

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as lazy

from cardholders.models import BALANCE_FIELDS, Balance, Contract
from console.access import SYSTEM, Actor, Permission
from console.anyof import Ids
from console.audit import services as audit
from console.audit.events import Action, Outcome
from console.history.models import Change
from console.notices import services as notices
from console.notices.kinds import Kind
from console.reconciliation import breaks, signing
from console.reconciliation.contracts import COLUMNS, contractless, faults_of
from console.reconciliation.models import Break, BreakState, Proof, Reconciliation, ReconciliationState
from console.reconciliation.proving import Proven, power, prove_all
from console.reconciliation.readings import reading_at
from console.snapshots import one_snapshot
from console.sync.models import Run, RunState
from console.sync.schedule import KINDS

log = logging.getLogger("deckhand.reconciliation")
SLICE = 8.0  # seconds
LEASE = timedelta(seconds=60)
TRIES = 6
STEP = 2.0  # seconds that a step should take at most
# Rows in a step: the first, and what it grows and shrinks to by how long one takes.
FIRST, MOST, LEAST = 250, 2000, 25
WHOLE = ("reconcile", "import")  # kinds of sweep that a reconciliation follows
STAGES = ("balances", "contracts", "contractless", "finish")
Keep = Callable[[], None]  # writes down what a step has found


def start(run: Run | None = None, *, actor: Actor = SYSTEM) -> Reconciliation:
    """A new one, or the one that has not ended."""
    try:
        with transaction.atomic():
            made = Reconciliation.objects.create(run=run, asked_by_id=actor.user_id, as_of=_as_of(run))
    except IntegrityError:
        standing = Reconciliation.objects.filter(Q(run=run, run__isnull=False) | Q(state=ReconciliationState.RUNNING))
        return standing.order_by("-started_at").first() or start(run, actor=actor)  # it may have ended just now
    if actor.user_id:
        audit.record(
            Action.RUN_START, actor=actor, outcome=Outcome.STARTED, record="reconciliation", record_id=made.pk,
            kind="proof",
        )  # fmt: skip
    return made


def _as_of(run: Run | None) -> datetime:
    """The latest moment whose readings were all followed by a read of what explains them: when the sweep, done with
    balances and contracts, began with transactions. A balance read since is proven the next time."""
    began = run.cursor.get("began", {}) if run and run.kind == "reconcile" else {}
    return datetime.fromisoformat(began["transactions"]) if "transactions" in began else timezone.now()


def start_due() -> Reconciliation | None:
    """One for the newest whole sweep that has none yet."""
    ended = Run.objects.filter(kind__in=WHOLE, state=RunState.DONE).order_by("-finished_at").first()
    if ended is None or Reconciliation.objects.filter(Q(run=ended) | Q(state=ReconciliationState.RUNNING)).exists():
        return None
    if ended.resources != list(KINDS[ended.kind]):
        return None
    return start(ended, actor=Actor(ended.asked_by_id) if ended.asked_by_id else SYSTEM)


def claim(pk: int | None = None) -> Reconciliation | None:
    """Takes the due one for a slice, by a lease."""
    now = timezone.now()
    free = Q(claimed_at__isnull=True) | Q(claimed_at__lt=now - LEASE)
    due = Reconciliation.objects.filter(free, state=ReconciliationState.RUNNING, due_at__lte=now)
    found = (due.filter(pk=pk) if pk else due).first()
    if found is None or not Reconciliation.objects.filter(free, pk=found.pk).update(claimed_at=now):
        return None
    found.refresh_from_db()
    return found


class _Overtaken(Exception):  # noqa: N818 - it says what happened
    """Another has taken it up, because this one was silent for longer than its lease."""


def work(reconciliation: Reconciliation, *, seconds: float = SLICE, batch: int = 0) -> Reconciliation:
    """One slice of a claimed one: no step is begun that may not end in time, if it takes as long as the longest so far.
    `batch` is how many rows a step takes, if not as many as go quickly. Raises nothing: what went wrong is on it, and it
    is tried again."""
    until, longest, held = time.monotonic() + seconds, 0.0, reconciliation.claimed_at
    try:
        while reconciliation.state == ReconciliationState.RUNNING:
            began, size = time.monotonic(), batch or reconciliation.cursor.get("size", FIRST)
            with one_snapshot():
                keep = STEPS[reconciliation.cursor.get("stage", STAGES[0])](reconciliation, size)
            with transaction.atomic():  # a short one: webhooks are written beside it
                _refuse_overtaken(reconciliation, held)
                keep()
                took = time.monotonic() - began
                reconciliation.cursor["size"] = _size(size, took)
                reconciliation.failures, reconciliation.error, reconciliation.claimed_at = 0, "", timezone.now()
                reconciliation.save()
            held, longest = reconciliation.claimed_at, max(longest, took)
            if time.monotonic() + longest >= until:
                break
    except Exception as failure:
        reconciliation.refresh_from_db()
        if reconciliation.claimed_at != held:
            return reconciliation
        log.exception("reconciliation %s", reconciliation.pk)
        _fail(reconciliation, failure)
    Reconciliation.objects.filter(pk=reconciliation.pk, claimed_at=held).update(claimed_at=None)
    return reconciliation


def _size(last: int, took: float) -> int:
    """Of the next step: where much differs, a balance takes far longer than one that ties."""
    if took > STEP:
        return max(LEAST, last // 2)
    return min(MOST, last * 2) if took < STEP / 2 else last


def _refuse_overtaken(reconciliation: Reconciliation, held: datetime | None) -> None:
    found = Reconciliation.objects.select_for_update().get(pk=reconciliation.pk)
    if found.claimed_at != held:
        raise _Overtaken


def _fail(reconciliation: Reconciliation, failure: Exception) -> None:
    reconciliation.failures += 1
    reconciliation.error = f"{type(failure).__name__}: {failure}"[:500]
    reconciliation.due_at = timezone.now() + timedelta(seconds=2**reconciliation.failures)
    if reconciliation.failures >= TRIES:
        reconciliation.state, reconciliation.due_at = ReconciliationState.FAILED, None
        reconciliation.finished_at = timezone.now()
    reconciliation.save()
    if reconciliation.state == ReconciliationState.FAILED:
        notices.tell(
            notices.able(Permission.RECONCILIATION_RUN),
            Kind.BREAK,
            words=lazy("A reconciliation could not be finished."),
            url=reconciliation.get_absolute_url(),
            key=f"reconciliation:{reconciliation.pk}",
        )


def _next_stage(reconciliation: Reconciliation) -> None:
    stage = reconciliation.cursor.get("stage", STAGES[0])
    reconciliation.cursor = {"stage": STAGES[STAGES.index(stage) + 1]}


# --- Balances ---------------------------------------------------------------------------------------------------------


def provable() -> QuerySet[Balance]:
    """Every balance that stands for itself: an employee's is the company's where the company has one."""
    of_company = Balance.objects.filter(company=OuterRef("cardholder__company"))
    return Balance.objects.filter(by_reference=False).exclude(Q(cardholder__company__isnull=False) & Exists(of_company))


def _balances(reconciliation: Reconciliation, size: int) -> Keep:
    if not reconciliation.inputs:
        newest = Change.objects.order_by("-pk").values_list("pk", flat=True).first()
        reconciliation.inputs = {"changes": {"newest": newest or 0}}
    rows = provable().filter(pk__gt=reconciliation.cursor.get("pk", 0)).order_by("pk")
    batch = list(rows.only("cardholder", "company", "read_at", "extra", *BALANCE_FIELDS)[:size])
    if not batch:
        return partial(_next_stage, reconciliation)
    proofs = prove_all([reading for each in batch if (reading := reading_at(each, reconciliation.as_of))])
    return partial(_keep_balances, reconciliation, proofs, last=batch[-1].pk)


def _keep_balances(reconciliation: Reconciliation, proofs: Sequence[Proven], *, last: int) -> None:
    """Where nothing could be proven, what was open stays so."""
    _keep_proofs(reconciliation, proofs)
    proven = [one.reading.balance.pk for one in proofs if not one.missing]
    breaks.settle(reconciliation, breaks.of_proofs(proofs), breaks.standing(balance__any_of=Ids(proven)))
    _count(reconciliation, "balances", (_reading_line(one) for one in proofs))
    _count(reconciliation, "transactions", (f"{one.reading.balance.pk} {one.charges}" for one in proofs))
    for one in proofs:
        reconciliation.counts[one.state] = reconciliation.counts.get(one.state, 0) + 1
    reconciliation.cursor = {"stage": "balances", "pk": last}


def _keep_proofs(reconciliation: Reconciliation, proofs: Sequence[Proven]) -> None:
    """A proof that came to just the same as the last time is carried on; any other is a new row."""
    if not proofs:
        return
    first, final = proofs[0].reading.balance.pk, proofs[-1].reading.balance.pk
    known = Proof.objects.filter(last=_previous(reconciliation), balance__gte=first, balance__lte=final)
    before = {old.pop("balance_id"): old for old in known.values("pk", "balance_id", *_COMPARED)}
    same, new = [], []
    for one in proofs:
        values, old = _values(one), before.get(one.reading.balance.pk, {})
        pk = old.pop("pk", None)
        if values == old:
            same.append(pk)
        else:
            new.append(
                Proof(
                    balance=one.reading.balance, cut_off=one.reading.at, extra=one.reading.figures.extra,
                    first=reconciliation, last=reconciliation, **values,
                )
            )  # fmt: skip
    Proof.objects.filter(pk__any_of=Ids(same)).update(last=reconciliation)
    Proof.objects.bulk_create(new, batch_size=500)


def _previous(reconciliation: Reconciliation) -> Reconciliation | None:
    ended = Reconciliation.objects.filter(state=ReconciliationState.DONE, pk__lt=reconciliation.pk)
    return ended.order_by("-pk").first()


_COMPARED = (*BALANCE_FIELDS, "state", "our_limit", "our_pending", "our_due", "difference", "unexplained", "pieces")


def _values(proven: Proven) -> dict[str, Any]:
    """What makes it the same proof as the last time, by column."""
    ours = {
        "state": proven.state,
        "our_limit": proven.our_limit,
        "our_pending": proven.charges.held,
        "our_due": proven.charges.due,
        "difference": proven.difference,
        "unexplained": proven.unexplained,
        "pieces": [
            {
                "line": str(piece.line),
                "cause": str(piece.cause),
                "amount": power(piece),
                "evidence": [list(one) for one in piece.evidence],
            }
            for piece in proven.pieces
        ],
    }
    return ours | {name: getattr(proven.reading.figures, name) for name in BALANCE_FIELDS}


def _reading_line(proven: Proven) -> str:
    figures = " ".join(str(getattr(proven.reading.figures, name)) for name in BALANCE_FIELDS)
    return f"{proven.reading.balance.pk} {proven.reading.at.isoformat()} {figures}"


def _count(reconciliation: Reconciliation, source: str, lines: Iterable[str]) -> None:
    """Adds rows of a source to its number and to its hash: of the hash so far and a line, for each line, so that it does
    not matter how many there are in a step."""
    had = reconciliation.inputs.get(source, {"rows": 0, "sha256": ""})
    rows, digest = had["rows"], had["sha256"]
    for line in lines:
        rows, digest = rows + 1, hashlib.sha256(f"{digest}\n{line}".encode()).hexdigest()
    reconciliation.inputs[source] = {"rows": rows, "sha256": digest}


# --- Contracts --------------------------------------------------------------------------------------------------------


def _contracts(reconciliation: Reconciliation, size: int) -> Keep:
    rows = Contract.objects.filter(by_reference=False, pk__gt=reconciliation.cursor.get("pk", 0))
    batch = list(rows.only(*COLUMNS).order_by("pk")[:size])
    if not batch:
        return partial(_next_stage, reconciliation)
    return partial(_keep_contracts, reconciliation, batch, breaks.of_faults(faults_of(batch)))


def _keep_contracts(reconciliation: Reconciliation, batch: Sequence[Contract], found: breaks.Drafts) -> None:
    breaks.settle(reconciliation, found, breaks.standing(contract__any_of=Ids(each.pk for each in batch)))
    _count(reconciliation, "contracts", (f"{each.pk} {each.chain_id} {each.tokens}" for each in batch))
    reconciliation.cursor = {"stage": "contracts", "pk": batch[-1].pk}


def _contractless(reconciliation: Reconciliation, _size: int) -> Keep:
    return partial(_keep_contractless, reconciliation, breaks.of_faults(contractless()))


def _keep_contractless(reconciliation: Reconciliation, found: breaks.Drafts) -> None:
    breaks.settle(reconciliation, found, breaks.standing(contract=None, balance=None))
    _next_stage(reconciliation)


# --- The end ----------------------------------------------------------------------------------------------------------


def _finish(reconciliation: Reconciliation, _size: int) -> Keep:
    return partial(_end, reconciliation)


def _end(reconciliation: Reconciliation) -> None:
    last = _previous(reconciliation)
    unseen = breaks.standing(last_seen__lt=reconciliation.started_at)
    breaks.settle(reconciliation, {}, unseen.exclude(balance__in=provable()))  # of what is not looked at any more
    reconciliation.forward = breaks.roll_forward(reconciliation, last.forward if last else {})
    reconciliation.digest = _digest(reconciliation)
    reconciliation.state, reconciliation.due_at = ReconciliationState.DONE, None
    reconciliation.finished_at, reconciliation.cursor = timezone.now(), {}
    reconciliation.save()
    signing.reopen_touched(last)


def _digest(reconciliation: Reconciliation) -> str:
    """Over the inputs, every proof and every open break, so that what was signed can be told from anything else."""
    found = hashlib.sha256(repr(sorted(reconciliation.inputs.items())).encode())
    proofs = Proof.objects.filter(last=reconciliation).order_by("balance_id")
    for line in proofs.values_list("balance_id", "state", "difference", "unexplained").iterator():
        found.update(repr(line).encode())
    standing = Break.objects.filter(state=BreakState.OPEN).order_by("key")
    for each in standing.values_list("key", "amount").iterator():
        found.update(repr(each).encode())
    return found.hexdigest()


STEPS: dict[str, Callable[[Reconciliation, int], Keep]] = {
    "balances": _balances,
    "contracts": _contracts,
    "contractless": _contractless,
    "finish": _finish,
}


def proofs_of(reconciliation: Reconciliation) -> QuerySet[Proof]:
    """Everything it proved, whether the proof is its own or was carried on."""
    return Proof.objects.filter(first__lte=reconciliation.pk, last__gte=reconciliation.pk)
