"""Transactions as the provider shows them: a union by type, newest first."""

from typing import Any

from console.sandbox import clock
from console.sandbox.provider import Provider
from console.sandbox.shapes import one_in_five
from console.sandbox.wire import Json, Problem, Request, Response

TYPES = ("spend", "collateral", "payment", "fee", "transfer")
EXACT = ("userId", "companyId", "cardId", "transactionHash")
BOUNDS = {
    "authorizedAfter": "authorizedAt > ?",
    "authorizedBefore": "authorizedAt < ?",
    "postedAfter": "postedAt > ?",
    "postedBefore": "postedAt < ?",
}
UNHEARD_OF = "adjustment"  # a type
PADDED = {"merchantName": 24, "merchantCity": 13, "merchantCountry": 2}


def public(provider: Provider, transaction: Json) -> Json:
    kind = transaction["type"]
    payload: Json = {
        name: value for name, value in transaction.items() if name not in {"id", "type"} and name[0] != "_"
    }
    if kind == "collateral" and provider.switches["numbers"] == "as_is":
        payload["amount"] = float(payload["amount"])
    if provider.switches.on("padded_merchants"):
        payload |= {name: payload[name].ljust(width) for name, width in PADDED.items() if name in payload}
    if kind == "spend" and provider.switches.on("fractional_cents") and one_in_five(transaction, turn=2):
        payload["amount"] += 0.5
    if kind == "payment" and provider.switches.on("transfers") and one_in_five(transaction, turn=3):
        kind, payload = "transfer", _as_transfer(payload)
    if provider.switches.on("unknown_types") and one_in_five(transaction, turn=1):
        kind = UNHEARD_OF
    return {"id": transaction["id"], "type": kind, kind: payload}


def legs(cents: int) -> Json:
    """Both ends of a transfer: decimal strings in dollars, not cents."""
    dollars = f"{cents / 100:.2f}"
    return {
        "source": {"amount": dollars, "currency": "usdc", "rail": "base"},
        "destination": {"amount": dollars, "currency": "usd", "rail": "ach"},
    }


def _as_transfer(payment: Json) -> Json:
    """The payment told as the transfer that brought it."""
    told: Json = {"fees": [], "createdAt": payment["postedAt"]}
    told |= {name: payment[name] for name in ("userId", "companyId", "status", "postedAt") if name in payment}
    return legs(payment["amount"]) | told


def get(provider: Provider, _request: Request, transaction_id: str) -> Response:
    return provider.answer(public(provider, provider.need("transaction", transaction_id)))


def index(provider: Provider, request: Request) -> Response:
    where: list[tuple[str, Any]] = [(f"{name} = ?", value) for name in EXACT if (value := request.one(name))]
    for name, condition in BOUNDS.items():
        if text := request.one(name):
            where.append((condition, _instant(name, text)))
    kinds = request.many("type")
    where += [("type <> ?", kind) for kind in TYPES if kinds and kind not in kinds]
    return provider.page(request, "transaction", where, lambda found: public(provider, found))


def _instant(name: str, text: str) -> str:
    try:
        return clock.iso(clock.read(text.replace(" ", "+")))
    except ValueError:
        raise Problem(400, f"querystring/{name} must be an ISO 8601 instant") from None
