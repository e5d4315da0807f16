"""What happens without a word, and webhooks and requests that fail for one thing only."""

from decimal import Decimal

import pytest

from tests.console.sandbox.books import listed

TOKEN = "0x" + "ab" * 20


@pytest.fixture
def funded(sandbox):
    """A new card on an account of a thousand dollars."""
    sandbox.switch(transaction_requested_events="off")
    sandbox.onboard("funded-1", lastName="TestApproved")
    user = sandbox.control("GET", "list/users?limit=1")[0]
    sandbox.story("fund", userId=user["id"], amount=100_000)
    return sandbox.api.post(f"/users/{user['id']}/cards", json={"type": "virtual"}).json()


def contract(sandbox, card):
    return sandbox.api.get(f"/users/{card['userId']}/contracts").json()[0]


def deliveries(sandbox):
    return [(one["type"], one["state"]) for one in reversed(sandbox.control("GET", "deliveries"))]


def refused(sandbox, name, **body):
    return sandbox.browser.post(f"/control/api/story/{name}", json=body).status_code == 400


@pytest.mark.parametrize(
    ("story", "details", "limit"),
    [
        ("silent_deposit", {"amount": 2500}, 102_500),
        ("silent_deposit", {"units": "0.019"}, 100_001),
        ("withdraw_collateral", {"amount": 2500, "silent": True}, 97_500),
        ("move_rate", {"exchangeRate": 0.97}, 97_000),
        ("move_rate", {"exchangeRate": 1.01, "advanceRate": 0.9}, 90_900),
        ("add_token", {"token": TOKEN, "units": "7.5"}, 100_750),
        ("add_token", {"units": "10", "exchangeRate": 3, "advanceRate": 0.5}, 101_500),
        ("move_contract", {}, 100_000),
        ("drop_contract", {}, 100_000),
    ],
)
def test_nobody_is_told_what_moves_the_limit(sandbox, funded, story, details, limit):
    told, transactions = deliveries(sandbox), listed(sandbox)
    sandbox.story(story, userId=funded["userId"], **details)
    assert sandbox.balances(funded)["creditLimit"] == sandbox.balances(funded)["spendingPower"] == limit
    assert (deliveries(sandbox), listed(sandbox)) == (told, transactions)


def test_a_contract_holds_a_token_it_did_not_hold(sandbox, funded):
    sandbox.story("add_token", userId=funded["userId"], token=TOKEN, units="7.123456")
    first, second = contract(sandbox, funded)["tokens"]
    assert Decimal(first["balance"]) == 1000
    assert second == {"address": TOKEN, "balance": "7.123456", "exchangeRate": 1, "advanceRate": 1}
    assert refused(sandbox, "add_token", userId=funded["userId"], token=TOKEN, amount=1)
    sandbox.story("silent_deposit", userId=funded["userId"], token=TOKEN, units="1")
    sandbox.story("move_rate", userId=funded["userId"], token=TOKEN, exchangeRate=2)
    first, second = contract(sandbox, funded)["tokens"]
    assert (Decimal(first["balance"]), first["exchangeRate"]) == (1000, 1)
    assert (second["balance"], second["exchangeRate"]) == ("8.123456", 2)
    assert refused(sandbox, "silent_deposit", userId=funded["userId"], token="0x0", amount=1)
    assert refused(sandbox, "move_rate", userId=funded["userId"])


def test_a_contract_moves_and_vanishes(sandbox, funded):
    before = contract(sandbox, funded)
    sandbox.story("move_contract", userId=funded["userId"])
    moved = contract(sandbox, funded)
    assert moved["depositAddress"] != before["depositAddress"]
    assert moved == before | {"depositAddress": moved["depositAddress"]}
    sandbox.story("move_contract", userId=funded["userId"], depositAddress="0x1", chainId=8453)
    assert contract(sandbox, funded) == before | {"depositAddress": "0x1", "chainId": 8453}
    sandbox.story("drop_contract", userId=funded["userId"])
    assert sandbox.api.get(f"/users/{funded['userId']}/contracts").json() == []
    assert sandbox.truth(funded["userId"])["tokens"][0]["listed"] is False


def test_collateral_leaves_as_a_transaction_below_zero(sandbox, funded):
    gone = sandbox.story("withdraw_collateral", userId=funded["userId"], amount=2500)
    assert gone["collateral"]["amount"] == -2500
    assert listed(sandbox, userId=funded["userId"])[0] == gone
    assert deliveries(sandbox)[-1][0] == "transaction.created"
    assert Decimal(contract(sandbox, funded)["tokens"][0]["balance"]) == 975
    assert refused(sandbox, "withdraw_collateral", userId=funded["userId"], amount=97_501)
    assert refused(sandbox, "withdraw_collateral", userId=funded["userId"], amount=97_501, silent=True)
    assert sandbox.balances(funded)["creditLimit"] == 97_500


def test_a_purchase_posted_twice_is_told_and_listed_but_counted_once(sandbox, funded):
    held = sandbox.story("authorise", cardId=funded["id"], amount=1000)
    pending = sandbox.story("double_post", transactionId=held["id"])
    spent = sandbox.story("settle", transactionId=held["id"])
    posted = sandbox.story("double_post", transactionId=held["id"])
    assert len({held["id"], pending["id"], posted["id"]}) == 3
    assert posted["spend"] == spent["spend"]
    assert {one["id"] for one in listed(sandbox, cardId=funded["id"])} == {held["id"], pending["id"], posted["id"]}
    kinds = ("created", "created", "completed", "completed")
    assert [kind for kind, _ in deliveries(sandbox)[-4:]] == [f"transaction.{kind}" for kind in kinds]
    balances = sandbox.balances(funded)
    assert (balances["pendingCharges"], balances["balanceDue"]) == (0, 1000)
    assert sandbox.truth(funded["userId"])["charges"] == {held["id"]: 1000}
    limit = {"amount": 1500, "frequency": "allTime"}
    sandbox.api.patch(f"/cards/{funded['id']}", json={"limit": limit})
    assert sandbox.story("authorise", cardId=funded["id"], amount=500)["spend"]["status"] == "pending"
    assert refused(sandbox, "double_post", transactionId=listed(sandbox, type="collateral")[0]["id"])


def test_a_hold_is_let_go_without_a_word(sandbox, funded):
    held = sandbox.story("authorise", cardId=funded["id"], amount=1000)
    shown = sandbox.story("reverse", transactionId=held["id"])
    told = deliveries(sandbox)
    assert sandbox.story("release_hold", transactionId=held["id"]) == shown
    assert sandbox.balances(funded)["pendingCharges"] == 0
    assert deliveries(sandbox) == told
    assert refused(sandbox, "release_hold", transactionId=held["id"])


LOSABLE = {
    "increment": (lambda held: {"transactionId": held, "amount": 1600}, "updated"),
    "reverse": (lambda held: {"transactionId": held}, "updated"),
    "settle": (lambda held: {"transactionId": held}, "completed"),
    "close_authorisation": (lambda held: {"transactionId": held}, "updated"),
    "double_post": (lambda held: {"transactionId": held}, "created"),
}


@pytest.mark.parametrize("story", LOSABLE)
def test_one_storys_webhook_is_lost_and_no_other(sandbox, funded, receiver, story):
    details, kind = LOSABLE[story]
    held = sandbox.story("authorise", cardId=funded["id"], amount=1000)
    receiver.wait(1)
    sandbox.story(story, **details(held["id"]), lose=True)
    sandbox.story("fee", userId=funded["userId"], amount=199)
    assert [state for _, state in deliveries(sandbox)][-2] == "lost"
    assert deliveries(sandbox)[-2] == (f"transaction.{kind}", "lost")
    assert receiver.wait(2)
    assert [one["body"]["type"] for one in receiver.events()] == ["spend", "fee"]


def test_the_webhooks_of_a_late_settlement_a_refund_and_a_fee_are_lost(sandbox, funded):
    held = sandbox.story("authorise", cardId=funded["id"], amount=1000)
    sandbox.story("close_authorisation", transactionId=held["id"])
    posted = sandbox.story("force_post", transactionId=held["id"], amount=1000, lose=True)
    back = sandbox.story("refund", transactionId=posted["id"], amount=300, settle=True, lose=True)
    fee = sandbox.story("fee", userId=funded["userId"], amount=199, lose=True)
    lost = [one for one in sandbox.control("GET", "deliveries") if one["state"] == "lost"]
    assert [one["body"]["body"]["id"] for one in reversed(lost)] == [posted["id"], back["id"], back["id"], fee["id"]]
    assert sandbox.balances(funded)["balanceDue"] == 899


def test_a_refused_story_loses_nothing_after_it(sandbox, funded):
    assert refused(sandbox, "settle", transactionId=listed(sandbox)[0]["id"], lose=True)
    sandbox.api.patch(f"/cards/{funded['id']}", json={"status": "locked"})
    assert deliveries(sandbox)[-1] == ("card.updated", "held")
    assert refused(sandbox, "fee", userId=funded["userId"], amount=1, lose="yes")


def test_so_many_of_the_next_deliveries_are_lost(sandbox, funded, receiver):
    sandbox.control("POST", "webhooks", {"lose_next": 2})
    for cents in (1, 2, 3):
        sandbox.story("fee", userId=funded["userId"], amount=cents)
    receiver.wait(1)
    assert [one["body"]["fee"]["amount"] for one in receiver.events()] == [3]
    assert [state for _, state in deliveries(sandbox)][-3:-1] == ["lost", "lost"]
    assert sandbox.control("GET", "webhooks")["lose_next"] == 0
    sandbox.control("POST", "webhooks", {"lose_next": 5})
    sandbox.control("POST", "reset", {"size": "small"})
    assert sandbox.control("GET", "webhooks")["lose_next"] == 0
    for wrong in (-1, "all", True):
        assert sandbox.browser.post("/control/api/webhooks", json={"lose_next": wrong}).status_code == 400


def test_one_route_fails_while_the_others_answer(sandbox, funded):
    owner = funded["userId"]
    sandbox.fault("GET /*/*/contracts", "unavailable", times=None)
    for _ in range(2):
        assert sandbox.api.get(f"/users/{owner}/contracts").status_code == 503
        assert sandbox.api.get(f"/users/{owner}/balances").status_code == 200
        assert sandbox.api.get("/transactions").status_code == 200
    sandbox.control("DELETE", "faults")
    sandbox.fault("GET /transactions", "error_before", times=1)
    assert [sandbox.api.get("/transactions").status_code for _ in range(2)] == [500, 200]


def test_what_was_lost_is_told_when_somebody_asks_again(sandbox, funded, receiver):
    fee = sandbox.story("fee", userId=funded["userId"], amount=199, lose=True)
    receiver.wait(sandbox.control("POST", "redeliver", {})["count"])
    assert fee["id"] in {one["body"].get("id") for one in receiver.events()}
