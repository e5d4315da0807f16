"""A link by which an applicant does the check on their own phone: made, revoked, opened and followed.

A token is 128 random bits and a signature of them, so that a forged one is told from the signature alone, without a
query. The database knows its SHA-256; the token itself is in one answer to staff and in the address of the link."""

import hashlib
import ipaddress
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.signing import Signer
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cardholders import services
from cardholders.models import Handoff, KycSession
from cardholders.nouns import Applicant, noun_of
from cardholders.outcomes import meaning
from cardholders.progress import Progress
from console.access import Actor
from console.audit import services as audit
from console.audit.events import Action, Outcome
from console.codego import records
from console.codego.errors import CodegoError
from console.provider.commands import CannotDo

HOURS = {1: _("1 hour"), 24: _("1 day"), 72: _("3 days"), 168: _("7 days"), 336: _("14 days")}
USUAL_HOURS = 72
SEED = 22  # characters of 128 random bits
WINDOW = 600  # seconds; in each of them
PER_LINK, PER_ADDRESS = 10, 30  # openings by one link, and by one address of the network


class Closed(Exception):  # noqa: N818 - reads as the state it carries
    """The link opens nothing now; `state` names the page that says why."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


def make(applicant: Applicant, *, hours: int, language: str, actor: Actor) -> tuple[Handoff, str]:
    """A new link and its address, which is kept nowhere. The one before it, if any, stops working."""
    if applicant.is_approved:
        raise CannotDo(_("This applicant is already approved."))
    assert actor.user_id  # somebody answers for it
    token = _new_token()
    with transaction.atomic():
        type(applicant)._default_manager.select_for_update().get(pk=applicant.pk)
        revoke(applicant, actor=actor)
        made: Handoff = applicant.handoffs.create(
            token_hash=_digest(token),
            language=language,
            created_by_id=actor.user_id,
            expires_at=timezone.now() + timedelta(hours=hours),
        )
        _audit(Action.HANDOFF_MAKE, made, actor, hours=hours)
    return made, settings.PUBLIC_URL + reverse("cardholders:onboarding", args=[token])


def revoke(applicant: Applicant, *, actor: Actor) -> int:
    """From here on no link of theirs opens anything; says how many did. What runs on a phone already is the provider's
    and runs on."""
    now = timezone.now()
    with transaction.atomic():
        live = list(applicant.handoffs.select_for_update().filter(revoked_at=None, expires_at__gt=now))
        Handoff.objects.filter(pk__in=[each.pk for each in live]).update(revoked_at=now, revoked_by=actor.user_id)
        for each in live:
            _audit(Action.HANDOFF_REVOKE, each, actor)
    return len(live)


def find(token: str) -> Handoff | None:
    """The link of this token, live or not; None for one that was never made, by its signature alone if it is forged."""
    if not constant_time_compare(token, _signed(token[:SEED])):
        return None
    return Handoff.objects.select_related("cardholder", "company").filter(token_hash=_digest(token)).first()


def seen(handoff: Handoff, *, address: str) -> None:
    """Somebody, or a program that previews links, has loaded the page: written once a minute at most."""
    now = timezone.now()
    if not handoff.is_live:
        _tried_in_vain(handoff, Actor(address=address), state_of(handoff))
        return
    if handoff.seen_at is None or handoff.seen_at < now - timedelta(minutes=1):
        Handoff.objects.filter(pk=handoff.pk).update(seen_at=now)


def state_of(handoff: Handoff) -> str:
    """What the visitor meets: revoked, expired, approved, closed, submitted, used_up, more, again or ready."""
    if not handoff.is_live:
        return "revoked" if handoff.revoked_at else "expired"
    applicant = handoff.applicant
    step = Progress.of(applicant, KycSession.newest_of(applicant)).step
    ways = (
        ("approved", applicant.is_approved),
        ("submitted", step == "waiting" or applicant.state in {"pending", "manualreview"}),
        ("closed", bool(applicant.state) and not meaning(applicant).session),
        ("used_up", handoff.openings >= Handoff.MOST_OPENINGS),
        ("more", step == "decided"),
        ("again", bool(handoff.openings)),
    )
    return next((state for state, holds in ways if holds), "ready")


STARTS = frozenset({"ready", "again", "more", "submitted"})  # the states from which the check can be opened


def open_check(handoff: Handoff, *, address: str, locale: str) -> records.KycSession:
    """A fresh session at the provider for whoever holds the link. Raises Closed with the reason why there is none."""
    actor = Actor(address=address)
    state = state_of(handoff)
    if state not in STARTS:
        _tried_in_vain(handoff, actor, state)
        raise Closed(state)
    if not (_may_again(f"link {handoff.pk}", PER_LINK) and _may_again(f"from {_network(address)}", PER_ADDRESS)):
        raise Closed("busy")
    _claim(handoff)
    try:
        command, session = services.open_session(handoff.applicant, actor=actor, handoff=handoff, locale=locale)
    except (CannotDo, CodegoError):
        command, session = None, None
    handoff.refresh_from_db()
    if session is None:
        Handoff.objects.filter(pk=handoff.pk, openings__gt=0).update(openings=F("openings") - 1)
        _audit(Action.HANDOFF_OPEN, handoff, actor, outcome=Outcome.REFUSED, state="unavailable")
        raise Closed("unavailable")
    Handoff.objects.filter(pk=handoff.pk).update(opened_at=timezone.now())
    _audit(Action.HANDOFF_OPEN, handoff, actor, session=session.session_id, command_id=str(command and command.pk))
    if not handoff.is_live:  # it was revoked while the provider was asked: the way in is given to nobody
        raise Closed("revoked" if handoff.revoked_at else "expired")
    return session


def submitted(handoff: Handoff, *, address: str) -> None:
    """The phone saw the end of the check, or its holder says so. Only what was opened by this link can end by it."""
    session = KycSession.newest_of(handoff)
    if session is None or session.submitted_at or not handoff.is_live:
        return
    services.submitted(session)
    Handoff.objects.filter(pk=handoff.pk).update(finished_at=timezone.now())
    _audit(Action.HANDOFF_SUBMIT, handoff, Actor(address=address), session=session.session_id)


# --- What staff see ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a link has come, in words with their tone and shape, and since when."""

    handoff: Handoff
    step: str
    label: str | Promise
    tone: str
    shape: str
    at: datetime | None

    @property
    def version(self) -> str:
        return (
            f"{self.handoff.pk.hex[:8]}{self.step}{self.handoff.openings}-{int(self.at.timestamp()) if self.at else 0}"
        )

    @property
    def url(self) -> str:
        applicant = self.handoff.applicant
        return reverse(f"cardholders:{noun_of(applicant)}_handoff", args=[applicant.pk])

    @property
    def way(self) -> list["Stop"]:
        """What has to happen, in order; the first that has not is what is waited for."""
        link, applicant = self.handoff, self.handoff.applicant
        session = KycSession.newest_of(link)
        sent = session.submitted_at if session else None
        decided = bool(sent) and Progress.of(applicant, session).step == "decided"
        stops = [
            Stop(_("Link made"), link.created_at, done=True),
            Stop(_("Check opened"), link.opened_at, done=bool(link.openings)),
            Stop(_("Submitted"), sent, done=bool(sent)),
            Stop(_("Decision"), applicant.state_since if decided else None, done=decided),
        ]
        waited = next((number for number, stop in enumerate(stops) if not stop.done), None)
        return [replace(stop, now=number == waited) for number, stop in enumerate(stops)]


@dataclass(frozen=True, slots=True)
class Stop:
    label: str | Promise
    at: datetime | None
    done: bool
    now: bool = False


STEPS = {
    "submitted": (_("Submitted on their phone"), "good", "half"),
    "revoked": (_("Link revoked"), "idle", "bar"),
    "expired": (_("Link expired"), "idle", "bar"),
    "running": (_("Check open on their phone"), "info", "half"),
    "left": (_("Opened, not finished"), "warn", "triangle"),
    "seen": (_("Link loaded, check not started"), "info", "ring"),
    "made": (_("Not opened yet"), "idle", "ring"),
}


def standing(applicant: Applicant) -> Standing | None:
    """That of the newest link; None where there never was one."""
    newest = applicant.handoffs.select_related("created_by", "cardholder", "company").order_by("-created_at").first()
    if newest is None:
        return None
    step, at = _step(newest)
    return Standing(newest, step, *STEPS[step], at)


def _step(handoff: Handoff) -> tuple[str, datetime | None]:
    session = KycSession.newest_of(handoff)
    if session and session.submitted_at:
        return "submitted", session.submitted_at
    if not handoff.is_live:
        return ("revoked", handoff.revoked_at) if handoff.revoked_at else ("expired", handoff.expires_at)
    if session:
        running = session.expires_at is None or session.expires_at > timezone.now()
        return ("running" if running else "left"), session.opened_at
    return ("seen", handoff.seen_at) if handoff.seen_at else ("made", handoff.created_at)


# --- Tokens, limits, audit --------------------------------------------------------------------------------------------


def _new_token() -> str:
    return _signed(secrets.token_urlsafe(16))


def _signed(seed: str) -> str:
    return seed + Signer(salt="cardholders.handoff").signature(seed)[:SEED]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _claim(handoff: Handoff) -> None:
    """One opening of those that are left, taken at once: what was revoked a moment ago is not opened any more."""
    now = timezone.now()
    left = Handoff.objects.filter(
        pk=handoff.pk, revoked_at=None, expires_at__gt=now, openings__lt=Handoff.MOST_OPENINGS
    )
    if not left.update(openings=F("openings") + 1):
        handoff.refresh_from_db()
        raise Closed(state_of(handoff))


def _may_again(who: str, most: int) -> bool:
    """Counts in windows of fixed length. Two at one instant may count as one: `MOST_OPENINGS` is what binds."""
    window = int(timezone.now().timestamp()) // WINDOW
    key = f"handoff:{hashlib.sha256(who.encode()).hexdigest()}:{window}"
    count = int(cache.get(key, 0))
    cache.set(key, count + 1, WINDOW)
    return count < most


def _network(address: str) -> str:
    """One subscriber has a whole /64 of IPv6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network(f"{found}/64", strict=False)) if found.version == 6 else str(found)


def _tried_in_vain(handoff: Handoff, actor: Actor, state: str) -> None:
    """On record once an hour for each link: a stranger who keeps reloading fills no book."""
    if cache.add(f"handoff-closed:{handoff.pk}:{state}", 1, 3600):
        _audit(Action.HANDOFF_CLOSED, handoff, actor, outcome=Outcome.REFUSED, state=state)


def _audit(action: Action, handoff: Handoff, actor: Actor, *, outcome: Outcome = Outcome.DONE, **detail: Any) -> None:
    applicant = handoff.applicant
    audit.record(
        action,
        actor=actor,
        outcome=outcome,
        record=noun_of(applicant),
        record_id=applicant.pk,
        handoff=str(handoff.pk),
        **detail,
    )
