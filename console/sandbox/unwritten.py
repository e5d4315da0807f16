"""What the store asks of a world that was never written down."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from console.sandbox.conditions import Test
from console.sandbox.wire import Json


class Choice(NamedTuple):
    """Numbers of objects, newest first, without so many of the first. Those that meet `rest` too are asked for."""

    numbers: Callable[[int], Iterable[int]]
    rest: Sequence[Test] = ()


def listed(numbers: Sequence[int]) -> Callable[[int], Iterable[int]]:
    return lambda skip: numbers[skip:]


class Unwritten(Protocol):
    def counts(self) -> Mapping[str, int]:
        """How many objects there are of each noun."""

    def number(self, noun: str, id: str) -> int | None:  # noqa: A002 - the wire's word
        """Below zero; None when the id is none of ours."""

    def make(self, number: int) -> Json:
        """The object of that number: the same every time, and the caller's own to change."""

    def choose(self, noun: str, tests: Sequence[Test], changed: Sequence[int]) -> Choice:
        """Which objects to look at. `changed`, newest first, are those that are no longer as they were made."""


class Nothing:
    """Every object is written."""

    def counts(self) -> Mapping[str, int]:
        return {}

    def number(self, _noun: str, _id: str) -> int | None:
        return None

    def make(self, number: int) -> Json:
        raise LookupError(number)

    def choose(self, _noun: str, _tests: Sequence[Test], _changed: Sequence[int]) -> Choice:
        return Choice(listed(()))
