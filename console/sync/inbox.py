"""The inbox: a webhook is verified and stored at once, and applied later by `drain()`, many at a time."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from console.access import Actor
from console.audit import services as audit
from console.audit.events import Action
from console.codego.envelope import Envelope, parse_envelope
from console.codego.errors import Unreadable
from console.codego.wire import clean, without_secrets
from console.provider.mirror import Source, Verdict, mark_dirty
from console.sync.models import Delivery, DeliveryVerdict
from console.sync.routes import Event, event_of
from console.vocabulary import services as vocabulary
from console.vocabulary.services import Met

log = logging.getLogger("deckhand.inbox")
CLAIM = 300
LEASE = timedelta(seconds=30)
SUSPECT = 3  # times taken: from then on alone
TRIES = 8  # with the pauses below: about an hour
_VERDICTS = {
    Verdict.CREATED: DeliveryVerdict.APPLIED,
    Verdict.CHANGED: DeliveryVerdict.APPLIED,
    Verdict.UNCHANGED: DeliveryVerdict.APPLIED,
    Verdict.STALE: DeliveryVerdict.STALE,
    Verdict.HINT: DeliveryVerdict.HINT,
}


def accept(raw: bytes, headers: dict[str, str], address: str) -> Delivery:
    """Stores a verified webhook as it came, less card secrets. A duplicate is one whose identifier and body were both
    seen together."""
    envelope = parse_envelope(raw, headers)
    delivery = Delivery(
        event_id=envelope.id[:200],
        body_hash=envelope.body_hash,
        type=(envelope.type or "")[:80],
        object_id=object_id(envelope),
        body=without_secrets(raw),
        address=address[:64],
    )
    try:
        with transaction.atomic():
            delivery.conflict = has_partner(delivery)
            delivery.save()
    except IntegrityError:
        delivery.pk, delivery.conflict = None, False
        delivery.verdict, delivery.due_at = DeliveryVerdict.DUPLICATE, None
        delivery.save()
    return delivery


def has_partner(delivery: Delivery) -> bool:
    """Whether a verified delivery came before with its identifier or its body."""
    seen = Q(event_id=delivery.event_id) | Q(body_hash=delivery.body_hash)
    return Delivery.objects.verified().filter(seen).exists()


def drain(limit: int = CLAIM) -> int:
    """Claims due deliveries and applies them, a noun at a time; how many were claimed."""
    claimed = _claim(limit)
    groups: dict[Event | None, list[Delivery]] = defaultdict(list)
    for delivery in claimed:
        groups[event_of(delivery.type)].append(delivery)
    for event, deliveries in groups.items():
        if event is None:
            vocabulary.met_many([Met("event.type", each.type, "delivery", each.pk) for each in deliveries])
            _finish(deliveries, DeliveryVerdict.UNHANDLED)
        else:
            _apply(event, deliveries)
    return len(claimed)


def replay(ids: Sequence[int]) -> int:
    """Puts deliveries back into the queue; applying one again has no second effect. Duplicates and what was never
    verified stay where they are."""
    now, done = timezone.now(), 0
    for start in range(0, len(ids), CLAIM):
        some = Delivery.objects.effective().filter(pk__in=ids[start : start + CLAIM])
        done += some.update(
            verdict=DeliveryVerdict.NEW, due_at=now, replayed_at=now, first_tried_at=None, applied_at=None, attempts=0,
            error="",
        )  # fmt: skip
    return done


def replay_one(delivery: Delivery, *, actor: Actor, reason: str = "") -> None:
    """The same for one, written down."""
    with transaction.atomic():
        if replay([delivery.pk]):
            audit.record(
                Action.DELIVERY_REPLAY, actor=actor, record="delivery", record_id=delivery.pk, reason=reason, count=1
            )


def _claim(limit: int) -> list[Delivery]:
    """Takes the next due ones. One that was taken often without a word about it may be what ends the worker: it is taken
    alone, so that its neighbours go on, and parked in the end."""
    now = timezone.now()
    with transaction.atomic():
        due = Delivery.objects.filter(due_at__lte=now).order_by("due_at", "id")
        due.filter(attempts__gte=TRIES).update(
            verdict=DeliveryVerdict.PARKED, due_at=None, error="The worker ended each time it was applied."
        )
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)
        claimed = list(due[:limit])
        suspect = next((n for n, each in enumerate(claimed) if each.attempts >= SUSPECT), None)
        if suspect is not None:
            claimed = claimed[: suspect or 1]
        Delivery.objects.filter(pk__in=[d.pk for d in claimed]).update(
            due_at=now + LEASE, attempts=F("attempts") + 1, first_tried_at=Coalesce("first_tried_at", now)
        )
    for delivery in claimed:
        delivery.attempts += 1
    return claimed


def _apply(event: Event, deliveries: list[Delivery]) -> None:
    """The batch in one go; if one of them breaks it, each by itself, so that one bad body holds up nobody."""
    try:
        _apply_together(event, deliveries)
    except Exception:  # noqa: BLE001 - whatever it was is written on the delivery it came from
        for delivery in deliveries:
            try:
                _apply_together(event, [delivery])
            except Exception as failure:  # noqa: BLE001
                _fail(delivery, failure)


def _apply_together(event: Event, deliveries: list[Delivery]) -> None:
    by_source: dict[Source, list[tuple[Delivery, Any]]] = defaultdict(list)
    for delivery in deliveries:
        envelope = parse_envelope(bytes(delivery.body), {})
        try:
            record = event.parse(envelope.type or "", envelope.body or {})
        except Unreadable as unreadable:
            _finish([delivery], DeliveryVerdict.UNMATCHED, error=str(unreadable))
            continue
        if record is None:
            _finish([delivery], DeliveryVerdict.UNHANDLED)
        else:
            by_source[Source("delivery", delivery.received_at, str(delivery.pk))].append((delivery, record))
    for source, pairs in by_source.items():
        with transaction.atomic():
            applied = event.apply([record for _, record in pairs], source=source)
            verdicts: dict[DeliveryVerdict, list[Delivery]] = defaultdict(list)
            for (delivery, _record), verdict in zip(pairs, applied.verdicts, strict=True):
                verdicts[_VERDICTS[verdict]].append(delivery)
            # a body that came before under another key may be a state that came back: only a read can tell
            mark_dirty(event.model, [record.id for delivery, record in pairs if delivery.conflict], source.at)
            for ended, done in verdicts.items():
                _finish(done, ended)


def _finish(deliveries: Sequence[Delivery], verdict: DeliveryVerdict, error: str = "") -> None:
    Delivery.objects.filter(pk__in=[d.pk for d in deliveries]).update(
        verdict=verdict, due_at=None, applied_at=timezone.now(), error=error
    )


def _fail(delivery: Delivery, failure: Exception) -> None:
    log.warning("delivery %s failed: %s", delivery.pk, type(failure).__name__)
    parked = delivery.attempts >= TRIES
    # only of this claim: who took it up meanwhile, because this one was too slow, may have applied it
    Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts).update(
        verdict=DeliveryVerdict.PARKED if parked else DeliveryVerdict.FAILED,
        due_at=None if parked else timezone.now() + timedelta(seconds=2 ** (delivery.attempts + 2)),
        error=f"{type(failure).__name__}: {failure}"[:2000],
    )


def object_id(envelope: Envelope) -> str:
    """The id by which the delivery will be applied, so that it is found with its object."""
    event, body = event_of(envelope.type or ""), envelope.body or {}
    found = event.id_of(body) if event else body.get("id")
    return clean(str(found))[:128] if isinstance(found, str | int) else ""
