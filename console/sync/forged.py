"""Deliveries that could not be verified: all are counted, some are kept, none is believed. Once a secret was added, those
kept can be verified again."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from console.codego.envelope import parse_envelope
from console.codego.secret import Secret, redact
from console.codego.signature import is_well_formed, verify
from console.codego.wire import SECRET_KEYS, WHOLE_NUMBER, without_secrets
from console.sync import inbox
from console.sync.models import Delivery, DeliveryVerdict, Rejected, Rejection

HEADERS = ("Signature", "Secondary-Signature")  # the second is made with the coming secret while one is changed
LARGEST = 64_000  # bytes of a body that are kept
HOURLY = {Rejection.WRONG: 100}  # these alone may be the provider's own
HOURLY_ELSE = 20
KEPT_FOR = timedelta(days=14)
MOST_KEPT = 5_000
SIGNATURE = 200  # characters
# In what is no JSON: the value beside a secret's name, and any run of digits as long as a card's number. Both are found
# in one pass, whatever a stranger sends.
SECRET_PAIR = re.compile(
    rf'(["\']?(?:{"|".join(sorted(SECRET_KEYS))})["\']?\s*[:=]\s*)("[^"]*"?|[^\s,&}}\]]+)', re.IGNORECASE
)
CARD_NUMBER = re.compile(rf"\d(?:[ -]?\d){{{WHOLE_NUMBER - 1},}}")


def secrets() -> list[Secret]:
    return [Secret(secret) for secret in settings.CODEGO_WEBHOOK_SECRETS if secret]


def is_signed(raw: bytes, signatures: Sequence[str]) -> bool:
    """Whether one of the configured secrets made one of these signatures over these bytes."""
    known = secrets()
    return any(verify(raw, signature, known) for signature in signatures)


def reason_of(raw: bytes, signatures: Sequence[str]) -> Rejection:
    """Why it did not verify."""
    if not signatures:
        return Rejection.NO_SIGNATURE
    if not any(map(is_well_formed, signatures)):
        return Rejection.MALFORMED
    is_short = len(raw) <= LARGEST  # a stranger's long one is not worth the parsing
    return Rejection.NOT_JSON if is_short and not parse_envelope(raw, {}).json_ok else Rejection.WRONG


def reject(reason: Rejection, raw: bytes, headers: dict[str, str], signatures: Sequence[str], address: str) -> None:
    """Counts it, and keeps it while this hour's share for its reason lasts. A retry of one that is kept is only
    counted."""
    now = timezone.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    most = HOURLY.get(reason, HOURLY_ELSE)
    with transaction.atomic():
        Rejected.objects.get_or_create(hour=hour, reason=reason, defaults={"last_at": now})
        counter = Rejected.objects.filter(hour=hour, reason=reason)
        counter.update(count=F("count") + 1, last_at=now, last_address=address[:64])
        if counter.filter(kept__lt=most).exists() and _keep(reason, raw, headers, signatures, address):
            counter.update(kept=F("kept") + 1)


def _keep(
    reason: Rejection, raw: bytes, headers: dict[str, str], signatures: Sequence[str], address: str
) -> Delivery | None:
    envelope = parse_envelope(raw, headers)
    shown = [
        signature.strip() if is_well_formed(signature) else redact(signature)[:SIGNATURE] for signature in signatures
    ]
    same = Delivery.objects.filter(
        verdict=DeliveryVerdict.FORGED, event_id=envelope.id[:200], body_hash=envelope.body_hash
    )
    if any(kept == shown for kept in same.values_list("signatures", flat=True)):
        return None
    return Delivery.objects.create(
        event_id=envelope.id[:200],
        body_hash=envelope.body_hash,
        type=(envelope.type or "")[:80],
        object_id=inbox.object_id(envelope),
        body=(without_secrets(raw) if envelope.json_ok else _masked(raw))[:LARGEST],
        verdict=DeliveryVerdict.FORGED,
        rejection=reason,
        signatures=shown,
        due_at=None,
        address=address[:64],
    )


def _masked(raw: bytes) -> bytes:
    """What is no JSON, such as half of one: byte for byte, unless something in it looks like a card secret."""
    text = raw.decode("latin-1")  # any byte there is, and back again
    return CARD_NUMBER.sub("***", SECRET_PAIR.sub(r"\1***", text)).encode("latin-1")


# --- Verifying again --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Outcome:
    """What became of each: verified, of those only duplicates, refused again, and altered when they were kept."""

    verified: int = 0
    duplicates: int = 0
    unverified: int = 0
    altered: int = 0

    def add(self, other: "Outcome") -> None:
        self.verified += other.verified
        self.duplicates += other.duplicates
        self.unverified += other.unverified
        self.altered += other.altered


def is_altered(delivery: Delivery) -> bool:
    """Whether the body is no longer what was signed: it carried card secrets, or was too long to keep."""
    return hashlib.sha256(bytes(delivery.body)).hexdigest() != delivery.body_hash


def verify_again(ids: Sequence[int]) -> Outcome:
    """With the secrets of now, over the bytes as they came. One that verifies goes into the queue as if it had come
    then; where the provider's retry was there first, it is that one's duplicate."""
    outcome = Outcome()
    with transaction.atomic():
        for start in range(0, len(ids), inbox.CLAIM):
            forged = Delivery.objects.filter(pk__in=ids[start : start + inbox.CLAIM], verdict=DeliveryVerdict.FORGED)
            for delivery in forged.select_for_update().order_by("received_at", "pk"):
                _verify(delivery, outcome)
    return outcome


def _verify(delivery: Delivery, outcome: Outcome) -> None:
    if is_altered(delivery):
        outcome.altered += 1
    elif not is_signed(bytes(delivery.body), delivery.signatures):
        outcome.unverified += 1
    else:
        outcome.verified += 1
        outcome.duplicates += not _believe(delivery)


def _believe(delivery: Delivery) -> bool:
    """False where it is a duplicate."""
    now = timezone.now()
    delivery.replayed_at, delivery.conflict = now, inbox.has_partner(delivery)
    try:
        with transaction.atomic():
            delivery.verdict, delivery.due_at = DeliveryVerdict.NEW, now
            delivery.save(update_fields=["verdict", "due_at", "replayed_at", "conflict"])
    except IntegrityError:
        delivery.verdict, delivery.due_at, delivery.conflict = DeliveryVerdict.DUPLICATE, None, False
        delivery.save(update_fields=["verdict", "due_at", "replayed_at", "conflict"])
        return False
    return True


# --- Keeping it small -------------------------------------------------------------------------------------------------


def prune() -> int:
    """Forgets those kept for long, and the oldest of too many; how many. The counters stay."""
    forged = Delivery.objects.filter(verdict=DeliveryVerdict.FORGED).order_by("-received_at", "-pk")
    too_many = list(forged.values_list("pk", flat=True)[MOST_KEPT : MOST_KEPT * 2])
    old = list(forged.filter(received_at__lt=timezone.now() - KEPT_FOR).values_list("pk", flat=True)[:MOST_KEPT])
    gone, doomed = 0, sorted({*too_many, *old})
    for start in range(0, len(doomed), inbox.CLAIM):
        some = Delivery.objects.filter(pk__in=doomed[start : start + inbox.CLAIM], verdict=DeliveryVerdict.FORGED)
        gone += some.delete()[0]
    return gone


# --- What it looks like -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """The last day at the door, for whoever has to find out in seconds what is wrong."""

    counts: Counter[str]
    last: dict[str, Rejected]  # reason to its newest counter
    kept: int
    verified_at: datetime | None  # when one last verified, ever

    @property
    def last_wrong_at(self) -> datetime | None:
        newest = self.last.get(Rejection.WRONG)
        return newest.last_at if newest else None

    @property
    def is_our_secret(self) -> bool:
        """Well signed with a secret that is not ours, and nothing has verified since."""
        return bool(self.last_wrong_at and (self.verified_at is None or self.verified_at < self.last_wrong_at))


def look(hours: int = 24) -> tuple[Look, list[Rejected]]:
    """The summary, and the counters it is made of, the newest first."""
    now = timezone.now()
    since = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours - 1)
    counters = list(Rejected.objects.filter(hour__gte=since).order_by("-hour", "reason"))
    counts, last = Counter[str](), dict[str, Rejected]()
    for each in counters:
        counts[each.reason] += each.count
        last.setdefault(each.reason, each)
    newest = Delivery.objects.verified().filter(rejection="").order_by("-received_at", "-pk")
    kept = Delivery.objects.filter(verdict=DeliveryVerdict.FORGED).values_list("pk")[:MOST_KEPT]
    return Look(counts, last, len(kept), newest.values_list("received_at", flat=True).first()), counters
