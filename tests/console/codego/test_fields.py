"""What a field may hold, and what becomes of what it may not."""

import pytest

from console.codego.errors import Unreadable
from console.codego.records import CardRecord, CompanyRecord, KycSession, TransactionRecord, UserRecord

TOO_LONG = "x" * 129


def test_an_id_that_no_column_holds_is_unreadable_and_never_cut():
    with pytest.raises(Unreadable):
        UserRecord.parse({"id": TOO_LONG})
    with pytest.raises(Unreadable):
        KycSession.parse({"sessionId": TOO_LONG, "iframeUrl": "https://kyc.example/embed?token=x"})


def test_a_reference_that_no_column_holds_is_flagged_and_not_followed():
    card = CardRecord.parse({"id": "c1", "userId": TOO_LONG, "companyId": "co1"})
    assert (card.user_id, card.company_id, card.flags) == (None, "co1", ("userId: too long for an id",))
    assert card.raw["userId"] == TOO_LONG
    user = UserRecord.parse({"id": "u1", "externalId": "x" * 65})
    assert (user.external_user_id, user.flags) == (None, ("externalUserId: too long for an id",))


def test_a_doubt_names_the_field_whichever_its_spelling():
    card = CardRecord.parse({"id": "c1", "cardType": {}, "expiryMonth": 13})
    assert card.flags == ("type: not text", "expirationMonth: out of range")


def test_an_owner_that_is_no_object_is_flagged():
    company = CompanyRecord.parse({"id": "co1", "ultimateBeneficialOwners": ["Rui"]})
    assert (company.owners, company.flags) == ((), ("ultimateBeneficialOwners: an entry is not an object",))


def test_wallets_that_are_not_named_are_not_none_at_all():
    assert CardRecord.parse({"id": "c1"}).token_wallets is None
    assert CardRecord.parse({"id": "c1", "tokenWallets": []}).token_wallets == ()


@pytest.mark.parametrize(
    "data", [{}, {"id": None}, {"id": " "}, {"id": True}, {"spend": {"amount": 5}, "type": "spend"}]
)
def test_a_transaction_without_an_id_is_unreadable(data):
    with pytest.raises(Unreadable):
        TransactionRecord.parse(data)
