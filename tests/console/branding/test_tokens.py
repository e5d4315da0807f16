"""The colours of app.css: every pair that is read together can be read, in both schemes."""

import re

import pytest

from console.branding import tokens


@pytest.mark.parametrize("pair", tokens.pairs(), ids=lambda pair: f"{pair.ink}-on-{pair.ground}")
def test_every_pair_can_be_read(pair):
    assert min(pair.light, pair.dark) >= pair.least


def test_no_colour_stands_outside_of_the_tokens():
    beyond = tokens.sheet().split("@layer base {", 1)[1].split("@layer print {", 1)[0]
    loose = [
        line.strip() for line in beyond.splitlines() if re.search(r"#[0-9a-f]{3,8}\b|rgb\(", line) and "--" not in line
    ]
    assert loose == []
