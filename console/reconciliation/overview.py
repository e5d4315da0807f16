"""The numbers of the desk, in a constant number of queries: what is open by age and by cause, how it went over time, and
how the latest reconciliation carried it forward. Amounts are minor units of USD."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Case, Count, Max, Q, Sum, Value, When
from django.db.models.functions import Abs, TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _

from console.reconciliation import breaks
from console.reconciliation.causes import MEANINGS, Cause, Meaning
from console.reconciliation.models import (
    Break,
    BreakState,
    Movement,
    MovementKind,
    Proof,
    Reconciliation,
    ReconciliationState,
)
from console.reconciliation.wording import AGES, WAITING, Age

POINTS = 30
SPAN = timedelta(days=30)
FEW_DAYS = 5  # with fewer, single reconciliations tell more than days


@dataclass(slots=True)
class Tally:
    """Breaks of balances add up to differences of spending power; those of contracts stand beside them."""

    count: int = 0
    amount: int = 0  # of balances, signed
    size: int = 0  # of balances, whichever way
    contracts: int = 0

    @property
    def all(self) -> int:
        return self.count + self.contracts

    def add(self, row: Mapping[str, Any]) -> None:
        if row["of_balance"]:
            self.count += row["n"]
            self.amount += row["sum"]
            self.size += row["size"]
        else:
            self.contracts += row["n"]


class OfAge(NamedTuple):
    age: Age
    sum: Tally
    share: int  # percent of the largest number


class OfCause(NamedTuple):
    cause: str
    label: Any
    meaning: Meaning
    sum: Tally


@dataclass(frozen=True, slots=True)
class Open:
    """What is open now."""

    total: Tally
    unexplained: Tally
    ages: list[OfAge]
    waiting: list[OfCause]
    passing: list[OfCause]


def open_now(now: datetime) -> Open:
    total, unexplained = Tally(), Tally()
    by_age = {age.key: Tally() for age in AGES}
    by_cause: dict[str, Tally] = {}
    for row in _open_rows(now):
        parts = [total, by_age[row["age"]], by_cause.setdefault(row["cause"], Tally())]
        if row["cause"] == Cause.UNKNOWN:
            parts.append(unexplained)
        for part in parts:
            part.add(row)
    most = max((each.all for each in by_age.values()), default=0) or 1
    causes = [
        OfCause(cause, Cause(cause).label, MEANINGS[cause], by_cause[cause])
        for cause in Cause.values
        if cause in by_cause
    ]
    causes.sort(key=lambda each: -each.sum.size)
    return Open(
        total,
        unexplained,
        [OfAge(age, by_age[age.key], round(100 * by_age[age.key].all / most)) for age in AGES],
        [each for each in causes if each.cause in WAITING],
        [each for each in causes if each.cause not in WAITING],
    )


def _open_rows(now: datetime) -> Iterable[Mapping[str, Any]]:
    ages = [When(first_seen__lte=now - age.least, then=Value(age.key)) for age in reversed(AGES[1:])]
    rows = Break.objects.filter(state=BreakState.OPEN).order_by()
    return rows.values(
        "cause",
        age=Case(*ages, default=Value(AGES[0].key)),
        of_balance=Case(When(balance__isnull=False, then=Value(value=True)), default=Value(value=False)),
    ).annotate(n=Count("pk"), sum=Sum("amount"), size=Sum(Abs("amount")))


# --- Over time --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Point:
    """One reconciliation of the trend."""

    reconciliation: Reconciliation
    count: int
    amount: int
    unexplained: int


@dataclass(frozen=True, slots=True)
class Trend:
    points: list[Point]
    daily: bool  # the last of each day, else each one


def trend() -> Trend:
    done = Reconciliation.objects.filter(state=ReconciliationState.DONE)
    days = done.filter(as_of__gt=timezone.now() - SPAN).order_by().annotate(day=TruncDate("as_of")).values("day")
    pks = [each["last"] for each in days.annotate(last=Max("pk"))]
    daily = len(pks) >= FEW_DAYS
    chosen = done.filter(pk__in=pks) if daily else done
    light = chosen.only("as_of", "forward", "state").order_by("-pk")[:POINTS]
    found = list(reversed(light))
    unexplained = _unexplained(found)
    return Trend([Point(each, *_closing(each), unexplained[each.pk]) for each in found], daily)


def _closing(reconciliation: Reconciliation) -> tuple[int, int]:
    closing = reconciliation.forward.get("balances", {}).get("closing", {"count": 0, "amount": 0})
    return closing["count"], closing["amount"]


def _unexplained(reconciliations: list[Reconciliation]) -> dict[int, int]:
    """What nothing explained in each, whichever way. A proof counts in every one that it was carried on through."""
    if not reconciliations:
        return {}
    spans = (
        Proof.objects.exclude(unexplained=0)
        .filter(last__gte=reconciliations[0].pk)
        .order_by()
        .values_list("first_id", "last_id")
        .annotate(size=Sum(Abs("unexplained")))
    )
    sums = dict.fromkeys((each.pk for each in reconciliations), 0)
    for first, last, size in spans:
        for pk in sums:
            if first <= pk <= last:
                sums[pk] += size
    return sums


# --- The roll-forward -------------------------------------------------------------------------------------------------


class Part(NamedTuple):
    """A line of the roll-forward: of balances and of contracts, each {"count", "amount"}."""

    label: str
    balances: Mapping[str, int]
    contracts: Mapping[str, int]
    is_sum: bool = False


def roll_forward(reconciliation: Reconciliation) -> list[Part]:
    """Opening, what moved it, closing. What changed only its amount leaves the number as it was."""
    forward = reconciliation.forward
    if not all(group in forward for group in breaks.GROUPS):
        return []
    labels = {
        "opening": _("Opening"),
        MovementKind.NEW: _("New"),
        MovementKind.CHANGED: _("Changed"),
        MovementKind.REOPENED: _("Re-opened"),
        MovementKind.RESOLVED: _("Resolved"),
        MovementKind.CLEARED: _("Cleared"),
        "closing": _("Closing"),
    }
    return [
        Part(label, forward["balances"][kind], forward["contracts"][kind], kind in {"opening", "closing"})
        for kind, label in labels.items()
    ]


@dataclass(frozen=True, slots=True)
class Since:
    """What moved after a reconciliation, and whether all of it comes to what is open."""

    count: int
    amount: int
    ties: bool


def since(reconciliation: Reconciliation, total: Tally) -> Since:
    later = Q(reconciliation=None) | Q(reconciliation__gt=reconciliation.pk)
    moves = breaks.of_group("balances", Movement.objects.filter(later), "about__")
    count = amount = 0
    for kind, n, moved in moves.order_by().values_list("kind").annotate(n=Count("pk"), sum=Sum("amount")):
        count += breaks.COUNTS[MovementKind(kind)] * n
        amount += moved
    closed, closing = _closing(reconciliation)
    return Since(count, amount, (closed + count, closing + amount) == (total.count, total.amount))
