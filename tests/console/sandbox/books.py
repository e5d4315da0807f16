"""Balances rebuilt from what anybody can read: transactions and contracts."""

from decimal import ROUND_DOWN, Decimal

SIGNS = {"spend": 1, "fee": 1, "payment": -1, "collateral": 0}


def listed(sandbox, **wanted):
    """Every transaction of somebody, newest first."""
    found, cursor = [], {}
    while page := sandbox.api.get("/transactions", params={"limit": 100, **wanted, **cursor}).json():
        found += page
        cursor = {"cursor": page[-1]["id"]}
    return found


def inner(transaction):
    return transaction[transaction["type"]]


def cents_of(transaction):
    return round(inner(transaction)["amount"])


def rebuilt(sandbox, transactions, contracts):
    """The five figures. A refund counts once it settles, a hold as long as its purchase is pending, limits round down."""
    month = sandbox.control("GET", "state")["now"][:8] + "01"
    held = due = posted = 0
    for one in transactions:
        status, cents = inner(one).get("status", "completed"), SIGNS[one["type"]] * cents_of(one)
        held += max(0, cents) * (status == "pending")
        due += cents * (status == "completed")
        posted += cents * (status == "completed" and one["type"] != "payment" and inner(one)["postedAt"] >= month)
    limit = credit_limit(contracts)
    return {
        "creditLimit": limit,
        "pendingCharges": held,
        "postedCharges": posted,
        "balanceDue": due,
        "spendingPower": limit - held - due,
    }


def credit_limit(contracts):
    rates = [
        Decimal(token["balance"]) * Decimal(str(token["exchangeRate"])) * Decimal(str(token["advanceRate"]))
        for one in contracts
        for token in one["tokens"]
    ]
    return int((sum(rates) * 100).to_integral_value(ROUND_DOWN))
