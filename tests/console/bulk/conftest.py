"""A person at operations with cards that the sandbox knows."""

import pytest
from django.test import Client

from cards.models import Card
from console.access import Actor
from console.bulk import services, work
from console.bulk.kinds import KINDS
from console.bulk.models import BulkRun
from console.staff.models import User
from tests.factories import make_card, make_cardholder, make_staff


@pytest.fixture
def staff(db) -> User:
    return make_staff("operations")


@pytest.fixture
def client(staff) -> Client:
    browser = Client()
    browser.force_login(staff)
    return browser


@pytest.fixture
def cards(sandbox) -> list[Card]:
    """Three active cards of the provider, in our copy."""
    theirs = [card for card in sandbox.list("cards") if card["status"] == "active"][:3]
    return [make_card(make_cardholder(), codego_id=card["id"], last4=card["last4"], read_at=None) for card in theirs]


@pytest.fixture
def ready(staff):
    """A run that was tried dry: `ready("lock", cards)`."""

    def make(key: str, records, *, by: User | None = None, **given) -> BulkRun:
        actor = Actor((by or staff).pk, tuple((by or staff).roles), "10.0.0.1")
        run = services.draft(KINDS[key], actor=actor, ids=[record.pk for record in records])
        services.judge(run, reason=given.pop("reason", "Fraud alarm"), parameters=given)
        return run

    return make


@pytest.fixture
def started(ready):
    """One that the worker has to go through."""

    def make(key: str, records, *, by: User | None = None, **given) -> BulkRun:
        run = ready(key, records, by=by, **given)
        services.confirm(run, actor=Actor(run.actor_id, tuple(run.actor.roles), "10.0.0.1"))
        run.refresh_from_db()
        return run

    return make


def go_on(run: BulkRun) -> BulkRun:
    """The worker, until it has nothing more to do now."""
    BulkRun.objects.filter(pk=run.pk, due_at__isnull=False).update(due_at=run.snapshot_at, claimed_at=None)
    while (claimed := work.claim(run.pk)) and work.work(claimed):
        pass
    run.refresh_from_db()
    return run


def states(run: BulkRun) -> list[str]:
    """Of its rows, in the order of their records."""
    return list(run.rows.order_by("record_id").values_list("state", flat=True))
