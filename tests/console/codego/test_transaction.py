"""Which unit an amount is in: the type decides, and where it does not, nothing is stored."""

from decimal import Decimal

import pytest

from console.codego.records import TransactionRecord

MINOR = ("localAmount", "authorizedAmount", "authorizationUpdateAmount")


def read(kind: str, **payload: object) -> TransactionRecord:
    return TransactionRecord.parse({"id": "t1", "type": kind, kind: payload})


@pytest.mark.parametrize("sent", ["2.00", "2", 2, Decimal("2.0")])
def test_other_amounts_of_a_transfer_are_not_taken_for_cents(sent):
    tx = read("transfer", source={"amount": "2.00"}, **dict.fromkeys(MINOR, sent))
    assert (tx.local_amount, tx.authorized_amount, tx.authorization_update_amount) == (None, None, None)
    assert tx.flags == tuple(f"{name}: unit unknown for this type" for name in MINOR)


@pytest.mark.parametrize("sent", ["2.00", "2", Decimal("2.0")])
def test_under_an_unknown_type_only_a_whole_number_is_an_amount(sent):
    tx = read("cashback", amount=sent, localAmount=sent)
    assert (tx.amount, tx.local_amount) == (None, None)
    assert {"amount: unit unknown for this type", "localAmount: unit unknown for this type"} < set(tx.flags)
    assert (read("cashback", amount=2, localAmount=3).amount, read("cashback", localAmount=3).local_amount) == (2, 3)


def test_a_payload_that_is_no_object_is_flagged():
    tx = TransactionRecord.parse({"id": "t1", "type": "spend", "spend": "12.50"})
    assert (tx.amount, tx.flags) == (None, ("spend: not an object",))


def test_a_transfer_longer_than_any_amount_is_flagged_and_not_stored():
    tx = read("transfer", source={"amount": "1.2345e-60"})
    assert (tx.decimal_amount, tx.flags) == (None, ("source: amount: too long",))
    assert read("transfer", amount="1.2345e-60").flags == ("amount: too long",)
