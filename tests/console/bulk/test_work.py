"""The worker's part: one command for each record, whatever happens on the way."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cards.models import Card
from console.access import Actor
from console.audit.models import Entry
from console.bulk import services, work
from console.bulk.card_kinds import KINDS as CARD_KINDS
from console.bulk.models import BulkRow, BulkRun
from console.codego.protocols import Priority
from console.notes.models import Note
from console.notices.models import Notice
from console.provider import factory
from console.provider.commands import CannotDo
from console.provider.models import Budget, Command
from console.sync import settle
from tests.console.bulk.conftest import go_on, states
from tests.factories import make_card, make_cardholder, make_command, make_delivery, make_staff

pytestmark = pytest.mark.django_db(transaction=True)


def patches(sandbox, card: Card) -> int:
    return sandbox.effects("PATCH", f"/cards/{card.codego_id}")["count"]


def due_now() -> None:
    Command.objects.exclude(check_at=None).update(check_at=timezone.now() - timedelta(seconds=1))


def test_each_card_is_locked_by_a_command_of_its_own(sandbox, cards, started):
    run = go_on(started("lock", cards))
    assert (run.state, states(run)) == ("done", ["done"] * 3)
    assert set(Card.objects.values_list("state", flat=True)) == {"locked"}
    assert [patches(sandbox, card) for card in cards] == [1, 1, 1]
    commands = Command.objects.all()
    assert {(c.kind, c.reason, c.actor_id, c.payload["bulk"]) for c in commands} == {
        ("lock", "Fraud alarm", run.actor_id, run.pk)
    }
    assert Entry.objects.filter(action="card:lock", outcome="done").count() == 3
    assert Entry.objects.get(action="bulk:end").detail["counts"] == {"done": 3}
    told = Notice.objects.get(person=run.actor_id, kind="bulk")
    assert (told.words, told.url) == ("Lock cards · Done 3", run.get_absolute_url())


def test_a_limit_is_set_on_each(cards, started):
    go_on(started("limit", cards, amount=12_300, frequency="allTime"))
    assert set(Card.objects.values_list("limit_amount", "limit_frequency")) == {(12_300, "allTime")}


def test_what_changed_after_the_dry_run_is_left_as_it_is(sandbox, cards, started):
    run = started("lock", cards)
    Card.objects.filter(pk=cards[0].pk).update(state="locked", status="locked")
    Card.objects.filter(pk=cards[1].pk).update(state="canceled", status="canceled")
    go_on(run)
    rows = list(run.rows.order_by("record_id").values_list("state", "why"))
    assert rows == [("skipped", "locked"), ("skipped", "cancelled"), ("done", "")]
    assert patches(sandbox, cards[0]) == 0


def test_a_limit_that_somebody_else_set_meanwhile_stands(cards, started):
    run = started("limit", cards[:1], amount=12_300, frequency="allTime")
    Card.objects.filter(pk=cards[0].pk).update(limit_amount=777)
    go_on(run)
    assert run.rows.get().why == "changed"


def test_a_card_with_another_request_on_its_way_is_left_alone(cards, ready):
    make_command(record_id=cards[0].pk, state="unknown")
    run = ready("lock", cards[:2])
    assert list(run.rows.order_by("record_id").values_list("will", "why")) == [(False, "in_flight"), (True, "")]


def test_who_lost_the_role_does_not_go_on(sandbox, cards, started, staff):
    run = started("lock", cards)
    staff.roles = ["viewer"]
    staff.save()
    go_on(run)
    assert (run.state, set(run.rows.values_list("state", "why"))) == ("stopped", {("skipped", "no_role")})
    assert not Command.objects.exists()
    assert Entry.objects.get(action="bulk:stop").outcome == "refused"


def test_who_may_not_sign_in_any_more_does_not_go_on_either(cards, started, staff):
    run = started("lock", cards)
    staff.is_active = False
    staff.save()
    assert go_on(run).state == "stopped"


def test_killed_between_the_intent_and_its_sending_it_is_sent_once(sandbox, cards, started):
    run = started("lock", cards)
    claimed = work.claim(run.pk)
    row = claimed.rows.order_by("pk").first()
    lock = next(kind for kind in CARD_KINDS if kind.key == "lock")
    command = lock.ask(Card.objects.get(pk=row.record_id), claimed, Actor(run.actor_id, ("operations",)))
    BulkRow.objects.filter(pk=row.pk).update(state="sent", command=command)
    go_on(run)  # the next worker, once the lease of the dead one is over
    assert states(run) == ["done"] * 3
    assert Command.objects.count() == 3
    assert [patches(sandbox, card) for card in cards] == [1, 1, 1]


def test_killed_while_it_was_sent_it_is_found_out_and_not_sent_again(sandbox, cards, started):
    run = started("lock", cards[:1])
    sandbox.fault("PATCH /cards/*", "drop_after")
    go_on(run)
    assert (run.state, states(run)) == ("done", ["unknown"])
    Command.objects.update(state="sent")  # as the dead worker left it
    BulkRow.objects.update(state="sent")
    BulkRun.objects.update(state="running", due_at=timezone.now(), claimed_at=None)
    go_on(run)
    assert states(run) == ["unknown"]
    due_now()
    settle.settle_due()
    assert work.follow() == 1
    assert states(run) == ["done"]
    assert patches(sandbox, cards[0]) == 1


def test_while_another_worker_holds_it_nobody_else_takes_it_up(cards, started):
    run = started("lock", cards)
    assert work.claim(run.pk) is not None
    assert work.claim(run.pk) is None
    BulkRun.objects.update(claimed_at=timezone.now() - work.LEASE * 2)
    assert work.claim(run.pk) is not None


def test_what_the_provider_refuses_is_said_and_tried_again_as_a_new_run(client, cards, started):
    run = started("lock", cards)
    Card.objects.filter(pk=cards[0].pk).update(codego_id="nobody-knows-it")
    go_on(run)
    assert states(run) == ["refused", "done", "done"]
    Card.objects.filter(pk=cards[0].pk).update(codego_id=cards[0].codego_id)
    page = client.get(run.get_absolute_url()).content.decode()
    assert "Done, but 1 was refused" in page
    where = client.post(f"/bulk/{run.pk}/retry/").url
    again = BulkRun.objects.get(retry_of=run)
    assert "Fraud alarm" in client.get(where).content.decode()
    client.post(f"{where}check/", {"reason": "Fraud alarm"})
    client.post(f"{where}confirm/")
    go_on(again)
    assert (again.state, states(again)) == ("done", ["done"])
    assert set(Card.objects.values_list("state", flat=True)) == {"locked"}


def test_while_the_provider_takes_nothing_everything_stays_in_line(sandbox, client, cards, started):
    run = started("lock", cards)
    Budget.objects.update_or_create(pk=1, defaults={"blocked_until": timezone.now() + timedelta(seconds=60)})
    go_on(run)
    assert (run.state, states(run)) == ("running", ["waiting"] * 3)
    assert "The provider takes nothing at the moment" in client.get(run.get_absolute_url()).content.decode()
    Budget.objects.update(blocked_until=None)
    go_on(run)
    assert (run.state, run.pause, states(run)) == ("done", "", ["done"] * 3)
    assert Command.objects.count() == 3


def test_stopped_while_it_waits_nothing_is_sent_any_more(sandbox, cards, started):
    run = started("lock", cards)
    Budget.objects.update_or_create(pk=1, defaults={"blocked_until": timezone.now() + timedelta(seconds=60)})
    go_on(run)
    services.stop(run, actor=Actor(run.actor_id, ("operations",)))
    Budget.objects.update(blocked_until=None)
    go_on(run)
    assert set(run.rows.values_list("state", "why")) == {("skipped", "stopped")}
    assert [command.state for command in Command.objects.all()] == ["not_done"]
    assert [patches(sandbox, card) for card in cards] == [0, 0, 0]
    with pytest.raises(CannotDo, match="ended already"):
        services.stop(run, actor=Actor(run.actor_id, ("operations",)))


@pytest.mark.parametrize("asked", [False, True])
def test_stopped_with_a_record_in_hand_its_request_does_not_stay_open(sandbox, cards, started, asked):
    """The worker died before it asked the provider, or the provider took nothing just then: nobody sends it any more."""
    run = started("lock", cards[:1])
    claimed = work.claim(run.pk)
    lock = next(kind for kind in CARD_KINDS if kind.key == "lock")
    command = lock.ask(Card.objects.get(pk=cards[0].pk), claimed, Actor(run.actor_id, ("operations",)))
    run.rows.update(state="sent", command=command)
    services.stop(run, actor=Actor(run.actor_id, ("operations",)))
    if asked:
        Budget.objects.update_or_create(pk=1, defaults={"blocked_until": timezone.now() + timedelta(seconds=60)})
        with factory.client(Priority.WORKER) as provider:
            assert lock.send(provider, command).state == "intent"
    work.follow()
    assert list(run.rows.values_list("state", "why")) == [("skipped", "stopped")]
    command.refresh_from_db()
    assert command.state == "not_done"
    assert patches(sandbox, cards[0]) == 0


def test_a_silent_worker_is_said(client, started):
    run = started("note_cards", [make_card()], text="Seen")
    BulkRun.objects.update(due_at=timezone.now() - timedelta(minutes=5))
    assert "The worker is silent" in client.get(run.get_absolute_url()).content.decode()
    assert run.state == "running"


def test_a_run_is_started_once(cards, started):
    run = started("lock", cards)
    with pytest.raises(CannotDo, match="started already"):
        services.confirm(run, actor=Actor(run.actor_id, ("operations",)))


def test_notes_readings_decisions_and_replays_need_no_command(started):
    officer, admin = make_staff("compliance"), make_staff("admin")
    holder = make_cardholder(state="denied", application_status="denied")
    go_on(started("note_cardholders", [holder], by=officer, text="Called them"))
    go_on(started("decide_reviews", [holder], by=officer, reason="Sanctions hit", decision="escalated"))
    go_on(started("read_cardholders", [holder], by=officer))
    delivery = make_delivery(verdict="parked")
    go_on(started("replay", [delivery], by=admin, reason="Fixed"))
    assert Note.objects.get().text == "Called them"
    decided = Entry.objects.get(action="review:decide")
    assert (decided.record_id, decided.reason, decided.detail["decision"]) == (holder.pk, "Sanctions hit", "escalated")
    holder.refresh_from_db()
    delivery.refresh_from_db()
    assert holder.dirty_at is not None
    assert delivery.verdict == "new"
    assert Entry.objects.get(action="delivery:replay").record_id == delivery.pk
    assert set(BulkRun.objects.values_list("state", flat=True)) == {"done"}
    assert not Command.objects.exists()
