"""THE TABLE of causes: what can make the provider's figure differ from ours, and what is to be done about it."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Cause(models.TextChoices):
    TIMING = "timing", _("Timing")
    MISSING_DELIVERY = "missing_delivery", _("Missing delivery")
    DUPLICATE = "duplicate", _("Duplicate")
    CHANGED_AMOUNT = "changed_amount", _("Changed amount")
    HOLD_KEPT = "hold_kept", _("Hold not released")
    CLOSED = "closed", _("Closed authorisation")
    FORCE_POST = "force_post", _("Force post")
    UNSETTLED_REFUND = "unsettled_refund", _("Unsettled refund")
    ROUNDING = "rounding", _("Rounding or FX")
    FEE = "fee", _("Fee without spend")
    UNSEEN_DEPOSIT = "unseen_deposit", _("Unseen deposit")
    RATE_MOVE = "rate_move", _("Rate move")
    STALE_SOURCE = "stale_source", _("Stale source")
    # of contracts, beside the sum
    CONTRACT_MISSING = "contract_missing", _("Missing contract")
    CONTRACT_CHANGED = "contract_changed", _("Changed contract")
    UNEXPECTED_TOKEN = "unexpected_token", _("Unexpected chain or token")
    UNKNOWN = "unknown", _("Unknown")


@dataclass(frozen=True, slots=True)
class Meaning:
    """`passes` says that it goes by itself as time passes; others wait for somebody."""

    what: Any
    todo: Any
    passes: bool = False


MEANINGS: dict[str, Meaning] = {
    Cause.TIMING: Meaning(
        _("One side had it a little before the other."),
        _("Nothing. It goes with the next reading."),
        passes=True,
    ),
    Cause.MISSING_DELIVERY: Meaning(
        _("The provider counted it, but no webhook told us. A sweep has found it since, and our copy is repaired."),
        _("Nothing for this one. If it happens often, check the webhook address and secret at the provider."),
        passes=True,
    ),
    Cause.DUPLICATE: Meaning(
        _("The same movement is on the list twice, and the provider counts it once."),
        _("Ask the provider to withdraw one of the two."),
    ),
    Cause.CHANGED_AMOUNT: Meaning(
        _("The merchant changed the amount, and no webhook told us. A sweep has found the new one."),
        _("Nothing for this one."),
        passes=True,
    ),
    Cause.HOLD_KEPT: Meaning(
        _("A purchase was given up, wholly or in part, but its money stays held until it settles or runs out."),
        _(
            "Nothing has to be done, unless the cardholder needs the money now: then ask the provider to release the hold."
        ),
        passes=True,
    ),
    Cause.CLOSED: Meaning(
        _("An authorisation ran out unsettled. The provider let its hold go; we still had it as pending."),
        _("Nothing has to be done. The transaction is read again."),
        passes=True,
    ),
    Cause.FORCE_POST: Meaning(
        _("A merchant took money without an open authorisation, and no webhook told us."),
        _("Look at the purchase with the cardholder; it can be disputed once settled."),
        passes=True,
    ),
    Cause.UNSETTLED_REFUND: Meaning(
        _("The provider counts a refund that has not settled yet."),
        _("Nothing. It goes when the refund settles."),
        passes=True,
    ),
    Cause.ROUNDING: Meaning(
        _("A cent or so from rounding, or from converting a foreign amount."),
        _("Nothing, while it stays this small."),
    ),
    Cause.FEE: Meaning(
        _("The provider charged a fee that belongs to no purchase, and no webhook told us."),
        _("Check the fee against the price list."),
        passes=True,
    ),
    Cause.UNSEEN_DEPOSIT: Meaning(
        _("Tokens are on the contract, but no deposit is on the transaction list."),
        _("Find the transfer on the chain. Ask the provider why it is not listed."),
    ),
    Cause.RATE_MOVE: Meaning(
        _("The exchange rate or the advance rate of a token moved between two readings."),
        _("Nothing. It goes with the next reading."),
        passes=True,
    ),
    Cause.STALE_SOURCE: Meaning(
        _("What we compare with was last read before the balance was."),
        _("Start a reconciliation. If it stays, see on the provider page which route fails."),
        passes=True,
    ),
    Cause.CONTRACT_MISSING: Meaning(
        _("The provider no longer lists this contract, or never made one."),
        _("Ask the provider where the collateral is."),
    ),
    Cause.CONTRACT_CHANGED: Meaning(
        _("An address or the chain of a contract changed. Deposits to the old address may be lost."),
        _("Confirm the change with the provider, then tell the cardholder."),
    ),
    Cause.UNEXPECTED_TOKEN: Meaning(
        _("Collateral in a token, or on a chain, that this console does not know."),
        _("Confirm with the provider that it counts."),
    ),
    Cause.UNKNOWN: Meaning(
        _("Everything was read after the balance, and nothing we know explains it."),
        _("Compare the evidence with the provider's support."),
    ),
}
