"""The made-up world, the process around it, and its control page."""

import signal

from console.sandbox import money, users


def test_the_same_seed_gives_the_same_rows(sandbox):
    def world(seed):
        sandbox.control("POST", "reset", {"seed": seed, "size": "small"} | base)
        return [
            sandbox.control("GET", f"list/{name}?limit=1000")
            for name in ("users", "companies", "cards", "transactions", "disputes")
        ]

    base = {"base": sandbox.control("GET", "state")["world"]["base"]}
    first = world(7)
    assert world(8) != first
    assert world(7) == first


def test_the_small_world_is_small_and_the_empty_one_empty(sandbox):
    state = sandbox.control("GET", "state")
    assert (state["users"], state["companies"], state["cards"], state["disputes"]) == (12, 3, 15, 5)
    assert 120 <= state["transactions"] <= 180
    empty = sandbox.control("POST", "reset", {"seed": 1, "size": "empty"})
    assert (empty["users"], empty["transactions"]) == (0, 0)
    assert sandbox.api.get("/cards").json() == []
    assert sandbox.browser.post("/control/api/reset", json={"size": "huge"}).status_code == 400


def test_the_demo_world_shows_everything(sandbox):
    state = sandbox.control("POST", "reset", {"seed": 1, "size": "demo"})
    assert (state["users"], state["companies"], state["cards"]) == (300, 25, 400)
    assert state["transactions"] == 20_000
    people, cards, disputes, spent = (
        sandbox.control("GET", f"list/{name}?limit=3000") for name in ("users", "cards", "disputes", "transactions")
    )
    assert {one["applicationStatus"] for one in people} == set(users.APPLICATION_STATUSES)
    assert {one["status"] for one in cards} == {"notActivated", "active", "locked", "canceled"}
    assert {one["type"] for one in cards} == {"virtual", "physical"}
    assert {one["status"] for one in disputes} == {"pending", "inReview", "accepted", "rejected", "canceled"}
    assert {one["type"] for one in spent} == {"spend", "payment", "collateral", "fee"}
    purchases = [one["spend"] for one in spent if one["type"] == "spend"]
    assert {one["status"] for one in purchases} == {"pending", "declined", "reversed", "completed"}
    assert {one["localCurrency"] for one in purchases} >= {"usd", "eur", "gbp", "jpy", "kwd"}
    assert {one["declinedReason"] for one in purchases} >= set(money.DECLINE_REASONS)
    assert any(one["amount"] < 0 for one in purchases)
    assert any(one.get("closedAuthorizationTransactionId") for one in purchases)
    moments = [one.get("authorizedAt") or one["postedAt"] for one in purchases]
    assert moments == sorted(moments, reverse=True)


def test_a_restart_keeps_the_world_and_the_deliveries(start, tmp_path, receiver):
    file = ("--database", str(tmp_path / "world.sqlite3"), "--size", "small")
    first = start(*file)
    first.control("POST", "webhooks", {"url": receiver.url, "paused": True})
    card = first.card()
    first.api.patch(f"/cards/{card['id']}", json={"status": "locked"})
    first.switch(patch_echo="fresh")
    assert first.stop(signal.SIGINT) == 0
    second = start(*file, "--seed", "99")
    assert second.facts["api_key"] == first.facts["api_key"]
    assert second.facts["public_key"] == first.facts["public_key"]
    assert second.api.get(f"/cards/{card['id']}").json()["status"] == "locked"
    assert second.control("GET", "switches")["patch_echo"] == "fresh"
    assert receiver.wait(1)
    assert receiver.events()[0]["type"] == "card.updated"


def test_the_control_page_explains_itself_to_this_machine_only(sandbox):
    page = sandbox.browser.get("/control/")
    assert page.status_code == 200
    assert "Tell a whole story" in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    for part, kind in (("style.css", "text/css"), ("main.js", "text/javascript")):
        assert sandbox.browser.get(f"/control/{part}").headers["Content-Type"].startswith(kind)
    for other in ("index.html", "..%2Fkyc.html", "..%2F..%2Fstore.py", "nothing.js"):
        assert sandbox.browser.get(f"/control/{other}").status_code == 404
    foreign = {"Origin": "https://elsewhere.test"}
    assert sandbox.browser.post("/control/api/faults", json=[], headers=foreign).status_code == 403
    assert sandbox.browser.get("/control/", headers={"Host": "elsewhere.test"}).status_code == 403
    assert sandbox.browser.get("/control/api/nothing").status_code == 404


def test_stale_authorisations_close_by_themselves(sandbox):
    sandbox.control("POST", "reset", {"seed": 1, "size": "small", "base": "2020-06-01T00:00:00Z"})
    open_before = sandbox.control("GET", "list/transactions?status=pending&limit=1000")
    assert open_before
    sandbox.control("POST", "tick")
    assert sandbox.control("GET", "list/transactions?status=pending&limit=1000") == []
    closed = sandbox.api.get(f"/transactions/{open_before[0]['id']}").json()["spend"]
    assert (closed["status"], closed["amount"]) == ("reversed", 0)
