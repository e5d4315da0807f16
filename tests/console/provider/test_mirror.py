"""Which record is newer, and what a hint does."""

from datetime import UTC, datetime, timedelta

import pytest

from cardholders.models import Cardholder
from cardholders.sync import apply_cardholders
from cards.models import Card
from cards.sync import apply_cards
from console.codego.records import CardRecord, TransactionRecord, UserRecord
from console.provider.mirror import Source, Verdict
from tests.factories import make_cardholder
from transactions.models import Transaction
from transactions.sync import apply_transactions

pytestmark = pytest.mark.django_db
T0 = datetime(2026, 11, 1, 12, tzinfo=UTC)


def record(status: str, version: int | None = None, **more) -> CardRecord:
    stamp = {"updatedAt": (T0 + timedelta(minutes=version)).isoformat()} if version is not None else {}
    return CardRecord.parse({"id": "c1", "userId": "u1", "type": "virtual", "status": status, **stamp, **more})


def read(at: int = 0) -> Source:
    return Source("read", T0 + timedelta(minutes=at))


def delivery(at: int = 0) -> Source:
    return Source("delivery", T0 + timedelta(minutes=at))


def put(*records: CardRecord, source: Source) -> list[Verdict]:
    return apply_cards(records, source=source).verdicts


def test_a_newer_version_wins_and_an_older_one_is_stale():
    assert put(record("active", 1), source=delivery()) == [Verdict.CREATED]
    assert put(record("locked", 3), source=delivery()) == [Verdict.CHANGED]
    assert put(record("active", 2), source=delivery()) == [Verdict.STALE]
    assert Card.objects.get().status == "locked"


def test_an_equal_version_with_other_content_is_a_hint_and_a_read_decides():
    put(record("active", 1), source=delivery())
    assert put(record("locked", 1), source=delivery()) == [Verdict.HINT]
    card = Card.objects.get()
    assert (card.status, card.dirty_at is not None) == ("active", True)
    later = Source("read", card.dirty_at + timedelta(seconds=1))
    assert put(record("locked", 1), source=later) == [Verdict.CHANGED]
    card.refresh_from_db()
    assert (card.status, card.dirty_at) == ("locked", None)


def test_a_record_without_version_never_changes_a_row_by_itself():
    put(record("active"), source=read())
    assert put(record("locked"), source=delivery(5)) == [Verdict.HINT]
    assert Card.objects.get().status == "active"


def test_an_unversioned_delivery_of_an_unknown_card_leaves_a_placeholder_to_read():
    assert put(record("active"), source=delivery()) == [Verdict.HINT]
    card = Card.objects.get()
    assert (card.by_reference, card.status) == (True, "")
    assert card.dirty_at


def test_a_slow_read_does_not_undo_a_delivery_that_came_meanwhile():
    put(record("active", 1), source=read(1))
    put(record("locked", 5), source=delivery(5))
    assert put(record("active"), source=read(4)) == [Verdict.HINT]
    assert Card.objects.get().status == "locked"


def test_an_older_read_is_stale():
    put(record("locked"), source=read(5))
    assert put(record("active"), source=read(4)) == [Verdict.STALE]
    assert Card.objects.get().status == "locked"


def test_a_mark_made_after_the_read_was_sent_stands():
    put(record("active"), source=read())
    Card.objects.update(dirty_at=T0 + timedelta(minutes=10))
    put(record("locked"), source=read(9))
    assert Card.objects.get().dirty_at is not None
    put(record("locked"), source=read(11))
    assert Card.objects.get().dirty_at is None


def test_a_cancelled_card_stays_cancelled():
    put(record("canceled", 1), source=delivery())
    assert put(record("active", 9), source=delivery()) == [Verdict.STALE]
    assert Card.objects.get().state == "canceled"


def test_what_is_absent_on_the_wire_keeps_what_we_have():
    put(record("active", 1, last4="4242", limit={"amount": 500, "frequency": "allTime"}), source=delivery())
    put(record("locked", 2), source=delivery())
    card = Card.objects.get()
    assert (card.last4, card.limit_amount, card.status) == ("4242", 500, "locked")


def test_an_amount_that_cannot_be_understood_is_not_replaced_by_an_older_one():
    put(record("active", 1, limit={"amount": 500, "frequency": "allTime"}), source=delivery())
    put(record("active", 2, limit={"amount": 500.5, "frequency": "allTime"}), source=delivery())
    card = Card.objects.get()
    assert card.limit_amount is None
    assert card.raw["limit"]["amount"] in {500.5, "500.5"}
    assert any("whole minor units" in flag for flag in card.flags)


def test_the_holder_of_a_card_is_kept_as_a_placeholder_until_read():
    put(record("active", 1), source=delivery())
    holder = Card.objects.get().cardholder
    assert (holder.codego_id, holder.by_reference) == ("u1", True)


def test_a_card_that_names_no_owner_keeps_the_one_it_has():
    holder = make_cardholder(codego_id="u1")
    put(record("active", 1), source=delivery())
    ownerless = CardRecord.parse({"id": "c1", "status": "locked", "updatedAt": (T0 + timedelta(hours=1)).isoformat()})
    assert put(ownerless, source=delivery()) == [Verdict.CHANGED]
    assert Card.objects.get().cardholder == holder


def test_the_same_card_many_times_in_one_batch_ends_as_the_newest():
    verdicts = put(record("locked", 2), record("active", 1), record("active", 3), source=delivery())
    assert Card.objects.get().status == "active"
    assert verdicts == [Verdict.CREATED, Verdict.STALE, Verdict.CHANGED]


def test_a_sweep_says_what_differed_but_repeats_no_personal_data():
    put(record("active", 1), source=delivery())
    applied = apply_cards([record("locked", 2)], source=Source("run", T0 + timedelta(minutes=9)))
    assert applied.changes[0]["id"] == "c1"
    assert applied.changes[0]["fields"]["status"] == ["active", "locked"]


def test_text_that_is_too_long_is_cut_flagged_and_kept_whole_in_raw():
    put(record("active", 1, configuration={"displayName": "X" * 300}), source=delivery())
    card = Card.objects.get()
    assert card.display_name == "X" * 40
    assert "display_name: longer than 40 characters, cut" in card.flags
    assert card.raw["configuration"]["displayName"] == "X" * 300
    assert put(record("active", 1, configuration={"displayName": "X" * 300}), source=delivery()) == [Verdict.UNCHANGED]


def test_a_field_that_is_there_but_unreadable_leaves_an_empty_column_and_a_flag():
    broken = TransactionRecord.parse(
        {
            "id": "t1",
            "type": "spend",
            "spend": {"userId": "u1", "amount": 5, "status": "pending", "merchantName": {"x": 1}},
        }
    )
    assert apply_transactions([broken], source=read()).verdicts == [Verdict.CREATED]
    found = Transaction.objects.get()
    assert (found.merchant_name, found.amount) == ("", 5)
    assert found.flags


def test_a_partial_record_keeps_what_follows_from_what_it_does_not_name():
    whole = {"userId": "u1", "amount": 500, "status": "pending", "authorizedAt": T0.isoformat()}
    part = {"status": "completed", "postedAt": (T0 + timedelta(days=3)).isoformat()}
    for minute, payload in ((1, whole), (2, part)):
        stamp = (T0 + timedelta(minutes=minute)).isoformat()
        told = {"id": "t1", "type": "spend", "updatedAt": stamp, "spend": payload | {"userId": "u1"}}
        apply_transactions([TransactionRecord.parse(told)], source=delivery())
    found = Transaction.objects.get()
    assert (found.state, found.amount, found.signed_amount, found.occurred_at) == ("completed", 500, -500, T0)


def test_a_transfer_keeps_every_digit():
    told = {
        "id": "t1",
        "type": "transfer",
        "transfer": {"userId": "u1", "source": {"amount": "1234.567890123456789012"}},
    }
    apply_transactions([TransactionRecord.parse(told)], source=read())
    assert Transaction.objects.get().decimal_amount == "1234.567890123456789012"
    assert apply_transactions([TransactionRecord.parse(told)], source=read(1)).verdicts == [Verdict.UNCHANGED]


def test_a_version_from_the_future_does_not_make_every_true_one_stale():
    assert put(record("active", 60 * 24 * 365), source=read()) == [Verdict.CREATED]
    card = Card.objects.get()
    assert (card.version, card.flags) == (None, ["updatedAt: in the future"])
    assert put(record("locked", 5), source=read(6)) == [Verdict.CHANGED]


def test_what_cannot_be_read_leaves_nothing_old_behind():
    known = {"limit": {"amount": 500, "frequency": "allTime"}, "expirationMonth": 3, "expirationYear": 2032}
    put(record("active", 1, **known), source=delivery())
    broken = {"limit": "500", "cardType": {}, "expirationMonth": "March"}
    odd = {"id": "c1", "userId": "u1", "status": {}, "updatedAt": (T0 + timedelta(minutes=2)).isoformat(), **broken}
    put(CardRecord.parse(odd), source=delivery(2))
    card = Card.objects.get()
    assert (card.limit_amount, card.limit_frequency, card.expiration_month, card.expires_on) == (None, "", None, None)
    assert (card.type, card.status, card.state) == ("", "", "")


@pytest.mark.parametrize(
    "second",
    [{"amount": "many"}, {"source": {"amount": "many"}}, {"source": "5"}, {"source": {"amount": "1.23456789e-60"}}],
    ids=str,
)
def test_a_transfer_whose_amount_cannot_be_read_does_not_keep_an_older_one(second):
    for minute, payload in enumerate(({"source": {"amount": "2.00"}}, second)):
        told = {"id": "t1", "type": "transfer", "transfer": {"userId": "u1", **payload}}
        apply_transactions([TransactionRecord.parse(told)], source=read(minute))
    found = Transaction.objects.get()
    assert (found.decimal_amount, found.amount) == ("", None)
    assert found.flags


def test_a_word_that_grows_when_it_is_folded_still_fits():
    told = {"id": "t1", "type": "\ufb03" * 40, "userId": "u1", "status": "\ufb03" * 40}
    assert apply_transactions([TransactionRecord.parse(told)], source=read()).verdicts == [Verdict.CREATED]


def test_a_record_that_names_no_wallets_keeps_those_we_know():
    put(record("active", 1, tokenWallets=["Apple"]), source=delivery())
    put(record("locked", 2), source=delivery())
    assert Card.objects.get().token_wallets == ["Apple"]


def person(version: int, **more) -> UserRecord:
    stamp = (T0 + timedelta(minutes=version)).isoformat()
    return UserRecord.parse(
        {"id": "u1", "firstName": "Ana", "applicationStatus": "approved", "updatedAt": stamp, **more}
    )


@pytest.mark.parametrize("before", [[], [person(1, kycStatus="pending")]], ids=["unknown", "outdated"])
def test_what_a_read_does_not_name_is_learnt_from_the_delivery_of_the_same_version(before):
    """Where reads leave a field out that deliveries carry, it must not matter which of them came first."""
    apply_cardholders(before, source=delivery())
    apply_cardholders([person(2)], source=read(3))
    told = apply_cardholders([person(2, kycStatus="approved")], source=delivery(4))
    row = Cardholder.objects.get()
    assert (told.verdicts, row.kyc_status, row.dirty_at) == ([Verdict.CHANGED], "approved", None)
    apply_cardholders([person(2)], source=read(5))
    assert apply_cardholders([person(2, kycStatus="approved")], source=delivery(6)).verdicts == [Verdict.UNCHANGED]
    assert apply_cardholders([person(2, firstName="Eva")], source=delivery(7)).verdicts == [Verdict.HINT]
    assert Cardholder.objects.get().kyc_status == "approved"
