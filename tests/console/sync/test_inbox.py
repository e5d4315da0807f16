"""Deliveries: what is a duplicate, what is kept, and what happens when applying fails."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from cards.models import Card
from console.sync import health, inbox
from console.sync.models import Delivery, DeliveryVerdict
from tests.factories import make_delivery
from transactions.models import Transaction

pytestmark = pytest.mark.django_db


def body(status: str = "active", **more) -> bytes:
    content = {"id": "c1", "userId": "u1", "status": status, "updatedAt": "2026-11-01T12:00:00Z", **more}
    return json.dumps({"type": "card.updated", "body": content}).encode()


def accept(raw: bytes, key: str = "k1") -> Delivery:
    return inbox.accept(raw, {"Idempotency-Key": key}, "10.0.0.9")


def verdicts() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("verdict", flat=True))


def test_the_same_key_and_body_have_one_effect():
    for _ in range(3):
        accept(body())
    inbox.drain()
    assert verdicts() == ["applied", "duplicate", "duplicate"]


def test_the_same_key_with_another_body_is_kept_flagged_and_applied():
    accept(body("active"))
    second = accept(body("locked", updatedAt="2026-11-01T13:00:00Z"))
    inbox.drain()
    assert second.conflict
    assert Card.objects.get().status == "locked"


def test_the_same_body_under_another_key_asks_for_a_read():
    accept(body(), "k1")
    inbox.drain()
    Card.objects.update(dirty_at=None)
    accept(body(), "k2")
    inbox.drain()
    assert Card.objects.get().dirty_at is not None


def test_an_unknown_type_is_kept_and_shown():
    accept(b'{"type":"card_art.painted","body":{"id":"x"}}')
    accept(b"[1, 2", "k2")
    inbox.drain()
    assert verdicts() == ["unhandled", "unhandled"]
    assert bytes(Delivery.objects.order_by("id").last().body) == b"[1, 2"


def test_a_delivery_that_names_no_object_is_unmatched():
    accept(b'{"type":"card.updated","body":{"status":"active"}}')
    inbox.drain()
    assert verdicts() == ["unmatched"]


def test_informational_events_change_nothing():
    accept(b'{"type":"transaction.requested","body":{"type":"spend","spend":{"amount":1}}}')
    inbox.drain()
    assert verdicts() == ["unhandled"]


def test_one_broken_delivery_holds_up_nobody():
    accept(body(), "good")
    accept(body(id="c2", userId="u" * 400), "bad")
    inbox.drain()
    assert Card.objects.filter(codego_id="c1").exists()
    assert Delivery.objects.get(event_id="good").verdict == "applied"


def test_a_claimed_delivery_of_a_dead_worker_is_taken_up_again():
    accept(body())
    inbox._claim(10)
    assert inbox.drain() == 0
    Delivery.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert inbox.drain() == 1
    assert verdicts() == ["applied"]


def test_what_keeps_failing_is_parked_and_can_be_replayed():
    delivery = make_delivery(verdict="failed", attempts=inbox.TRIES, due_at=timezone.now())
    inbox._fail(delivery, RuntimeError("still broken"))
    delivery.refresh_from_db()
    assert (delivery.verdict, delivery.due_at) == (DeliveryVerdict.PARKED, None)
    assert "still broken" in delivery.error
    assert inbox.replay([delivery.pk]) == 1
    delivery.refresh_from_db()
    assert (delivery.verdict, delivery.attempts) == (DeliveryVerdict.NEW, 0)


def test_replaying_an_applied_delivery_changes_nothing():
    delivery = accept(body())
    inbox.drain()
    inbox.replay([delivery.pk])
    inbox.drain()
    assert Card.objects.count() == 1
    assert verdicts() == ["applied"]


def test_a_failure_of_a_claim_that_was_too_slow_does_not_undo_what_another_did():
    slow = accept(body())
    inbox._claim(10)
    Delivery.objects.update(due_at=timezone.now() - timedelta(seconds=1), attempts=inbox.TRIES - 1)
    inbox.drain()
    slow.attempts = inbox.TRIES - 1
    inbox._fail(slow, RuntimeError("too late"))
    assert verdicts() == ["applied"]


def test_the_times_of_a_delivery_are_kept_and_a_replay_starts_them_anew():
    delivery = accept(body())
    assert (delivery.first_tried_at, delivery.applied_at) == (None, None)
    inbox.drain()
    delivery.refresh_from_db()
    assert delivery.received_at <= delivery.first_tried_at <= delivery.applied_at
    first = delivery.first_tried_at
    inbox.replay([delivery.pk])
    delivery.refresh_from_db()
    assert (delivery.first_tried_at, delivery.applied_at) == (None, None)
    inbox.drain()
    delivery.refresh_from_db()
    assert first < delivery.replayed_at == delivery.queued_at <= delivery.first_tried_at <= delivery.applied_at


def test_a_replay_of_old_deliveries_does_not_look_like_a_stuck_worker():
    old = make_delivery(received_at=timezone.now() - timedelta(days=9))
    inbox.replay([old.pk])
    assert health.inbox_age() < timedelta(minutes=1)
    make_delivery(
        verdict="new", received_at=timezone.now() - timedelta(minutes=9), due_at=timezone.now() - timedelta(minutes=9)
    )
    assert health.inbox_age() > timedelta(minutes=8)
    inbox._claim(10)
    assert health.inbox_age() > timedelta(minutes=8)


@pytest.mark.parametrize("named", [{}, {"id": True}, {"id": "  "}, {"id": ["t1"]}, {"id": "t" * 129}], ids=str)
def test_a_transaction_without_an_id_makes_no_row(named):
    told = {"type": "spend", "spend": {"userId": "u1", "amount": 5}, **named}
    accept(json.dumps({"type": "transaction.created", "body": told}).encode())
    inbox.drain()
    assert verdicts() == ["unmatched"]
    assert not Transaction.objects.exists()


@pytest.mark.parametrize("odd", ["\x00", "\ud800"])
def test_an_id_that_no_database_holds_is_accepted_all_the_same(odd):
    delivery = accept(body(id=f"c1{odd}"))
    inbox.drain()
    assert delivery.object_id == "c1\ufffd"
    assert verdicts() == ["applied"]


def test_card_secrets_of_a_delivery_are_not_kept():
    raw = body(card={"number": "4111111111111111", "cvc": "987"}, maskedPan="4111111111111111")
    delivery = accept(raw)
    assert accept(raw).verdict == "duplicate"
    inbox.drain()
    kept = bytes(Delivery.objects.get(pk=delivery.pk).body) + json.dumps(Card.objects.get().raw).encode()
    assert b"4111111111111111" not in kept
    assert b"987" not in kept
    assert Card.objects.get().status == "active"


def test_the_event_of_a_flat_body_is_not_the_type_of_the_card():
    flat = {
        "type": "card.locked",
        "cardId": "c1",
        "userId": "u1",
        "status": "locked",
        "updatedAt": "2026-11-01T12:00:00Z",
    }
    accept(json.dumps(flat).encode())
    inbox.drain()
    assert (Card.objects.get().type, Card.objects.get().flags) == ("", [])


def test_what_a_delivery_said_is_kept_as_it_was_said():
    accept(body(id="evt-1", cardId="c1"))
    inbox.drain()
    assert (Card.objects.get().codego_id, Card.objects.get().raw["id"]) == ("c1", "evt-1")


def test_a_delivery_is_found_with_the_object_it_is_applied_to():
    inbox.accept(b'{"type":"user.updated","body":{"id":"e7","userId":"u1","email":"a@b.test"}}', {}, "10.0.0.9")
    inbox.accept(b'{"type":"card.updated","body":{"id":"c1","userId":"u1"}}', {}, "10.0.0.9")
    assert list(Delivery.objects.order_by("id").values_list("object_id", flat=True)) == ["u1", "c1"]


def test_what_may_end_the_worker_is_taken_alone_and_parked_in_the_end():
    now = timezone.now()
    fine = make_delivery(verdict="new", due_at=now)
    killer = make_delivery(verdict="new", due_at=now, attempts=inbox.SUSPECT)
    assert inbox.drain() == 1  # what stands before it goes on without it
    fine.refresh_from_db()
    killer.refresh_from_db()
    assert fine.verdict != DeliveryVerdict.NEW
    assert killer.verdict == DeliveryVerdict.NEW
    Delivery.objects.filter(pk=killer.pk).update(attempts=inbox.TRIES)
    assert inbox.drain() == 0
    killer.refresh_from_db()
    assert (killer.verdict, killer.due_at) == (DeliveryVerdict.PARKED, None)
    assert inbox.replay([killer.pk]) == 1
