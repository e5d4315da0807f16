"""Disputes: only of settled spend, once, and settled by whatever the provider can show."""

from datetime import timedelta

import pytest
from django.utils import timezone

from console.access import Actor
from console.audit.models import Entry
from console.provider.commands import CannotDo
from console.provider.models import Command, CommandState
from console.sync import runs, settle
from tests.factories import make_dispute, make_staff, make_transaction
from transactions import services
from transactions.models import Dispute, Transaction

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def actor(db) -> Actor:
    return Actor(make_staff("operations").pk, ("operations",), "10.0.0.1")


@pytest.fixture
def settled(sandbox) -> Transaction:
    run = runs.start("import", ["transactions"])
    while run.state == "running":
        run = runs.work(runs.claim(run.pk))
    disputed = {d["transactionId"] for d in sandbox.list("disputes")}
    found = Transaction.objects.filter(kind="spend", state="completed", amount__gt=1000)
    return found.exclude(codego_id__in=disputed).first()


def due_now() -> None:
    Command.objects.exclude(check_at=None).update(check_at=timezone.now() - timedelta(seconds=1))


def test_a_dispute_is_opened_once(sandbox, settled, actor):
    command = services.open_dispute(settled, "Never arrived.", actor=actor)
    assert command.state == CommandState.DONE
    assert Dispute.objects.get(codego_id=command.result).transaction == settled
    with pytest.raises(CannotDo, match="already open"):
        services.open_dispute(settled, "Again.", actor=actor)


def test_a_lost_answer_is_found_in_the_provider_s_list(sandbox, settled, actor):
    sandbox.fault("POST /transactions/*/disputes", "drop_after")
    command = services.open_dispute(settled, "Never arrived.", actor=actor)
    assert command.state == CommandState.UNKNOWN
    with pytest.raises(CannotDo, match="still open"):
        services.open_dispute(settled, "Again.", actor=actor)
    due_now()
    settle.settle_due()
    command.refresh_from_db()
    assert command.state == CommandState.DONE
    assert len([d for d in sandbox.list("disputes") if d["transactionId"] == settled.codego_id]) == 1


def test_where_the_provider_lists_none_a_person_records_the_answer(sandbox, settled, actor):
    sandbox.switch(disputes_api="create_only")
    sandbox.fault("POST /transactions/*/disputes", "drop_after")
    command = services.open_dispute(settled, "Never arrived.", actor=actor)
    due_now()
    settle.settle_due()
    command.refresh_from_db()
    assert command.state == CommandState.UNKNOWN
    assert "support" in command.message
    services.record_answer(command, opened=False, dispute_id="", actor=actor, reason="Support: not opened.")
    command.refresh_from_db()
    assert command.state == CommandState.NOT_DONE


@pytest.mark.parametrize(("fields", "words"), [
    ({"state": "pending", "status": "pending"}, "not settled"),
    ({"state": "declined", "status": "declined"}, "No money left"),
    ({"amount": -500}, "Only a purchase"),
    ({"kind": "fee"}, "Only a purchase"),
])  # fmt: skip
def test_what_cannot_be_disputed_says_why(actor, fields, words):
    with pytest.raises(CannotDo, match=words):
        services.open_dispute(make_transaction(**fields), "x", actor=actor)
    assert Entry.objects.get().outcome == "refused"


def test_a_closed_dispute_does_not_bar_a_new_one():
    dispute = make_dispute(state="rejected", status="rejected")
    assert services.why_not_dispute(dispute.transaction) == ""


def test_an_answer_cannot_take_the_dispute_of_another_purchase_nor_be_given_twice(sandbox, settled, actor):
    sandbox.switch(disputes_api="create_only")
    sandbox.fault("POST /transactions/*/disputes", "drop_after")
    command = services.open_dispute(settled, "Never arrived.", actor=actor)
    other = make_dispute()
    with pytest.raises(CannotDo, match="another purchase"):
        services.record_answer(command, opened=True, dispute_id=other.codego_id, actor=actor, reason="Support")
    services.record_answer(command, opened=False, dispute_id="", actor=actor, reason="Support: not opened.")
    with pytest.raises(CannotDo, match="settled already"):
        services.record_answer(command, opened=True, dispute_id="", actor=actor, reason="Again")
