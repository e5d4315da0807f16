"""What happens to money on a card: authorisation, its updates, settlement, refund, and what moves collateral.

`amount` is always the new total in cents. `_hold` is what the owner's spending power is short of meanwhile: it stays
after a partial or full reversal until the transaction settles or is closed, as on the real rails.
"""

import secrets
from decimal import ROUND_DOWN, Decimal
from typing import Any

from console.sandbox import balances, clock, contracts, transactions
from console.sandbox.provider import Provider
from console.sandbox.store import new_id
from console.sandbox.wire import Json, Problem

WINDOW_DAYS = {"per24HourPeriod": 1, "per7DayPeriod": 7, "per30DayPeriod": 30, "perYearPeriod": 365}
CARD_DECLINES = {"locked": "card locked", "canceled": "card canceled", "notActivated": "card not activated"}
DECLINE_REASONS = (
    *("account credit limit exceeded", "balance inquiry not permitted", "blocked entity", "blocked mcc"),
    *("blocked merchant", "card canceled", "card locked", "card not activated", "card spending limit exceeded"),
    *("cvv mismatch", "expiry mismatch", "invalid pin", "invalid pin attempt limit exceeded", "restricted country"),
    *("transaction declined by risk rules", "transaction declined by rules", "webhook declined", "webhook timeout"),
    "agentic daily spend limit exceeded",
)
SMALL_CENTS, SMALL_DAYS, LARGE_DAYS = 100_000, 14, 31
MERCHANT = {
    "merchantName": "COFFEE SHOP",
    "merchantCategoryCode": "5814",
    "merchantCity": "LISBON",
    "merchantCountry": "PT",
}
CATEGORIES = {
    "5814": "Fast Food Restaurants",
    "5411": "Grocery Stores",
    "5812": "Restaurants",
    "4111": "Transportation",
}


def spend(card: Json, user: Json, amount: int, at: str, **told: Any) -> Json:
    """A spend record in cents. Everything but the card, the person and the amount may be told."""
    merchant = {name: told.get(name, usual) for name, usual in MERCHANT.items()}
    local = told.get("localAmount", amount)
    return {
        "id": told.get("id") or new_id(),
        "type": "spend",
        "amount": amount,
        "currency": told.get("currency") or "usd",
        "localAmount": local,
        "localCurrency": told.get("localCurrency") or "usd",
        "exchangeRate": round(amount / local, 6) if local else 1,
        "authorizedAmount": amount,
        "authorizationMethod": told.get("authorizationMethod") or "Ecommerce",
        "status": "pending",
        "declinedReason": None,
        **merchant,
        "merchantCategory": told.get("merchantCategory") or CATEGORIES.get(merchant["merchantCategoryCode"], "Retail"),
        "merchantId": told.get("merchantId") or "000004412345678",
        "enrichedMerchantName": told.get("enrichedMerchantName") or merchant["merchantName"].title(),
        "cardId": card["id"],
        "cardType": card["type"],
        "userId": user["id"],
        **({"companyId": user["companyId"]} if user.get("companyId") else {}),
        "userFirstName": user["firstName"],
        "userLastName": user["lastName"],
        "userEmail": user["email"],
        "receipt": False,
        "memo": None,
        "authorizedAt": at,
        "postedAt": None,
        "_owner": contracts.owner_of(user),
        "_hold": 0,
    }


def _refusal(provider: Provider, card: Json, user: Json, extra: int, amount: int) -> str | None:
    """Why this authorisation is declined. `extra` is what it adds, `amount` its whole."""
    if card["status"] in CARD_DECLINES:
        return CARD_DECLINES[card["status"]]
    if user["applicationStatus"] != "approved":
        return "blocked entity"
    if "limit" in card and _used(provider, card) + extra > card["limit"]["amount"] and not _each(card):
        return "card spending limit exceeded"
    if "limit" in card and _each(card) and amount > card["limit"]["amount"]:
        return "card spending limit exceeded"
    if extra > balances.now(provider, contracts.owner_of(user))["spendingPower"]:
        return "account credit limit exceeded"
    return None


def _each(card: Json) -> bool:
    return bool(card["limit"]["frequency"] == "perAuthorization")


def _used(provider: Provider, card: Json) -> int:
    days = WINDOW_DAYS.get(card["limit"]["frequency"])
    since = clock.ago(days=days) if days else ""
    sql = "SELECT coalesce(sum(amount), 0) FROM found WHERE status IN ('pending', 'completed')"
    where = [("cardId = ?", card["id"]), ("authorizedAt >= ?", since), ("owner > ?", "")]
    return int(provider.store.select(sql, noun="transaction", where=where)[0][0])


def authorise(provider: Provider, card: Json, amount: int, reason: str | None = None, **told: Any) -> Json:
    """Pending, or declined for `reason` or for what stands against it."""
    user = provider.need("user", card["userId"])
    found = spend(card, user, amount, clock.stamp(), **told)
    reason = reason or _refusal(provider, card, user, amount, amount)
    if provider.switches.on("transaction_requested_events"):
        requested = transactions.public(provider, found)
        provider.emit("transaction.requested", {name: value for name, value in requested.items() if name != "id"})
    if reason:
        found |= {"status": "declined", "declinedReason": reason}
    else:
        found["_hold"] = amount
    provider.store.add("transaction", found)
    return _tell(provider, "created", found)


def increment(provider: Provider, found: Json, total: int) -> Json:
    _need_pending(found)
    card, user = provider.need("card", found["cardId"]), provider.need("user", found["userId"])
    reason = _refusal(provider, card, user, total - found["amount"], total) if total > found["amount"] else None
    if reason:
        raise Problem(400, reason)
    return _update(provider, found, total, hold=max(total, found["_hold"]))


def reverse(provider: Provider, found: Json, total: int = 0) -> Json:
    """To a smaller total; to nothing, and it is reversed."""
    _need_pending(found)
    if not 0 <= total < found["amount"]:
        raise Problem(400, "the new amount must be smaller than the present one")
    kept = provider.switches["hold_after_reversal"] == "kept"
    found["status"] = "pending" if total else "reversed"
    return _update(provider, found, total, hold=found["_hold"] if kept else total)


def close(provider: Provider, found: Json) -> Json:
    """An authorisation that was never settled, or a hold left by a reversal, is let go."""
    if found["status"] not in {"pending", "reversed"}:
        raise Problem(400, f"transaction is {found['status']}")
    found |= {"status": "reversed", "completionReason": "authorization_reversal"}
    return _update(provider, found, 0, hold=0)


def settle(provider: Provider, found: Json, amount: int | None = None) -> Json:
    if found["type"] == "spend":
        _need_pending(found)
        total = found["amount"] if amount is None else amount
        if found["amount"] and "localAmount" in found:
            found["localAmount"] = round(found["localAmount"] * total / found["amount"])
        reason = "refund" if found["amount"] < 0 else "settlement"
        found |= {"amount": total, "_hold": 0, "completionReason": reason}
    elif found.get("status") != "pending":
        raise Problem(400, "only a pending transaction can settle")
    found |= {"status": "completed", "postedAt": clock.stamp()}
    provider.store.save("transaction", found)
    return _tell(provider, "completed", found)


def refund(provider: Provider, spent: Json, amount: int) -> Json:
    """A new transaction with a negative amount; it counts only once it settles.

    A shop may also give back what it never took: a purchase whose hold was closed.
    """
    settled = spent["type"] == "spend" and spent["status"] == "completed" and spent["amount"] > 0
    closed = spent["type"] == "spend" and spent["status"] == "reversed"
    if not settled and not closed:
        raise Problem(400, "only settled spend, or one whose hold was closed, can be refunded")
    whole = spent["amount"] if settled else spent["authorizedAmount"]
    if amount > whole:
        raise Problem(400, "a refund cannot be larger than the spend")
    whole_local = spent["localAmount"] if settled else whole / (spent["exchangeRate"] or 1)
    local = -round(whole_local * amount / whole)
    found = spent | {"id": new_id(), "amount": -amount, "localAmount": local, "authorizedAmount": -amount}
    found |= {"status": "pending", "authorizedAt": clock.stamp(), "postedAt": None, "_hold": 0}
    for name in ("completionReason", "authorizationUpdateAmount", "isForcePosted", "closedAuthorizationTransactionId"):
        found.pop(name, None)
    provider.store.add("transaction", found)
    return _tell(provider, "created", found)


def force_post(provider: Provider, card: Json, amount: int, closed: Json | None = None, **told: Any) -> Json:
    """A settlement without an open authorisation: late, after its own was closed, or offline."""
    merchant = {name: (closed or {}).get(name) for name in (*MERCHANT, "localCurrency", "enrichedMerchantName")}
    if closed and closed["authorizedAmount"]:
        merchant["localAmount"] = round(amount * closed["exchangeRate"] ** -1)
    at = clock.stamp()
    found = spend(card, provider.need("user", card["userId"]), amount, at, **(merchant if closed else {}), **told)
    found |= {"status": "completed", "postedAt": at, "completionReason": "settlement", "isForcePosted": True}
    if closed:
        found["closedAuthorizationTransactionId"] = closed["id"]
    provider.store.add("transaction", found)
    return _tell(provider, "completed", found)


def release(provider: Provider, found: Json) -> Json:
    """Its hold is let go, and nobody is told."""
    if not found.get("_hold"):
        raise Problem(400, "the transaction has no hold")
    return provider.store.save("transaction", found | {"_hold": 0})


def double(provider: Provider, spent: Json) -> Json:
    """The same purchase once more under another id: told and listed, but in nobody's books."""
    if spent["type"] != "spend":
        raise Problem(400, "only spend can be posted twice")
    found = provider.store.add("transaction", spent | {"id": new_id(), "_owner": None, "_hold": 0})
    return _tell(provider, "completed" if found["status"] == "completed" else "created", found)


def fund(provider: Provider, owner: Json, kind: str, units: Decimal, token: str | None = None) -> Json:
    """Collateral arrives on the owner's contract, or leaves it when below zero. `kind` is userId or companyId.

    The transaction tells whole cents, whatever is beyond them; the token's balance has all decimals.
    """
    contracts.move(provider, contracts.need(provider, owner["id"]), units, token)
    cents = int((units * 100).to_integral_value(ROUND_DOWN))
    found = moved("collateral", cents, owner["id"], kind, clock.stamp(), currency="usdc")
    provider.store.add("transaction", found)
    return _tell(provider, "created", found)


def pay(provider: Provider, owner: Json, kind: str, cents: int) -> Json:
    found = moved("payment", cents, owner["id"], kind, clock.stamp(), currency="usd", status="completed")
    provider.store.add("transaction", found)
    return _tell(provider, "created", found)


def charge(provider: Provider, owner: Json, kind: str, cents: int, description: str, **more: Any) -> Json:
    at = clock.stamp()
    found = {"id": new_id(), "type": "fee", "amount": cents, "currency": "usd", "description": description}
    found |= {kind: owner["id"], "postedAt": at, "_owner": owner["id"], **more}
    provider.store.add("transaction", found)
    return _tell(provider, "created", found)


def moved(type_: str, cents: int, owner: str, kind: str, at: str, **more: Any) -> Json:
    """A movement on the chain: collateral or a payment."""
    chain = {"chainId": contracts.CHAIN_ID, "walletAddress": f"0x{secrets.token_hex(20)}"}
    chain["transactionHash"] = f"0x{secrets.token_hex(32)}"
    return {
        "id": new_id(),
        "type": type_,
        "amount": cents,
        **chain,
        kind: owner,
        "postedAt": at,
        "_owner": owner,
        **more,
    }


OPEN = ([("status = ?", "pending")], [("status = ?", "reversed"), ("hold > ?", 0)])
STALE = """
SELECT id FROM found
WHERE type = 'spend' AND authorizedAt < CASE WHEN status = 'pending' AND amount BETWEEN 0 AND ? THEN ? ELSE ? END
"""


def close_stale(provider: Provider) -> int:
    """Holds end by themselves: 14 days, 31 for a thousand dollars and more, for credits and after a reversal."""
    small, large = clock.ago(days=SMALL_DAYS), clock.ago(days=LARGE_DAYS)
    with provider.store.write():
        found = [
            one
            for where in OPEN
            for (one,) in provider.store.select(
                STALE, SMALL_CENTS - 1, small, large, noun="transaction", where=[*where, ("authorizedAt < ?", small)]
            )
        ]
        for one in found:
            close(provider, provider.need("transaction", one))
    return len(found)


def _need_pending(found: Json) -> None:
    if found["type"] != "spend" or found["status"] != "pending":
        raise Problem(400, f"transaction is {found.get('status', found['type'])}, not a pending spend")


def _update(provider: Provider, found: Json, total: int, *, hold: int) -> Json:
    found |= {"authorizationUpdateAmount": total - found["amount"], "_hold": hold}
    if found["amount"]:
        found["localAmount"] = round(found["localAmount"] * total / found["amount"])
    found["amount"] = total
    provider.store.save("transaction", found)
    return _tell(provider, "updated", found)


def _tell(provider: Provider, action: str, found: Json) -> Json:
    provider.emit(f"transaction.{action}", transactions.public(provider, found))
    return found
