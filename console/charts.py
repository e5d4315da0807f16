"""Charts as numbers: what is drawn, and where each mark stands. Pure geometry; templates/ui/_chart_*.html draw it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

WIDTH, HEIGHT = 640, 120  # of a chart over time, in the units of its drawing
LEAST_BARS = 12  # two values are two bars, not two halves of the page
WHOLE = 100  # the length of a row or of a stack


class Mark(NamedTuple):
    """One value, in words and as an amount. `url` lists what is behind it: `rows` of them, where they are counted."""

    label: str
    value: int
    shown: str
    url: str = ""
    rows: int | None = None
    tone: str = ""  # good, warn, bad, info, idle; never the only thing that says so
    note: str = ""


class Placed(NamedTuple):
    """A mark and its rectangle, from the upper left corner."""

    mark: Mark
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """`kind` is bars (over time), rows (one under the other) or stack (parts of a whole). `said` is what one reads from
    it; `head` names what the marks are, for the table."""

    title: str
    marks: Sequence[Mark]
    kind: str = "rows"
    said: str = ""
    head: str = ""


def bars(marks: Sequence[Mark]) -> list[Placed]:
    """Side by side, standing on the base line; the largest reaches the top."""
    top = _largest(marks)
    step = WIDTH / max(len(marks), LEAST_BARS)
    found = []
    for place, mark in enumerate(marks):
        height = HEIGHT * max(mark.value, 0) / top
        found.append(Placed(mark, place * step, HEIGHT - height, step * 0.8, height))
    return found


def rows(marks: Sequence[Mark]) -> list[Placed]:
    """One under the other, from the left; the largest reaches the end."""
    top = _largest(marks)
    return [Placed(mark, 0, 0, WHOLE * max(mark.value, 0) / top, 1) for mark in marks]


def stack(marks: Sequence[Mark]) -> list[Placed]:
    """End to end: together they are the whole, whatever it is."""
    whole = sum(max(mark.value, 0) for mark in marks) or 1
    found, at = [], 0.0
    for mark in marks:
        width = WHOLE * max(mark.value, 0) / whole
        found.append(Placed(mark, at, 0, width, 1))
        at += width
    return found


PLACING = {"bars": bars, "rows": rows, "stack": stack}


def placed(chart: Chart) -> list[Placed]:
    return PLACING[chart.kind](chart.marks)


def _largest(marks: Sequence[Mark]) -> int:
    return max((mark.value for mark in marks), default=0) or 1
