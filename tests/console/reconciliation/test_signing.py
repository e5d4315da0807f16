"""One person prepares, another signs what they were shown, and something late opens it again."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from console.access import Actor
from console.audit.models import Entry
from console.history.models import Change
from console.provider.commands import CannotDo
from console.reconciliation import signing
from console.reconciliation.models import Reconciliation
from tests import injections
from tests.factories import make_staff, make_transaction

pytestmark = pytest.mark.django_db


def person() -> Actor:
    return Actor(make_staff("finance").pk, ("finance",))


def ended(**fields) -> Reconciliation:
    defaults = {"state": "done", "digest": "d" * 64, "finished_at": timezone.now(), "due_at": None}
    return Reconciliation.objects.create(**defaults | fields)


def test_two_people_stand_for_it():
    first, second = person(), person()
    made = signing.prepare(ended(), actor=first)
    signed = signing.sign(made, made.digest, actor=second)
    assert signed.is_signed
    assert (signed.prepared_by_id, signed.signed_by_id) == (first.user_id, second.user_id)
    actions = list(Entry.objects.order_by("pk").values_list("action", "outcome"))
    assert actions == [("reconciliation:prepare", "done"), ("reconciliation:sign", "done")]


def test_nobody_signs_what_they_prepared_and_the_attempt_is_on_record():
    one = person()
    made = signing.prepare(ended(), actor=one)
    with pytest.raises(CannotDo, match="second person"):
        signing.sign(made, made.digest, actor=one)
    assert Entry.objects.filter(action="reconciliation:sign", outcome="refused").count() == 1


def test_the_database_itself_refuses_one_persons_two_signatures():
    one = make_staff("finance")
    with pytest.raises(IntegrityError), transaction.atomic():
        ended(prepared_by=one, signed_by=one)
    with pytest.raises(IntegrityError), transaction.atomic():
        ended(signed_by=one)


@pytest.mark.parametrize(
    ("fields", "digest", "words"),
    [
        ({"state": "running"}, "d" * 64, "not ended"),
        ({}, "d" * 64, "Nobody has prepared"),
    ],
)
def test_it_is_not_signed_too_early(fields, digest, words):
    with pytest.raises(CannotDo, match=words):
        signing.sign(ended(**fields), digest, actor=person())


def test_what_changed_under_the_signers_eyes_is_not_signed():
    made = signing.prepare(ended(), actor=person())
    with pytest.raises(CannotDo, match="Look at it again"):
        signing.sign(made, "e" * 64, actor=person())


@pytest.mark.django_db(transaction=True)
def test_a_settlement_that_is_learned_late_opens_the_period_again(console):
    card = injections.somebody(console)
    first = console.story("authorise", cardId=card["id"], amount=900)
    console.story("settle", transactionId=first["id"], lose=True)
    made = console.prove()
    # as if the reading had been half an hour ago and the settlement before it
    Reconciliation.objects.filter(pk=made.pk).update(as_of=timezone.now() + timedelta(minutes=30))
    signing.prepare(made, actor=person())
    made = signing.sign(made, made.digest, actor=person())

    again = console.reconcile()
    made.refresh_from_db()
    assert made.reopened_why == [first["id"]]
    assert made.reopened_at
    assert not made.is_signed
    assert not again.reopened_at
    assert Entry.objects.filter(action="reconciliation:reopen", record_id=made.pk).exists()


def test_what_was_learned_between_the_proof_and_the_signature_opens_it_again_and_once_only():
    now = timezone.now()
    made = ended(as_of=now - timedelta(hours=2), finished_at=now - timedelta(hours=2))
    late = make_transaction(posted_at=now - timedelta(hours=3))
    Change.objects.create(
        record="transaction", record_id=late.pk, source="run", at=now, created=True, written_at=now - timedelta(hours=1)
    )
    between = ended(started_at=now - timedelta(minutes=30), inputs={"changes": {"newest": 10**9}})
    reopened = []
    for _time in range(2):
        signing.prepare(made, actor=person())
        signing.sign(made, made.digest, actor=person())
        signing.reopen_touched(between)
        made.refresh_from_db()
        reopened.append(made.reopened_why)
    assert reopened == [[late.codego_id], []]
    assert made.is_signed


@pytest.mark.parametrize(("column", "opens"), [("state", True), ("amount", True), ("memo", False)])
def test_a_settlement_that_is_taken_back_opens_the_period_again(column, opens):
    now = timezone.now()
    made = ended(as_of=now - timedelta(hours=2), finished_at=now - timedelta(hours=2))
    signing.prepare(made, actor=person())
    signing.sign(made, made.digest, actor=person())
    row = make_transaction(posted_at=now - timedelta(hours=3))
    Change.objects.create(record="transaction", record_id=row.pk, source="run", at=now, before={column: "before"})
    assert bool(signing.reopen_touched()) is opens


def test_what_was_looked_at_before_is_not_looked_at_again():
    now = timezone.now()
    made = ended(as_of=now - timedelta(hours=2), finished_at=now - timedelta(hours=2))
    signing.prepare(made, actor=person())
    signing.sign(made, made.digest, actor=person())
    row = make_transaction(posted_at=now - timedelta(hours=3))
    Change.objects.create(record="transaction", record_id=row.pk, source="run", at=now, created=True)
    assert not signing.reopen_touched(ended(inputs={"changes": {"newest": 10**9}}))
    assert signing.reopen_touched(ended(inputs={"changes": {"newest": 0}})) == [made]


@pytest.mark.django_db(transaction=True)
def test_what_happens_later_leaves_a_signed_period_alone(console):
    card = injections.somebody(console)
    made = console.prove()
    Reconciliation.objects.filter(pk=made.pk).update(as_of=timezone.now() - timedelta(minutes=30))
    signing.prepare(made, actor=person())
    signing.sign(made, made.digest, actor=person())
    console.story("authorise", cardId=card["id"], amount=900)
    console.reconcile()
    made.refresh_from_db()
    assert made.is_signed
