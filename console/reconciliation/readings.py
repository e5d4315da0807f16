"""Which reading of a balance a proof rests on, and whose money it speaks of."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Q

from cardholders.models import Balance, BalanceFigures, BalanceReading
from console.anyof import Ids


@dataclass(frozen=True, slots=True)
class Reading:
    """One stored reading of a balance: the row itself, or an earlier one. `at` is when it was asked for, UTC."""

    balance: Balance
    at: datetime
    figures: BalanceFigures


def reading_at(balance: Balance, at: datetime | None = None) -> Reading | None:
    """The reading of that instant or the nearest earlier one; the newest without an instant. None where there is none."""
    newest = balance.read_at
    if newest and (at is None or at >= newest):
        return Reading(balance, newest, balance)
    earlier = balance.readings.filter(at__lte=at) if at else balance.readings.all()
    found: BalanceReading | None = earlier.order_by("-at").first()
    return Reading(balance, found.at, found) if found else None


@dataclass(slots=True)
class Subjects:
    """The readings of a batch by whose they are."""

    people: dict[int, Reading] = field(default_factory=dict)
    companies: dict[int, Reading] = field(default_factory=dict)

    @classmethod
    def of(cls, readings: Iterable[Reading]) -> "Subjects":
        subjects = cls()
        for reading in readings:
            balance = reading.balance
            if balance.company_id:
                subjects.companies[balance.company_id] = reading
            elif balance.cardholder_id:
                subjects.people[balance.cardholder_id] = reading
        return subjects

    def rows(self, path: str = "") -> Q:
        """Rows of their money: what a company's people spend is the company's."""
        found = Q()
        for noun, of in (("company", self.companies), ("cardholder", self.people)):
            if of:
                found |= Q(**{f"{path}{noun}__any_of": Ids(of)})
        return found or Q(pk=None)

    def balance_of(self, company: int | None, cardholder: int | None) -> int | None:
        """The balance that a row of theirs belongs to."""
        reading = self.companies.get(company or 0) or self.people.get(cardholder or 0)
        return reading.balance.pk if reading else None

    def by_day(self) -> "Iterator[Subjects]":
        """Apart by the day of their reading: what is looked for since a reading is looked for since the oldest, and one
        that was not read for a month must not ask for a month of all the others."""
        days: dict[date, list[Reading]] = {}
        for reading in (*self.people.values(), *self.companies.values()):
            days.setdefault(reading.at.date(), []).append(reading)
        yield from (Subjects.of(readings) for readings in days.values())

    def cut_offs(self) -> dict[int, datetime]:
        return {r.balance.pk: r.at for r in (*self.people.values(), *self.companies.values())}
