"""Contracts are held against the deposits on the transaction list, and against what they were."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cardholders.models import Contract
from console.reconciliation.causes import Cause
from console.reconciliation.contracts import contractless, faults_of
from console.reconciliation.models import Break, BreakState
from tests import injections
from tests.factories import make_cardholder, make_contract, make_transaction

pytestmark = pytest.mark.django_db


def deposited(owner, cents: int, **fields):
    return make_transaction(
        cardholder=owner, type="collateral", kind="collateral", status="", state="", amount=cents, currency="usdc",
        chain_id=84532, **fields,
    )  # fmt: skip


def faults(*contracts: Contract) -> list[tuple[str, int]]:
    return [(fault.piece.cause, fault.piece.amount) for fault in faults_of(contracts or list(Contract.objects.all()))]


def test_tokens_that_are_all_on_the_list_make_no_break():
    owner = make_cardholder()
    make_contract(owner, read_at=timezone.now() + timedelta(seconds=5))
    deposited(owner, 15000)
    deposited(owner, 10000)
    assert faults() == []


def test_tokens_without_a_deposit_and_deposits_without_tokens():
    owner, other = make_cardholder(), make_cardholder()
    after = timezone.now() + timedelta(seconds=5)
    make_contract(owner, read_at=after)
    deposited(owner, 20000)
    make_contract(other, read_at=after)
    deposited(other, 30000)
    assert faults() == [(Cause.UNSEEN_DEPOSIT, 5000), (Cause.UNKNOWN, -5000)]


def test_a_deposit_listed_since_the_contract_was_read_is_a_matter_of_time():
    owner = make_cardholder()
    make_contract(owner, read_at=timezone.now() - timedelta(hours=1))
    deposited(owner, 25000, created_at=timezone.now() - timedelta(days=1))
    deposited(owner, 4000)
    assert faults() == [(Cause.TIMING, -4000)]


def test_a_deposit_that_is_listed_twice():
    owner = make_cardholder()
    make_contract(owner, read_at=timezone.now() + timedelta(seconds=5))
    for _ in range(2):
        deposited(owner, 25000, transaction_hash="0xaa")
    assert faults() == [(Cause.DUPLICATE, -25000)]


def test_two_contracts_on_one_chain_are_looked_at_together():
    owner = make_cardholder()
    after = timezone.now() + timedelta(seconds=5)
    first, second = make_contract(owner, read_at=after), make_contract(owner, read_at=after)
    deposited(owner, 50000)
    assert faults() == []
    assert faults(first) == faults(second) == []
    make_contract(owner, chain_id=8453, tokens=[], read_at=after)
    assert faults() == []


def test_a_token_or_a_chain_that_nobody_knows_is_said_with_its_worth():
    odd = [{"address": "0xdead", "balance": "12.5", "exchange_rate": "2", "advance_rate": "0.5"}]
    make_contract(make_cardholder(), tokens=odd)
    make_contract(make_cardholder(), chain_id=31337, tokens=odd)
    assert faults() == [(Cause.UNEXPECTED_TOKEN, 1250)] * 2


def test_an_approved_person_without_a_contract_for_a_day():
    make_cardholder(state_since=timezone.now() - timedelta(hours=3))
    late = make_cardholder(state_since=timezone.now() - timedelta(days=2))
    assert [fault.owner for fault in contractless()] == [(None, late.pk)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("story", "cause", "details"),
    [
        ("silent_deposit", Cause.UNSEEN_DEPOSIT, {"amount": 5000}),
        ("add_token", Cause.UNEXPECTED_TOKEN, {"amount": 700}),
        ("move_contract", Cause.CONTRACT_CHANGED, {}),
        ("drop_contract", Cause.CONTRACT_MISSING, {}),
    ],
)
def test_what_happens_to_a_contract_at_the_provider_becomes_a_break(console, story, cause, details):
    card = injections.somebody(console)
    console.reconcile()
    console.story(story, userId=card["userId"], **details)
    console.reconcile()
    console.reconcile()
    found = Break.objects.filter(state=BreakState.OPEN, cardholder__codego_id=card["userId"], balance=None)
    assert [each.cause for each in found] == [cause]
    assert found[0].contract is not None
