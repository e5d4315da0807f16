"""What balances are made of, how they may be counted otherwise, and that tokens are what was deposited."""

from decimal import Decimal

import pytest

from console.sandbox import balances, clock, contracts, story, world
from console.sandbox.provider import Options, Provider
from tests.console.sandbox.books import listed

FIGURES = ("creditLimit", "pendingCharges", "postedCharges", "balanceDue", "spendingPower")


@pytest.fixture
def funded(sandbox):
    """A new card on an account of a thousand dollars, whose past is written down."""
    sandbox.onboard("funded-1", lastName="TestApproved")
    user = sandbox.control("GET", "list/users?limit=1")[0]
    sandbox.story("fund", userId=user["id"], amount=100_000)
    return sandbox.api.post(f"/users/{user['id']}/cards", json={"type": "virtual"}).json()


def figures(sandbox, card):
    told = sandbox.balances(card)
    assert told["spendingPower"] == told["creditLimit"] - told["pendingCharges"] - told["balanceDue"]
    return tuple(told[name] for name in FIGURES)


def pass_time(sandbox, seconds):
    sandbox.control("POST", "clock", {"advance_s": seconds})


def settled(sandbox, card, cents, **told):
    held = sandbox.story("authorise", cardId=card["id"], amount=cents, **told)
    return sandbox.story("settle", transactionId=held["id"])


# Balances that lag.


def test_balances_say_what_was_so_many_seconds_ago(sandbox, funded):
    owner = funded["userId"]
    deeds = [
        lambda: sandbox.story("authorise", cardId=funded["id"], amount=4000),
        lambda: sandbox.story("increment", transactionId=newest(sandbox, owner), amount=5000),
        lambda: sandbox.story("reverse", transactionId=newest(sandbox, owner), newAmount=3000),
        lambda: sandbox.story("settle", transactionId=newest(sandbox, owner)),
        lambda: sandbox.story("refund", transactionId=newest(sandbox, owner), amount=500),
        lambda: sandbox.story("settle", transactionId=newest(sandbox, owner)),
        lambda: sandbox.story("fee", userId=owner, amount=199),
        lambda: sandbox.story("payment", userId=owner, amount=1000),
        lambda: sandbox.story("fund", userId=owner, amount=7000),
        lambda: sandbox.story("silent_deposit", userId=owner, amount=100),
        lambda: sandbox.story("move_rate", userId=owner, advanceRate=0.5),
        lambda: sandbox.story("withdraw_collateral", userId=owner, amount=2000),
    ]
    then = [figures(sandbox, funded)]
    for deed in deeds:
        pass_time(sandbox, 100)
        deed()
        then.append(figures(sandbox, funded))
    assert len(set(then)) == len(then) - 2  # a partial reversal and a pending refund change nothing
    for count in range(len(deeds)):
        sandbox.switch(balances_lag_s=100 * count + 50)
        assert figures(sandbox, funded) == then[-2 - count]
    sandbox.switch(balances_lag_s=0)
    assert figures(sandbox, funded) == then[-1]


def newest(sandbox, owner):
    return listed(sandbox, userId=owner, type="spend")[0]["id"]


def test_decisions_are_made_of_what_is_true_while_balances_lag(sandbox, funded):
    sandbox.switch(balances_lag_s=600)
    assert sandbox.story("authorise", cardId=funded["id"], amount=100_000)["spend"]["status"] == "pending"
    assert sandbox.story("authorise", cardId=funded["id"], amount=1)["spend"]["status"] == "declined"


def test_before_it_began_the_world_was_as_it_began(sandbox):
    card = sandbox.story("choose_card", amount=1000)
    before = figures(sandbox, card)
    settled(sandbox, card, 700)
    sandbox.switch(balances_lag_s=10**9)
    assert figures(sandbox, card) == before
    for wrong in (-1, "soon", True, 10**12):
        assert sandbox.browser.post("/control/api/switches", json={"balances_lag_s": wrong}).status_code == 400


def test_employers_balances_lag_too(sandbox):
    card = sandbox.card(company=True)
    path = f"/companies/{card['companyId']}/balances"
    before = sandbox.api.get(path).json()
    sandbox.story("authorise", cardId=card["id"], amount=700)
    after = sandbox.api.get(path).json()
    assert after != before
    sandbox.switch(balances_lag_s=600)
    assert sandbox.api.get(path).json() == before


# Other ways to count.


def test_a_pending_refund_may_be_a_negative_pending_charge(sandbox, funded):
    spent = settled(sandbox, funded, 1000)
    back = sandbox.story("refund", transactionId=spent["id"], amount=300)
    assert figures(sandbox, funded) == (100_000, 0, 1000, 1000, 99_000)
    sandbox.switch(pending_refunds="at_once")
    assert figures(sandbox, funded) == (100_000, -300, 1000, 1000, 99_300)
    sandbox.story("settle", transactionId=back["id"])
    assert figures(sandbox, funded) == (100_000, 0, 700, 700, 99_300)


@pytest.mark.parametrize(("rounding", "cents"), [("down", 110_000), ("half_even", 110_000), ("up", 110_001)])
def test_a_limit_is_rounded_in_one_of_three_ways(sandbox, funded, rounding, cents):
    sandbox.switch(credit_limit_rounding=rounding)
    sandbox.story("fund", userId=funded["userId"], units="100.005")
    assert figures(sandbox, funded)[0] == cents
    sandbox.story("silent_deposit", userId=funded["userId"], units="0.005678")
    assert figures(sandbox, funded)[0] == cents + 1


def test_token_units_have_more_decimals_than_cents(sandbox, funded):
    deposit = sandbox.story("fund", userId=funded["userId"], units="100.005678")
    assert deposit["collateral"]["amount"] == 10_000
    token = sandbox.api.get(f"/users/{funded['userId']}/contracts").json()[0]["tokens"][0]
    assert token["balance"] == "1100.005678"
    for wrong in ("0", "-1", "NaN", "1e3", "a lot", ""):
        body = {"userId": funded["userId"], "units": wrong}
        assert sandbox.browser.post("/control/api/story/fund", json=body).status_code == 400


def test_foreign_purchases_may_be_counted_a_cent_dearer(sandbox, funded):
    sandbox.switch(fx_rounding="on")
    abroad = settled(sandbox, funded, 1000, localAmount=920, localCurrency="eur")
    settled(sandbox, funded, 1000)
    assert figures(sandbox, funded) == (100_000, 0, 2001, 2001, 97_999)
    assert sandbox.truth(funded["userId"])["charges"][abroad["id"]] == 1001
    assert sandbox.api.get(f"/transactions/{abroad['id']}").json()["spend"]["amount"] == 1000


# The truth, for tests.


def test_the_truth_names_every_transaction_that_counts(sandbox, funded):
    owner = funded["userId"]
    spent, fee = settled(sandbox, funded, 1000), sandbox.story("fee", userId=owner, amount=199)
    held = sandbox.story("authorise", cardId=funded["id"], amount=500)
    sandbox.story("decline", cardId=funded["id"], amount=500)
    paid = sandbox.story("payment", userId=owner, amount=300)
    sandbox.switch(balances_lag_s=600)
    truth = sandbox.truth(owner)
    assert truth["holds"] == {held["id"]: 500}
    assert truth["charges"] == truth["posted"] == {spent["id"]: 1000, fee["id"]: 199}
    assert truth["payments"] == {paid["id"]: 300}
    assert list(truth["deposits"].values()) == [100_000]
    assert truth["limit"] == 100_000
    (token,) = truth["tokens"]
    assert (Decimal(token["balance"]), token["listed"]) == (1000, True)
    assert tuple(truth["balances"][name] for name in FIGURES) == (100_000, 500, 1199, 899, 98_601)
    assert truth["told"] == sandbox.balances(funded) != truth["balances"]


def test_the_truth_of_an_employee_is_the_companys(sandbox):
    card = sandbox.card(company=True)
    assert sandbox.truth(card["userId"]) == sandbox.truth(card["companyId"])
    assert sandbox.browser.get("/control/api/truth/nobody").status_code == 404


# Tokens are what was deposited.


def told_of(provider, contract):
    """Transactions of an owner as anybody lists them."""
    key = "userId" if "_userId" in contract else "companyId"
    return provider.store.find("transaction", [(f"{key} = ?", contract["_owner"])])


def agrees(provider, contract):
    deposits = sum(one["amount"] for one in told_of(provider, contract) if one["type"] == "collateral")
    figures = balances.now(provider, contract["_owner"])
    identity = figures["creditLimit"] - figures["pendingCharges"] - figures["balanceDue"]
    tokens = sum(Decimal(token["balance"]) for token in contract["tokens"])
    return tokens * 100 == deposits and figures["spendingPower"] == identity


def tell(provider, name, **details):
    return story.tell(provider, name, details)


def live(provider):
    """Somebody's ordinary day."""
    card = tell(provider, "choose_card", amount=10_000_000)  # more than anybody has: collateral arrives
    owner = {"userId": card["userId"]}
    spent = tell(provider, "authorise", cardId=card["id"], amount=5000)
    tell(provider, "settle", transactionId=spent["id"])
    tell(provider, "refund", transactionId=spent["id"], amount=700, settle=True)
    tell(provider, "double_post", transactionId=spent["id"])
    tell(provider, "authorise", cardId=card["id"], amount=900)
    tell(provider, "payment", **owner, amount=1200)
    tell(provider, "fee", **owner, amount=199)
    tell(provider, "fund", **owner, amount=12_345)
    tell(provider, "fund", **owner, units="20.50")
    tell(provider, "withdraw_collateral", **owner, amount=4321)
    return owner["userId"]


@pytest.mark.parametrize(("size", "every"), [("small", 1), ("demo", 1), ("scale", 90)])
def test_every_token_balance_is_the_sum_of_what_was_deposited(size, every):
    provider = Provider(Options(database=":memory:"))
    world.build(provider, 1, size)
    owner = live(provider)
    chosen = provider.store.find("contract")[::every]
    changed = contracts.need(provider, owner)
    assert len(told_of(provider, changed)) >= 10
    assert [one["_owner"] for one in [*chosen, changed] if not agrees(provider, one)] == []
    tell(provider, "silent_deposit", userId=owner, amount=1)
    assert not agrees(provider, contracts.need(provider, owner))
    provider.store.close()


def test_what_lags_in_a_world_nobody_wrote_down_is_as_it_was():
    provider = Provider(Options(database=":memory:"))
    world.build(provider, 1, "scale", clock.ago(minutes=20))
    pending = provider.store.find("transaction", [("hold > ?", 0)], limit=1)[0]
    owner = pending["_owner"]
    before = balances.now(provider, owner)
    tell(provider, "settle", transactionId=pending["id"], amount=pending["amount"] + 100)
    tell(provider, "silent_deposit", **{"userId" if "companyId" not in pending else "companyId": owner}, amount=100)
    after = balances.now(provider, owner)
    assert after["pendingCharges"] == before["pendingCharges"] - pending["amount"]
    assert after["balanceDue"] == before["balanceDue"] + pending["amount"] + 100
    provider.switches.change({"balances_lag_s": 600})
    told = balances.told(provider, owner)
    assert {name: told[name] - before[name] for name in told if name != "postedCharges"} == dict.fromkeys(
        ("creditLimit", "pendingCharges", "balanceDue", "spendingPower"), 0
    )
    provider.store.close()
