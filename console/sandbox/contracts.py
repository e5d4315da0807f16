"""Collateral contracts and the tokens on them."""

import secrets
from decimal import Decimal

from console.sandbox.provider import Provider
from console.sandbox.store import new_id
from console.sandbox.wire import Json, Problem, Request, Response

CHAIN_ID = 84532  # Base Sepolia
USDC = "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
RUSD = "0x10b5Be494C2962A7B318aFB63f0Ee30b959D000b"  # the test token


def need(provider: Provider, owner: str) -> Json:
    found = of_owner(provider, owner)
    if not found:
        raise Problem(400, "there is no collateral contract yet")
    return found[0]


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


def worth(token: Json) -> Decimal:
    """Dollars of credit."""
    return Decimal(token["balance"]) * Decimal(str(token["exchangeRate"])) * Decimal(str(token["advanceRate"]))


def token_of(contract: Json, address: str | None = None) -> Json:
    """The one asked for, else the first."""
    found = next((one for one in contract["tokens"] if address in {None, one["address"]}), None)
    if found is None:
        raise Problem(400, "the contract holds no such token")
    return dict(found)


def move(provider: Provider, contract: Json, units: Decimal, address: str | None = None) -> Json:
    """So many units of a token arrive, or leave when below zero. Nobody is told of it."""
    token = token_of(contract, address)
    balance = Decimal(token["balance"]) + units
    if balance < 0:
        raise Problem(400, "the contract does not hold so much of the token")
    return change_token(provider, contract, token | {"balance": f"{balance:f}"})


def change_token(provider: Provider, contract: Json, token: Json) -> Json:
    """Added, or put in the place of the one with the same address."""
    tokens = {one["address"]: one for one in contract["tokens"]} | {token["address"]: token}
    return provider.store.save("contract", contract | {"tokens": list(tokens.values())})


def relocate(provider: Provider, contract: Json, address: str | None, chain: int | None) -> Json:
    """Somewhere else, without a word; to an address nobody has seen when none is told."""
    moved = {"depositAddress": address or f"0x{secrets.token_hex(20)}", "chainId": chain or contract["chainId"]}
    return provider.store.save("contract", contract | moved)


def drop(provider: Provider, contract: Json) -> Json:
    """Listed no more; what is on it still counts."""
    return provider.store.save("contract", contract | {"_dropped": True})


def user_contracts(provider: Provider, _request: Request, user_id: str) -> Response:
    provider.need("user", user_id)
    return _listed(provider, user_id)


def company_contracts(provider: Provider, _request: Request, company_id: str) -> Response:
    provider.need("company", company_id)
    return _listed(provider, company_id)


def _listed(provider: Provider, owner: str) -> Response:
    known = [one for one in of_owner(provider, owner) if not one.get("_dropped")]
    return provider.listed("contract", known)
