"""Cards: issuing, listing and changing them."""

import random
import re
import secrets
from datetime import datetime
from typing import Any

from console.sandbox import clock, users
from console.sandbox.provider import Provider
from console.sandbox.store import new_id
from console.sandbox.wire import Json, Problem, Request, Response, field_of, one_of, required

TYPES = ("virtual", "physical")
STATUSES = ("notActivated", "active", "locked", "canceled")
FREQUENCIES = (
    *("per24HourPeriod", "per7DayPeriod", "per30DayPeriod"),
    *("perYearPeriod", "allTime", "perAuthorization"),
)
DISPLAY_NAME = re.compile(r"[a-zA-Z0-9 .-]{1,26}")
SHIPPING = ("firstName", "lastName", "phoneNumber", "method", "line1", "city", "postalCode", "countryCode")
METHODS = ("standard", "express", "international")
MOST_CENTS = 10**12
BIN = "441234"


def public(provider: Provider, card: Json) -> Json:
    if provider.switches.on("leaks_pan"):
        return card | {"number": card["_pan"], "cvv": card["_cvc"]}
    return card


def build(user: Json, kind: str, at: datetime, rng: random.Random, **more: Any) -> Json:
    """A card of four years, its numbers drawn from `rng`."""
    pan = _pan(rng)
    company = {"companyId": user["companyId"]} if user.get("companyId") else {}
    return {
        "id": new_id(),
        "userId": user["id"],
        **company,
        "type": kind,
        "status": "active" if kind == "virtual" else "notActivated",
        "last4": pan[-4:],
        "expirationMonth": str(at.month),
        "expirationYear": str(at.year + 4),
        "configuration": {"currency": "usd"},
        "tokenWallets": [],
        "createdAt": clock.iso(at),
        "updatedAt": clock.iso(at),
        "_pan": pan,
        "_cvc": f"{rng.randrange(1000):03}",
        "_pin": None,
        **more,
    }


def _pan(rng: random.Random) -> str:
    """Sixteen digits that pass the Luhn check."""
    digits = BIN + f"{rng.randrange(10**9):09}"
    doubled = [int(d) * (2 if i % 2 == 0 else 1) for i, d in enumerate(digits)]
    total = sum(d - 9 if d > 9 else d for d in doubled)
    return f"{digits}{-total % 10}"


def checked_limit(body: Json) -> Json | None:
    limit = field_of(body, "limit", dict)
    if limit is None:
        return None
    amount = required(limit, "amount", int, "body/limit")
    if not 0 <= amount <= MOST_CENTS:
        raise Problem(400, f"body/limit/amount must be between 0 and {MOST_CENTS} cents")
    required(limit, "frequency", str, "body/limit")
    return {"amount": amount, "frequency": one_of(limit, "frequency", FREQUENCIES, "body/limit")}


def _checked_name(body: Json) -> None:
    configuration: Json = field_of(body, "configuration", dict) or {}
    name = field_of(configuration, "displayName", str, "body/configuration")
    if name is not None and not DISPLAY_NAME.fullmatch(name):
        raise Problem(
            400, "body/configuration/displayName must match ^[a-zA-Z0-9 .-]+$ and have 26 characters or fewer"
        )


def _checked_shipping(body: Json) -> Json | None:
    if body["type"] == "virtual":
        return None
    shipping: Json = required(body, "shipping", dict)
    for name in SHIPPING:
        required(shipping, name, str, "body/shipping")
    one_of(shipping, "method", METHODS, "body/shipping")
    if not re.fullmatch(r"[A-Z]{2}", shipping["countryCode"]):
        raise Problem(400, "body/shipping/countryCode must be two capital letters")
    return shipping


def issue(provider: Provider, request: Request, user_id: str) -> Response:
    body = request.json()
    user = users.approved(users.document(provider, user_id))
    required(body, "type", str)
    kind = one_of(body, "type", TYPES) or ""
    status = one_of(body, "status", ("active", "notActivated")) if kind == "virtual" else None
    limit = checked_limit(body)
    _checked_name(body)
    shipping = _checked_shipping(body)
    key = request.headers.get("idempotency-key")
    if key and provider.switches.on("honours_idempotency_key"):
        again = provider.store.first("card", "idempotencyKey = ?", key)
        if again is not None:
            return provider.created(public(provider, again))
    more: Json = {"_idempotencyKey": key, "_shipping": shipping} | ({"status": status} if status else {})
    return provider.created(public(provider, create(provider, user, kind, limit, **more)))


def create(provider: Provider, user: Json, kind: str, limit: Json | None = None, **more: Any) -> Json:
    card = build(user, kind, clock.now(), secrets.SystemRandom(), **more)
    card |= {"limit": limit} if limit else {}
    provider.store.add("card", card)
    provider.emit("card.created", card)
    return card


def update(provider: Provider, request: Request, card_id: str) -> Response:
    before = provider.need("card", card_id)
    body = request.json()
    limit = checked_limit(body)
    status = one_of(body, "status", STATUSES)
    if before["status"] == "canceled":
        raise Problem(400, "card is canceled")
    if status == "notActivated" and before["status"] != "notActivated":
        raise Problem(400, "an activated card cannot become notActivated")
    after = before | ({"status": status} if status else {}) | ({"limit": limit} if limit else {})
    if after != before:
        changed(provider, after)
    if provider.switches["patch_status"] == "204":
        return Response(status=204)
    stale = provider.switches["patch_echo"] == "stale"
    return provider.answer(public(provider, before if stale else after))


def changed(provider: Provider, card: Json) -> Json:
    card["updatedAt"] = clock.stamp()
    provider.store.save("card", card)
    provider.emit("card.updated", card)
    return card


def get(provider: Provider, _request: Request, card_id: str) -> Response:
    return provider.answer(public(provider, provider.need("card", card_id)))


def index(provider: Provider, request: Request) -> Response:
    names = ("userId", "companyId", "status")
    where = [(f"{name} = ?", value) for name in names if (value := request.one(name))]
    return provider.page(request, "card", where, lambda card: public(provider, card))


def list_for_user(provider: Provider, request: Request, user_id: str) -> Response:
    provider.need("user", user_id)
    return provider.page(request, "card", [("userId = ?", user_id)], lambda card: public(provider, card))
