"""What a balance should add up to, as data: the provider documents no arithmetic, so this is inferred (facts 1.4)."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Line(models.TextChoices):
    """The parts a difference is found in. The first four add up to the difference of spending power."""

    LIMIT = "limit", _("Credit limit")
    PENDING = "pending", _("Pending charges")
    DUE = "due", _("Balance due")
    SUM = "sum", _("The provider's own sum")
    CONTRACT = "contract", _("Contract")


@dataclass(frozen=True, slots=True)
class Term:
    """A figure of the provider's and how it enters the spending power."""

    line: Line
    figure: str  # of BalanceFigures
    sign: int
    label: Any


# spendingPower = creditLimit − pendingCharges − balanceDue. `postedCharges` is shown and not subtracted.
RESULT = "spending_power"
IDENTITY = (
    Term(Line.LIMIT, "credit_limit", 1, _("Credit limit")),
    Term(Line.PENDING, "pending_charges", -1, _("Pending charges")),
    Term(Line.DUE, "balance_due", -1, _("Balance due")),
)
SIGNS = {term.line: term.sign for term in IDENTITY} | {Line.SUM: 1}


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Minor units that rounding may account for: so many for each thing that is rounded, and never more than `most`."""

    each: int
    most: int


TOLERANCES = {
    Line.LIMIT: Tolerance(1, 10),  # each token
    Line.PENDING: Tolerance(1, 100),  # each purchase in a foreign currency
    Line.DUE: Tolerance(1, 100),
    Line.SUM: Tolerance(1, 1),
    Line.CONTRACT: Tolerance(1, 10),
}


def tolerated(line: Line, rounded: int) -> int:
    limits = TOLERANCES[line]
    return min(limits.each * rounded, limits.most)
