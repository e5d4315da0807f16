"""How far an applicant's check is, told from their state and the session that something last happened in."""

from dataclasses import dataclass

from django.utils import timezone

from cardholders.models import KycSession
from cardholders.nouns import Applicant

STILL_CHECKED = frozenset({"", "notstarted", "pending", "manualreview"})


@dataclass(frozen=True, slots=True)
class Progress:
    """None, open, expired, waiting (submitted, undecided) or decided."""

    step: str
    version: str

    @classmethod
    def of(cls, applicant: Applicant, session: KycSession | None) -> "Progress":
        step = _step(applicant, session)
        since = int(applicant.state_since.timestamp()) if applicant.state_since else 0
        return cls(step, f"{step}-{applicant.state}-{since}")


def _step(applicant: Applicant, session: KycSession | None) -> str:
    """A state counts as the answer to a session only if it began after the session was opened."""
    if applicant.is_approved:
        return "decided"
    if session is None:
        return "none"
    answered = bool(applicant.state_since and applicant.state_since >= session.opened_at)
    if answered and applicant.state not in STILL_CHECKED:
        return "decided"
    if session.submitted_at:
        return "waiting"
    return "expired" if session.expires_at and session.expires_at <= timezone.now() else "open"
