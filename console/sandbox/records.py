"""The objects of a world that is not written down, each made by itself from the seed and its place among its kind."""

import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from math import ceil

from console.sandbox import clock, ledger, money, people
from console.sandbox.census import Census
from console.sandbox.draft import Draft, Size
from console.sandbox.names import Names
from console.sandbox.timetable import DEPOSIT, FEE, PAYMENT, PAYMENT_DAYS, SPEND, TOP_UP, Timetable, Turn
from console.sandbox.wire import Json

NOUNS = ("user", "company", "contract", "card", "transaction", "dispute")
SETTLED_DAYS = 3  # from a purchase to its settlement, at most
FRESH_DAYS = 2  # refunds younger than that are open
DISPUTED_DAYS = (150, 5)  # how old disputed purchases are
ARGUED_DAYS = 4  # from the purchase to its dispute
LATE_DAYS = 30  # from a closed authorisation to its settlement
EXPOSURE = 250_000  # cents of open charges that a card may bring about
LEAST_PAYMENT = 100  # cents; also of those who spent nothing
RECENT = 4096  # movements: those of a large company, which are asked for more than once
REMEMBERED = 16_384  # people and cards: all of them, since every page has some of each


class Records:
    def __init__(self, seed: int, base: str, size: Size) -> None:
        self.base, self.size, self.names = clock.read(base), size, Names(seed)
        self.census = Census(seed, size)
        self.timetable = Timetable(self.census, self.base)
        self.settling = ceil(SETTLED_DAYS / self.timetable.days)  # turns
        sizes = (size.holders, size.companies, len(self.census.owners), size.cards, size.transactions, size.disputes)
        ends = accumulate(sizes, initial=-sum(sizes))
        self.spans = {noun: range(end, end + count) for noun, count, end in zip(NOUNS, sizes, ends, strict=False)}
        self.transaction = lru_cache(RECENT)(self._transaction)
        self.makers: dict[str, Callable[[int], Json]] = {
            "user": self.user,
            "company": self.company,
            "contract": self.contract,
            "card": self.card,
            "transaction": self.transaction,
            "dispute": self.dispute,
        }
        remember = lru_cache(REMEMBERED)
        self._known_user, self._known_card = remember(self.user), remember(self.card)
        self._account, self.disputed = remember(self._account_of), remember(self._disputed)
        first, last = (self.timetable.count_until(self._days_ago(days)) for days in DISPUTED_DAYS)
        self.disputable = range(first, last, max(1, (last - first) // max(1, size.disputes)))

    def _days_ago(self, days: float) -> str:
        return clock.iso(self.base - timedelta(days=days))

    def id(self, noun: str, index: int) -> str:
        return self.names.id(-self.spans[noun][index])

    def _draft(self, noun: str, index: int) -> Draft:
        rng = random.Random(self.names.seed(-self.spans[noun][index]))  # noqa: S311 - repeatable on purpose
        return Draft(rng, self.base, self.size)

    def user(self, index: int) -> Json:
        draft, employer = self._draft("user", index), self.census.employers[index]
        created = self.base + timedelta(days=self.census.holder_day(index + draft.rng.random()))
        works_for = None if employer is None else {"id": self.id("company", employer)}
        return people.holder(draft, index, works_for, created) | {"id": self.id("user", index)}

    def company(self, index: int) -> Json:
        draft = self._draft("company", index)
        created = self.base + timedelta(days=self.census.company_day(index + draft.rng.random()))
        return people.company(draft, index, created) | {"id": self.id("company", index)}

    def card(self, index: int) -> Json:
        draft, user = self._draft("card", index), self._known_user(self.census.holder_of(index))
        created = self.base + timedelta(days=self.census.card_day(index, draft.rng.random()))
        return people.card(draft, user, index, created) | {"id": self.id("card", index)}

    def contract(self, owner: int) -> Json:
        """With the sum of what was deposited."""
        contract = self._account_of(owner)
        places = (place for part in (DEPOSIT, TOP_UP) for place in self.timetable.places(part, owner))
        contract["tokens"][0]["balance"] = f"{sum(self.transaction(place)['amount'] for place in places) / 100:.2f}"
        return contract

    def _account_of(self, owner: int) -> Json:
        noun, index = self.census.owners[owner]
        applicant = self.user(index) if noun == "user" else self.company(index)
        draft = self._draft("contract", owner)
        return people.contract(draft, applicant, f"{noun}Id", owner) | {"id": self.id("contract", owner)}

    def _transaction(self, place: int) -> Json:
        turn = self.timetable.turn_of(place)
        part, who = turn.who(place)
        made = self._spent(turn, who, place)[0] if part == SPEND else self._moved(turn, part, who, place)
        made["id"] = self.id("transaction", place)
        if "transactionHash" in made:
            made["transactionHash"] = self.names.hash(-self.spans["transaction"][place])
        return made

    def _spent(self, turn: Turn, spender: int, place: int) -> list[Json]:
        """What happened there; a second one is what comes of it a month later, on the same card."""
        draft, at = self._draft("transaction", place), self.timetable.time(place)
        card, user = self._used(spender)
        late = self._settled_late(turn, spender)
        if late:
            return [late | {"authorizedAt": clock.iso(at), "postedAt": clock.iso(at)}]
        if clock.iso(at) > card["_until"]:
            reason = money.CARD_DECLINES[card["status"]]
            return [ledger.decline(draft, card, user, at, place) | {"declinedReason": reason}]
        if draft.rng.random() < ledger.REFUNDS:
            spent = self._settled_before(turn, spender)
            if spent:
                return [ledger.refund(draft, spent, at, pending=self.base - at < timedelta(days=FRESH_DAYS))]
        return ledger.purchase(draft, card, user, at, place)

    def _used(self, spender: int) -> tuple[Json, Json]:
        card = self.census.spenders[spender]
        return self._known_card(card), self._known_user(self.census.holder_of(card))

    def _settled_late(self, turn: Turn, spender: int) -> Json | None:
        """The settlement of a purchase whose authorisation was closed a month ago."""
        then = turn.number - self.timetable.turns_in(LATE_DAYS)
        place = self.timetable.place(SPEND, spender, then)
        if place is None:
            return None
        rng = self._draft("transaction", place).rng
        if rng.random() < ledger.REFUNDS or not ledger.settles_late(rng.random()):
            return None
        late = self._spent(self.timetable.turns[then], spender, place)[1:]
        return late[0] | {"closedAuthorizationTransactionId": self.id("transaction", place)} if late else None

    def _settled_before(self, turn: Turn, spender: int) -> Json | None:
        """The card's last purchase that is surely settled, if it was one."""
        place = self.timetable.place(SPEND, spender, turn.number - 1 - self.settling)
        spent = None if place is None else self.transaction(place)
        return spent if spent and spent["status"] == "completed" and spent["amount"] > 0 else None

    def _moved(self, turn: Turn, part: int, who: int, place: int) -> Json:
        draft, at = self._draft("transaction", place), self.timetable.time(place)
        if part in {DEPOSIT, TOP_UP}:
            return self._deposit(draft, part, who, at)
        account = self._account(self.census.owner_of(self.census.holder_of(self.census.spenders[who])))
        if part == FEE:
            return ledger.fee(draft, account, at)
        return ledger.payment(draft, account, max(LEAST_PAYMENT, self._due(turn, who)), at)

    def _deposit(self, draft: Draft, part: int, owner: int, at: datetime) -> Json:
        account = self._account(owner)
        if part == TOP_UP:
            return ledger.deposit(draft, account, ledger.top_up(draft), at)
        cards = len(self.census.spenders_of(self.census.holders_of(owner)))
        return ledger.deposit(draft, account, ledger.collateral_for(account, cards * EXPOSURE), at)

    def _due(self, turn: Turn, spender: int) -> int:
        """Cents settled on a card since it was last paid for, or ever before when this is the first time."""
        span, end = self.timetable.turns_in(PAYMENT_DAYS), turn.number - self.settling
        paid_before = self.timetable.place(PAYMENT, spender, turn.number - span) is not None
        turns = self.timetable.turns[end - span if paid_before else 0 : end]
        places = (then.place(part, spender) for then in turns for part in (SPEND, FEE))
        charges = (self.transaction(place) for place in places if place is not None)
        return sum(one["amount"] for one in charges if one.get("status", "completed") == "completed")

    def dispute(self, index: int) -> Json:
        place = self.disputed(index)
        at = self.timetable.time(place) + timedelta(days=ARGUED_DAYS)
        opened = ledger.dispute(self._draft("dispute", index), self.transaction(place), at, index)
        return opened | {"id": self.id("dispute", index)}

    def _disputed(self, index: int) -> int:
        """The first purchase of its time that can be disputed."""
        start = self.disputable[index]
        for place in range(start, start + self.disputable.step):
            found = self.transaction(place)
            if found["type"] == "spend" and found["status"] == "completed" and found["amount"] > 0:
                return place
        raise LookupError(f"dispute {index}")

    def movements_of(self, owner: int) -> list[int]:
        """Places of all that was spent, charged, paid and added on a contract."""
        added = [place for part in (DEPOSIT, TOP_UP) for place in self.timetable.places(part, owner)]
        return added + self.movements_on(self.census.spenders_of(self.census.holders_of(owner)), SPEND, PAYMENT, FEE)

    def movements_on(self, spenders: Iterable[int], *parts: int) -> list[int]:
        return [place for one in spenders for part in parts for place in self.timetable.places(part, one)]
