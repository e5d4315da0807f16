"""Where a card stands: its state and who put it there, what was declined on it lately, and what it needs next."""

from collections import Counter
from datetime import timedelta
from typing import Any, NamedTuple

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext_lazy

from cards.declines import Decline, decline_of, remedy_of
from cards.models import CANCELED, Card
from cards.power import Power
from cards.words import STATES
from console import privacy
from console.access import Permission
from console.money import format_minor
from console.provider.models import Command, CommandKind, CommandState
from console.standing import (
    EXPLAINED,
    GONE,
    OLDER,
    READING,
    Case,
    Facts,
    Fixer,
    Standing,
    Step,
    Turn,
    read_flags,
    stand,
)
from console.vocabulary import services as vocabulary

FIELD = "card.status"
LATELY = timedelta(hours=24)
MOST = 100  # declines are counted no further
_P = Permission
UNLOCK = Step(lazy("Unlock card"), "cards:unlock", _P.CARD_UNLOCK, dialog=True)
ACTIVATE = Step(lazy("Activate card"), "cards:activate", _P.CARD_ACTIVATE, dialog=True)
REPLACE = Step(lazy("Replace card"), "cards:replace", _P.CARD_ISSUE, of="replaceable")
ISSUE = Step(lazy("Issue a new card"), "cards:issue", _P.CARD_ISSUE, of="approved_holder")
HOLDER = Step(lazy("Open application"), "cardholders:detail", _P.RECORD_READ, of="holder")

CASES: tuple[Case, ...] = (
    GONE,
    READING,
    Case(
        "canceled", "info", lazy("Cancelled"), STATES["canceled"], Turn.US, lazy("A new card can be issued."), (ISSUE,)
    ),
    Case(
        "locked ours",
        "warn",
        lazy("Locked by %(who)s, %(at)s"),
        lazy("Every new purchase is declined until the card is unlocked. Reason given: %(reason)s"),
        Fixer.US,
        lazy("Unlock it once the reason is gone."),
        (UNLOCK,),
    ),
    Case(
        "locked",
        "warn",
        lazy("Locked, but not from this console"),
        lazy("Every new purchase is declined. The provider or another system locked it."),
        Fixer.US,
        lazy("Find out why before unlocking it: the timeline tells when it was first seen locked."),
        (UNLOCK,),
    ),
    Case(
        "blocked",
        "warn",
        lazy("Blocked at the provider"),
        lazy("Every new purchase is declined."),
        Fixer.US,
        lazy("Ask the provider's support why, then unlock it."),
        (UNLOCK,),
    ),
    Case(
        "notactivated",
        "info",
        lazy("Not activated yet"),
        STATES["notactivated"],
        Turn.US,
        lazy("Activate it once the holder says that it has arrived."),
        (ACTIVATE,),
    ),
    Case(
        "inactive",
        "info",
        lazy("Not active"),
        STATES["notactivated"],
        Turn.US,
        lazy("Activate it once the holder says that it has arrived."),
        (ACTIVATE,),
    ),
    Case(
        "active expired",
        "warn",
        lazy("Expired on %(expires)s"),
        lazy("Merchants refuse it from that day."),
        Fixer.US,
        lazy("Issue another one in its place."),
        (REPLACE,),
    ),
    Case(
        "active unapproved",
        "warn",
        lazy("The cardholder's application is no longer approved"),
        lazy("Purchases are declined while it is not."),
        Fixer.US,
        lazy("See what the application needs."),
        (HOLDER,),
    ),
    Case(
        "active declines",
        "warn",
        ngettext_lazy(
            "%(n)s purchase was declined in the last 24 hours: %(label)s",
            "%(n)s purchases were declined in the last 24 hours, most often: %(label)s",
            "count",
        ),
        lazy("%(why)s"),
        how=lazy("%(advice)s"),
    ),
    Case(
        "active penniless",
        "warn",
        lazy("Active, but there is nothing to spend"),
        lazy("The spending power is %(power)s, so purchases are declined whatever the limit."),
        Fixer.US,
        lazy("Collateral has to be deposited."),
        adds=True,
    ),
    Case(
        "active expiring",
        "info",
        ngettext_lazy("Expires in %(days)s day", "Expires in %(days)s days", "left"),
        lazy("It is good through %(expires)s."),
        Turn.US,
        lazy("Replace it in time: the new one has another number."),
        (REPLACE,),
        adds=True,
    ),
    Case("active", "good", lazy("Active"), STATES["active"]),
    OLDER,
    EXPLAINED,
    Case(
        "",
        "warn",
        lazy("The provider sent a status this console does not know: “%(word)s”"),
        lazy("Whether purchases go through is not known."),
        Fixer.PROVIDER,
        lazy("Ask its support what the word means. An administrator can write it down for everybody."),
    ),
)


class Declined(NamedTuple):
    """The reason met most often lately, how often any was, and every one with its count."""

    times: int
    most: Decline | None
    reasons: tuple[tuple[Decline, int], ...]

    @property
    def shown(self) -> str:
        return f"{MOST}+" if self.times > MOST else str(self.times)


def declined_lately(transactions: Any, span: timedelta = LATELY) -> Declined:
    """Of the transactions of a card or a holder."""
    lately = transactions.filter(state="declined", occurred_at__gte=timezone.now() - span)
    said = list(lately.order_by("-occurred_at").values_list("declined_reason", flat=True)[: MOST + 1])
    counted = Counter(decline_of(words) for words in said).most_common()
    return Declined(len(said), counted[0][0] if counted else None, tuple(counted))


def standing_of(
    card: Card, power: Power, declined: Declined, lock: Command | None, permissions: frozenset[Permission]
) -> Standing:
    clear = Permission.PERSONAL_READ in permissions
    today = timezone.now().date()
    left = (card.expires_on - today).days if card.expires_on else None
    most = declined.most
    words: dict[str, Any] = {
        "word": card.status,
        "error": card.read_error,
        "expires": formats.date_format(card.expires_on, "j M Y") if card.expires_on else "",
        "days": left,
        "left": left or 0,
        "n": declined.shown,
        "count": declined.times,
        "label": most.label if most else "",
        "why": most.meaning if most else "",
        "advice": most.advice if most else "",
        "power": format_minor(power.amount or 0, "USD"),
        **_of_lock(lock, clear=clear),
    }
    flags = _flags(card, power, declined, left) | ({"ours"} if lock else set())
    if card.state and card.state not in STATES and (told := vocabulary.meaning_of(FIELD, card.status)):
        flags.add("explained")
        words["meaning"] = told.meaning
    holder = card.cardholder
    ids = {
        "record": card.pk,
        "replaceable": card.pk if holder else None,
        "holder": holder.pk if holder else None,
        "approved_holder": holder.pk if holder and holder.is_approved else None,
    }
    remedy = remedy_of(most, card) if most and card.state == "active" else None
    declining = remedy is not None or bool(most and card.state == "active")
    who = most.fixer if most and declining else None
    facts = Facts(flags=frozenset(flags), words=words, ids=ids, steps=(remedy,) if remedy else (), who=who)
    return stand(CASES, facts, permissions)


def last_lock(card: Card) -> Command | None:
    """The lock that the card's state comes from, if one of ours was its last change of status that was done."""
    kinds = (CommandKind.LOCK, CommandKind.UNLOCK, CommandKind.ACTIVATE)
    done = Command.objects.filter(record="card", record_id=card.pk, kind__in=kinds, state=CommandState.DONE)
    last = done.select_related("actor").order_by("-created_at").first()
    return last if last and last.kind == CommandKind.LOCK else None


def _flags(card: Card, power: Power, declined: Declined, left: int | None) -> set[str]:
    holder = card.cardholder
    so = {
        card.state: bool(card.state),
        "expired": left is not None and left < 0 and card.state != CANCELED,
        "expiring": card.expires_soon,
        "declines": bool(declined.times),
        "penniless": power.amount is not None and power.amount <= 0,
        "unapproved": bool(holder and holder.state and not holder.is_approved),
    }
    return {flag for flag, holds in so.items() if holds} | read_flags(card)


def _of_lock(lock: Command | None, *, clear: bool) -> dict[str, Any]:
    if lock is None:
        return {}
    at = timezone.localtime(lock.created_at)
    reason = (lock.reason if clear else privacy.DOTS) if lock.reason else _("none")
    return {"who": lock.actor or _("the console"), "at": formats.date_format(at, "j M Y, H:i"), "reason": reason}
