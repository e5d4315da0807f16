"""Failures on demand, and whether the effect happened all the same."""

import time

import httpx
import pytest


@pytest.fixture
def issue(sandbox):
    user = sandbox.person()
    path = f"/users/{user['id']}/cards"

    def attempt(timeout=10):
        return sandbox.api.post(path, json={"type": "virtual"}, timeout=timeout)

    attempt.effects = lambda: sandbox.control("GET", f"effects?method=POST&path={path}")["count"]
    return attempt


def arm(sandbox, fault, **more):
    sandbox.control("POST", "faults", [{"match": "POST /users/*/cards", "fault": fault, **more}])


@pytest.mark.parametrize(
    ("fault", "error", "effects"),
    [
        ("drop_before", httpx.RemoteProtocolError, 0),
        ("drop_after", httpx.RemoteProtocolError, 1),
        ("reset", httpx.ReadError, 0),
        ("reset_after", httpx.ReadError, 1),
    ],
)
def test_the_connection_is_dropped(sandbox, issue, fault, error, effects):
    arm(sandbox, fault)
    with pytest.raises(error):
        issue()
    assert issue.effects() == effects
    assert issue().status_code == 201


@pytest.mark.parametrize(
    ("fault", "status", "effects"),
    [
        ("error_before", 500, 0),
        ("error_after", 500, 1),
        ("unavailable", 503, 0),
        ("rate_limited", 429, 0),
        ("garbage", 200, 1),
        ("html", 200, 1),
        ("empty", 200, 1),
    ],
)
def test_the_answer_is_wrong(sandbox, issue, fault, status, effects):
    arm(sandbox, fault)
    answer = issue()
    assert answer.status_code == status
    assert issue.effects() == effects
    assert "X-RateLimit-Remaining" in answer.headers


def test_latency_waits_and_then_works(sandbox, issue):
    arm(sandbox, "latency", seconds=0.3)
    start = time.monotonic()
    assert issue().status_code == 201
    assert time.monotonic() - start >= 0.3


def test_an_empty_answer_is_empty(sandbox, issue):
    arm(sandbox, "empty")
    assert issue().content == b""


def test_a_request_that_hangs_is_done_later_and_quietly(sandbox, issue, eventually):
    arm(sandbox, "hang_before", seconds=0.6)
    with pytest.raises(httpx.ReadTimeout):
        issue(timeout=0.2)
    assert issue.effects() == 0
    eventually(lambda: issue.effects() == 1)
    assert sandbox.process.poll() is None
    assert issue().status_code == 201


def test_an_answer_that_hangs_comes_after_the_effect(sandbox, issue):
    arm(sandbox, "hang_after", seconds=0.6)
    with pytest.raises(httpx.ReadTimeout):
        issue(timeout=0.2)
    assert issue.effects() == 1


def test_a_sandbox_says_nothing_of_readers_that_went_away(start, capfd, eventually):
    other = start("--database", ":memory:", "--size", "small")
    arm(other, "hang_before", seconds=0.3)
    with pytest.raises(httpx.ReadTimeout):
        other.api.post(f"/users/{other.person()['id']}/cards", json={"type": "virtual"}, timeout=0.1)
    eventually(lambda: other.control("GET", "effects?method=POST")["count"] == 1)
    assert other.stop() == 0
    assert capfd.readouterr().err == ""


def test_a_fault_lasts_as_often_as_asked_and_hits_only_its_route(sandbox, issue):
    arm(sandbox, "error_before", times=2)
    assert sandbox.api.get("/cards").status_code == 200
    assert [issue().status_code for _ in range(3)] == [500, 500, 201]
    arm(sandbox, "error_before", times=None)
    assert {issue().status_code for _ in range(3)} == {500}
    assert sandbox.control("DELETE", "faults") == []
    assert issue().status_code == 201


def test_the_kyc_api_fails_too(sandbox):
    sandbox.control("POST", "faults", {"match": "POST /session/create", "fault": "unavailable"})
    assert sandbox.kyc.post("/session/create", json={}).status_code == 503


def test_an_unknown_fault_is_refused(sandbox):
    for wrong in ({"fault": "flood"}, {"fault": "latency", "seconds": "long"}, {"fault": "latency", "seconds": -1}):
        assert sandbox.browser.post("/control/api/faults", json={"match": "*"} | wrong).status_code == 400
