"""Undo of a lock or an unlock: by whoever did it, in time, with the right, and only while nobody changed more."""

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.utils import timezone

from cards import services, undoing
from cards.models import Card
from cards.sync import apply_cards
from console.access import Actor
from console.audit.models import Entry
from console.codego.records import CardRecord
from console.provider.commands import CannotDo
from console.provider.mirror import Source
from console.provider.models import Command, CommandKind, CommandState
from tests.factories import make_card, make_staff

pytestmark = pytest.mark.django_db(transaction=True)
LOCK, UNLOCK = CommandKind.LOCK, CommandKind.UNLOCK


@pytest.fixture
def olga(db) -> Actor:
    return Actor(make_staff("operations").pk, ("operations",), "10.0.0.1")


@pytest.fixture
def card(sandbox) -> Card:
    theirs = next(c for c in sandbox.list("cards") if c["status"] == "active")
    return make_card(codego_id=theirs["id"], read_at=None)


@pytest.fixture
def locked(card, olga) -> Command:
    return services.change_status(card, LOCK, actor=olga, reason="Reported lost")


def at_provider(sandbox, card: Card) -> str:
    return next(c["status"] for c in sandbox.list("cards") if c["id"] == card.codego_id)


def offer(actor: Actor) -> undoing.Offer | None:
    return undoing.offered(actor.user_id, actor.roles)


def test_undo_is_a_command_of_its_own_that_names_the_first(sandbox, card, olga, locked):
    assert offer(olga).command == locked
    undone = undoing.undo(locked, actor=olga)
    assert (undone.kind, undone.state, undone.reason) == (UNLOCK, CommandState.DONE, "Undone")
    assert undone.payload == {"undoes": str(locked.pk)}
    assert at_provider(sandbox, card) == "active"
    entry = Entry.objects.get(command=undone.pk)
    assert (entry.action, entry.detail["undoes"]) == ("card:unlock", str(locked.pk))
    assert offer(olga) is None  # an undo is not offered to be undone


def test_an_unlock_is_undone_by_locking(sandbox, card, olga, locked):
    card.refresh_from_db()
    unlocked = services.change_status(card, UNLOCK, actor=olga)
    assert undoing.undo(unlocked, actor=olga).kind == LOCK
    assert at_provider(sandbox, card) == "locked"


def test_it_is_undone_once(card, olga, locked):
    undoing.undo(locked, actor=olga)
    with pytest.raises(CannotDo, match="changed again since"):
        undoing.undo(locked, actor=olga)
    assert Command.objects.count() == 2


def test_an_undo_that_came_to_nothing_can_be_tried_again(sandbox, card, olga, locked):
    sandbox.fault("PATCH /cards/*", "rate_limited", times=3)
    assert undoing.undo(locked, actor=olga).state == CommandState.NOT_DONE
    assert undoing.undo(locked, actor=olga).state == CommandState.DONE
    assert at_provider(sandbox, card) == "active"


def test_nobody_undoes_what_somebody_else_did(card, olga, locked):
    other = Actor(make_staff("operations").pk, ("operations",), "")
    assert offer(other) is None
    with pytest.raises(CannotDo, match="Only the person who did it"):
        undoing.undo(locked, actor=other)


def test_who_may_lock_but_not_unlock_is_not_offered_it(card, sandbox):
    carla = Actor(make_staff("compliance").pk, ("compliance",), "")
    locked = services.change_status(card, LOCK, actor=carla, reason="Suspicion of fraud")
    assert offer(carla) is None
    with pytest.raises(CannotDo, match="not unlock them"):
        undoing.undo(locked, actor=carla)
    assert at_provider(sandbox, card) == "locked"


def test_the_offer_ends_before_the_undo_is_too_late(card, olga, locked):
    Command.objects.update(settled_at=timezone.now() - undoing.OFFERED)
    assert offer(olga) is None
    locked.refresh_from_db()
    Command.objects.update(settled_at=timezone.now() - undoing.ACCEPTED)
    locked.refresh_from_db()
    with pytest.raises(CannotDo, match="too late"):
        undoing.undo(locked, actor=olga)


def test_a_newer_change_of_a_colleague_is_never_undone(sandbox, card, olga, locked):
    other = Actor(make_staff("operations").pk, ("operations",), "")
    card.refresh_from_db()
    services.change_status(card, UNLOCK, actor=other)
    card.refresh_from_db()
    services.change_status(card, LOCK, actor=other, reason="Suspicion of fraud")  # as it was left, but not by olga
    assert offer(olga) is None
    with pytest.raises(CannotDo, match="changed again since"):
        undoing.undo(locked, actor=olga)


@pytest.mark.parametrize("then", [["active"], ["active", "locked"]])
def test_what_the_provider_changed_since_is_never_undone(sandbox, card, olga, locked, then):
    for status in then:
        read = CardRecord.parse({"id": card.codego_id, "userId": card.cardholder.codego_id, "status": status})
        apply_cards([read], source=Source("read", timezone.now() + timedelta(seconds=1)))
    assert offer(olga) is None
    with pytest.raises(CannotDo, match="no longer as you left it"):
        undoing.undo(locked, actor=olga)


def test_a_lock_the_provider_refused_is_not_offered(card, olga):
    Command.objects.create(
        kind=LOCK, record="card", record_id=card.pk, actor_id=olga.user_id, state="refused", settled_at=timezone.now()
    )
    assert offer(olga) is None


# --- On the page ---------------------------------------------------------------------------------------------------


def test_every_page_offers_it_while_it_lasts_and_one_press_does_it(client_as, sandbox, card):
    olga = client_as("operations")
    olga.post(f"/cards/{card.pk}/lock/", {"reason": "lost", "words": "", "details": ""})
    command = Command.objects.get()
    assert command.state == CommandState.DONE
    button = f'action="/cards/undo/{command.pk}/"'
    for page in (f"/cards/{card.pk}/", "/transactions/"):
        shown = olga.get(page).content.decode()
        assert button in shown
        assert "The card is locked." in shown
    assert button not in client_as("operations").get("/").content.decode()
    answer = olga.post(f"/cards/undo/{command.pk}/", headers={"Referer": "http://testserver/transactions/"})
    assert answer.url == "http://testserver/transactions/"
    assert [str(m) for m in get_messages(answer.wsgi_request)] == ["Undone. The card is unlocked."]
    assert at_provider(sandbox, card) == "active"


def test_a_page_that_lingered_is_told_why_not(client_as, card, locked):
    answer = client_as("operations").post(f"/cards/undo/{locked.pk}/")
    assert answer.url == f"/cards/{card.pk}/"
    assert [str(m) for m in get_messages(answer.wsgi_request)] == ["Only the person who did it can undo it."]
