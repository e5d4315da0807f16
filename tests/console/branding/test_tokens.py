"""The colours of app.css: every pair that is read together can be read, in both schemes."""

import re
from pathlib import Path

import pytest

from console.branding.colour import READABLE, contrast

SHEET = Path(__file__).parents[3].joinpath("static/app.css").read_text()
TOKENS = {name: (one, other or one) for name, one, other in re.findall(
    r"--([a-z-]+): (?:light-dark\()?(#[0-9a-f]{6})(?:, (#[0-9a-f]{6})\))?;", SHEET
)}  # fmt: skip
GROUNDS = ("canvas", "surface", "raised", "sunken")
TONES = ("good", "warn", "bad", "info", "idle", "new")
TEXT = [
    *((ink, ground) for ink in ("ink", "muted", "bad-ink", "warn-ink") for ground in GROUNDS),
    *((f"{tone}-ink", f"{tone}-tint") for tone in ("good", "warn", "bad", "info")),
    ("bad-ink", "bad-tint"), ("good", "surface"), ("sandbox-ink", "sandbox"), ("danger-text", "danger"),
    ("danger-text", "danger-hover"),
]  # fmt: skip
MARKS = [(mark, ground) for mark in (*TONES, "edge") for ground in ("canvas", "surface", "raised")]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_text_can_be_read_on_its_ground(scheme):
    found = {pair: contrast(TOKENS[pair[0]][scheme], TOKENS[pair[1]][scheme]) for pair in TEXT}
    assert {pair: round(ratio, 2) for pair, ratio in found.items() if ratio < READABLE} == {}


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_mark_can_be_seen_on_its_ground(scheme):
    found = {pair: contrast(TOKENS[pair[0]][scheme], TOKENS[pair[1]][scheme]) for pair in MARKS}
    assert {pair: round(ratio, 2) for pair, ratio in found.items() if ratio < 3} == {}


def test_no_colour_stands_outside_of_the_tokens():
    beyond = SHEET.split("@layer base {", 1)[1].split("@layer print {", 1)[0]
    loose = [
        line.strip() for line in beyond.splitlines() if re.search(r"#[0-9a-f]{3,8}\b|rgb\(", line) and "--" not in line
    ]
    assert loose == []
