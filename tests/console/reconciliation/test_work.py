"""Reconciliations as they are made: in slices, after each whole sweep, and by the command; breaks from one to the next."""

import json

import pytest
from django.core.management import call_command
from django.utils import timezone

from cardholders.models import Balance
from console.access import Actor
from console.reconciliation import desk, work
from console.reconciliation.models import Break, BreakState, Movement, MovementKind, Proof, Reconciliation
from console.sync.models import Run
from tests import injections
from tests.factories import make_balance, make_cardholder, make_staff

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_whole_sweep_is_followed_by_one_reconciliation(console):
    made = work.start_due()
    assert made.run == Run.objects.get(kind="import")
    assert work.start_due() is None  # it is running
    console.prove()
    assert work.start_due() is None
    console.sweep("catch_up")
    assert work.start_due() is None
    run = console.sweep("reconcile")
    assert work.start_due().run == run


def test_it_goes_on_where_a_slice_ended_and_comes_to_the_same(console):
    whole = console.prove()
    made = work.start()
    slices = 0
    while made.state == "running":
        made, slices = work.work(work.claim(made.pk), seconds=0, batch=3), slices + 1
    assert slices > 4
    assert made.counts == whole.counts
    assert work.proofs_of(made).count() == work.proofs_of(whole).count() == Proof.objects.count()
    assert work.claim(made.pk) is None


def test_a_break_is_followed_from_new_to_cleared(console, open_sums):
    card = injections.somebody(console)
    held = console.story("authorise", cardId=card["id"], amount=1000)
    console.story("reverse", transactionId=held["id"], newAmount=400)
    console.reconcile()
    each = Break.objects.get(state=BreakState.OPEN)
    assert (each.amount, each.cause) == (-600, "hold_kept")
    assert each.expected_until
    console.story("reverse", transactionId=held["id"], newAmount=100)
    console.reconcile()
    console.story("settle", transactionId=held["id"])
    console.reconcile()
    each.refresh_from_db()
    assert each.state == BreakState.CLEARED
    kinds = list(Movement.objects.filter(about=each).order_by("pk").values_list("kind", "amount"))
    assert kinds == [(MovementKind.NEW, -600), (MovementKind.CHANGED, -300), (MovementKind.CLEARED, 900)]
    assert open_sums()["balances"] == {"count": 0, "amount": 0}


def test_a_resolved_break_stays_so_until_its_amount_changes(console, open_sums):
    actor = Actor(make_staff("finance").pk, ("finance",))
    card = injections.somebody(console)
    held = console.story("authorise", cardId=card["id"], amount=1000)
    console.story("reverse", transactionId=held["id"], newAmount=400)
    console.reconcile()
    desk.resolve(Break.objects.get(), "The hotel keeps it until Friday.", actor=actor)
    made = console.reconcile()
    assert made.forward["balances"]["resolved"] == {"count": 1, "amount": 600}
    assert made.forward["balances"]["closing"] == {"count": 0, "amount": 0} == open_sums()["balances"]
    assert Break.objects.get().state == BreakState.RESOLVED
    console.story("reverse", transactionId=held["id"], newAmount=300)
    made = console.reconcile()
    assert made.forward["balances"]["reopened"] == {"count": 1, "amount": -700}
    assert made.forward["balances"]["closing"] == open_sums()["balances"]


def test_a_failing_slice_is_said_and_tried_again(console):
    made = work.start()
    Reconciliation.objects.filter(pk=made.pk).update(cursor={"stage": "of another version"})
    made = work.work(work.claim(made.pk))
    assert (made.state, made.failures) == ("running", 1)
    assert "of another version" in made.error
    Reconciliation.objects.filter(pk=made.pk).update(due_at=made.started_at, cursor={})
    assert work.work(work.claim(made.pk), seconds=30).state == "done"


def proven() -> Reconciliation:
    return work.work(work.claim(work.start().pk), seconds=30)


def test_what_was_open_stays_so_while_its_balance_cannot_be_proven(open_sums):
    balance = make_balance(make_cardholder())  # of whose figures we know nothing
    proven()
    found = {each.pk: each.amount for each in Break.objects.filter(state=BreakState.OPEN)}
    assert found
    Balance.objects.filter(pk=balance.pk).update(pending_charges=None, read_at=timezone.now())
    made = proven()
    assert made.counts == {"incomplete": 1}
    assert {each.pk: each.amount for each in Break.objects.filter(state=BreakState.OPEN)} == found
    assert made.forward["balances"]["closing"] == open_sums()["balances"]
    Balance.objects.filter(pk=balance.pk).update(
        credit_limit=0, pending_charges=0, balance_due=0, spending_power=0, read_at=timezone.now()
    )
    assert proven().counts == {"tied": 1}
    assert not Break.objects.filter(balance=balance, state=BreakState.OPEN).exists()


def test_a_worker_that_was_silent_too_long_writes_nothing_into_what_another_took_up():
    make_balance(make_cardholder())
    slow = work.claim(work.start().pk)
    Reconciliation.objects.filter(pk=slow.pk).update(claimed_at=timezone.now() - 2 * work.LEASE)
    quick = work.claim(slow.pk)
    assert work.work(slow, seconds=30).state == "running"
    assert not Proof.objects.exists()
    assert work.claim(slow.pk) is None  # it is still the other's
    assert work.work(quick, seconds=30).state == "done"
    assert Proof.objects.count() == 1


def test_the_command_tells_resources_breaks_and_the_roll_forward(console, capsys):
    card = injections.somebody(console)
    held = console.story("authorise", cardId=card["id"], amount=1000)
    console.story("reverse", transactionId=held["id"])
    with pytest.raises(SystemExit) as ended:
        call_command("reconcile", "--json")
    told = json.loads(capsys.readouterr().out)
    assert ended.value.code == 1  # it found something
    assert set(told["resources"]) == {"balances", "contracts", "transactions"}
    assert [(each["cause"], each["amount"], each["owner"]) for each in told["breaks"]] == [
        ("hold_kept", -1000, card["userId"])
    ]
    assert told["reconciliation"]["roll_forward"]["balances"]["closing"] == {"count": 1, "amount": -1000}
    call_command("status", "--json")
    assert json.loads(capsys.readouterr().out)["breaks_open"] == 1


def test_the_command_says_when_the_provider_cannot_be_reached(db, settings, capsys):
    settings.CODEGO_API_URL = "http://127.0.0.1:9/api/v1"
    with pytest.raises(SystemExit) as ended:
        call_command("reconcile", "--json")
    assert ended.value.code == 3
    assert "could not be read" in capsys.readouterr().err
