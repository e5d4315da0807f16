"""Each cause of a difference, made to happen at the provider to one holder, is named for what it is, to the cent."""

import pytest

from cardholders.models import Cardholder
from console.reconciliation.causes import Cause
from console.reconciliation.models import Break, BreakState, Proof
from tests import injections

pytestmark = pytest.mark.django_db(transaction=True)

# What each injection is to be called where the console read the balance before it swept the rest.
NAMED = {
    "timing": Cause.TIMING,
    "missing_delivery": Cause.MISSING_DELIVERY,
    "duplicate": Cause.DUPLICATE,
    "changed_amount": Cause.CHANGED_AMOUNT,
    "hold_not_released": Cause.HOLD_KEPT,
    "closed_authorisation": Cause.CLOSED,
    "force_post": Cause.FORCE_POST,
    "unsettled_refund": Cause.UNSETTLED_REFUND,
    "fx_rounding": Cause.ROUNDING,
    "limit_rounding": Cause.ROUNDING,
    "fee_without_spend": Cause.FEE,
    "unseen_deposit": Cause.UNSEEN_DEPOSIT,
    "rate_move": Cause.RATE_MOVE,
    "stale_source": Cause.STALE_SOURCE,
}


@pytest.mark.parametrize("name", sorted(injections.CAUSES))
def test_each_cause_is_named_and_comes_to_the_difference(console, name):
    assert console.reconcile().counts.keys() == {"tied"}
    card = injections.somebody(console)
    console.reconcile()
    assert not Break.objects.filter(cardholder__codego_id=card["userId"]).exclude(state="cleared").exists()

    injected = injections.CAUSES[name](console, card)
    made = console.reconcile()

    owner = Cardholder.objects.get(codego_id=injected.owner)
    proof = Proof.objects.get(balance__cardholder=owner, last=made)
    assert {p["cause"] for p in proof.pieces} == {NAMED[name]}, (proof.pieces, proof.difference)
    assert sum(p["amount"] for p in proof.pieces) == proof.difference
    assert proof.unexplained == 0
    breaks = Break.objects.filter(state=BreakState.OPEN, balance=proof.balance)
    assert sum(one.amount for one in breaks) == proof.difference


def test_every_known_cause_is_among_them():
    beside = {Cause.CONTRACT_CHANGED, Cause.CONTRACT_MISSING, Cause.UNEXPECTED_TOKEN, Cause.UNKNOWN}
    assert set(NAMED.values()) == set(Cause) - beside
