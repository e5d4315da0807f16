"""A purchase as one line: the traps of peers.md section 0, each as a story."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_card, make_transaction
from transactions import chain

pytestmark = pytest.mark.django_db


def held(days: int, amount: int = 5_000, **fields):
    since = timezone.now() - timedelta(days=days)
    fields = {"state": "pending", "status": "pending", "authorized_amount": amount} | fields
    return make_transaction(amount=amount, authorized_at=since, occurred_at=since, posted_at=None, **fields)


def labels(transaction) -> list[str]:
    return [str(step.label) for step in chain.chain_of(transaction).steps]


@pytest.mark.parametrize(("amount", "lasts"), [(99_999, 14), (100_000, 31), (-500, 31)])
def test_a_hold_closes_by_itself_sooner_below_a_thousand_dollars(amount, lasts):
    hold = chain.hold_of(held(3, amount))
    assert (hold.age_days, hold.lasts_days, hold.is_overdue) == (3, lasts, False)


def test_a_hold_that_should_be_gone_says_so():
    assert chain.hold_of(held(20)).is_overdue


def test_a_reversal_keeps_the_hold_until_31_days_or_until_it_is_closed():
    reversed_ = held(20, 0, state="reversed", status="reversed", authorized_amount=5_000)
    hold = chain.hold_of(reversed_)
    assert hold.after_reversal
    assert hold.amount == 5_000
    assert hold.lasts_days == 31
    reversed_.completion_reason = "AUTHORIZATION_REVERSAL"
    assert chain.hold_of(reversed_) is None
    assert chain.hold_of(held(40, 0, state="reversed", authorized_amount=5_000)) is None


def test_settled_and_declined_purchases_hold_nothing():
    assert chain.hold_of(make_transaction()) is None
    assert chain.hold_of(make_transaction(state="declined")) is None


def test_the_amount_is_the_new_total_and_not_a_difference():
    tipped = make_transaction(authorized_amount=1_000, amount=1_150)
    steps = chain.chain_of(tipped).steps
    assert [(str(s.label), s.amount) for s in steps] == [
        ("Authorised", 1_000),
        ("Changed to", 1_150),
        ("Settled", 1_150),
    ]


def test_a_forced_settlement_and_its_closed_authorisation_point_at_each_other():
    card = make_card()
    closed = held(40, 0, card=card, state="reversed", completion_reason="authorization_reversal", authorized_amount=900)
    forced = make_transaction(card, amount=900, is_force_posted=True, closed_authorization_id=closed.codego_id)
    assert labels(forced) == ["Closed authorisation", "Settled by force"]
    assert labels(closed) == ["Authorised", "Closed", "Taken after all (forced)"]
    assert chain.chain_of(forced).steps[0].transaction == closed
    assert chain.chain_of(closed).steps[-1].transaction == forced


def test_a_refund_is_only_likely_and_both_sides_show_it():
    card, now = make_card(), timezone.now()
    bought = make_transaction(card, amount=5_000, merchant_id="m1")
    other_card = {"amount": -100, "merchant_id": "m1", "occurred_at": now}
    make_transaction(**other_card)
    make_transaction(card, amount=-9_000, merchant_id="m1", occurred_at=now)  # larger than the purchase
    make_transaction(card, amount=-100, merchant_id="m2", occurred_at=now)
    refund = make_transaction(card, amount=-2_000, merchant_id="m1", occurred_at=now, state="pending", posted_at=None)
    found = chain.chain_of(bought)
    assert found.is_guessed
    assert [s.transaction for s in found.steps if s.transaction] == [refund]
    assert labels(bought)[-1] == "Likely refund"
    assert labels(refund)[0] == "Likely purchase"
    assert "only once it settles" in str(chain.meaning(refund))


def test_what_is_no_purchase_has_its_own_short_line():
    deposit = make_transaction(type="collateral", kind="collateral", status="", state="", authorized_at=None)
    assert labels(deposit) == ["Posted"]
    waiting = make_transaction(kind="payment", state="pending", posted_at=None, authorized_at=None)
    assert labels(waiting) == ["Seen", "Not posted yet"]


def test_a_page_costs_the_same_however_long_the_history(client_as, django_assert_max_num_queries):
    card = make_card()
    bought = make_transaction(card, amount=5_000)
    for days in range(8):
        make_transaction(card, amount=-10, occurred_at=timezone.now() - timedelta(hours=days))
    client = client_as("operations")
    with django_assert_max_num_queries(21):
        client.get(bought.get_absolute_url())
