"""Why one transaction was declined, and what the person looking can do about it."""

from dataclasses import dataclass
from typing import Any

from cards.declines import DECLINES, UNKNOWN, UNSAID, Decline, decline_of
from console.access import Permission
from console.standing import Fixer
from transactions.models import Transaction

__all__ = ["DECLINES", "UNKNOWN", "UNSAID", "Decline", "Explained", "Fixer", "decline_of", "explain"]


@dataclass(frozen=True, slots=True)
class Explained:
    """A decline as the page shows it. `url` is empty where there is nothing for this person to do now."""

    decline: Decline
    words: str
    url: str = ""
    note: Any = ""  # where the remedy is no longer needed

    @property
    def for_us(self) -> bool:
        return self.decline.fixer is Fixer.US and not self.note


def explain(transaction: Transaction, permissions: frozenset[Permission]) -> Explained | None:
    """Why this transaction was declined and what the person looking can do; None where it was not."""
    if transaction.state != "declined":
        return None
    decline = decline_of(transaction.declined_reason)
    remedy, card = decline.remedy, transaction.card
    if remedy is None or card is None:
        return Explained(decline, transaction.declined_reason)
    if remedy.states and card.state not in remedy.states:
        return Explained(decline, transaction.declined_reason, note=remedy.gone)
    url = remedy.url(card) if remedy.permission in permissions else ""
    return Explained(decline, transaction.declined_reason, url)
