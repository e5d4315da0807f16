"""What an owner's balances say and what they are made of, now and as it was when the provider last counted.

The five figures follow one identity: spendingPower = creditLimit - pendingCharges - balanceDue.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Decimal

from console.sandbox import clock, contracts
from console.sandbox.provider import Provider
from console.sandbox.variants import Switches
from console.sandbox.wire import Json, Problem, Request, Response

ROUNDINGS = {"down": ROUND_DOWN, "half_even": ROUND_HALF_EVEN, "up": ROUND_UP}
Parts = dict[str, int]  # cents by the id of the transaction


@dataclass(slots=True)
class Books:
    """`limit` in cents. `posted` are the charges of this month, which are among the charges."""

    limit: int
    holds: Parts = field(default_factory=dict)
    charges: Parts = field(default_factory=dict)
    posted: Parts = field(default_factory=dict)
    payments: Parts = field(default_factory=dict)
    deposits: Parts = field(default_factory=dict)  # move no figure but the limit, which is counted from the tokens

    def figures(self) -> Json:
        held, due = sum(self.holds.values()), sum(self.charges.values()) - sum(self.payments.values())
        return {
            "creditLimit": self.limit,
            "pendingCharges": held,
            "postedCharges": sum(self.posted.values()),
            "balanceDue": due,
            "spendingPower": self.limit - held - due,
        }


def now(provider: Provider, owner: str) -> Json:
    """The five figures, of which decisions are made."""
    return books(provider, owner).figures()


def told(provider: Provider, owner: str) -> Json:
    """The five figures as the API gives them: those of a while ago, when balances lag."""
    lag = float(provider.switches["balances_lag_s"])
    return books(provider, owner, _counted_at(provider, lag) if lag else None).figures()


def _counted_at(provider: Provider, lag: float) -> str:
    """Not before the world began: how each of its objects came to be is not known."""
    return max(clock.ago(seconds=lag), str(provider.store.setting("world", {}).get("base", "")))


def books(provider: Provider, owner: str, at: str | None = None) -> Books:
    """Counted from the contracts and transactions as they are, or as they were at an instant."""
    switches, moment = provider.switches, clock.read(at) if at else clock.now()
    month = clock.iso(moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0))
    with provider.store.lock:  # nothing moves between the two readings
        held, movements = (_as_at(provider, noun, owner, at) for noun in ("contract", "transaction"))
    found = Books(credit_limit(held, switches["credit_limit_rounding"]))
    for one in movements:
        for part, count in COUNTED.items():
            cents = count(one, switches)
            if cents:
                getattr(found, part)[one["id"]] = cents
        if one["id"] in found.charges and one["postedAt"] >= month:
            found.posted[one["id"]] = found.charges[one["id"]]
    return found


def _as_at(provider: Provider, noun: str, owner: str, at: str | None) -> list[Json]:
    found = {one["id"]: one for one in provider.store.find(noun, [("owner = ?", owner)])}
    before = provider.store.changed_since(noun, owner, at) if at else {}
    return [one for one in (found | before).values() if one]


def credit_limit(held: list[Json], rounding: str = "down") -> int:
    """Cents: tokens x exchange rate x advance rate, rounded once, in the end."""
    worth = sum((contracts.worth(token) for one in held for token in one["tokens"]), Decimal())
    return int((worth * 100).to_integral_value(ROUNDINGS[rounding]))


def _held(one: Json, switches: Switches) -> int:
    """Of a refund that is pending, less than nothing where it is credited at once."""
    credit = one["type"] == "spend" and one["status"] == "pending" and one["amount"] < 0
    if credit and switches["pending_refunds"] == "at_once":
        return int(one["amount"])
    return int(one.get("_hold", 0))


def _charged(one: Json, switches: Switches) -> int:
    if one["type"] == "fee":
        return int(one["amount"])
    if one["type"] != "spend" or one["status"] != "completed":
        return 0
    foreign = one["localCurrency"] != one["currency"] and one["amount"] > 0
    return int(one["amount"]) + int(foreign and switches.on("fx_rounding"))


def _paid(one: Json, _switches: Switches) -> int:
    return int(one["amount"]) if one["type"] == "payment" and one["status"] == "completed" else 0


def _deposited(one: Json, _switches: Switches) -> int:
    return int(one["amount"]) if one["type"] == "collateral" else 0


COUNTED: dict[str, Callable[[Json, Switches], int]] = {
    "holds": _held,
    "charges": _charged,
    "payments": _paid,
    "deposits": _deposited,
}


def truth(provider: Provider, owner: str) -> Json:
    """All that the figures are made of, cents by transaction; `told` is what the API says meanwhile."""
    whole = books(provider, owner)
    held = contracts.of_owner(provider, owner)
    tokens = [
        token | {"contractId": one["id"], "listed": not one.get("_dropped")} for one in held for token in one["tokens"]
    ]
    figures = {"balances": whole.figures(), "told": told(provider, owner)}
    return {"ownerId": owner} | asdict(whole) | {"tokens": tokens} | figures


def user_balances(provider: Provider, _request: Request, user_id: str) -> Response:
    user = provider.need("user", user_id)
    if user.get("companyId") and provider.switches["company_cardholder_balance"] == "404":
        raise Problem(404, "balance not found")
    return provider.answer(told(provider, contracts.owner_of(user)))


def company_balances(provider: Provider, _request: Request, company_id: str) -> Response:
    provider.need("company", company_id)
    return provider.answer(told(provider, company_id))
