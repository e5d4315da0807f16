"""One colour from the partner, and everything readable on it and in it."""

import re
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from console.branding import (
    DARK_SURFACE,
    LIGHT_SURFACE,
    READABLE,
    _css,
    brand,
    brand_css,
    brand_css_view,
    contrast,
    readable,
    text_on,
)

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def schemes(css: str) -> list[dict[str, str]]:
    """The custom properties of the light and of the dark rule."""
    return [dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{6})", line)) for line in css.splitlines()]


@given(COLOURS)
def test_text_on_any_accent_can_be_read(accent):
    assert contrast(text_on(accent), accent) >= READABLE


@given(COLOURS)
def test_every_pair_of_the_sheet_can_be_read_in_both_schemes(accent):
    light, dark = schemes(_css(accent))
    for values, surface in ((light, LIGHT_SURFACE), (dark, DARK_SURFACE)):
        assert contrast(values["accent-text"], values["accent"]) >= READABLE
        assert contrast(values["accent-text"], values["accent-hover"]) >= READABLE
        assert contrast(values["accent-ink"], surface) >= READABLE
        assert contrast(values["accent-ink"], values["accent-tint"]) >= READABLE


@given(COLOURS, st.sampled_from([LIGHT_SURFACE, DARK_SURFACE]))
def test_a_colour_is_moved_no_further_than_it_must(colour, surface):
    assert contrast(readable(colour, surface), surface) >= READABLE
    assert readable(readable(colour, surface), surface) == readable(colour, surface)


def test_the_surfaces_measured_against_are_those_of_the_sheet():
    sheet = Path(__file__).parents[2].joinpath("static/app.css").read_text()
    assert f"--sunken: light-dark({LIGHT_SURFACE}, {DARK_SURFACE})" in sheet


def test_contrast_is_the_one_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_the_brand_comes_from_settings(settings):
    settings.BRAND_NAME, settings.BRAND_LOGO, settings.BRAND_ACCENT = "Harbour Pay", "brand/favicon.svg", "#0B6"
    settings.BRAND_SUPPORT_EMAIL = "help@harbour.test"
    found = brand()
    assert (found.name, found.logo_url, found.accent) == ("Harbour Pay", "/static/brand/favicon.svg", "#00bb66")
    assert (found.initials, found.support_email, found.accent_text) == ("HP", "help@harbour.test", "#14161a")


def test_a_brand_without_a_mark_shows_its_initials(settings):
    settings.BRAND_NAME, settings.BRAND_LOGO = "éclair", ""
    assert (brand().logo_url, brand().initials) == ("", "É")


@pytest.mark.parametrize("accent", ["", "blue", "#12345", "#3b5bdb;}body{display:none"])
def test_what_is_no_colour_is_refused(settings, accent):
    settings.BRAND_ACCENT = accent
    with pytest.raises(ImproperlyConfigured, match="BRAND_ACCENT must be a colour such as #3b5bdb"):
        brand_css()


def test_the_style_sheet_is_asked_for_once(rf: RequestFactory):
    first = brand_css_view(rf.get("/brand.css"))
    assert (first.status_code, first["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert first["Cache-Control"] == "public, max-age=300"
    again = brand_css_view(rf.get("/brand.css", HTTP_IF_NONE_MATCH=first["ETag"]))
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])


def test_another_colour_is_another_sheet(rf: RequestFactory, settings):
    first = brand_css_view(rf.get("/brand.css"))
    settings.BRAND_ACCENT = "#b00020"
    again = brand_css_view(rf.get("/brand.css", HTTP_IF_NONE_MATCH=first["ETag"]))
    assert again.status_code == 200
    assert b"--accent:#b00020" in again.content
