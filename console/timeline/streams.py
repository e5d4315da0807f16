"""What a timeline is put together from beside the changes of the row: what staff did and wrote, sessions, deliveries, breaks.

Each stream is a query in one order, so that all of them are paged by one place."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from django.apps import apps
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cardholders.forms import DECISIONS
from cardholders.models import KycSession
from console.access import Permission, allowed
from console.audit.events import Action, Outcome
from console.audit.models import Entry
from console.money import format_minor
from console.notes.mentions import Shown
from console.notes.models import Note
from console.notes.services import CLEAR
from console.notes.services import shown as note_shown
from console.sync.models import Delivery, DeliveryVerdict
from console.templatetags.console import status_of

Item = dict[str, Any]
LOOKS = {
    Outcome.DONE: ("good", "dot"),
    Outcome.REFUSED: ("bad", "cross"),
    Outcome.UNKNOWN: ("warn", "triangle"),
    Outcome.STARTED: ("info", "half"),
}
# An applied delivery is told by the change that it made.
TOLD = (
    DeliveryVerdict.NEW,
    DeliveryVerdict.HINT,
    DeliveryVerdict.STALE,
    DeliveryVerdict.FAILED,
    DeliveryVerdict.PARKED,
)
BY_LINK = (Action.HANDOFF_OPEN, Action.HANDOFF_SUBMIT)  # done by the applicant, by whose link nobody signs in
OF_MONEY = (
    Action.CARD_LIMIT,
    Action.CHARGE_MAKE,
    Action.DISPUTE_OPEN,
    Action.DISPUTE_RECORD,
    Action.DISPUTE_WITHDRAW,
)


class Kind(StrEnum):
    """What a timeline can be narrowed to."""

    ALL = ""
    MONEY = "money"
    PROVIDER = "provider"
    PEOPLE = "people"


KIND_LABELS: dict[Kind, str | Promise] = {
    Kind.ALL: lazy("All"),
    Kind.MONEY: lazy("Money"),
    Kind.PROVIDER: lazy("Provider"),
    Kind.PEOPLE: lazy("People"),
}


class Stream(NamedTuple):
    """`at` names the instant it is ordered by; `rows` gives None where a record has no such thing."""

    kinds: frozenset[Kind]
    at: str
    rows: Callable[[HttpRequest, Any, Kind], QuerySet[Any] | None]
    item: Callable[[HttpRequest, Any], Item]

    def before(self, request: HttpRequest, row: Any, kind: Kind, at: datetime | None, *, tie: int | None) -> Any:
        """Its rows before an instant, newest first; `tie` is the row at that instant from which on they are older, -1 for
        all of that instant, None for none of it."""
        rows = self.rows(request, row, kind)
        if rows is None or (kind and kind not in self.kinds):
            return ()
        rows = rows.order_by(f"-{self.at}", "-pk")
        if at is None:
            return rows
        older = Q(**{f"{self.at}__lt": at})
        if tie is not None:
            same = Q(**{self.at: at})
            older |= same if tie < 0 else same & Q(pk__lt=tie)
        return rows.filter(older)


def instant(stream: Stream, each: Any) -> datetime:
    at: datetime = getattr(each, stream.at)
    return at


# --- What was done to it ----------------------------------------------------------------------------------------------


def _happenings(request: HttpRequest, row: Any, kind: Kind) -> QuerySet[Entry]:
    """Everybody's for those who may read them, else one's own; reviews for those who may read reviews, and what came of
    a link for those who make them. Notes tell themselves."""
    noun = row._meta.model_name
    about = Q(record=noun, record_id=row.pk)
    if noun == "card" and row.cardholder_id and row.codego_id:
        issued = Q(record="cardholder", record_id=row.cardholder_id, action=Action.CARD_ISSUE)
        about |= issued & Q(detail__result=row.codego_id)
    found = Entry.objects.filter(about).exclude(action=Action.NOTE_ADD).select_related("actor")
    if kind == Kind.MONEY:
        found = found.filter(action__in=OF_MONEY)
    if allowed(request.user, Permission.ACTIVITY_READ):
        return found
    mine = Q(actor=request.user.pk) if allowed(request.user, Permission.ACTIVITY_OWN) else Q(pk=None)
    if allowed(request.user, Permission.REVIEW_READ):
        mine |= Q(action=Action.REVIEW_DECIDE)
    if allowed(request.user, Permission.KYC_START):
        mine |= Q(action__in=BY_LINK)
    return found.filter(mine)


def _happening(_request: HttpRequest, entry: Entry) -> Item:
    known = entry.outcome in set(Outcome)
    tone, shape = LOOKS.get(Outcome(entry.outcome), ("idle", "ring")) if known else ("idle", "ring")
    decision = DECISIONS.get(str(entry.detail.get("decision")), "")
    how = decision or ("" if entry.outcome == Outcome.DONE else entry.outcome_label)
    return {
        "title": _("%(what)s: %(how)s") % {"what": entry.label, "how": how} if how else entry.label,
        "body": entry.reason,
        "at": entry.at,
        "actor": entry.actor or _("The console"),
        "tone": tone,
        "shape": shape,
        "url": reverse("provider:command", args=[entry.command]) if entry.command else "",
    }


# --- What was written, sent and found ---------------------------------------------------------------------------------


def _notes(_request: HttpRequest, row: Any, _kind: Kind) -> QuerySet[Note]:
    return (
        Note.objects.filter(record=row._meta.model_name, record_id=row.pk)
        .select_related("author")
        .prefetch_related("people")
    )


def _note(request: HttpRequest, note: Note) -> Item:
    clear = note.record in CLEAR or note.author_id == request.user.pk
    said: Shown = note_shown(note, clear=clear or allowed(request.user, Permission.PERSONAL_READ))
    return {"title": _("Note"), "note": said, "at": note.at, "actor": note.author, "tone": "idle", "shape": "square"}


def _sessions(_request: HttpRequest, row: Any, _kind: Kind) -> QuerySet[KycSession] | None:
    noun = row._meta.model_name
    if noun not in {"cardholder", "company"}:
        return None
    return KycSession.objects.filter(submitted_at__isnull=False, **{noun: row})


def _session(_request: HttpRequest, session: KycSession) -> Item:
    return {"title": _("KYC session submitted"), "at": session.submitted_at, "tone": "info", "shape": "half"}


def _deliveries(_request: HttpRequest, row: Any, _kind: Kind) -> QuerySet[Delivery] | None:
    if not row.codego_id:
        return None
    return Delivery.objects.filter(object_id=row.codego_id, verdict__in=TOLD).defer("body")


def _delivery(request: HttpRequest, delivery: Delivery) -> Item:
    known = status_of(delivery.verdict, "delivery")
    words = {"type": delivery.type, "verdict": known.label if known else delivery.verdict}
    return {
        "title": _("Delivery %(type)s: %(verdict)s") % words,
        "at": delivery.received_at,
        "tone": known.tone if known else "idle",
        "shape": known.shape if known else "ring",
        "url": reverse("sync:delivery", args=[delivery.pk]) if allowed(request.user, Permission.INBOX_READ) else "",
    }


def _movements(request: HttpRequest, row: Any, _kind: Kind) -> QuerySet[Any] | None:
    """By name: reconciliation stands above this."""
    noun = row._meta.model_name
    if noun not in {"cardholder", "company"} or not allowed(request.user, Permission.RECONCILIATION_READ):
        return None
    movements: QuerySet[Any] = apps.get_model("reconciliation.Movement").objects.all()
    return movements.filter(**{f"about__{noun}": row}).select_related("about", "by")


def _movement(_request: HttpRequest, movement: Any) -> Item:
    of = movement.about
    words = {"what": movement.get_kind_display(), "cause": of.get_cause_display()}
    open_ = movement.kind not in {"resolved", "cleared"}
    return {
        "title": _("Break, %(what)s: %(cause)s") % words,
        "text": format_minor(of.amount, "USD"),
        "at": movement.at,
        "actor": movement.by or "",
        "tone": "warn" if open_ else "good",
        "shape": "triangle" if open_ else "dot",
        "url": of.get_absolute_url(),
    }


_K = Kind
STREAMS: tuple[Stream, ...] = (
    Stream(frozenset({_K.PEOPLE, _K.MONEY}), "at", _happenings, _happening),
    Stream(frozenset({_K.PEOPLE}), "at", _notes, _note),
    Stream(frozenset({_K.PEOPLE}), "submitted_at", _sessions, _session),
    Stream(frozenset({_K.PROVIDER}), "received_at", _deliveries, _delivery),
    Stream(frozenset({_K.MONEY}), "at", _movements, _movement),
)
