import json
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.codego import limits, transport
from console.codego.limits import provider_time, reset_ahead, reset_wait, wait_asked

VECTORS = json.loads((Path(__file__).parents[2] / "vectors.json").read_text())
RESET = VECTORS["rate_limit_reset"]
NOW = datetime.fromisoformat(RESET["now"]).timestamp()


@pytest.mark.parametrize("case", RESET["cases"], ids=lambda case: case["value"])
def test_the_reset_is_read_in_every_unit(case):
    assert reset_wait(case["value"], NOW) == case["seconds"]


@pytest.mark.parametrize("value", [None, "nan", "inf", "1e999", "-1e999", "٣", "1795348805x", "0x5"])
def test_nonsense_is_no_wait_and_no_crash(value):
    assert reset_wait(value, NOW) in {None, 1.0}


@pytest.mark.parametrize(
    ("value", "ahead"), [("0.5", 0.5), ("3600", 3600.0), ("-3", 0.0), ("1795348805", 5.0), ("x", None)]
)
def test_a_pace_is_reckoned_from_the_reset_as_told(value, ahead):
    assert reset_ahead(value, NOW) == ahead


def test_retry_after_goes_first():
    assert wait_asked({"Retry-After": "7", "X-RateLimit-Reset": "30"}, NOW) == 7
    assert wait_asked({"Retry-After": "later", "X-RateLimit-Reset": "30"}, NOW) == 30
    assert wait_asked({}, NOW) is None


@pytest.mark.parametrize(("value", "number"), [("12", 12), (" 0 ", 0), ("-1", None), ("12.5", None), ("", None)])
def test_counts_are_whole_numbers(value, number):
    assert limits.count({"X-RateLimit-Remaining": value}, "X-RateLimit-Remaining") == number


def test_the_transport_offers_it_too():
    assert transport.reset_wait is reset_wait


@given(st.text(max_size=40))
def test_a_wait_is_within_its_bounds(value):
    wait = reset_wait(value, NOW)
    assert wait is None or 1 <= wait <= 120


@pytest.mark.parametrize(
    ("date", "ahead"),
    [
        ("Sun, 22 Nov 2026 12:00:03 GMT", 0),
        ("Sun, 22 Nov 2026 12:10:00 GMT", 600),
        ("Sun, 22 Nov 2026 11:50:00 GMT", -600),
        ("yesterday", 0),
        ("", 0),
    ],
)
def test_the_provider_s_own_clock_counts_where_it_is_another(date, ahead):
    assert provider_time({"Date": date}, NOW) == NOW + ahead
