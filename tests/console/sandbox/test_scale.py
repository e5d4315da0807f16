"""The world of a million payments, which is made when it is asked for and never written down."""

import pytest

from console.sandbox import clock, money, users, world

BASE = clock.iso(clock.now().replace(minute=0, second=0, microsecond=0))
SCALE = ("--size", "scale", "--base-date", BASE, "--rate", "100000")
ROUTES = {"users": 10_000, "companies": 200, "cards": 12_000, "transactions": 1_000_000, "disputes": 1_200}


def page(sandbox, route, **params):
    answer = sandbox.api.get(f"/{route}", params={"limit": 100} | params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def by_cursor(sandbox, route, **params):
    found, cursor = [], {}
    while records := page(sandbox, route, **params, **cursor):
        found += records
        cursor = {"cursor": found[-1]["id"]}
    return found


def by_offset(sandbox, route, **params):
    sandbox.switch(paging="offset")
    found = []
    while records := page(sandbox, route, offset=len(found), **params):
        found += records
    sandbox.switch(paging="cursor")
    return found


def samples(sandbox):
    """The first, a middle and the last page of every list."""
    sandbox.switch(paging="offset")
    found = {
        (route, offset): page(sandbox, route, offset=offset)
        for route, count in ROUTES.items()
        for offset in (0, count // 2, count - 100)
    }
    sandbox.switch(paging="cursor")
    return found


def inner(record):
    return record[record["type"]]


def moment(transaction):
    return transaction.get("authorizedAt") or transaction["postedAt"]


def ids(records):
    return [one["id"] for one in records]


@pytest.fixture(scope="module")
def large(start):
    return start("--database", ":memory:", *SCALE)


@pytest.fixture
def sandbox(large):
    """The large world as it was in the beginning."""
    large.control("POST", "reset", {"seed": 1, "size": "scale", "base": BASE})
    return large


def test_one_seed_gives_one_world_in_every_process_and_after_a_restart(start, tmp_path, sandbox):
    expected = samples(sandbox)
    file = ("--database", str(tmp_path / "world.sqlite3"))
    first = start(*file, *SCALE)
    assert samples(first) == expected
    first.stop()
    second = start(*file)
    assert samples(second) == expected
    assert second.control("GET", "state")["world"] == {"seed": 1, "size": "scale", "base": BASE}
    second.control("POST", "reset", {"seed": 2, "size": "scale", "base": BASE})
    other = samples(second)
    assert all(not set(ids(other[key])) & set(ids(records)) for key, records in expected.items())


def test_every_record_by_its_id_is_the_one_in_the_list(sandbox):
    for (route, _), records in samples(sandbox).items():
        assert len(set(ids(records))) == 100
        for record in records[::9]:
            assert sandbox.api.get(f"/{route}/{record['id']}").json() == record


def test_an_id_of_another_noun_or_another_world_is_not_found(sandbox):
    card = page(sandbox, "cards")[0]
    assert sandbox.api.get(f"/transactions/{card['id']}").status_code == 404
    assert sandbox.api.get(f"/cards/{card['id'].upper()}").status_code == 404
    sandbox.control("POST", "reset", {"seed": 2, "size": "scale", "base": BASE})
    assert sandbox.api.get(f"/cards/{card['id']}").status_code == 404
    assert page(sandbox, "cards", cursor=card["id"]) == []


def test_the_counts_are_told_and_follow_what_is_added(sandbox):
    state = sandbox.control("GET", "state")
    assert {name: state[name] for name in ROUTES} == ROUTES
    sandbox.onboard("new-1", lastName="TestApproved")
    user = sandbox.control("GET", "list/users?limit=1")[0]
    sandbox.story("fund", userId=user["id"], amount=500)
    after = sandbox.control("GET", "state")
    assert (after["users"], after["transactions"], after["sessions"]) == (10_001, 1_000_001, 1)
    assert after["contracts"] == state["contracts"] + 1


def test_the_large_world_shows_everything(sandbox):
    found = samples(sandbox)
    every = {
        route: [one for (name, _), records in found.items() if name == route for one in records] for route in ROUTES
    }
    assert {one["applicationStatus"] for one in every["users"]} == set(users.APPLICATION_STATUSES)
    assert {one["status"] for one in every["cards"]} == {"notActivated", "active", "locked", "canceled"}
    assert {one["type"] for one in every["cards"]} == {"virtual", "physical"}
    assert {one["status"] for one in every["disputes"]} == {"pending", "inReview", "accepted", "rejected", "canceled"}
    sandbox.switch(paging="offset")
    listed = [one for offset in range(0, 100_000, 4_000) for one in page(sandbox, "transactions", offset=offset)]
    assert {one["type"] for one in listed} == {"spend", "payment", "collateral", "fee"}
    spent = [inner(one) for one in listed if one["type"] == "spend"]
    assert {one["status"] for one in spent} == {"pending", "declined", "reversed", "completed"}
    assert {one["localCurrency"] for one in spent} >= {"usd", "eur", "gbp", "jpy", "kwd"}
    assert {one["declinedReason"] for one in spent} >= set(money.DECLINE_REASONS)
    assert {one.get("completionReason") for one in spent} >= {"refund", "settlement"}
    assert any(one["amount"] < 0 for one in spent)
    assert any(one.get("closedAuthorizationTransactionId") for one in spent)
    assert any("companyId" in one for one in spent)


@pytest.mark.parametrize("owner", ["userId", "companyId"])
def test_a_walk_over_what_is_somebodys_meets_each_record_once(sandbox, owner):
    spent = [inner(one) for one in page(sandbox, "transactions") if one["type"] == "spend"]
    somebody = {owner: next(one[owner] for one in spent if owner in one)}
    walked = by_cursor(sandbox, "transactions", **somebody)
    assert len(walked) == len(set(ids(walked))) > 20
    assert by_offset(sandbox, "transactions", **somebody) == walked
    assert {inner(one)[owner] for one in walked} == {somebody[owner]}
    own_cards = by_cursor(sandbox, "cards", **somebody)
    by_card = [one for card in own_cards for one in by_cursor(sandbox, "transactions", cardId=card["id"])]
    assert sorted(ids(by_card)) == sorted(one["id"] for one in walked if one["type"] == "spend")
    moments = [moment(inner(one)) for one in walked]
    assert moments == sorted(moments, reverse=True)


def test_the_deepest_page_is_the_same_by_cursor_and_by_offset(sandbox):
    sandbox.switch(paging="offset")
    last = page(sandbox, "transactions", offset=999_900)
    before = page(sandbox, "transactions", offset=999_800)
    assert page(sandbox, "transactions", offset=1_000_000) == []
    sandbox.switch(paging="cursor")
    assert page(sandbox, "transactions", cursor=before[-1]["id"]) == last
    assert page(sandbox, "transactions", cursor=last[-1]["id"]) == []


def test_a_change_takes_the_place_of_what_was_there_and_survives_a_restart(start, tmp_path):
    file = ("--database", str(tmp_path / "world.sqlite3"))
    first = start(*file, *SCALE)
    card = next(one for one in page(first, "cards") if one["status"] == "active")
    order = ids(page(first, "cards"))
    first.api.patch(f"/cards/{card['id']}", json={"status": "locked"})
    open_one = first.control("GET", "list/transactions?status=pending&limit=1")[0]
    first.story("settle", transactionId=open_one["id"])
    settled = next(
        one
        for one in page(first, "transactions", authorizedBefore=clock.ago(days=10))
        if one["type"] == "spend" and inner(one)["status"] == "completed" and inner(one)["amount"] > 0
    )
    dispute = first.api.post(f"/transactions/{settled['id']}/disputes", json={"textEvidence": "Twice"}).json()
    first.stop()
    second = start(*file)
    assert second.api.get(f"/cards/{card['id']}").json()["status"] == "locked"
    assert ids(page(second, "cards")) == order
    assert {one["id"]: one["status"] for one in page(second, "cards")}[card["id"]] == "locked"
    assert ids(page(second, "cards", userId=card["userId"])).count(card["id"]) == 1
    assert card["id"] in ids(page(second, "cards", userId=card["userId"], status="locked"))
    assert card["id"] not in ids(page(second, "cards", userId=card["userId"], status="active"))
    after = inner(second.api.get(f"/transactions/{open_one['id']}").json())
    assert (after["status"], after["completionReason"]) == ("completed", "settlement")
    assert ids(by_cursor(second, "transactions", userId=after["userId"])).count(open_one["id"]) == 1
    assert page(second, "disputes")[0] == dispute
    assert page(second, "disputes", transactionId=settled["id"])[0] == dispute


def test_what_is_new_comes_first_and_the_walk_goes_on_behind_it(sandbox):
    before = page(sandbox, "transactions", limit=10)
    card = next(one for one in page(sandbox, "cards") if one["status"] == "active")
    new = [sandbox.story("authorise", cardId=card["id"], amount=100 + n) for n in range(3)]
    expected = [*ids(reversed(new)), *ids(before)]
    assert ids(page(sandbox, "transactions", limit=13)) == expected
    assert ids(page(sandbox, "transactions", limit=2, cursor=new[1]["id"])) == expected[2:4]
    sandbox.switch(paging="offset")
    assert ids(page(sandbox, "transactions", limit=4, offset=2)) == expected[2:6]
    assert ids(page(sandbox, "transactions", limit=4, offset=5)) == expected[5:9]
    sandbox.switch(paging="cursor")
    assert ids(page(sandbox, "transactions", cardId=card["id"]))[:3] == expected[:3]


def books(transactions):
    """What the listed transactions come to: charges not paid, and holds."""
    due = held = 0
    for one in transactions:
        sign = {"spend": 1, "fee": 1, "payment": -1, "collateral": 0}[one["type"]]
        status = inner(one).get("status", "completed")
        due += sign * inner(one)["amount"] * (status == "completed")
        held += max(0, inner(one)["amount"]) * (status == "pending")
    return due, held


def test_a_balance_is_what_the_listed_transactions_come_to(sandbox):
    people = [
        one for one in page(sandbox, "users") if "companyId" not in one and one["applicationStatus"] == "approved"
    ]
    for path in [*(f"users/{one['id']}" for one in people[:12]), f"companies/{page(sandbox, 'companies')[3]['id']}"]:
        noun, _, key = path.partition("/")
        mine = {"userId" if noun == "users" else "companyId": key}
        got = sandbox.api.get(f"/{path}/balances").json()
        listed = by_cursor(sandbox, "transactions", **mine)
        due, held = books(listed)
        assert (got["balanceDue"], got["pendingCharges"]) == (due, held)
        token = sandbox.api.get(f"/{path}/contracts").json()[0]["tokens"][0]
        deposits = sum(round(inner(one)["amount"]) for one in listed if one["type"] == "collateral")
        assert round(float(token["balance"]) * 100) == deposits > 0
        assert got["creditLimit"] == deposits * round(token["advanceRate"] * 10) // 10
        assert got["spendingPower"] == got["creditLimit"] - held - due > 0


def test_a_purchase_on_a_card_that_was_made_moves_its_owners_balance_to_the_cent(sandbox):
    card = next(
        one for one in page(sandbox, "cards") if one["status"] == "active" and not {"companyId", "limit"} & one.keys()
    )
    mine = {"userId": card["userId"]}
    before = sandbox.balances(card)
    held = sandbox.story("authorise", cardId=card["id"], amount=1234)
    assert inner(held)["status"] == "pending"
    assert page(sandbox, "transactions", **mine)[0] == held
    assert sandbox.balances(card)["pendingCharges"] == before["pendingCharges"] + 1234
    sandbox.story("settle", transactionId=held["id"], amount=1300)
    sandbox.story("fund", **mine, amount=10_000)
    sandbox.story("payment", **mine, amount=300)
    after = sandbox.balances(card)
    assert (after["balanceDue"], after["pendingCharges"]) == books(by_cursor(sandbox, "transactions", **mine))
    assert after["balanceDue"] == before["balanceDue"] + 1000
    assert after["spendingPower"] == after["creditLimit"] - after["balanceDue"] - after["pendingCharges"]
    assert after["creditLimit"] > before["creditLimit"]


def test_limits_count_what_was_spent_before(sandbox):
    card = next(one for one in page(sandbox, "cards") if one["status"] == "active" and "companyId" not in one)
    spent = [inner(one) for one in by_cursor(sandbox, "transactions", cardId=card["id"])]
    used = sum(one["amount"] for one in spent if one["status"] in {"pending", "completed"})
    limit = {"amount": used + 500, "frequency": "allTime"}
    sandbox.api.patch(f"/cards/{card['id']}", json={"limit": limit})
    over, exact = (inner(sandbox.story("authorise", cardId=card["id"], amount=cents)) for cents in (501, 500))
    assert over["declinedReason"] == "card spending limit exceeded"
    assert exact["status"] == "pending"


def test_the_same_person_comes_back_under_the_same_name(sandbox):
    known = page(sandbox, "users")[0]
    sandbox.onboard("holder-10000", lastName="TestApproved")
    assert sandbox.control("GET", "state")["users"] == 10_000
    assert sandbox.api.get(f"/users/{known['id']}").json()["firstName"] == "Ana"


def test_worlds_may_follow_each_other(sandbox):
    assert sandbox.control("POST", "reset", {"seed": 1, "size": "small", "base": BASE})["users"] == 12
    assert len(page(sandbox, "users")) == 12
    sandbox.control("POST", "reset", {"seed": 1, "size": "scale", "base": BASE})
    assert sandbox.control("GET", "state")["transactions"] == 1_000_000


def test_a_list_without_pages_is_refused_where_it_would_not_end(sandbox):
    sandbox.switch(paging="ignored")
    assert len(page(sandbox, "companies", limit=2)) == 200
    refused = sandbox.api.get("/transactions")
    assert (refused.status_code, refused.json()["message"]) == (
        400,
        "this world is too large to be listed without pages",
    )


def test_every_world_but_the_large_one_is_written_down():
    assert [name for name, size in world.SIZES.items() if not size.written] == ["scale"]
