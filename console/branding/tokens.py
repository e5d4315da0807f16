"""The design's tokens as app.css has them, and how each pair of colours that is read together can be read."""

import re
from functools import cache
from typing import NamedTuple

from django.conf import settings

from console.branding.colour import READABLE, contrast

SEEN = 3.0  # WCAG 2.2 AA for marks and edges
GROUNDS = ("canvas", "surface", "raised", "sunken")
TONES = ("good", "warn", "bad", "info", "idle", "new")
TEXTS = (
    *((ink, ground) for ink in ("ink", "muted") for ground in GROUNDS),
    ("warn-ink", "surface"), ("bad-ink", "surface"), ("good", "surface"),
    *((f"{tone}-ink", f"{tone}-tint") for tone in ("good", "warn", "bad", "info")),
    ("sandbox-ink", "sandbox"), ("danger-text", "danger"), ("danger-text", "danger-hover"),
)  # fmt: skip
MARKS = tuple((mark, ground) for mark in (*TONES, "edge") for ground in GROUNDS[:3])


class Pair(NamedTuple):
    ink: str  # names of tokens
    ground: str
    light: float
    dark: float
    least: float

    @property
    def passes(self) -> bool:
        return min(self.light, self.dark) >= self.least


@cache
def sheet() -> str:
    return (settings.ROOT / "static" / "app.css").read_text()


@cache
def colours() -> dict[str, tuple[str, str]]:
    """Name → its value in light and in dark."""
    found = re.findall(r"--([a-z-]+): (?:light-dark\()?(#[0-9a-f]{6})(?:, (#[0-9a-f]{6})\))?;", sheet())
    return {name: (light, dark or light) for name, light, dark in found}


@cache
def lengths(*names: str) -> list[tuple[str, float]]:
    """These tokens in CSS pixels."""
    found = dict(re.findall(r"--([a-z0-9-]+): ([\d.]+(?:rem|px));", sheet()))
    return [(name, float(found[name][:-3]) * 16 if "rem" in found[name] else float(found[name][:-2])) for name in names]


def pairs() -> list[Pair]:
    return [_pair(*pair, READABLE) for pair in TEXTS] + [_pair(*pair, SEEN) for pair in MARKS]


def _pair(ink: str, ground: str, least: float) -> Pair:
    one, other = colours()[ink], colours()[ground]
    return Pair(ink, ground, contrast(one[0], other[0]), contrast(one[1], other[1]), least)
