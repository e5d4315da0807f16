"""When which movement falls in a year that is not written down: arithmetic between a place in it, a time and a who.

The year goes in turns of a few days. In each, every card in use is used once, some are paid for or charged a fee, and
some owners add collateral, in an order of the turn's own; so who comes when is told without looking at what came before.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from math import gcd

from console.sandbox import clock
from console.sandbox.census import Census

SPEND, PAYMENT, FEE, DEPOSIT, TOP_UP = range(5)
TYPES = ("spend", "payment", "fee", "collateral", "collateral")  # as the wire names them
YEAR_DAYS = 365.0
PAYMENT_DAYS, FEE_DAYS, TOP_UP_DAYS = 20.0, 90.0, 120.0  # about, between two for the same card or owner
UNPAID_TURNS = 4  # a new card is not paid for before
GOLDEN = 0.618
MIX = 2_654_435_761


@dataclass(slots=True)
class Turn:
    """`parts` are the numbers of the cards in use, or of the owners, that do each of the five things."""

    number: int
    day: float  # of its start, from the base date
    parts: tuple[range, ...]
    first: int = 0
    size: int = 0
    step: int = 1
    back: int = 1

    def begin(self, first: int) -> None:
        self.first, self.size = first, sum(map(len, self.parts))
        self.step = int(self.size * GOLDEN) + self.number % 7 + 1
        while gcd(self.step, self.size) != 1:
            self.step += 1
        self.back = pow(self.step, -1, self.size)

    def who(self, place: int) -> tuple[int, int]:
        """What is done there, and the number of who does it."""
        left = (place - self.first) * self.step % self.size
        for part, numbers in enumerate(self.parts):
            if left < len(numbers):
                return part, numbers[left]
            left -= len(numbers)
        raise LookupError(place)

    def place(self, part: int, who: int) -> int | None:
        """Where somebody does this; None when it is not their turn."""
        numbers = self.parts[part]
        return self._place(self._before(part) + numbers.index(who)) if who in numbers else None

    def places(self, part: int) -> Iterator[int]:
        start = self._before(part)
        return map(self._place, range(start, start + len(self.parts[part])))

    def _before(self, part: int) -> int:
        return sum(map(len, self.parts[:part]))

    def _place(self, member: int) -> int:
        return self.first + member * self.back % self.size


class Timetable:
    def __init__(self, census: Census, base: datetime) -> None:
        self.census, self.base, self.size = census, base, census.size.transactions
        count = 1
        while (turns := _turns(census, count)) and _total(turns) < self.size:
            count += 1
        _cut(turns, _total(turns) - self.size)
        for turn, first in zip(turns, accumulate((sum(map(len, one.parts)) for one in turns), initial=0), strict=False):
            turn.begin(first)
        self.turns, self.days = turns, YEAR_DAYS / count
        self._firsts = [turn.first for turn in turns]

    def turn_of(self, place: int) -> Turn:
        return self.turns[bisect_right(self._firsts, place) - 1]

    def turns_in(self, days: float) -> int:
        return _turns_in(days, self.days)

    def place(self, part: int, who: int, turn: int) -> int | None:
        """None before the first turn, too."""
        return self.turns[turn].place(part, who) if turn >= 0 else None

    def time(self, place: int) -> datetime:
        """Later for each further place."""
        turn = self.turn_of(place)
        within = (place - turn.first + (place * MIX & 0xFFFFFFFF) / 2**32) / turn.size
        return self.base + timedelta(days=turn.day + self.days * within)

    def count_until(self, instant: str) -> int:
        """How many places are not later than an instant as the wire writes it."""
        return bisect_right(range(self.size), instant, key=lambda place: clock.iso(self.time(place)))

    def count_before(self, instant: str) -> int:
        return bisect_left(range(self.size), instant, key=lambda place: clock.iso(self.time(place)))

    def places(self, part: int, who: int) -> list[int]:
        found = (turn.place(part, who) for turn in self.turns)
        return [place for place in found if place is not None]

    def of_types(self, types: set[str], span: range, skip: int) -> Iterator[int]:
        """Places within a span, latest first, without so many of the first."""
        parts = [part for part, name in enumerate(TYPES) if name in types]
        for turn in reversed(self.turns):
            inside = range(max(span.start, turn.first), min(span.stop, turn.first + turn.size))
            count = sum(len(turn.parts[part]) for part in parts)
            if len(inside) == turn.size and count <= skip:
                skip -= count  # passed over unseen
            elif inside:
                found = (place for part in parts for place in turn.places(part) if place in inside)
                ordered = sorted(found, reverse=True)
                yield from ordered[skip:]
                skip = max(0, skip - len(ordered))


def _turns_in(days: float, turn_days: float) -> int:
    return max(1, round(days / turn_days))


def _turns(census: Census, count: int) -> list[Turn]:
    days = YEAR_DAYS / count
    paid, charged, topped_up = (_turns_in(span, days) for span in (PAYMENT_DAYS, FEE_DAYS, TOP_UP_DAYS))
    found, known = [], 0
    for number in range(count):
        day = -YEAR_DAYS + number * days
        owners = bisect_right(census.owner_days, day)
        # A contract is funded a turn before its first card is used; in the very first turn nobody spends.
        spenders = bisect_right(census.spender_days, day - days) if number else 0
        old = bisect_right(census.spender_days, day - UNPAID_TURNS * days) if number > UNPAID_TURNS else 0
        parts = (
            *(range(spenders), range(number % paid, old, paid), range(number % charged, spenders, charged)),
            *(range(known, owners), range(number % topped_up, known, topped_up)),
        )
        found.append(Turn(number, day, parts))
        known = owners
    return found


def _total(turns: list[Turn]) -> int:
    return sum(len(part) for turn in turns for part in turn.parts)


def _cut(turns: list[Turn], surplus: int) -> None:
    """Fewer purchases in the first turns, for the world to have as many movements as it should."""
    for turn in turns:
        left = max(0, len(turn.parts[SPEND]) - surplus)
        surplus -= len(turn.parts[SPEND]) - left
        turn.parts = (range(left), *turn.parts[1:])
