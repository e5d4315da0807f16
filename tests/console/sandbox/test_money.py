"""What authorisations, settlements, reversals and refunds do to the books."""

import pytest


@pytest.fixture
def funded(sandbox):
    """A new card without limit on a well-funded account, with nothing open."""
    sandbox.onboard("funded-1", lastName="TestApproved")
    user = sandbox.control("GET", "list/users?limit=1")[0]
    sandbox.story("fund", userId=user["id"], amount=100_000)
    return sandbox.api.post(f"/users/{user['id']}/cards", json={"type": "virtual"}).json()


def spend(found):
    return found["spend"]


def test_collateral_becomes_credit(sandbox, funded):
    assert sandbox.balances(funded) == {
        "creditLimit": 100_000,
        "pendingCharges": 0,
        "postedCharges": 0,
        "balanceDue": 0,
        "spendingPower": 100_000,
    }
    contract = sandbox.api.get(f"/users/{funded['userId']}/contracts").json()[0]
    assert isinstance(contract["chainId"], int)
    token = contract["tokens"][0]
    assert float(token["balance"]) * token["exchangeRate"] * token["advanceRate"] * 100 == 100_000
    deposit = sandbox.api.get("/transactions?type=collateral&limit=1").json()[0]["collateral"]
    assert isinstance(deposit["amount"], float)
    assert deposit["transactionHash"].startswith("0x")


def test_a_purchase_is_held_then_settled_then_paid(sandbox, funded):
    held = sandbox.story("authorise", cardId=funded["id"], amount=1250, localAmount=1150, localCurrency="eur")
    assert (spend(held)["status"], spend(held)["amount"], spend(held)["postedAt"]) == ("pending", 1250, None)
    assert sandbox.balances(funded)["pendingCharges"] == 1250
    settled = spend(sandbox.story("settle", transactionId=held["id"], amount=1500))
    assert (settled["status"], settled["amount"], settled["authorizedAmount"]) == ("completed", 1500, 1250)
    assert settled["completionReason"] == "settlement"
    assert settled["localAmount"] == 1380
    assert settled["postedAt"]
    after = sandbox.balances(funded)
    assert (after["pendingCharges"], after["postedCharges"], after["balanceDue"]) == (0, 1500, 1500)
    assert after["spendingPower"] == 98_500
    sandbox.story("payment", userId=funded["userId"], amount=1500)
    paid = sandbox.balances(funded)
    assert (paid["balanceDue"], paid["spendingPower"]) == (0, 100_000)


def test_an_update_tells_the_new_total_and_the_change(sandbox, funded):
    held = sandbox.story("authorise", cardId=funded["id"], amount=1000)
    grown = spend(sandbox.story("increment", transactionId=held["id"], amount=1600))
    assert (grown["amount"], grown["authorizationUpdateAmount"]) == (1600, 600)
    assert sandbox.balances(funded)["pendingCharges"] == 1600


def test_a_reversal_shrinks_the_amount_while_the_hold_stays(sandbox, funded):
    held = sandbox.story("authorise", cardId=funded["id"], amount=1000)
    part = spend(sandbox.story("reverse", transactionId=held["id"], newAmount=400))
    assert (part["status"], part["amount"], part["authorizationUpdateAmount"]) == ("pending", 400, -600)
    assert sandbox.balances(funded)["pendingCharges"] == 1000
    whole = spend(sandbox.story("reverse", transactionId=held["id"]))
    assert (whole["status"], whole["amount"]) == ("reversed", 0)
    assert sandbox.balances(funded)["pendingCharges"] == 1000
    sandbox.story("close_authorisation", transactionId=held["id"])
    assert sandbox.balances(funded)["pendingCharges"] == 0


def test_holds_may_also_end_with_the_reversal(sandbox, funded):
    sandbox.switch(hold_after_reversal="released")
    held = sandbox.story("authorise", cardId=funded["id"], amount=1000)
    sandbox.story("reverse", transactionId=held["id"])
    assert sandbox.balances(funded)["pendingCharges"] == 0


def test_a_refund_is_a_new_negative_transaction_that_counts_once_settled(sandbox, funded):
    held = sandbox.story("authorise", cardId=funded["id"], amount=1000)
    sandbox.story("settle", transactionId=held["id"])
    back = sandbox.story("refund", transactionId=held["id"], amount=300)
    assert back["id"] != held["id"]
    assert (spend(back)["amount"], spend(back)["status"]) == (-300, "pending")
    assert sandbox.balances(funded)["balanceDue"] == 1000
    done = spend(sandbox.story("settle", transactionId=back["id"]))
    assert (done["status"], done["completionReason"]) == ("completed", "refund")
    assert sandbox.balances(funded)["balanceDue"] == 700


def test_a_late_settlement_is_forced_and_names_what_was_closed(sandbox, funded):
    held = sandbox.story("authorise", cardId=funded["id"], amount=1000, merchantName="LATE SHOP")
    sandbox.story("close_authorisation", transactionId=held["id"])
    late = sandbox.story("force_post", transactionId=held["id"], amount=1000)
    assert late["id"] != held["id"]
    assert spend(late)["isForcePosted"] is True
    assert spend(late)["closedAuthorizationTransactionId"] == held["id"]
    assert spend(late)["merchantName"].strip() == "LATE SHOP"
    assert sandbox.balances(funded)["balanceDue"] == 1000


def test_a_fee_is_a_charge(sandbox, funded):
    fee = sandbox.story("fee", userId=funded["userId"], amount=199, description="Monthly fee")
    assert fee["fee"]["description"] == "Monthly fee"
    assert sandbox.balances(funded)["balanceDue"] == 199


def test_declines_give_their_reason_and_move_nothing(sandbox, funded):
    limit = {"amount": 2000, "frequency": "per24HourPeriod"}
    sandbox.api.patch(f"/cards/{funded['id']}", json={"limit": limit})
    assert spend(sandbox.story("authorise", cardId=funded["id"], amount=1500))["status"] == "pending"
    over = spend(sandbox.story("authorise", cardId=funded["id"], amount=501))
    assert (over["status"], over["declinedReason"]) == ("declined", "card spending limit exceeded")
    sandbox.api.patch(f"/cards/{funded['id']}", json={"limit": limit | {"amount": 10_000_000}})
    poor = spend(sandbox.story("authorise", cardId=funded["id"], amount=98_501))
    assert poor["declinedReason"] == "account credit limit exceeded"
    sandbox.api.patch(f"/cards/{funded['id']}", json={"status": "locked"})
    assert spend(sandbox.story("authorise", cardId=funded["id"], amount=1))["declinedReason"] == "card locked"
    assert sandbox.balances(funded)["pendingCharges"] == 1500


def test_a_limit_per_authorisation_looks_at_one_purchase(sandbox, funded):
    sandbox.api.patch(f"/cards/{funded['id']}", json={"limit": {"amount": 1000, "frequency": "perAuthorization"}})
    results = [spend(sandbox.story("authorise", cardId=funded["id"], amount=cents)) for cents in (1000, 1000, 1001)]
    assert [one["declinedReason"] for one in results] == [None, None, "card spending limit exceeded"]


def test_a_decline_can_be_told(sandbox, funded):
    told = spend(sandbox.story("decline", cardId=funded["id"], amount=100, reason="blocked mcc"))
    assert told["declinedReason"] == "blocked mcc"


def test_what_is_settled_cannot_be_changed(sandbox, funded):
    held = sandbox.story("authorise", cardId=funded["id"], amount=1000)
    sandbox.story("settle", transactionId=held["id"])
    for name, body in (("settle", {}), ("reverse", {}), ("increment", {"amount": 2000}), ("close_authorisation", {})):
        answer = sandbox.browser.post(f"/control/api/story/{name}", json={"transactionId": held["id"], **body})
        assert answer.status_code == 400


def test_employees_spend_their_companys_money(sandbox):
    card = sandbox.card(company=True)
    assert sandbox.api.get(f"/users/{card['userId']}/balances").status_code == 404
    before = sandbox.api.get(f"/companies/{card['companyId']}/balances").json()
    sandbox.story("authorise", cardId=card["id"], amount=700)
    after = sandbox.api.get(f"/companies/{card['companyId']}/balances").json()
    assert after["spendingPower"] == before["spendingPower"] - 700


def test_the_books_of_the_whole_world_balance(sandbox):
    """Every balance rebuilt from the transactions alone."""
    listed = sandbox.control("GET", "list/transactions?limit=1000")
    employers = {one["id"]: one.get("companyId") for one in sandbox.control("GET", "list/users")}
    due, held, paid_in = {}, {}, {}
    for one in listed:
        inner, kind = one[one["type"]], one["type"]
        owner = inner.get("companyId") or employers.get(inner["userId"]) or inner["userId"]
        status = inner.get("status", "completed")
        sign = {"spend": 1, "fee": 1, "payment": -1, "collateral": 0}[kind] if status == "completed" else 0
        due[owner] = due.get(owner, 0) + sign * inner["amount"]
        held[owner] = held.get(owner, 0) + (max(inner["amount"], 0) if status == "pending" else 0)
        paid_in[owner] = paid_in.get(owner, 0) + (inner["amount"] if kind == "collateral" else 0)
    for user in (one for one in sandbox.control("GET", "list/users") if "companyId" not in one):
        got = sandbox.api.get(f"/users/{user['id']}/balances").json()
        assert got["balanceDue"] == due.get(user["id"], 0)
        assert got["pendingCharges"] == held.get(user["id"], 0)
        assert got["spendingPower"] == got["creditLimit"] - got["pendingCharges"] - got["balanceDue"]
        assert got["creditLimit"] <= paid_in.get(user["id"], 0)
