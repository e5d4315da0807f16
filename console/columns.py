"""Which columns a list shows and in what order: as the address says, else as the person keeps them, else the list's own.

Fixed columns (the record's name, what acts on the row) cannot be hidden and keep their place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.http import QueryDict

COLUMNS, MOVE = "columns", "move"
ALL = "all"  # columns=all: whatever the list has
UP, DOWN = "up", "down"


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading. `sort` is the key in `sortable` that its heading sorts by; `shown` whether without a choice."""

    key: str
    label: str
    sort: str | None = None
    numeric: bool = False
    shown: bool = True
    fixed: bool = False


class Choice(NamedTuple):
    """A column as the chooser lists it."""

    key: str
    label: str
    shown: bool
    first: bool
    last: bool


@dataclass(frozen=True, slots=True)
class Arrangement:
    shown: list[Column]
    choices: list[Choice]  # the shown ones in their order, then the hidden ones
    unknown: list[str]  # asked for, but this list has none of that name
    own: bool  # not as the list comes for this reader
    kept: bool  # the reader has put columns by

    @property
    def words(self) -> str:
        """As an address says it: `last4,limit,status`."""
        return ",".join(column.key for column in self.shown if column.label)

    @property
    def name(self) -> str:
        """The fixed column: sent along, so that all others can be hidden."""
        return next((column.key for column in self.shown if column.fixed and column.label), "")


def asked(query: QueryDict) -> list[str]:
    """Names as a link writes them, with commas, or as a form sends them, one by one; a button may move one of them."""
    names = [name for given in query.getlist(COLUMNS) for name in given.split(",") if name]
    names = list(dict.fromkeys(names))
    key, _colon, way = query.get(MOVE, "").rpartition(":")
    if key in names and way in {UP, DOWN}:
        place = names.index(key)
        other = place - 1 if way == UP else place + 1
        if 0 <= other < len(names):
            names[place], names[other] = names[other], names[place]
    return names


def arrange(columns: Sequence[Column], names: Sequence[str], kept: Sequence[str] = ()) -> Arrangement:
    """`kept` is what the person had put by for this list; names in it that are gone are passed over in silence."""
    free = {column.key: column for column in columns if not column.fixed}
    fixed = {column.key for column in columns if column.fixed}
    usual = [name for name in kept if name in free] or [key for key, column in free.items() if column.shown]
    known = [name for name in names if name in free]
    if ALL in names:
        known = list(free)
    elif not known and not any(name in fixed for name in names):
        known = usual
    hidden = [key for key in free if key not in known]
    lead = next((place for place, column in enumerate(columns) if not column.fixed), len(columns))
    return Arrangement(
        shown=[*columns[:lead], *(free[key] for key in known), *(c for c in columns[lead:] if c.fixed)],
        choices=[
            Choice(
                key,
                free[key].label,
                key in known,
                key == known[0] if known else False,
                bool(known) and key == known[-1],
            )
            for key in (*known, *hidden)
        ],
        unknown=[name for name in names if name not in free and name not in fixed and name != ALL],
        own=known != usual,
        kept=bool(kept),
    )
