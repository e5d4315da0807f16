"""One colour from the partner, and everything readable on it and in it."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.branding import look
from console.branding.colour import (
    DARK_SURFACE,
    LIGHT_SURFACE,
    READABLE,
    contrast,
    css,
    parsed,
    readable,
    shades,
    text_on,
)

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
SURFACES = [LIGHT_SURFACE, DARK_SURFACE]


@given(COLOURS)
def test_text_on_any_accent_can_be_read(accent):
    assert contrast(text_on(accent), accent) >= READABLE


@given(COLOURS, st.sampled_from(SURFACES))
def test_every_pair_of_the_sheet_can_be_read(accent, surface):
    made = shades(accent, surface)
    assert contrast(made.text, made.fill) >= READABLE
    assert contrast(made.text, made.hover) >= READABLE
    assert contrast(made.ink, surface) >= READABLE
    assert contrast(made.ink, made.tint) >= READABLE


@given(COLOURS)
def test_the_sheet_gives_each_scheme_its_own(accent):
    pairs = dict(re.findall(r"--([a-z-]+):light-dark\((#[0-9a-f]{6},#[0-9a-f]{6})\)", css(accent)))
    light, dark = shades(accent, LIGHT_SURFACE), shades(accent, DARK_SURFACE)
    assert pairs == {
        "accent": f"{light.fill},{dark.fill}",
        "accent-text": f"{light.text},{dark.text}",
        "accent-hover": f"{light.hover},{dark.hover}",
        "accent-tint": f"{light.tint},{dark.tint}",
        "accent-ink": f"{light.ink},{dark.ink}",
    }


@given(COLOURS, st.sampled_from(SURFACES))
def test_a_colour_is_moved_no_further_than_it_must(colour, surface):
    assert contrast(readable(colour, surface), surface) >= READABLE
    assert readable(readable(colour, surface), surface) == readable(colour, surface)


def test_contrast_is_the_one_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("typed", ["#0B6", "0b6", " #00bb66 ", "00BB66"])
def test_a_colour_may_be_typed_in_many_ways(typed):
    assert parsed(typed) == "#00bb66"


@pytest.mark.parametrize("typed", ["", "blue", "#12345", "#3b5bdb;}body{display:none", "#3b5bdb\n#000"])
def test_what_is_no_colour_is_refused(typed):
    with pytest.raises(ValueError):
        parsed(typed)


def words_of(accent: str, scheme: int) -> dict[str, str]:
    return {str(use.what): use.words for use in look.uses(accent)[scheme][1]}


def test_a_colour_that_passes_is_said_to_be_used_as_it_is():
    light = words_of("#3b5bdb", 0)
    assert light["Links and marks"] == "Your colour as it is: 5.1 to 1 on the page."
    assert (light["Buttons"], light["Text on buttons"]) == ("Your colour as it is.", "White: 5.6 to 1.")


def test_a_pale_colour_is_said_to_be_darkened_on_light_and_kept_on_dark():
    made = shades("#ffe680", LIGHT_SURFACE)
    light, dark = words_of("#ffe680", 0), words_of("#ffe680", 1)
    assert light["Links and marks"] == (
        f"Your colour is 1.1 to 1 on the page; text needs 4.5. It is darkened to {made.ink}: "
        f"{look.ratio(made.ink, LIGHT_SURFACE)} to 1."
    )
    assert light["Buttons"] == f"Your colour hardly shows on the page (1.1 to 1). It is darkened to {made.fill}."
    assert light["Text on buttons"].startswith("Black: ")
    assert dark["Links and marks"].startswith("Your colour as it is: ")


def test_a_dark_colour_is_said_to_be_lightened_on_dark():
    assert "It is lightened to" in words_of("#101030", 1)["Links and marks"]


def test_a_ratio_is_never_rounded_up_to_what_it_does_not_reach():
    assert look.ratio("#777777", "#ffffff") == "4.4"


def test_the_surfaces_measured_against_are_those_of_the_sheet():
    sheet = Path(__file__).parents[3].joinpath("static/app.css").read_text()
    assert f"--sunken: light-dark({LIGHT_SURFACE}, {DARK_SURFACE})" in sheet
