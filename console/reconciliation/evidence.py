"""What may explain a difference, gathered for many balances at once: late and recent steps, kept holds, refunds that
have not settled, duplicates, and what moved the collateral."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, Window
from django.db.models.functions import Lag

from cardholders.models import Contract
from console.codego.wire import normal
from console.history.models import Change
from console.reconciliation.causes import Cause
from console.reconciliation.explain import Candidate, Collateral, Deposit, Event, Evidence, Story, Tokens
from console.reconciliation.ours import DOLLARS, Charges, Effect
from console.reconciliation.readings import Reading, Subjects
from console.reconciliation.steps import (
    COLUMNS,
    NOUN,
    Late,
    Step,
    Values,
    chunks,
    instant,
    steps_since,
    tell_deliveries,
)
from console.sync.models import Cursor
from transactions.chain import CLOSED, LARGE, LARGE_HOLD, SMALL_HOLD
from transactions.models import Transaction

LAG = timedelta(minutes=30)  # how long the provider may take to recalculate a balance (facts 1.4)
OPEN = ("pending", "reversed")
ALIKE = timedelta(minutes=10)  # two purchases this close that are alike in all else may be one
LOOKED_BACK = timedelta(days=60)

History = Sequence[tuple[int, datetime, list[dict[str, Any]]]]  # (contract, instant, tokens), oldest first


def charges_around(readings: Sequence[Reading], charges: Mapping[int, Charges], late: Late) -> dict[int, Story]:
    """By balance, for those whose charges differ."""
    if not readings:
        return {}
    subjects = Subjects.of(readings)
    since = min(r.at for r in readings)
    tell_deliveries(late, [r.balance.pk for r in readings], since)
    lately = _lately(subjects)
    candidates = _candidates(subjects, late)
    swept = _swept("transactions")
    return {
        (pk := reading.balance.pk): Story(
            late=[
                Event(step.effect, late.cause(step, reading.at), Evidence(NOUN, step.change.record_id))
                for step in late.steps.get(pk, ())
                if step.effect != Effect()
            ],
            lately=[Event(step.effect, Cause.TIMING, Evidence(NOUN, step.change.record_id)) for step in lately[pk]],
            candidates=candidates[pk],
            rounded=charges.get(pk, Charges()).foreign,
            stale=swept is None or swept < reading.at,
        )
        for reading in readings
    }


def _lately(subjects: Subjects) -> dict[int, list[Step]]:
    """Steps that were known only just before the reading, the newest first."""
    found: dict[int, list[Step]] = defaultdict(list)
    for some in subjects.by_day():
        cut_offs = some.cut_offs()
        for step in steps_since(some, min(cut_offs.values()) - LAG):
            if cut_offs[step.balance] - LAG < step.change.at <= cut_offs[step.balance] and step.effect != Effect():
                found[step.balance].append(step)
    for steps in found.values():
        steps.sort(key=lambda step: (step.change.at, step.change.pk), reverse=True)
    return found


# --- Rows that the provider may count otherwise -----------------------------------------------------------------------


def _candidates(subjects: Subjects, late: Late) -> dict[int, list[Candidate]]:
    cut_offs = subjects.cut_offs()
    found: dict[int, list[Candidate]] = defaultdict(list)
    for each in _open_versions(subjects, late):
        found[each.balance] += _of_open(each, cut_offs[each.balance])
    for balance, candidate in _duplicates(subjects):
        found[balance].append(candidate)
    return found


@dataclass(frozen=True, slots=True)
class _Version:
    """A purchase or refund that is not settled, as it stands after so many of its late steps; `highest` is the largest
    total it had had by then, as far as the change log tells."""

    balance: int
    values: Values
    step: int
    highest: int


def _open_versions(subjects: Subjects, late: Late) -> Iterator[_Version]:
    steps: dict[int, list[Step]] = defaultdict(list)
    for subject in subjects.cut_offs():
        for step in sorted(late.steps.get(subject, ()), key=lambda step: step.change.pk):
            steps[step.change.record_id].append(step)
    kept_since = min(subjects.cut_offs().values()) - LARGE_HOLD  # of what was given up before, no hold is left
    unsettled = Q(state="pending") | Q(state="reversed", authorized_at__gte=kept_since)
    rows = Transaction.objects.filter(subjects.rows(), unsettled, kind="spend")
    still = {row["id"]: row for row in rows.values(*COLUMNS) if row["id"] not in steps}
    totals = _totals([*still, *steps])
    for pk, row in still.items():
        balance = subjects.balance_of(row["company_id"], row["cardholder_id"])
        if balance is not None:
            yield _Version(balance, row, 0, max((amount for _, amount in totals[pk]), default=0))
    for pk, theirs in steps.items():
        yield from _versions(theirs, totals[pk])


def _versions(steps: Sequence[Step], totals: Sequence[tuple[int, int]]) -> Iterator[_Version]:
    """Of one transaction, by how many of its steps moved our figures: only those have a place in the story."""
    highest = max((amount for change, amount in totals if change < steps[0].change.pk), default=0)
    versions, moved = {}, 0
    for step, values in [(None, steps[0].before), *((step, step.after) for step in steps)]:
        moved += step is not None and step.effect != Effect()
        if values is not None:
            highest = max(highest, values["amount"] or 0)
            versions[moved] = _Version(steps[0].balance, values, moved, highest)
    yield from (one for one in versions.values() if one.values["kind"] == "spend" and one.values["state"] in OPEN)


def _totals(pks: Sequence[int]) -> dict[int, list[tuple[int, int]]]:
    """What each has come to before: (change, amount)."""
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for some in chunks(pks):
        log = Change.objects.filter(record=NOUN, record_id__in=some, created=False)
        for pk, change, before in log.values_list("record_id", "pk", "before"):
            if before.get("amount"):
                found[pk].append((change, before["amount"]))
    return found


def _of_open(version: _Version, cut_off: datetime) -> list[Candidate]:
    values, step = version.values, version.step
    amount, evidence = values["amount"] or 0, (Evidence(NOUN, values["id"]),)
    since = instant(values["authorized_at"])
    if since is None or values["currency"] not in DOLLARS:
        return []
    if amount < 0:
        pending = values["state"] == "pending"
        effects = (Effect(held=amount), Effect(due=amount)) if pending else ()
        return [Candidate(effect, Cause.UNSETTLED_REFUND, evidence, step=step) for effect in effects]
    most = max(version.highest, values["authorized_amount"] or 0, amount)
    whole = values["state"] == "reversed"
    closes = since + (LARGE_HOLD if whole or amount >= LARGE else SMALL_HOLD)
    if whole and (normal(values["completion_reason"]) == CLOSED or cut_off > since + LARGE_HOLD):
        return []
    found = []
    if most > amount:
        kept = Effect(held=most - amount)
        found.append(Candidate(kept, Cause.HOLD_KEPT, evidence, since + LARGE_HOLD, expected=True, step=step))
    if not whole and cut_off > closes:
        found.append(Candidate(Effect(held=-amount), Cause.CLOSED, evidence, step=step))
    return found


def _duplicates(subjects: Subjects) -> Iterator[tuple[int, Candidate]]:
    """Purchases alike in card, merchant, amount and minute; payments of one transaction on the chain."""
    since = min(subjects.cut_offs().values()) - LOOKED_BACK
    rows = Transaction.objects.filter(subjects.rows(), occurred_at__gt=since, currency__in=DOLLARS)
    spend = rows.filter(kind="spend", state__in=("pending", "completed"), amount__gt=0)
    paid = rows.filter(kind="payment", state="completed").exclude(transaction_hash="")
    yield from _repeats(subjects, spend, ("card_id", "merchant_name", "amount", "state"))
    yield from _repeats(subjects, paid, ("transaction_hash", "amount", "state", "kind"))


def _repeats(subjects: Subjects, rows: Any, same: tuple[str, ...]) -> Iterator[tuple[int, Candidate]]:
    """Rows that follow one of the same owner in which all of these are the same, soon after it."""

    def before(column: str) -> Window:
        return Window(Lag(column), ("company_id", "cardholder_id", *same), ("occurred_at", "pk"))

    found = rows.order_by().annotate(first=before("pk"), first_at=before("occurred_at"))
    for values in found.filter(occurred_at__lte=F("first_at") + ALIKE).values(*COLUMNS, "first"):
        balance = subjects.balance_of(values["company_id"], values["cardholder_id"])
        if balance is not None:
            yield balance, _twice(values)


def _twice(values: Values) -> Candidate:
    evidence = (Evidence(NOUN, values["id"]), Evidence(NOUN, values["first"]))
    amount = values["amount"]
    if values["kind"] == "payment":
        return Candidate(Effect(due=amount), Cause.DUPLICATE, evidence)
    pending = values["state"] == "pending"
    return Candidate(Effect(-amount, 0) if pending else Effect(0, -amount), Cause.DUPLICATE, evidence)


# --- Collateral -------------------------------------------------------------------------------------------------------


def collateral_around(readings: Sequence[Reading], histories: Mapping[int, History]) -> dict[int, Collateral]:
    """By balance, for those whose credit limit differs."""
    if not readings:
        return {}
    subjects = Subjects.of(readings)
    came = _deposits(subjects)
    read = _contracts_read(subjects)
    return {
        (pk := reading.balance.pk): Collateral(
            now=tokens_at(histories.get(pk, ()), reading.at),
            later=_later(histories.get(pk, ()), reading.at),
            earlier=_earlier(histories.get(pk, ()), reading.at),
            deposits=[deposit for deposit, _at in came[pk]],
            unread=[deposit for deposit, at in came[pk] if pk not in read or at > read[pk]],
            stale=pk not in read or read[pk] < reading.at,
        )
        for reading in readings
    }


def tokens_at(history: History, at: datetime) -> Tokens:
    """The tokens of each contract as last read by then."""
    last = {contract: tokens for contract, read, tokens in history if read <= at}
    return {
        (contract, str(token.get("address") or place)): token
        for contract, tokens in last.items()
        for place, token in enumerate(tokens)
    }


def _later(history: History, at: datetime) -> list[Tokens]:
    """The states read after an instant, the nearest first."""
    return [tokens_at(history, read) for read in sorted({read for _, read, _ in history if read > at})]


def _earlier(history: History, at: datetime) -> list[Tokens]:
    """The states that others have replaced only lately, the nearest first."""
    instants = sorted({read for _, read, _ in history if read <= at}, reverse=True)
    recent = [read for read in instants if read > at - LAG]
    return [tokens_at(history, before) for before in instants[1 : len(recent) + 1]] + (
        [{}] if recent and len(recent) == len(instants) else []
    )


def _deposits(subjects: Subjects) -> dict[int, list[tuple[Deposit, datetime]]]:
    """The newest collateral transactions of each, and when we learned of them."""
    since = min(subjects.cut_offs().values()) - LOOKED_BACK
    rows = Transaction.objects.filter(subjects.rows(), kind="collateral", occurred_at__gt=since, currency__in=DOLLARS)
    values = list(rows.order_by("-occurred_at").values("pk", "company_id", "cardholder_id", "amount", "created_at"))
    learned = learned_at(values)
    found: dict[int, list[tuple[Deposit, datetime]]] = defaultdict(list)
    for one in values:
        balance = subjects.balance_of(one["company_id"], one["cardholder_id"])
        if balance is not None and one["amount"]:
            found[balance].append((Deposit(one["amount"], Evidence(NOUN, one["pk"])), learned[one["pk"]]))
    return found


def learned_at(values: Sequence[Mapping[str, Any]]) -> dict[int, datetime]:
    """When we first heard of each transaction, by what is given of it: `pk` and `created_at`, for those older than the
    change log."""
    found: dict[int, datetime] = {one["pk"]: one["created_at"] for one in values}
    for some in chunks([one["pk"] for one in values]):
        log = Change.objects.filter(record=NOUN, record_id__in=some, created=True)
        found |= dict(log.values_list("record_id", "at"))
    return found


def _contracts_read(subjects: Subjects) -> dict[int, datetime]:
    """When each owner's contracts were last read, the oldest of them."""
    rows = Contract.objects.filter(subjects.rows(), read_at__isnull=False, missing_since=None)
    found: dict[int, datetime] = {}
    for company, holder, at in rows.values_list("company_id", "cardholder_id", "read_at"):
        balance = subjects.balance_of(company, holder)
        if balance is not None and at is not None:
            found[balance] = min(at, found.get(balance, at))
    return found


def _swept(resource: str) -> datetime | None:
    return Cursor.objects.filter(resource=resource).values_list("swept_at", flat=True).first()
