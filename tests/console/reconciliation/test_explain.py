"""The matching itself, without a database: exact to the cent, and never a guess where much could add up."""

from hypothesis import given
from hypothesis import strategies as st

from console.reconciliation.causes import Cause
from console.reconciliation.explain import (
    Candidate,
    Collateral,
    Deposit,
    Event,
    Evidence,
    Story,
    explain_charges,
    explain_limit,
    explain_sum,
    explain_tokens,
)
from console.reconciliation.identity import Line
from console.reconciliation.ours import Effect

CENTS = st.integers(-5000, 5000)
EFFECTS = st.builds(Effect, CENTS, CENTS)


def event(held: int = 0, due: int = 0, cause: Cause = Cause.MISSING_DELIVERY, pk: int = 1) -> Event:
    return Event(Effect(held, due), cause, Evidence("transaction", pk))


def kept(cents: int, pk: int = 9, *, expected: bool = True) -> Candidate:
    return Candidate(Effect(held=cents), Cause.HOLD_KEPT, (Evidence("transaction", pk),), expected=expected)


def told(pieces) -> list[tuple]:
    return sorted((str(p.line), str(p.cause), p.amount) for p in pieces)


@given(
    difference=EFFECTS,
    late=st.lists(EFFECTS, max_size=6),
    lately=st.lists(EFFECTS, max_size=4),
    candidates=st.lists(CENTS, max_size=5),
    rounded=st.integers(0, 3),
)
def test_pieces_always_add_up(difference, late, lately, candidates, rounded):
    story = Story(
        late=[Event(e, Cause.MISSING_DELIVERY, Evidence("transaction", n)) for n, e in enumerate(late)],
        lately=[Event(e, Cause.TIMING, Evidence("transaction", 50 + n)) for n, e in enumerate(lately)],
        candidates=[kept(c, 90 + n) for n, c in enumerate(candidates)],
        rounded=rounded,
    )
    pieces = explain_charges(difference, story)
    assert sum(p.amount for p in pieces if p.line == Line.PENDING) == difference.held
    assert sum(p.amount for p in pieces if p.line == Line.DUE) == difference.due


def test_the_reading_may_stand_between_two_things_we_learned_later():
    story = Story(late=[event(held=500), event(held=-500, due=500, pk=2), event(held=900, pk=3)])
    pieces = explain_charges(Effect(0, 500), story)
    assert {p.evidence[0].pk for p in pieces} == {1, 2}


def test_what_a_sweep_found_in_another_order_is_matched_too():
    story = Story(late=[event(held=500), event(held=700, pk=2), event(due=900, pk=3)])
    pieces = explain_charges(Effect(500, 900), story)
    assert told(pieces) == [("due", "missing_delivery", 900), ("pending", "missing_delivery", 500)]


def test_a_row_of_its_own_is_a_better_reason_than_a_provider_that_lags():
    story = Story(lately=[event(held=-400, cause=Cause.TIMING)], candidates=[kept(400)])
    assert told(explain_charges(Effect(held=400), story)) == [("pending", "hold_kept", 400)]


def test_many_rows_that_happen_to_add_up_explain_nothing():
    odd = [kept(cents, pk, expected=False) for pk, cents in enumerate((101, 203, 407, 809, 1601))]
    assert told(explain_charges(Effect(held=sum(one.effect.held for one in odd)), Story(candidates=odd))) == [
        ("pending", "unknown", 3121)
    ]


def test_very_many_rows_alike_do_not_keep_anybody_waiting():
    alike = [kept(1000, pk, expected=False) for pk in range(3000)]
    assert told(explain_charges(Effect(held=3000), Story(candidates=alike))) == [("pending", "hold_kept", 1000)] * 3
    assert told(explain_charges(Effect(held=123), Story(candidates=alike))) == [("pending", "unknown", 123)]


def test_a_known_hold_is_named_beside_what_stays_unknown():
    pieces = explain_charges(Effect(held=6037), Story(candidates=[kept(6000)]))
    assert told(pieces) == [("pending", "hold_kept", 6000), ("pending", "unknown", 37)]


def test_cents_are_rounding_only_where_something_was_converted():
    assert told(explain_charges(Effect(due=2), Story(rounded=3))) == [("due", "rounding", 2)]
    assert told(explain_charges(Effect(due=2), Story())) == [("due", "unknown", 2)]


def test_many_converted_amounts_may_be_a_cent_off_each_but_no_more_than_a_dollar_in_all():
    assert told(explain_charges(Effect(due=60), Story(rounded=60))) == [("due", "rounding", 60)]
    assert told(explain_charges(Effect(due=61), Story(rounded=60))) == [("due", "unknown", 61)]
    assert told(explain_charges(Effect(due=101), Story(rounded=500))) == [("due", "unknown", 101)]


def test_an_old_list_of_ours_is_a_stale_source_before_it_is_unknown():
    assert told(explain_charges(Effect(due=999), Story(stale=True))) == [("due", "stale_source", 999)]


# --- The credit limit -------------------------------------------------------------------------------------------------

KEY = (7, "0xusdc")


def tokens(balance: str, exchange: str = "1", advance: str = "1") -> dict:
    return {KEY: {"balance": balance, "exchange_rate": exchange, "advance_rate": advance}}


def test_tokens_read_later_explain_it_by_the_deposit_seen_or_not_seen():
    seen = Collateral(tokens("100"), later=[tokens("150")], deposits=[Deposit(5000, Evidence("transaction", 3))])
    assert told(explain_limit(5000, seen)) == [("limit", "timing", 5000)]
    unseen = Collateral(tokens("100"), later=[tokens("150")])
    assert told(explain_limit(5000, unseen)) == [("limit", "unseen_deposit", 5000)]


def test_a_rate_and_a_deposit_between_two_readings_are_told_apart():
    moved = Collateral(
        tokens("100"), later=[tokens("150", "0.9")], deposits=[Deposit(5000, Evidence("transaction", 3))]
    )
    assert told(explain_limit(3500, moved)) == [("limit", "rate_move", -1500), ("limit", "timing", 5000)]


def test_the_provider_may_still_reckon_with_the_tokens_of_before():
    assert told(explain_limit(-5000, Collateral(tokens("150"), earlier=[tokens("100")]))) == [
        ("limit", "timing", -5000)
    ]


def test_a_contract_not_read_since_is_a_stale_source_with_the_deposit_that_shows_it():
    unread = [Deposit(6000, Evidence("transaction", 4))]
    pieces = explain_limit(6000, Collateral(tokens("100"), unread=unread, stale=True))
    assert told(pieces) == [("limit", "stale_source", 6000)]
    assert pieces[0].evidence == (Evidence("transaction", 4), Evidence("contract", 7))


def test_a_cent_of_each_token_is_rounding_and_more_is_not():
    assert told(explain_limit(1, Collateral(tokens("100")))) == [("limit", "rounding", 1)]
    assert told(explain_limit(2, Collateral(tokens("100")))) == [("limit", "unknown", 2)]


def test_rates_that_moved_by_less_than_a_cent_each_are_rounding():
    moved = Collateral(tokens("20", "0.9998"), later=[tokens("20", "1.0001")])
    assert told(explain_limit(1, moved)) == [("limit", "rounding", 1)]


@given(st.integers(-(10**7), 10**7), st.integers(0, 10**6), st.integers(0, 10**6), st.booleans())
def test_pieces_of_the_limit_always_add_up(difference, now, later, stale):
    around = Collateral(tokens(f"{now}.005"), later=[tokens(f"{later}.019", "0.97", "0.83")], stale=stale)
    assert sum(piece.amount for piece in explain_limit(difference, around)) == difference


def test_the_providers_own_sum():
    assert told(explain_sum(1)) == [("sum", "rounding", 1)]
    assert told(explain_sum(-2)) == [("sum", "unknown", -2)]


def test_tokens_beside_deposits():
    three, four = Deposit(300, Evidence("transaction", 3)), Deposit(400, Evidence("transaction", 4))
    assert told(explain_tokens(-300, unread=[three], twice=[], tokens=1)) == [("contract", "timing", -300)]
    assert told(explain_tokens(-700, unread=[three], twice=[four], tokens=1)) == [
        ("contract", "duplicate", -400), ("contract", "timing", -300),
    ]  # fmt: skip
    assert told(explain_tokens(5000, unread=[], twice=[], tokens=1)) == [("contract", "unseen_deposit", 5000)]
    assert told(explain_tokens(-5000, unread=[], twice=[], tokens=1)) == [("contract", "unknown", -5000)]
    assert told(explain_tokens(1, unread=[], twice=[], tokens=1)) == [("contract", "rounding", 1)]
