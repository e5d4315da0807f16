"""Every cause of a difference can be made to happen, and opens the difference that its function promises."""

from decimal import Decimal

import pytest

from tests import injections
from tests.console.sandbox.books import cents_of, listed, rebuilt


def known(sandbox, owner):
    """What a console has that has read everything: transactions by id, and contracts where they can be read."""
    contracts = sandbox.api.get(f"/users/{owner}/contracts")
    return {one["id"]: one for one in listed(sandbox, userId=owner)}, contracts.json() if contracts.is_success else None


def heard_since(sandbox, count):
    """Records of the webhooks that were sent after so many deliveries, oldest first."""
    deliveries = sandbox.control("GET", "deliveries?limit=1000")
    fresh = sorted((one for one in deliveries if one["n"] > count), key=lambda one: one["n"])
    told = [one["body"]["body"] for one in fresh if one["state"] != "lost" and one["type"] != "transaction.requested"]
    return {one["id"]: one for one in told}


def off(sandbox, owner, transactions, contracts):
    """The provider's figures above the rebuilt ones, where they differ."""
    told, ours = sandbox.api.get(f"/users/{owner}/balances").json(), rebuilt(sandbox, transactions.values(), contracts)
    return {name: told[name] - ours[name] for name in told if told[name] != ours[name]}


@pytest.mark.parametrize("cause", injections.CAUSES)
def test_a_cause_opens_the_difference_it_promises(sandbox, cause):
    card = injections.somebody(sandbox)
    owner, count = card["userId"], len(sandbox.control("GET", "deliveries?limit=1000"))
    transactions, contracts = known(sandbox, owner)
    assert off(sandbox, owner, transactions, contracts) == {}
    done = injections.CAUSES[cause](sandbox, card)
    assert (done.owner, done.card) == (owner, card["id"])
    assert done.heard
    assert off(sandbox, owner, transactions | heard_since(sandbox, count), contracts) == done.heard
    fresh, now = known(sandbox, owner)
    assert off(sandbox, owner, fresh, now or contracts) == done.read
    assert set(fresh) - set(transactions) == set(done.transactions)


def test_nobody_needs_money_in_a_world_that_was_just_made(sandbox):
    injections.somebody(sandbox)
    assert sandbox.control("GET", "deliveries") == []


def test_what_only_balances_hide_ends_with_its_time(sandbox):
    card = injections.somebody(sandbox)
    injections.timing(sandbox, card)
    sandbox.control("POST", "clock", {"advance_s": injections.LAG_S + 1})
    assert off(sandbox, card["userId"], *known(sandbox, card["userId"])) == {}


def test_a_deposit_nobody_saw_stays_above_what_was_told(sandbox):
    card = injections.somebody(sandbox)
    injections.unseen_deposit(sandbox, card)
    transactions, contracts = known(sandbox, card["userId"])
    tokens = sum(Decimal(token["balance"]) for one in contracts for token in one["tokens"])
    told = sum(cents_of(one) for one in transactions.values() if one["type"] == "collateral")
    assert tokens * 100 - told == 5000


def test_only_the_contracts_of_one_holder_fail(sandbox):
    card = injections.somebody(sandbox)
    owners = {one["userId"] for one in sandbox.control("GET", "list/cards") if "companyId" not in one}
    injections.stale_source(sandbox, card)
    failing = {one for one in owners if sandbox.api.get(f"/users/{one}/contracts").status_code == 503}
    assert failing == {card["userId"]}
    assert sandbox.api.get(f"/users/{card['userId']}/balances").status_code == 200
    sandbox.control("DELETE", "faults")
    assert sandbox.api.get(f"/users/{card['userId']}/contracts").status_code == 200
