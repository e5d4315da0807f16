"""A world of a million payments of which nothing is kept: which object an id, a filter or a page is about."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from heapq import merge
from itertools import islice

from console.sandbox import clock
from console.sandbox.conditions import Test
from console.sandbox.draft import Size
from console.sandbox.records import SETTLED_DAYS, Records
from console.sandbox.timetable import SPEND, TYPES
from console.sandbox.unwritten import Choice, listed
from console.sandbox.wire import Json

OPEN_DAYS = 5  # purchases are settled by then
NEVER = {"_idempotencyKey", "_token", "_pageKey", "_resolveAt"}  # no object that was made has these
Finder = Callable[[str], Iterable[int]]


class Scale:
    def __init__(self, seed: int, base: str, size: Size) -> None:
        self.records = Records(seed, base, size)
        self.spans = self.records.spans
        self.finders: dict[tuple[str, str], Finder] = {
            ("user", "companyId"): self._staff,
            ("user", "_externalUserId"): lambda text: self._ending(text, "user"),
            ("company", "_externalUserId"): lambda text: self._ending(text, "company"),
            ("contract", "_owner"): self._owners,
            ("card", "userId"): lambda text: self._cards(self._one("user", text)),
            ("card", "companyId"): lambda text: self._cards(self._staff(text)),
            ("transaction", "transactionHash"): lambda text: self._one("transaction", text),
            ("transaction", "cardId"): self._payments_of_card,
            ("transaction", "userId"): self._payments_of_user,
            ("transaction", "_owner"): self._payments_of_owner,
            ("transaction", "companyId"): lambda text: self._payments_of_owner(text, "company"),
            ("dispute", "transactionId"): lambda text: self._disputes(self._one("transaction", text)),
            ("dispute", "_userId"): lambda text: self._disputes(self._payments_of_user(text)),
            ("dispute", "_companyId"): lambda text: self._disputes(self._payments_of_owner(text, "company")),
        }

    def counts(self) -> Mapping[str, int]:
        return {noun: len(span) for noun, span in self.spans.items()}

    def number(self, noun: str, id: str) -> int | None:  # noqa: A002 - the wire's word
        depth = self.records.names.number(id)
        known = depth is not None and noun in self.spans and -depth in self.spans[noun]
        return -depth if depth is not None and known else None

    def make(self, number: int) -> Json:
        noun = next(noun for noun, span in self.spans.items() if number in span)
        return dict(self.records.makers[noun](self.spans[noun].index(number)))

    def choose(self, noun: str, tests: Sequence[Test], changed: Sequence[int]) -> Choice:
        span = self.spans.get(noun, range(0))
        end = min([span.stop, *(test.value for test in tests if test.path == "n")])
        span, tests = range(span.start, max(span.start, end)), [test for test in tests if test.path != "n"]
        if any(test.path in NEVER for test in tests):
            return Choice(listed(()))
        for (about, path), find in self.finders.items():
            key = next((test for test in tests if (noun, test.path, test.sign) == (about, path, "=")), None)
            if key is not None:
                numbers = {span.start + index for index in find(key.value)}
                rest = [test for test in tests if test is not key]
                return Choice(listed(sorted((one for one in numbers if one in span), reverse=True)), rest)
        if noun == "transaction":
            return self._in_time(span, tests, changed)
        return Choice(listed(span[::-1]), tests)

    def _in_time(self, span: range, tests: Sequence[Test], changed: Sequence[int]) -> Choice:
        """By the times and types asked for. Where a change can matter, what has changed is looked at too."""
        period, types, rest = Period(self.records, len(span)), set(TYPES), []
        for test in tests:
            if test.path == "type":
                types = {word for word in types if test.meets(word)}
            elif not period.narrow(test):
                rest.append(test)
        types &= {TYPES[SPEND]} if period.authorized else types
        places = period.span()
        numbers = listed(span[places.start : places.stop][::-1])
        if types != set(TYPES):
            numbers = partial(self._of_types, types, places, span)
        if not period.loose:
            return Choice(numbers, rest)
        others = [one for one in changed if one in span and one - span.start not in places]
        return Choice(lambda skip: islice(merge(numbers(0), others, reverse=True), skip, None), tests)

    def _of_types(self, types: set[str], places: range, span: range, skip: int) -> Iterator[int]:
        return (span.start + place for place in self.records.timetable.of_types(types, places, skip))

    def _one(self, noun: str, text: str) -> list[int]:
        number = self.number(noun, text)
        return [] if number is None else [self.spans[noun].index(number)]

    def _ending(self, text: str, noun: str) -> list[int]:
        index = text.rpartition("-")[2]
        number = int(index) - 1 if index.isascii() and index.isdigit() else -1
        found = 0 <= number < len(self.spans[noun])
        return [number] if found and self.records.makers[noun](number)["_externalUserId"] == text else []

    def _staff(self, text: str) -> list[int]:
        return [
            holder for company in self._one("company", text) for holder in self.records.census.staff.get(company, [])
        ]

    def _owners(self, text: str) -> list[int]:
        nouns = [(noun, index) for noun in ("user", "company") for index in self._one(noun, text)]
        numbers = self.records.census.owner_numbers
        return [numbers[one] for one in nouns if one in numbers]

    def _cards(self, holders: list[int]) -> list[int]:
        return [card for holder in holders for card in self.records.census.cards_of(holder)]

    def _payments_of_card(self, text: str) -> list[int]:
        spenders = (self.records.census.spender_of(card) for card in self._one("card", text))
        return self.records.movements_on((one for one in spenders if one is not None), SPEND)

    def _payments_of_user(self, text: str) -> list[int]:
        """An employee's purchases; with somebody on their own, all that moved."""
        own = self._payments_of_owner(text)
        return own or self.records.movements_on(self.records.census.spenders_of(self._one("user", text)), SPEND)

    def _payments_of_owner(self, text: str, noun: str = "") -> list[int]:
        owners = [one for one in self._owners(text) if noun in {"", self.records.census.owners[one][0]}]
        return [place for owner in owners for place in self.records.movements_of(owner)]

    def _disputes(self, places: Iterable[int]) -> list[int]:
        windows = self.records.disputable
        inside = ((place, (place - windows.start) // windows.step) for place in places)
        count = len(self.spans["dispute"])
        return [index for place, index in inside if 0 <= index < count and self.records.disputed(index) == place]


class Period:
    """Places between two bounds, drawn closer by each condition on a time."""

    def __init__(self, records: Records, stop: int) -> None:
        self.records, self.start, self.stop = records, 0, stop
        self.authorized = False  # only what was authorised is asked for
        self.loose = False  # what has changed may meet the conditions wherever it stands

    def span(self) -> range:
        return range(self.start, max(self.start, self.stop))

    def narrow(self, test: Test) -> bool:
        """Whether the bounds say all that the condition says."""
        if test.path == "authorizedAt":
            self.authorized = True
            self._bound(test.sign, test.value)
            return True
        if test.path == "postedAt" and test.sign[0] == "<":
            self._bound("<=", test.value)  # nothing is settled before it is authorised
        elif test.path == "postedAt":
            self.loose = True
            self._bound(">", clock.iso(clock.read(test.value) - timedelta(days=SETTLED_DAYS)))
        elif (test.path, test.value) in {("status", "pending"), ("_hold", 0)}:
            self.loose = True
            self._bound(">", clock.iso(self.records.base - timedelta(days=OPEN_DAYS)))
        return False

    def _bound(self, sign: str, instant: str) -> None:
        times = self.records.timetable
        place = times.count_until(instant) if sign in {">", "<="} else times.count_before(instant)
        if sign[0] == ">":
            self.start = max(self.start, place)
        else:
            self.stop = min(self.stop, place)
