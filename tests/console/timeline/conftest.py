"""A card with a past: told of by a delivery, changed by a sweep, a staff command and a read."""

import html
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from cards.models import Card
from cards.sync import apply_cards
from console.codego.records import CardRecord
from console.history.models import Change
from console.provider.mirror import Source
from tests.factories import make_command, make_delivery, make_run, make_staff

BODY = {"id": "c1", "userId": "u1", "type": "virtual", "last4": "4242"}
NOW = timezone.now().replace(microsecond=0)


def ago(**span: int):
    return NOW - timedelta(**span)


def text(answer) -> str:
    """What a person reads: no tags, one space."""
    assert answer.status_code == 200, answer.status_code
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def section(answer, name: str = "timeline") -> str:
    page = answer.content.decode()
    return text(type("Part", (), {"status_code": 200, "content": page[page.index(f'id="{name}"') :].encode()})())


def tell(at, kind: str, ref: str = "", **fields) -> Change:
    """Applies a record as if its source had spoken and it had been written down at that moment."""
    record = CardRecord.parse({**BODY, "updatedAt": at.isoformat(), **fields})
    apply_cards([record], source=Source(kind, at, ref))
    change = Change.objects.filter(record="card").latest("pk")
    Change.objects.filter(pk=change.pk).update(written_at=at + timedelta(seconds=2))
    return change


@pytest.fixture
def card(db) -> Card:
    limit = {"amount": 50000, "frequency": "per30DayPeriod"}
    olga = make_staff("operations", name="Olga Ops")
    first = make_delivery(type="card.created", received_at=ago(days=9))
    tell(ago(days=9), "delivery", str(first.pk), status="notActivated", limit=limit, displayName="ANA MARINHO")
    card = Card.objects.get()
    Card.objects.update(created_at=ago(days=9))
    run = make_run(kind="catch_up")
    tell(ago(days=8), "run", str(run.pk), status="active", limit=limit, displayName="ANA MARINHO")
    lock = make_command("card", card.pk, kind="lock", actor=olga, sent_at=ago(days=7))
    tell(ago(days=7), "command", str(lock.pk), status="locked", limit=limit, displayName="A MARINHO")
    make_delivery(type="card.updated", object_id="c1", received_at=ago(days=6, minutes=1))
    more = {"amount": 90000, "frequency": "allTime"}
    tell(ago(days=6), "read", status="locked", limit=more, displayName="A MARINHO")
    tell(ago(days=5), "read", status="locked", limit=more, displayName="A MARINHO", art={"colour": "red"})
    card.refresh_from_db()
    return card
