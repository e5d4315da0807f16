"""Failures on demand, and whether the effect happened all the same."""

import time

import httpx
import pytest


@pytest.fixture
def issue(sandbox):
    user = sandbox.person()
    path = f"/users/{user['id']}/cards"

    def attempt():
        return sandbox.api.post(path, json={"type": "virtual"})

    attempt.effects = lambda: sandbox.control("GET", f"effects?method=POST&path={path}")["count"]
    return attempt


def arm(sandbox, fault, **more):
    sandbox.control("POST", "faults", [{"match": "POST /users/*/cards", "fault": fault, **more}])


@pytest.mark.parametrize(("fault", "effects"), [("drop_before", 0), ("drop_after", 1)])
def test_the_connection_is_dropped(sandbox, issue, fault, effects):
    arm(sandbox, fault)
    with pytest.raises(httpx.RemoteProtocolError):
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
    assert sandbox.browser.post("/control/api/faults", json={"match": "*", "fault": "flood"}).status_code == 400
