"""Time that is moved on by hand, and what falls due when it moves."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from console.codego.limits import provider_time, reset_ahead

DAY = 86400


def advance(sandbox, **span):
    return sandbox.control("POST", "clock", {"advance_s": timedelta(**span).total_seconds()})


def instant(text):
    return datetime.fromisoformat(text)


def dated(headers):
    return parsedate_to_datetime(headers["Date"])


def test_time_moves_on_and_is_shown(sandbox):
    told = advance(sandbox, days=2)
    assert told["ahead_s"] == 2 * DAY
    assert instant(told["now"]) - datetime.now(UTC) > timedelta(days=1, hours=23)
    assert sandbox.control("GET", "state")["clock"]["ahead_s"] == 2 * DAY
    assert advance(sandbox, hours=1)["ahead_s"] == 2 * DAY + 3600
    held = sandbox.story("authorise", cardId=sandbox.card()["id"], amount=100)["spend"]
    assert instant(held["authorizedAt"]) >= instant(told["now"])


@pytest.mark.parametrize(
    "wrong", [{}, {"advance_s": -60}, {"advance_s": 0}, {"advance_s": "a day"}, {"advance_s": 1e12}]
)
def test_time_never_runs_backwards(sandbox, wrong):
    assert sandbox.browser.post("/control/api/clock", json=wrong).status_code == 400


def test_time_can_be_put_back_by_hand_and_with_the_world(sandbox):
    advance(sandbox, days=9)
    assert sandbox.control("POST", "clock", {"reset": True})["ahead_s"] == 0
    advance(sandbox, days=9)
    sandbox.control("POST", "reset", {"size": "small"})
    assert sandbox.control("GET", "state")["clock"]["ahead_s"] == 0


def test_holds_close_when_their_time_has_come(sandbox):
    card = sandbox.card()
    sandbox.story("fund", userId=card["userId"], amount=1_000_000)
    small, large = (sandbox.story("authorise", cardId=card["id"], amount=cents)["id"] for cents in (5000, 150_000))

    def status(one):
        return sandbox.api.get(f"/transactions/{one}").json()["spend"]["status"]

    advance(sandbox, days=13)
    assert (status(small), status(large)) == ("pending", "pending")
    assert advance(sandbox, days=2)["closed"] >= 1
    assert (status(small), status(large)) == ("reversed", "pending")
    advance(sandbox, days=17)
    assert status(large) == "reversed"


def test_reviews_end_when_their_time_has_come(sandbox):
    sandbox.onboard("due-1", lastName="ManualReview")
    told = advance(sandbox, minutes=1)
    assert told["resolved"] == 1
    assert sandbox.control("GET", "list/users?limit=1")[0]["applicationStatus"] == "manualReview"


def test_limits_and_retries_stay_on_real_time(sandbox, receiver):
    sandbox.control("POST", "reset", {"size": "empty"})
    advance(sandbox, days=400)
    headers = sandbox.api.get("/cards?limit=1").headers
    assert int(headers["X-RateLimit-Reset"]) - dated(headers).timestamp() < 10
    receiver.answers.put(500)
    sandbox.story("new_company")
    first, again = receiver.wait(2)
    assert first[0]["Idempotency-Key"] == again[0]["Idempotency-Key"]


def test_every_answer_is_dated_by_the_provider(sandbox):
    def ahead(client, path):
        return dated(client.get(path).headers) - datetime.now(UTC)

    assert abs(ahead(sandbox.api, "/cards?limit=1")) < timedelta(hours=1)
    advance(sandbox, days=20)
    for client, path in ((sandbox.api, "/cards?limit=1"), (sandbox.api, "/nowhere"), (sandbox.browser, "/control")):
        assert timedelta(days=19, hours=23) < ahead(client, path) < timedelta(days=20, hours=1)


@pytest.mark.parametrize("unit", ["epoch_s", "epoch_ms", "seconds", "iso", "http_date"])
@pytest.mark.parametrize("days", [0, 30])
def test_the_reset_of_the_limit_is_soon_by_the_providers_own_clock(sandbox, unit, days):
    """As our client reads it, which knows the provider's clock from the Date alone."""
    sandbox.switch(reset_unit=unit)
    if days:
        advance(sandbox, days=days)
    headers = sandbox.api.get("/cards?limit=1").headers
    now = provider_time(headers, time.time())
    assert reset_ahead(headers["X-RateLimit-Reset"], now) < 60
    assert reset_ahead(headers["X-RateLimit-Reset"], now - 60) > 0  # it is not long over either


def test_a_restart_keeps_the_time(start, tmp_path):
    file = ("--database", str(tmp_path / "world.sqlite3"), "--size", "small")
    first = start(*file)
    advance(first, days=3)
    first.stop()
    assert start(*file).control("GET", "state")["clock"]["ahead_s"] == 3 * DAY
