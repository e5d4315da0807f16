"""The figures as our own rows have them: what transactions make of charges, and contracts of the credit limit.

A transaction is `held` while it is a pending purchase and `due` once it is settled; a fee is due, a payment takes off.
Refunds count once they settle. Amounts are minor units of USD.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import Any, NamedTuple

from django.db.models import Count, Q, QuerySet, Sum

from transactions.models import Transaction

# The currencies that are dollars; a transaction in another one is not in the sum, and the proof says how many there are.
DOLLARS = ("", "usd", "USD", "usdc", "USDC", "rusd", "RUSD", "brusd")
FOREIGN_STATES = ("pending", "completed")


class Effect(NamedTuple):
    """What one transaction adds to the pending charges and to the balance due."""

    held: int = 0
    due: int = 0

    def __sub__(self, other: "Effect") -> "Effect":
        return Effect(self.held - other.held, self.due - other.due)

    def __neg__(self) -> "Effect":
        return Effect(-self.held, -self.due)


def effect(values: Mapping[str, Any]) -> Effect:
    """Of a transaction's columns: kind, state, amount, currency."""
    amount = values["amount"]
    if amount is None or values["currency"] not in DOLLARS:
        return Effect()
    match values["kind"], values["state"]:
        case "spend", "pending":
            return Effect(held=max(amount, 0))
        case "spend", "completed":
            return Effect(due=amount)
        case "fee", "" | "completed":
            return Effect(due=amount)
        case "payment", "completed":
            return Effect(due=-amount)
    return Effect()


@dataclass(frozen=True, slots=True)
class Charges:
    """An owner's transactions, added up. `foreign` were paid in another currency; `uncounted` are not in dollars."""

    held: int = 0
    due: int = 0
    foreign: int = 0
    uncounted: int = 0


_COUNTED = Q(currency__in=DOLLARS)
_HELD = Q(kind="spend", state="pending", amount__gt=0)
_SETTLED = Q(kind="spend", state="completed") | Q(kind="fee", state__in=("", "completed"))
_PAID = Q(kind="payment", state="completed")


def charges_by(owner: str, rows: QuerySet[Transaction]) -> dict[int, Charges]:
    """The same as adding up `effect`, in one aggregate; `owner` is the column that says whose a transaction is."""
    sums = rows.order_by().values(owner).annotate(
        held=Sum("amount", filter=_COUNTED & _HELD),
        settled=Sum("amount", filter=_COUNTED & _SETTLED),
        paid=Sum("amount", filter=_COUNTED & _PAID),
        foreign=Count("kind", filter=Q(kind="spend", state__in=FOREIGN_STATES) & ~Q(local_currency__in=DOLLARS)),
        uncounted=Count("kind", filter=~_COUNTED & (_HELD | _SETTLED | _PAID)),
    )  # fmt: skip
    return {
        int(one[owner]): Charges(
            one["held"] or 0, (one["settled"] or 0) - (one["paid"] or 0), one["foreign"], one["uncounted"]
        )
        for one in sums
    }


def worth(token: Mapping[str, Any]) -> Decimal:
    """What a token's balance is good for, in dollars: balance × exchange rate × advance rate. A missing rate is one."""
    return _decimal(token.get("balance"), 0) * _decimal(token.get("exchange_rate"), 1) * _decimal(
        token.get("advance_rate"), 1
    )  # fmt: skip


def credit_limit(contracts: Iterable[Sequence[Mapping[str, Any]]]) -> int:
    """Of the token lists of an owner's contracts, minor units, cut off below the cent."""
    return cents(sum((worth(token) for tokens in contracts for token in tokens), Decimal(0)))


def cents(dollars: Decimal) -> int:
    return int((dollars * 100).to_integral_value(ROUND_DOWN))


def _decimal(text: Any, missing: int) -> Decimal:
    if text is None:
        return Decimal(missing)
    try:
        value = Decimal(str(text))
    except InvalidOperation:
        return Decimal(0)
    return value if value.is_finite() else Decimal(0)
