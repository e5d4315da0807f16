"""Withdrawing, restating and attaching: only while the dispute is open, once at a time, and settled by reading."""

from datetime import timedelta

import pytest
from django.utils import timezone

from console.access import Actor
from console.audit.models import Entry
from console.codego.errors import CodegoError
from console.provider.commands import CannotDo
from console.provider.models import Capability, Command, CommandState, RequestLog
from console.provider.observing import lacks
from console.sync import settle
from tests.factories import make_dispute, make_staff
from transactions import dispute_changes
from transactions.evidence import KINDS, Evidence
from transactions.models import Dispute

pytestmark = pytest.mark.django_db(transaction=True)
FILE = Evidence("receipt.pdf", KINDS[0], b"%PDF-1.7 a receipt of Ottilie Quist")
MORE = "Never arrived, and the merchant has closed its shop."


@pytest.fixture
def actor(db) -> Actor:
    return Actor(make_staff("operations").pk, ("operations",), "10.0.0.1")


@pytest.fixture
def dispute(sandbox) -> Dispute:
    """An open dispute without a file that the provider knows as well."""
    known = next(d for d in sandbox.list("disputes") if d["status"] == "pending" and not d["hasFileEvidence"])
    return make_dispute(codego_id=known["id"], text_evidence=known["textEvidence"], has_file_evidence=False)


ACTS = {
    "withdraw": lambda dispute, actor: dispute_changes.withdraw(dispute, actor=actor, reason="found it"),
    "statement": lambda dispute, actor: dispute_changes.restate(
        dispute, MORE, before=dispute.text_evidence, actor=actor
    ),
    "evidence": lambda dispute, actor: dispute_changes.attach(dispute, FILE, actor=actor),
}
ROUTES = {
    "withdraw": "PATCH /disputes/*",
    "statement": "PATCH /disputes/*",
    "evidence": "PUT /disputes/*/evidence",
}


def at_provider(sandbox, dispute) -> dict:
    return next(d for d in sandbox.list("disputes") if d["id"] == dispute.codego_id)


def looked(times: int = 1) -> None:
    """Time passes, and what is open is looked up."""
    for _ in range(times):
        Command.objects.exclude(check_at=None).update(check_at=timezone.now() - timedelta(seconds=1))
        settle.settle_due()


def unreadable() -> None:
    Capability.objects.create(environment="sandbox", route="GET /disputes/{id}", present=False)


def test_a_dispute_is_withdrawn(sandbox, dispute, actor):
    command = ACTS["withdraw"](dispute, actor)
    assert (command.state, command.reason) == (CommandState.DONE, "found it")
    assert at_provider(sandbox, dispute)["status"] == "canceled"
    dispute.refresh_from_db()
    assert dispute.state == "canceled"
    entry = Entry.objects.get(action="dispute:withdraw")
    assert (entry.outcome, entry.record, entry.reason) == ("done", "dispute", "found it")
    with pytest.raises(CannotDo, match="not open"):
        ACTS["withdraw"](dispute, actor)


def test_a_statement_is_sent_whole(sandbox, dispute, actor):
    assert ACTS["statement"](dispute, actor).state == CommandState.DONE
    assert at_provider(sandbox, dispute)["textEvidence"] == MORE
    dispute.refresh_from_db()
    assert dispute.text_evidence == MORE


def test_words_that_came_meanwhile_are_not_lost(sandbox, dispute, actor):
    ACTS["statement"](Dispute.objects.get(), actor)
    with pytest.raises(CannotDo, match="meanwhile"):
        dispute_changes.restate(dispute, "Mine instead of theirs.", before=dispute.text_evidence, actor=actor)
    assert at_provider(sandbox, dispute)["textEvidence"] == MORE


def test_a_file_goes_out_and_comes_back_and_leaves_nothing_here(sandbox, dispute, actor):
    command = ACTS["evidence"](dispute, actor)
    assert command.state == CommandState.DONE
    assert command.payload == {"size": len(FILE.content), "file": "PDF", "had_file": False}
    assert dispute_changes.fetch(dispute, actor=actor) == FILE.content
    dispute.refresh_from_db()
    assert dispute.has_file_evidence
    sent = RequestLog.objects.get(route="PUT /disputes/{id}/evidence")
    assert (sent.body, sent.idempotency_key) == (None, str(command.pk))
    assert "Ottilie" not in str([*Entry.objects.values(), *Command.objects.values(), *RequestLog.objects.values()])


@pytest.mark.parametrize("kind", ACTS)
def test_a_lost_answer_is_settled_by_reading(sandbox, dispute, actor, kind):
    sandbox.fault(ROUTES[kind], "reset_after")
    assert ACTS[kind](dispute, actor).state == CommandState.UNKNOWN
    with pytest.raises(CannotDo, match=r"still open|not open|meanwhile"):
        ACTS[kind](dispute, actor)
    looked()
    assert Command.objects.get().state == CommandState.DONE


@pytest.mark.parametrize("kind", ACTS)
def test_what_did_not_happen_is_said_after_two_looks_and_a_minute(sandbox, dispute, actor, kind):
    sandbox.fault(ROUTES[kind], "reset")
    ACTS[kind](dispute, actor)
    with pytest.raises(CannotDo, match="still open"):
        ACTS[kind](dispute, actor)
    looked(3)
    assert Command.objects.get().state == CommandState.UNKNOWN
    Command.objects.update(sent_at=timezone.now() - timedelta(minutes=2))
    looked()
    assert Command.objects.get().state == CommandState.NOT_DONE


def test_a_file_in_the_place_of_another_cannot_be_told_from_it(sandbox, dispute, actor):
    ACTS["evidence"](dispute, actor)
    sandbox.fault(ROUTES["evidence"], "reset")
    again = ACTS["evidence"](dispute, actor)
    looked()
    again.refresh_from_db()
    assert (again.state, again.message) == ("lapsed", "Whether the file was taken is not known. Send it again.")
    assert ACTS["evidence"](dispute, actor).state == CommandState.DONE


@pytest.mark.parametrize(("kind", "reported"), [
    ("withdraw", {"state": "canceled"}),
    ("statement", {"text_evidence": MORE}),
    ("evidence", {"has_file_evidence": True}),
])  # fmt: skip
def test_where_disputes_cannot_be_read_a_delivery_is_waited_for(sandbox, dispute, actor, kind, reported):
    unreadable()
    sandbox.fault(ROUTES[kind], "reset_after")
    ACTS[kind](dispute, actor)
    looked(3)
    command = Command.objects.get()
    assert command.state == CommandState.UNKNOWN
    assert "next webhook" in command.message
    Dispute.objects.update(**reported)
    looked()
    command.refresh_from_db()
    assert (command.state, command.message) == (CommandState.DONE, "Confirmed by the provider's webhook.")


def test_a_delivery_is_not_waited_for_longer_than_a_day(sandbox, dispute, actor):
    unreadable()
    sandbox.fault(ROUTES["withdraw"], "reset")
    ACTS["withdraw"](dispute, actor)
    Command.objects.update(sent_at=timezone.now() - timedelta(hours=25))
    looked()
    assert Command.objects.get().state == CommandState.LAPSED
    assert ACTS["withdraw"](dispute, actor).state == CommandState.DONE


@pytest.mark.parametrize("kind", ACTS)
def test_a_provider_without_the_route_says_so_once(sandbox, dispute, actor, kind):
    sandbox.switch(disputes_api="create_only")
    assert not lacks(dispute_changes.NEEDS[kind][0])
    refused = ACTS[kind](dispute, actor)
    assert (refused.state, refused.message) == (CommandState.REFUSED, "not found")
    assert lacks(dispute_changes.NEEDS[kind][0])
    with pytest.raises(CannotDo, match="does not offer this"):
        ACTS[kind](dispute, actor)
    assert RequestLog.objects.exclude(route__startswith="GET").count() == 1


@pytest.mark.parametrize("kind", ACTS)
@pytest.mark.parametrize("state", ["accepted", "rejected", "canceled", ""])
def test_only_an_open_dispute_is_changed(actor, kind, state):
    with pytest.raises(CannotDo, match="not open"):
        ACTS[kind](make_dispute(state=state), actor)
    assert Entry.objects.get().outcome == "refused"
    assert not RequestLog.objects.exists()


def test_a_dispute_that_was_decided_meanwhile_is_seen_before_anything_is_sent(sandbox, dispute, actor):
    sandbox.story("decide_dispute", disputeId=dispute.codego_id, status="accepted")
    with pytest.raises(CannotDo, match="not open"):
        ACTS["withdraw"](dispute, actor)
    assert not Command.objects.exists()


def test_nothing_is_sent_where_the_dispute_cannot_be_looked_at(sandbox, dispute, actor):
    with pytest.raises(CodegoError):
        ACTS["withdraw"](make_dispute(), actor)
    assert not Command.objects.exists()


@pytest.mark.parametrize(("switch", "words"), [
    ({}, "has no file"),
    ({"disputes_api": "create_only"}, "does not hand files out"),
])  # fmt: skip
def test_a_file_that_is_not_there_is_said(sandbox, dispute, actor, switch, words):
    sandbox.switch(**switch)
    with pytest.raises(CannotDo, match=words):
        dispute_changes.fetch(dispute, actor=actor)
    assert Entry.objects.get().outcome == "refused"


def test_where_disputes_cannot_be_read_the_newest_words_are_ours(sandbox, dispute, actor):
    sandbox.switch(disputes_api="full")
    Capability.objects.create(environment="sandbox", route="GET /disputes/{id}", present=False)
    before = dispute.text_evidence
    dispute_changes.restate(dispute, MORE, before=before, actor=actor)
    dispute.refresh_from_db()
    assert (dispute.text_evidence, dispute_changes.statement_of(dispute)) == (before, MORE)
    with pytest.raises(CannotDo, match="meanwhile"):
        dispute_changes.restate(dispute, "Something else altogether.", before=before, actor=actor)


def test_a_dispute_withdrawn_here_is_not_withdrawn_again(sandbox, dispute, actor):
    Capability.objects.create(environment="sandbox", route="GET /disputes/{id}", present=False)
    dispute_changes.withdraw(dispute, actor=actor, reason="found it")
    dispute.refresh_from_db()
    assert not dispute_changes.is_open(dispute)


def test_a_change_of_a_dispute_that_the_provider_lost_ends(sandbox, dispute, actor):
    sandbox.fault(ROUTES["withdraw"], "drop_before")
    command = dispute_changes.withdraw(dispute, actor=actor, reason="found it")
    Command.objects.update(target="gone", sent_at=timezone.now() - timedelta(hours=25))
    looked()
    command.refresh_from_db()
    assert command.state == CommandState.LAPSED


def test_a_provider_that_takes_files_and_hands_none_out_still_takes_them(sandbox, dispute, actor):
    Capability.objects.create(environment="sandbox", route=dispute_changes.FETCH, present=False)
    assert dispute_changes.attach(dispute, FILE, actor=actor).state == CommandState.DONE
