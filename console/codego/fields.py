"""Reads one wire object field by field: what cannot be read becomes None and a flag, and the record stays."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from console.codego.errors import Unreadable
from console.codego.wire import clean, normal, read_moment, read_number, scrub

WIDEST_INTEGER = 2**63 - 1
LONGEST_ID = 128  # as our columns are wide


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    raw: dict[str, Any] = field(repr=False)
    flags: tuple[str, ...] = ()


class Fields:
    """Each method takes the spellings of a field and gives its first value, or None. A flag names the first spelling."""

    __slots__ = ("data", "flags", "raw")

    def __init__(self, data: Any, kind: str) -> None:
        if not isinstance(data, Mapping):
            raise Unreadable(f"{kind}: not an object")
        try:
            self.raw: dict[str, Any] = scrub(data)
        except RecursionError:
            raise Unreadable(f"{kind}: nested too deep") from None
        self.data: Mapping[str, Any] = data
        self.flags: list[str] = []

    def flag(self, name: str, why: str) -> None:
        self.flags.append(f"{name}: {why}")

    def pick(self, *names: str) -> Any:
        return next((self.data[name] for name in names if self.data.get(name) is not None), None)

    def text(self, *names: str) -> str | None:
        value = self.pick(*names)
        if isinstance(value, str):
            return clean(value).strip()
        number = read_number(value)
        if number is not None:
            return str(int(number)) if number == number.to_integral_value() else str(number)
        if value is not None:
            self.flag(names[0], "not text")
        return None

    def filled(self, *names: str) -> str | None:
        """The first of these texts that is not blank."""
        return next((text for name in names if (text := self.text(name))), None)

    def identifier(self, *names: str, longest: int = LONGEST_ID) -> str | None:
        """An id is never cut: a part of it could be somebody else's."""
        text = self.filled(*names)
        if text is not None and len(text) > longest:
            self.flag(names[0], "too long for an id")
            return None
        return text

    def word(self, *names: str, known: Collection[str]) -> str | None:
        """A word of a closed set, as sent; one that is not in the set is kept and flagged."""
        text = self.text(*names)
        if text is not None and normal(text) not in known:
            self.flag(names[0], f"unknown value {text[:40]!r}")
        return text

    def digits(self, *names: str, width: int) -> str | None:
        """A code of fixed width whose leading zeros a number would have lost."""
        value = self.pick(*names)
        text = self.text(*names)
        return text.zfill(width) if text is not None and not isinstance(value, str) else text

    def decimal(self, *names: str) -> Decimal | None:
        value = self.pick(*names)
        number = read_number(value)
        if value is not None and number is None:
            self.flag(names[0], "not a number")
        return number

    def minor(self, *names: str) -> int | None:
        """Minor units: the field fixes the unit, so a fraction is never rounded, scaled or stored."""
        number = self.decimal(*names)
        if number is None:
            return None
        if number != number.to_integral_value():
            self.flag(names[0], "not whole minor units")
            return None
        if abs(number) > WIDEST_INTEGER:
            self.flag(names[0], "too large")
            return None
        return int(number)

    def whole(self, *names: str, within: range) -> int | None:
        number = self.decimal(*names)
        if number is None:
            return None
        if number != number.to_integral_value() or int(number) not in within:
            self.flag(names[0], "out of range")
            return None
        return int(number)

    def moment(self, *names: str) -> datetime | None:
        value = self.pick(*names)
        moment = read_moment(value)
        if value is not None and moment is None:
            self.flag(names[0], "unreadable time")
        return moment

    def yes_no(self, *names: str) -> bool | None:
        value = self.pick(*names)
        answer = {"true": True, "false": False}.get(str(value).casefold())
        if value is not None and answer is None:
            self.flag(names[0], "neither true nor false")
        return answer

    def inner(self, name: str) -> "Fields":
        """The object under this name, to be read in turn; an empty one where there is none."""
        value = self.data.get(name)
        if value is not None and not isinstance(value, Mapping):
            self.flag(name, "not an object")
        return Fields(value if isinstance(value, Mapping) else {}, name)

    def mapping(self, name: str) -> dict[str, Any] | None:
        """The same as it is kept; None where there is none."""
        inner = self.inner(name)
        return inner.raw if isinstance(self.data.get(name), Mapping) else None

    def items(self, name: str) -> list[Any] | None:
        value = self.data.get(name)
        if value is not None and not isinstance(value, list):
            self.flag(name, "not a list")
        return value if isinstance(value, list) else None

    def objects(self, name: str) -> list[Mapping[str, Any]] | None:
        items = self.items(name)
        if items is None:
            return None
        found = [item for item in items if isinstance(item, Mapping)]
        if len(found) < len(items):
            self.flag(name, "an entry is not an object")
        return found

    def words(self, name: str) -> tuple[str, ...] | None:
        items = self.items(name)
        if items is None:
            return None
        texts = tuple(clean(item).strip() for item in items if isinstance(item, str))
        if len(texts) < len(items):
            self.flag(name, "an entry is not text")
        return texts


def required(fields: Fields, kind: str, *names: str) -> str:
    value = fields.identifier(*names)
    if not value:
        raise Unreadable(f"{kind}: no id")
    return value
