"""Transactions as steps in time, from the change log: what each change added to our figures, and why we learned of it
when we did."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Min
from django.utils.dateparse import parse_datetime

from console.anyof import Ids
from console.codego.wire import normal
from console.history.models import Change, ChangeSource
from console.reconciliation.causes import Cause
from console.reconciliation.ours import Effect, effect
from console.reconciliation.readings import Subjects
from console.sync.models import Delivery, DeliveryVerdict
from transactions.chain import CLOSED
from transactions.models import Transaction

NOUN = "transaction"
CHUNK = 500
COLUMNS = (
    "id", "codego_id", "company_id", "cardholder_id", "card_id", "kind", "state", "amount", "currency",
    "authorized_amount", "authorized_at", "posted_at", "completion_reason", "is_force_posted", "transaction_hash",
)  # fmt: skip
Values = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """One change of a transaction. `before` is None where it was new."""

    change: Change
    before: Values | None
    after: Values
    balance: int

    @property
    def effect(self) -> Effect:
        return effect(self.after) - (effect(self.before) if self.before else Effect())

    @property
    def moment(self) -> datetime:
        """When it happened, as the provider tells; where it does not, when we learned of it."""
        told = self.after["posted_at"] if self.after["state"] == "completed" else self.after["authorized_at"]
        if self.before and self.before["state"] == self.after["state"]:
            told = None
        return instant(told) or self.change.at


def instant(value: Any) -> datetime | None:
    return parse_datetime(value) if isinstance(value, str) else value


def steps_since(subjects: Subjects, since: datetime) -> Iterator[Step]:
    """All changes of the subjects' transactions that their source told of after `since`, the newest first."""
    recent = Change.objects.filter(record=NOUN, at__gt=since)
    if not recent.exists():
        return
    mine = recent.filter(record_id__in=Transaction.objects.filter(subjects.rows()).values("pk"))
    first = dict(mine.values_list("record_id").annotate(first=Min("pk")))
    for pks in chunks(sorted(first)):
        rows = {row["id"]: row for row in Transaction.objects.filter(pk__any_of=Ids(pks)).values(*COLUMNS)}
        log: dict[int, list[Change]] = defaultdict(list)
        for change in Change.objects.filter(record=NOUN, record_id__any_of=Ids(pks)).order_by("-pk"):
            if change.pk >= first[change.record_id]:
                log[change.record_id].append(change)
        for pk, row in rows.items():
            balance = subjects.balance_of(row["company_id"], row["cardholder_id"])
            if balance is not None:
                yield from (step for step in _walk(row, log[pk], balance) if step.change.at > since)


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))


def _walk(row: dict[str, Any], changes: list[Change], balance: int) -> Iterator[Step]:
    after = row
    for change in changes:
        before = None if change.created else after | {k: v for k, v in change.before.items() if k in after}
        yield Step(change, before, after, balance)
        if before is None:
            return
        after = before


@dataclass(slots=True)
class Late:
    """What was learned after each balance's reading: by balance, in the order it happened."""

    steps: dict[int, list[Step]] = field(default_factory=dict)
    told: dict[str, list[datetime]] = field(default_factory=dict)  # transaction's provider id → deliveries about it

    def effect(self, balance: int) -> Effect:
        effects = [step.effect for step in self.steps.get(balance, ())]
        return Effect(sum(e.held for e in effects), sum(e.due for e in effects))

    def cause(self, step: Step, cut_off: datetime) -> Cause:
        """Why it was not known at the reading: it was on its way, or nobody told us and a sweep found it."""
        told = any(at > cut_off for at in self.told.get(str(step.after["codego_id"]), ()))
        by_itself = step.change.source in {ChangeSource.RUN, ChangeSource.READ} and not told
        return _found_by_sweep(step) if by_itself else Cause.TIMING


def late_steps(subjects: Subjects) -> Late:
    """What the subjects' transactions did to our figures after the reading of each."""
    late = Late()
    for some in subjects.by_day():
        cut_offs = some.cut_offs()
        for step in steps_since(some, min(cut_offs.values())):
            if step.change.at > cut_offs[step.balance]:
                late.steps.setdefault(step.balance, []).append(step)
    for steps in late.steps.values():
        steps.sort(key=lambda step: (step.moment, step.change.pk))
    return late


def tell_deliveries(late: Late, balances: Collection[int], since: datetime) -> None:
    """Looks up which of the late steps of these balances a webhook told of."""
    ids = sorted({str(s.after["codego_id"]) for b in balances for s in late.steps.get(b, ())})
    for some in chunks(ids):
        found = Delivery.objects.filter(object_id__in=some, received_at__gt=since)
        for codego_id, at in found.exclude(verdict=DeliveryVerdict.DUPLICATE).values_list("object_id", "received_at"):
            late.told.setdefault(codego_id, []).append(at)


def _found_by_sweep(step: Step) -> Cause:
    """No webhook told: what kind of thing it is says more than that."""
    after, before = step.after, step.before
    if after["kind"] == "fee":
        return Cause.FEE
    if after["state"] == "reversed" and normal(after["completion_reason"]) == CLOSED:
        return Cause.CLOSED
    if after["is_force_posted"]:
        return Cause.FORCE_POST
    if before and before["state"] == after["state"] and before["amount"] != after["amount"]:
        return Cause.CHANGED_AMOUNT
    return Cause.MISSING_DELIVERY
