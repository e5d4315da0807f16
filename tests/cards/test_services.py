"""Issue, lock, limit: one effect each, whatever happens on the way."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from cardholders.models import Cardholder
from cards import services
from cards.models import Card
from console.access import Actor
from console.audit.models import Entry
from console.codego.errors import CodegoError
from console.codego.protocols import Priority
from console.provider import commands
from console.provider.commands import CannotDo
from console.provider.factory import client
from console.provider.models import Command, CommandKind, CommandState
from console.sync import settle
from tests.factories import make_cardholder, make_staff

pytestmark = pytest.mark.django_db(transaction=True)
ORDER = services.Order(type="virtual", limit_amount=50_000, limit_frequency="per30DayPeriod", display_name="ANA TEST")


@pytest.fixture
def actor(db) -> Actor:
    return Actor(make_staff("operations").pk, ("operations",), "10.0.0.1")


@pytest.fixture
def holder(sandbox) -> Cardholder:
    approved = next(u for u in sandbox.list("users") if u["applicationStatus"] == "approved" and not u.get("companyId"))
    return make_cardholder(codego_id=approved["id"], read_at=None)


def cards_at(sandbox, holder: Cardholder) -> set[str]:
    return {c["id"] for c in sandbox.list("cards") if c.get("userId") == holder.codego_id}


def due_now() -> None:
    Command.objects.exclude(check_at=None).update(check_at=timezone.now() - timedelta(seconds=1))


def test_an_issued_card_is_one_card_at_both_ends(sandbox, holder, actor):
    before = cards_at(sandbox, holder)
    command = services.issue(holder, ORDER, actor=actor)
    (new,) = cards_at(sandbox, holder) - before
    assert (command.state, command.result) == (CommandState.DONE, new)
    card = Card.objects.get(codego_id=new)
    assert (card.cardholder, card.limit_amount, card.by_reference) == (holder, 50_000, False)
    assert Entry.objects.get(command=command.pk).outcome == "done"


def test_a_lost_answer_is_settled_by_reading_and_never_sent_again(sandbox, holder, actor):
    before = cards_at(sandbox, holder)
    sandbox.fault("POST /users/*/cards", "drop_after")
    command = services.issue(holder, ORDER, actor=actor)
    assert command.state == CommandState.UNKNOWN
    due_now()
    settle.settle_due()
    command.refresh_from_db()
    (new,) = cards_at(sandbox, holder) - before
    assert (command.state, command.result) == (CommandState.DONE, new)
    assert Card.objects.filter(cardholder=holder, codego_id=new).count() == 1


def test_while_one_issue_is_open_a_second_is_refused(sandbox, holder, actor):
    sandbox.fault("POST /users/*/cards", "drop_before")
    services.issue(holder, ORDER, actor=actor)
    with pytest.raises(CannotDo, match="still open"):
        services.issue(holder, ORDER, actor=actor)


def test_not_created_is_said_only_after_three_listings_over_ten_minutes(sandbox, holder, actor):
    sandbox.fault("POST /users/*/cards", "drop_before")
    command = services.issue(holder, ORDER, actor=actor)
    for _ in range(4):
        due_now()
        settle.settle_due()
    command.refresh_from_db()
    assert command.state == CommandState.UNKNOWN
    Command.objects.update(sent_at=timezone.now() - timedelta(minutes=11))
    due_now()
    settle.settle_due()
    command.refresh_from_db()
    assert command.state == CommandState.NOT_DONE


def test_several_new_cards_are_for_a_person_to_decide(sandbox, holder, actor):
    sandbox.fault("POST /users/*/cards", "drop_after")
    command = services.issue(holder, ORDER, actor=actor)
    with client(Priority.INTERACTIVE) as provider:
        provider.issue_card(holder.codego_id, ORDER.body(), idempotency_key="elsewhere")
    due_now()
    settle.settle_due()
    command.refresh_from_db()
    assert command.state == CommandState.SEVERAL
    assert not command.result


def test_a_process_that_died_while_sending_leaves_an_unknown_outcome(sandbox, holder, actor):
    command = Command.objects.create(
        kind=CommandKind.ISSUE, record="cardholder", record_id=holder.pk, target=holder.codego_id, state=CommandState.SENT,
        sent_at=timezone.now(), check_at=timezone.now() - timedelta(seconds=1), payload={"type": "virtual"},
        known=sorted(cards_at(sandbox, holder)),
    )  # fmt: skip
    settle.settle_due()
    command.refresh_from_db()
    assert command.state == CommandState.UNKNOWN


def test_a_command_that_was_never_sent_says_so(holder, actor):
    command = Command.objects.create(
        kind=CommandKind.ISSUE, record="cardholder", record_id=holder.pk, check_at=timezone.now() - timedelta(seconds=1)
    )
    settle.settle_due()
    command.refresh_from_db()
    assert command.state == CommandState.NOT_DONE


def test_the_provider_s_refusal_is_kept_in_its_words(sandbox, holder, actor):
    wrong = services.Order(type="virtual", limit_amount=100, limit_frequency="monthly")
    command = services.issue(holder, wrong, actor=actor)
    assert command.state == CommandState.REFUSED
    assert command.message
    assert Entry.objects.get(command=command.pk).outcome == "refused"


def test_only_approved_cardholders_get_cards(actor):
    holder = make_cardholder(state="pending", application_status="pending")
    with pytest.raises(CannotDo, match="approved"):
        services.issue(holder, ORDER, actor=actor)
    assert Entry.objects.get().outcome == "refused"


def test_nothing_is_sent_when_the_provider_cannot_be_asked_first(holder, sandbox, settings, actor):
    settings.CODEGO_API_URL = "http://127.0.0.1:9/api/v1"
    with pytest.raises(CodegoError):
        services.issue(holder, ORDER, actor=actor)
    assert not Command.objects.exists()


@pytest.fixture
def card(sandbox, holder, actor) -> Card:
    return Card.objects.get(codego_id=services.issue(holder, ORDER, actor=actor).result)


def test_lock_unlock_and_cancel(card, actor):
    for kind, state in (
        (CommandKind.LOCK, "locked"), (CommandKind.UNLOCK, "active"), (CommandKind.LOCK, "locked"), (CommandKind.CANCEL, "canceled"),
    ):  # fmt: skip
        assert services.change_status(card, kind, actor=actor, reason="asked by phone").state == CommandState.DONE
        card.refresh_from_db()
        assert card.state == state
    with pytest.raises(CannotDo):
        services.change_status(card, CommandKind.UNLOCK, actor=actor)


def test_the_echo_of_a_change_is_not_believed(sandbox, card, actor):
    sandbox.switch(patch_echo="stale")
    services.change_status(card, CommandKind.LOCK, actor=actor)
    card.refresh_from_db()
    assert card.state == "locked"


@pytest.mark.parametrize(("fault", "ends"), [("drop_after", CommandState.DONE), ("drop_before", CommandState.NOT_DONE)])
def test_a_lock_whose_answer_was_lost_is_settled_by_reading(sandbox, card, actor, fault, ends):
    sandbox.fault("PATCH /cards/*", fault)
    command = services.change_status(card, CommandKind.LOCK, actor=actor)
    assert command.state == CommandState.UNKNOWN
    Command.objects.update(sent_at=timezone.now() - timedelta(minutes=2))
    for _ in range(2):
        due_now()
        settle.settle_due()
    command.refresh_from_db()
    assert command.state == ends


def test_a_change_is_not_called_off_while_it_may_still_arrive(sandbox, card, actor):
    sandbox.fault("PATCH /cards/*", "drop_before")
    command = services.change_status(card, CommandKind.LOCK, actor=actor)
    for _ in range(4):
        due_now()
        settle.settle_due()
    command.refresh_from_db()
    assert command.state == CommandState.UNKNOWN


def test_a_limit_is_set_and_read_back(card, actor):
    assert services.set_limit(card, 12_345, "perAuthorization", actor=actor).state == CommandState.DONE
    card.refresh_from_db()
    assert (card.limit_amount, card.limit_frequency) == (12_345, "perAuthorization")


def test_a_change_of_a_card_that_the_provider_lost_ends(sandbox, card, actor):
    sandbox.fault("PATCH /cards/*", "drop_before")
    command = services.change_status(card, CommandKind.LOCK, actor=actor)
    Command.objects.update(target="gone", sent_at=timezone.now() - timedelta(minutes=61))
    due_now()
    settle.settle_due()
    command.refresh_from_db()
    assert command.state == CommandState.LAPSED
    assert "does not know" in command.message


def test_a_lost_card_is_cancelled_and_replaced(card, actor):
    cancelled, issued = services.replace(card, ORDER, actor=actor, reason="lost")
    assert (cancelled.state, issued.state) == (CommandState.DONE, CommandState.DONE)
    card.refresh_from_db()
    assert card.state == "canceled"
    assert Card.objects.get(codego_id=issued.result).state == "active"


def test_no_replacement_while_the_old_card_may_still_live(sandbox, card, actor):
    sandbox.fault("PATCH /cards/*", "drop_before")
    cancelled, issued = services.replace(card, ORDER, actor=actor, reason="stolen")
    assert (cancelled.state, issued) == (CommandState.UNKNOWN, None)


def test_a_card_is_replaced_once_however_often_it_is_asked(sandbox, holder, card, actor):
    before = cards_at(sandbox, holder)
    stale = Card.objects.get(pk=card.pk)
    services.replace(card, ORDER, actor=actor, reason="lost")
    with pytest.raises(CannotDo):
        services.issue(holder, ORDER, actor=actor, once=uuid.uuid5(uuid.NAMESPACE_URL, f"deckhand:replace:{stale.pk}"))
    assert len(cards_at(sandbox, holder) - before) == 1


def test_what_a_person_settled_is_not_overwritten(sandbox, holder, actor):
    sandbox.fault("POST /users/*/cards", "drop_before")
    command = services.issue(holder, ORDER, actor=actor)
    old = Command.objects.get(pk=command.pk)
    commands.finish(command, CommandState.NOT_DONE, message="Support: not created.", by=actor)
    commands.finish(old, CommandState.UNKNOWN, check_at=timezone.now())
    assert Command.objects.get(pk=command.pk).state == CommandState.NOT_DONE
