"""Who is who in a world that is not written down, told by numbers alone: who works where, whose card is whose.

Everybody is numbered in the order they joined, so that those of an early day are a beginning of those of a later one.
"""

import random
from bisect import bisect_left
from dataclasses import dataclass, field

from console.sandbox import people
from console.sandbox.draft import Size

FIRST_DAY, LAST_DAY = -700.0, -10.0  # joining, in days from the base date
FOUNDED = 0.45  # companies came in the first part of that time
CARD_DAYS, VERDICT_DAYS = 5.0, 3.0  # from joining to the card, and to the verdict at the latest
Owner = tuple[str, int]  # noun and number


def joined(part: float) -> float:
    """When so much of the world had joined, in days from the base date."""
    return FIRST_DAY + (LAST_DAY - FIRST_DAY) * part


@dataclass(slots=True)
class Census:
    seed: int
    size: Size
    employers: list[int | None] = field(default_factory=list)  # of each holder
    staff: dict[int, list[int]] = field(default_factory=dict)  # holders of each company
    holders: list[int] = field(default_factory=list)  # who may have cards
    owners: list[Owner] = field(default_factory=list)  # who has a contract
    owner_days: list[float] = field(default_factory=list)  # since when, at the latest
    spenders: list[int] = field(default_factory=list)  # cards in use
    spender_days: list[float] = field(default_factory=list)
    owner_numbers: dict[Owner, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._employ()
        self._open_accounts()
        self._hand_out_cards()

    def _employ(self) -> None:
        rng = random.Random(self.seed)  # noqa: S311 - repeatable on purpose
        companies = [one for one in range(self.size.companies) if self.status(one) == "approved"]
        for holder in range(self.size.holders):
            there = min(len(companies), int(holder / self.size.holders / FOUNDED * len(companies)))
            employer = companies[rng.randrange(there)] if there and holder % 5 == 4 else None
            self.employers.append(employer)
            if employer is not None:
                self.staff.setdefault(employer, []).append(holder)
            if self.status(holder) == "approved":
                self.holders.append(holder)

    def _open_accounts(self) -> None:
        companies = (("company", one, self.company_day(one + 1)) for one in range(self.size.companies))
        alone = (one for one, employer in enumerate(self.employers) if employer is None)
        users = (("user", one, self.holder_day(one + 1)) for one in alone)
        applied = sorted((day, noun, one) for noun, one, day in (*companies, *users))
        for day, noun, one in applied:
            if self.status(one) in people.WITH_CONTRACT:
                self.owner_numbers[noun, one] = len(self.owners)
                self.owners.append((noun, one))
                self.owner_days.append(day + VERDICT_DAYS)

    def _hand_out_cards(self) -> None:
        for card in range(self.size.cards):
            if people.card_status(card) != "notActivated":
                self.spenders.append(card)
                self.spender_days.append(self.card_day(card, 1))

    def status(self, number: int) -> str:
        return people.status(number, self.size.undecided_every)

    def company_day(self, number: float) -> float:
        return joined(number / self.size.companies * FOUNDED)

    def holder_day(self, number: float) -> float:
        return joined(number / self.size.holders)

    def card_day(self, card: int, part: float) -> float:
        """In the time after its holder, which the holder's cards share; `part` of this card's share is over."""
        holder = self.holder_of(card)
        own = self.cards_of(holder)
        return self.holder_day(holder + 1 + (own.index(card) + part) / len(own)) + CARD_DAYS

    def holder_of(self, card: int) -> int:
        return self.holders[card * len(self.holders) // self.size.cards]

    def cards_of(self, holder: int) -> range:
        place, count = bisect_left(self.holders, holder), len(self.holders)
        if place == count or self.holders[place] != holder:
            return range(0)
        return range(-(-place * self.size.cards // count), -(-(place + 1) * self.size.cards // count))

    def owner_of(self, holder: int) -> int:
        """Whose contract answers for this holder."""
        employer = self.employers[holder]
        return self.owner_numbers["user", holder] if employer is None else self.owner_numbers["company", employer]

    def holders_of(self, owner: int) -> list[int]:
        noun, number = self.owners[owner]
        return [number] if noun == "user" else self.staff.get(number, [])

    def spender_of(self, card: int) -> int | None:
        place = bisect_left(self.spenders, card)
        return place if place < len(self.spenders) and self.spenders[place] == card else None

    def spenders_of(self, holders: list[int]) -> list[int]:
        found = (self.spender_of(card) for holder in holders for card in self.cards_of(holder))
        return [one for one in found if one is not None]
