"""Keys, missing things, lists and rate limits."""

import time

import httpx
import pytest


@pytest.mark.parametrize("key", ["", "vcck_sbx_wrong", "vcck_live_anything"])
def test_a_wrong_key_is_refused(sandbox, key):
    answer = httpx.get(f"{sandbox.facts['api_url']}/cards", headers={"X-Api-Key": key})
    assert answer.status_code == 401
    assert set(answer.json()) == {"error", "message"}


def test_a_bearer_token_is_no_key(sandbox):
    headers = {"Authorization": f"Bearer {sandbox.facts['api_key']}"}
    assert httpx.get(f"{sandbox.facts['api_url']}/cards", headers=headers).status_code == 401


def test_a_live_key_is_told_apart(sandbox):
    answer = httpx.get(f"{sandbox.facts['api_url']}/cards", headers={"X-Api-Key": "vcck_live_x"})
    assert "live" in answer.json()["message"]


def test_a_missing_route_names_its_path_and_a_missing_object_does_not(sandbox):
    route, thing = sandbox.api.get("/cards/x/statement"), sandbox.api.get("/users/nobody")
    assert (route.status_code, route.json()) == (404, {"error": "not found", "path": "/api/v1/cards/x/statement"})
    assert (thing.status_code, thing.json()) == (404, {"error": "user not found"})


def test_a_cursor_walks_every_page_once(sandbox):
    seen, cursor = [], None
    while page := sandbox.api.get(
        "/transactions", params={"limit": 40} | ({"cursor": cursor} if cursor else {})
    ).json():
        seen += [one["id"] for one in page]
        cursor = seen[-1]
    assert len(seen) == len(set(seen)) == sandbox.control("GET", "state")["transactions"]


def test_an_offset_walks_every_page_once(sandbox):
    sandbox.switch(paging="offset")
    pages = [sandbox.api.get("/cards", params={"limit": 10, "offset": start}).json() for start in (0, 10, 20)]
    assert len({card["id"] for page in pages for card in page}) == 15
    assert pages[2] == []


def test_paging_may_be_ignored(sandbox):
    sandbox.switch(paging="ignored")
    assert len(sandbox.api.get("/cards", params={"limit": 2, "offset": 4}).json()) == 15


def test_a_page_has_twenty_unless_asked_and_never_more_than_a_hundred(sandbox):
    assert len(sandbox.api.get("/transactions").json()) == 20
    assert len(sandbox.api.get("/transactions?limit=500").json()) == 100
    assert sandbox.api.get("/transactions?limit=lots").status_code == 400


def test_transactions_are_filtered(sandbox):
    card = sandbox.card()
    found = sandbox.api.get("/transactions", params={"cardId": card["id"], "limit": 100}).json()
    assert found
    assert {one["spend"]["cardId"] for one in found} == {card["id"]}
    kinds = sandbox.api.get("/transactions", params={"type": ["fee", "payment"], "limit": 100}).json()
    assert {one["type"] for one in kinds} <= {"fee", "payment"}
    middle = found[len(found) // 2]["spend"]["authorizedAt"]
    later = sandbox.api.get("/transactions", params={"cardId": card["id"], "authorizedAfter": middle, "limit": 100})
    assert all(one["spend"]["authorizedAt"] > middle for one in later.json())
    assert len(later.json()) == len(found) // 2
    assert sandbox.api.get("/transactions?postedAfter=yesterday").status_code == 400


def test_one_object_is_as_in_its_list(sandbox):
    for route in ("users", "companies", "cards", "transactions", "disputes"):
        first = sandbox.api.get(f"/{route}").json()[0]
        assert sandbox.api.get(f"/{route}/{first['id']}").json() == first


def test_a_user_does_not_echo_our_id_but_the_application_tells_the_reason(sandbox):
    user = sandbox.person("needsInformation")
    shown = sandbox.api.get(f"/users/{user['id']}").json()
    assert not {"externalUserId", "applicationReason"} & set(shown)
    application = sandbox.api.get(f"/applications/{user['id']}").json()
    assert application["applicationStatus"] == "needsInformation"
    assert application["applicationReason"]
    company = sandbox.api.get("/companies").json()[0]
    assert sandbox.api.get(f"/applications/companies/{company['id']}").json()["ultimateBeneficialOwners"]


def test_requests_over_the_limit_wait_for_the_reset(sandbox):
    sandbox.switch(rate=3, rate_window_s=2)
    time.sleep(2 - time.time() % 2 + 0.05)
    answers = [sandbox.api.get("/cards?limit=1") for _ in range(5)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429, 429]
    assert [one.headers["X-RateLimit-Remaining"] for one in answers] == ["2", "1", "0", "0", "0"]
    assert answers[0].headers["X-RateLimit-Limit"] == "3"
    reset = int(answers[4].headers["X-RateLimit-Reset"])
    assert 0 < reset - time.time() <= 2
    time.sleep(max(0, reset - time.time()) + 0.02)
    assert sandbox.api.get("/cards?limit=1").status_code == 200


def test_a_token_bucket_refills_little_by_little(sandbox):
    sandbox.switch(rate_algorithm="token_bucket", rate=4, rate_window_s=2)
    codes = [sandbox.api.get("/cards?limit=1").status_code for _ in range(6)]
    assert codes.count(429) >= 1
    time.sleep(0.6)
    assert sandbox.api.get("/cards?limit=1").status_code == 200


@pytest.mark.parametrize(
    ("unit", "looks_like"),
    [
        ("epoch_s", r"\d{10}"),
        ("epoch_ms", r"\d{13}"),
        ("seconds", r"\d"),
        ("iso", r"\d{4}-\d\d-\d\dT.*Z"),
        ("http_date", r"\w{3}, .* GMT"),
    ],
)
def test_the_reset_has_many_spellings(sandbox, unit, looks_like):
    sandbox.switch(reset_unit=unit)
    import re

    assert re.fullmatch(looks_like, sandbox.api.get("/cards?limit=1").headers["X-RateLimit-Reset"])
