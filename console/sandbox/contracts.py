"""Collateral contracts and the balances that follow from them and from the charges."""

import secrets
from decimal import ROUND_DOWN, Decimal

from console.sandbox import clock
from console.sandbox.provider import Provider
from console.sandbox.store import new_id
from console.sandbox.wire import Json, Problem, Request, Response

CHAIN_ID = 84532  # Base Sepolia
USDC = "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
RUSD = "0x10b5Be494C2962A7B318aFB63f0Ee30b959D000b"  # the test token


def of_owner(provider: Provider, owner: str) -> list[Json]:
    return provider.store.find("contract", [("owner = ?", owner)])


def owner_of(user: Json) -> str:
    """Whose collateral answers for this user's spending: the company's, for its employees."""
    return str(user.get("companyId") or user["id"])


def build(owner: Json, kind: str, addresses: list[str], id: str | None = None) -> Json:  # noqa: A002 - the wire's word
    return {
        "id": id or new_id(),
        "chainId": CHAIN_ID,
        "contractVersion": 2,
        **dict(zip(("controllerAddress", "proxyAddress", "depositAddress"), addresses, strict=False)),
        "adminAddresses": [addresses[3]],
        "tokens": [{"address": USDC, "balance": "0.0", "exchangeRate": 1, "advanceRate": 1}],
        f"_{kind}": owner["id"],
        "_owner": owner["id"],
    }


def create(provider: Provider, owner: Json, kind: str) -> Json | None:
    """`kind` is userId or companyId. One contract each: a second approval makes none."""
    if of_owner(provider, owner["id"]):
        return None
    contract = build(owner, kind, [f"0x{secrets.token_hex(20)}" for _ in range(4)])
    provider.store.add("contract", contract)
    provider.emit("contract.created", contract | {"chainId": str(contract["chainId"]), kind: owner["id"]})
    return contract


def credit_limit(contracts: list[Json]) -> int:
    """Cents: tokens x exchange rate x advance rate, cut off below the cent."""
    worth = sum(
        Decimal(token["balance"]) * Decimal(str(token["exchangeRate"])) * Decimal(str(token["advanceRate"]))
        for contract in contracts
        for token in contract["tokens"]
    )
    return int((Decimal(worth) * 100).to_integral_value(ROUND_DOWN))


def deposit(provider: Provider, contract: Json, cents: int) -> None:
    token = contract["tokens"][0]
    token["balance"] = str(Decimal(token["balance"]) + Decimal(cents) / 100)
    provider.store.save("contract", contract)


CHARGES = """
SELECT coalesce(sum(hold), 0),
       coalesce(sum(CASE WHEN type = 'fee' OR (type = 'spend' AND status = 'completed')
                         THEN amount END), 0),
       coalesce(sum(CASE WHEN postedAt >= ? AND (type = 'fee' OR (type = 'spend' AND status = 'completed'))
                         THEN amount END), 0),
       coalesce(sum(CASE WHEN type = 'payment' AND status = 'completed' THEN amount END), 0)
FROM object WHERE noun = 'transaction' AND owner = ?
"""


def balances(provider: Provider, owner: str) -> Json:
    period = clock.iso(clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0))
    held, settled, posted, paid = provider.store.rows(CHARGES, period, owner)[0]
    limit = credit_limit(of_owner(provider, owner))
    due = settled - paid
    return {
        "creditLimit": limit,
        "pendingCharges": held,
        "postedCharges": posted,
        "balanceDue": due,
        "spendingPower": limit - held - due,
    }


def user_contracts(provider: Provider, _request: Request, user_id: str) -> Response:
    provider.need("user", user_id)
    return _listed(provider, user_id)


def user_balances(provider: Provider, _request: Request, user_id: str) -> Response:
    user = provider.need("user", user_id)
    if user.get("companyId") and provider.switches["company_cardholder_balance"] == "404":
        raise Problem(404, "balance not found")
    return provider.answer(balances(provider, owner_of(user)))


def company_contracts(provider: Provider, _request: Request, company_id: str) -> Response:
    provider.need("company", company_id)
    return _listed(provider, company_id)


def company_balances(provider: Provider, _request: Request, company_id: str) -> Response:
    provider.need("company", company_id)
    return provider.answer(balances(provider, company_id))


def _listed(provider: Provider, owner: str) -> Response:
    return provider.listed("contract", of_owner(provider, owner))
