"""Each cause of a difference between the provider's balances and rebuilt ones, made to happen to one cardholder.

A console rebuilds the five figures from what it knows: the limit from the tokens of the contract, pending charges from
pending purchases, the balance due from settled purchases, fees and payments. Each function returns the ids involved and
what the provider's figures are then above the rebuilt ones, in cents, for two consoles that knew everything before:
`heard` took in the webhooks that were sent and read nothing; `read` has read every list and contract again since.
Figures that agree are left out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

CENTS = 30_000  # what the functions spend together stays below
LAG_S = 600


class Sandbox(Protocol):
    """The control side of a running sandbox."""

    def story(self, name: str, **details: Any) -> dict[str, Any]: ...
    def switch(self, **switches: Any) -> Any: ...
    def fault(self, match: str, fault: str, **more: Any) -> Any: ...
    def truth(self, owner: str) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Injected:
    owner: str  # whose balances
    card: str
    transactions: tuple[str, ...] = ()  # in the order they were made
    heard: Mapping[str, int]
    read: Mapping[str, int]


def somebody(sandbox: Sandbox) -> dict[str, Any]:
    """An active card without a limit, of a cardholder who is nobody's employee and can pay for all that is done here.

    In a world that was just made nothing has to be done for that. Where collateral has to arrive first, its webhook is sent.
    """
    return sandbox.story("choose_card", amount=CENTS)


def timing(sandbox: Sandbox, card: dict[str, Any]) -> Injected:
    """Balances lag ten minutes behind. At the provider a purchase is pending and told, and balances do not count it yet.

    Heard or read: the console counts the hold, the provider does not, until its clock is ten minutes further on.
    Balances of everybody lag.
    """
    sandbox.switch(balances_lag_s=LAG_S)
    held = sandbox.story("authorise", cardId=card["id"], amount=1234)
    return _injected(card, held, heard=_held(-1234), read=_held(-1234))


def missing_delivery(sandbox: Sandbox, card: dict[str, Any]) -> Injected:
    """At the provider a purchase is pending; its webhooks were lost.

    Heard: the console knows of no purchase and lacks the hold. Read: it agrees.
    """
    held = sandbox.story("authorise", cardId=card["id"], amount=2100, lose=True)
    return _injected(card, held, heard=_held(2100), read={})


def duplicate(sandbox: Sandbox, card: dict[str, Any]) -> Injected:
    """At the provider a settled purchase is there twice, under two ids, and balances count it once. Both were told.

    Heard or read: the console counts it twice.
    """
    spent = _settled(sandbox, card, 1500)
    double = sandbox.story("double_post", transactionId=spent["id"])
    return _injected(card, spent, double, heard=_due(-1500), read=_due(-1500))


def changed_amount(sandbox: Sandbox, card: dict[str, Any]) -> Injected:
    """At the provider a pending purchase grew from 10 dollars to 16. The webhook of the change was lost.

    Heard: the console holds 10. Read: it agrees.
    """
    held = sandbox.story("authorise", cardId=card["id"], amount=1000)
    sandbox.story("increment", transactionId=held["id"], amount=1600, lose=True)
    return _injected(card, held, heard=_held(600), read={})


def hold_not_released(sandbox: Sandbox, card: dict[str, Any]) -> Injected:
    """At the provider a purchase was reversed to nothing, which was told, and its hold stays for days.

    Heard or read: the console sees a reversed purchase of nothing and holds nothing.
    """
    held = sandbox.story("authorise", cardId=card["id"], amount=1100)
    sandbox.story("reverse", transactionId=held["id"])
    return _injected(card, held, heard=_held(1100), read=_held(1100))


def closed_authorisation(sandbox: Sandbox, card: dict[str, Any]) -> Injected:
    """At the provider an authorisation that was never settled is closed, and its hold let go. That webhook was lost.

    Heard: the console still holds it. Read: it agrees.
    """
    held = sandbox.story("authorise", cardId=card["id"], amount=1300)
    sandbox.story("close_authorisation", transactionId=held["id"], lose=True)
    return _injected(card, held, heard=_held(-1300), read={})


def force_post(sandbox: Sandbox, card: dict[str, Any]) -> Injected:
    """At the provider a shop took the money after its authorisation was closed: a settled transaction of its own, which
    names the closed one. The closing was told; the webhook of the settlement was lost.

    Heard: the console knows the closed authorisation and no charge. Read: it agrees.
    """
    closed = sandbox.story("authorise", cardId=card["id"], amount=1400)
    sandbox.story("close_authorisation", transactionId=closed["id"])
    posted = sandbox.story("force_post", transactionId=closed["id"], amount=1400, lose=True)
    return _injected(card, closed, posted, heard=_due(1400), read={})


def unsettled_refund(sandbox: Sandbox, card: dict[str, Any]) -> Injected:
    """At the provider a refund is pending, was told, and is credited at once, as a negative pending charge.

    Heard or read: a console that counts refunds once they settle lacks the credit. Refunds of everybody are credited
    at once: one that was pending before is among the cents.
    """
    before = sandbox.truth(card["userId"])["balances"]
    spent = _settled(sandbox, card, 1700)
    sandbox.switch(pending_refunds="at_once")
    back = sandbox.story("refund", transactionId=spent["id"], amount=300)
    credit = sandbox.truth(card["userId"])["balances"]["pendingCharges"] - before["pendingCharges"]
    return _injected(card, spent, back, heard=_held(credit), read=_held(credit))


def fx_rounding(sandbox: Sandbox, card: dict[str, Any]) -> Injected:
    """At the provider a purchase in euros is settled and told, and balances count it one cent dearer than its amount.

    Heard or read: the console lacks the cent, and one more for each foreign purchase that was settled before; of these,
    posted charges count those of this month.
    """
    spent = _settled(sandbox, card, 1900, localAmount=1748, localCurrency="eur")
    exact = sandbox.truth(card["userId"])["balances"]
    sandbox.switch(fx_rounding="on")
    dearer = sandbox.truth(card["userId"])["balances"]
    off = {name: dearer[name] - exact[name] for name in dearer if dearer[name] != exact[name]}
    return _injected(card, spent, heard=off, read=off)


def limit_rounding(sandbox: Sandbox, card: dict[str, Any]) -> Injected:
    """At the provider a deposit of 10.005678 tokens is on the contract, told as 10 dollars, and the limit is rounded up.

    Heard: the console has the tokens from before and lacks the whole deposit. Read: it rounds down and lacks a cent.
    """
    before = sandbox.truth(card["userId"])
    deposit = sandbox.story("fund", userId=card["userId"], units="10.005678")
    down = sandbox.truth(card["userId"])["limit"]
    sandbox.switch(credit_limit_rounding="up")
    up = sandbox.truth(card["userId"])["limit"]
    return _injected(card, deposit, heard=_credit(up - before["limit"]), read=_credit(up - down))


def fee_without_spend(sandbox: Sandbox, card: dict[str, Any]) -> Injected:
    """At the provider a fee was charged that belongs to no purchase; its webhook was lost.

    Heard: the console lacks the charge. Read: it agrees.
    """
    fee = sandbox.story("fee", userId=card["userId"], amount=199, description="Monthly fee", lose=True)
    return _injected(card, fee, heard=_due(199), read={})


def unseen_deposit(sandbox: Sandbox, card: dict[str, Any]) -> Injected:
    """At the provider 50 tokens are on the contract that no collateral transaction speaks of. Nothing was told.

    Heard: the console lacks the credit. Read: it counts the tokens and agrees, but they are 50 above the sum of its
    collateral transactions, for good.
    """
    return _limit_moved(sandbox, card, lambda: sandbox.story("silent_deposit", userId=card["userId"], amount=5000))


def rate_move(sandbox: Sandbox, card: dict[str, Any]) -> Injected:
    """At the provider the token's exchange rate is 0.97 now. Nothing was told.

    Heard: the console reckons with the rate from before and has too much credit. Read: it agrees.
    """
    return _limit_moved(sandbox, card, lambda: sandbox.story("move_rate", userId=card["userId"], exchangeRate=0.97))


def stale_source(sandbox: Sandbox, card: dict[str, Any]) -> Injected:
    """At the provider a deposit of 60 dollars arrived and was told, but this holder's contracts cannot be read: 503 until
    the faults are cleared. Everything else answers.

    Heard or read: the console has the transaction, and the tokens from before, so it lacks the credit.
    """
    before = sandbox.truth(card["userId"])["limit"]
    sandbox.fault(f"GET /users/{card['userId']}/contracts", "unavailable", times=None)
    deposit = sandbox.story("fund", userId=card["userId"], amount=6000)
    lacking = _credit(sandbox.truth(card["userId"])["limit"] - before)
    return _injected(card, deposit, heard=lacking, read=lacking)


# Cause -> what makes it happen. Rounding or FX is one cause that can happen in two ways.
CAUSES: dict[str, Callable[[Sandbox, dict[str, Any]], Injected]] = {
    "timing": timing,
    "missing_delivery": missing_delivery,
    "duplicate": duplicate,
    "changed_amount": changed_amount,
    "hold_not_released": hold_not_released,
    "closed_authorisation": closed_authorisation,
    "force_post": force_post,
    "unsettled_refund": unsettled_refund,
    "fx_rounding": fx_rounding,
    "limit_rounding": limit_rounding,
    "fee_without_spend": fee_without_spend,
    "unseen_deposit": unseen_deposit,
    "rate_move": rate_move,
    "stale_source": stale_source,
}


def _settled(sandbox: Sandbox, card: dict[str, Any], cents: int, **told: Any) -> dict[str, Any]:
    held = sandbox.story("authorise", cardId=card["id"], amount=cents, **told)
    return sandbox.story("settle", transactionId=held["id"])


def _limit_moved(sandbox: Sandbox, card: dict[str, Any], move: Callable[[], object]) -> Injected:
    before = sandbox.truth(card["userId"])["limit"]
    move()
    return _injected(card, heard=_credit(sandbox.truth(card["userId"])["limit"] - before), read={})


def _injected(
    card: dict[str, Any], *made: dict[str, Any], heard: Mapping[str, int], read: Mapping[str, int]
) -> Injected:
    ids = tuple(one["id"] for one in made)
    return Injected(owner=card["userId"], card=card["id"], transactions=ids, heard=heard, read=read)


def _held(cents: int) -> dict[str, int]:
    return {"pendingCharges": cents, "spendingPower": -cents}


def _due(cents: int) -> dict[str, int]:
    return {"postedCharges": cents, "balanceDue": cents, "spendingPower": -cents}


def _credit(cents: int) -> dict[str, int]:
    return {"creditLimit": cents, "spendingPower": cents}
