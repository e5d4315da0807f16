import json
from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.codego.errors import Unreadable
from console.codego.records import (
    BalanceRecord,
    CardRecord,
    CompanyRecord,
    ContractRecord,
    DisputeRecord,
    Encrypted,
    KycSession,
    TokenRecord,
    TransactionRecord,
    UserRecord,
)
from console.codego.wire import SECRET_KEYS, loads, normal

VECTORS = json.loads((Path(__file__).parents[2] / "vectors.json").read_text())
RECORDS = [
    BalanceRecord, CardRecord, CompanyRecord, ContractRecord, DisputeRecord, TokenRecord, TransactionRecord, UserRecord,
]  # fmt: skip
NAMED = [CardRecord, CompanyRecord, ContractRecord, DisputeRecord, UserRecord]

USER = {
    "id": "u1", "firstName": " Ana ", "lastName": "Test", "email": "ana@example.test", "isActive": True,
    "applicationStatus": "needsVerification", "applicationReason": "", "address": {"line1": "1 Main St", "region": ""},
    "phoneCountryCode": "351", "phoneNumber": "910000000", "createdAt": "2026-06-25T15:36:10.719Z",
}  # fmt: skip
CARD = {
    "id": "cd1", "userId": "u1", "type": "virtual", "status": "active", "last4": "4242", "expirationMonth": "3",
    "expirationYear": "2032", "limit": {"amount": 50000, "frequency": "per30DayPeriod"},
    "configuration": {"currency": "usd", "displayName": "ANA TEST"}, "tokenWallets": ["Apple"],
}  # fmt: skip
SPEND = {
    "amount": 1250, "currency": "usd", "localAmount": 1150, "localCurrency": "eur", "authorizedAmount": 1250,
    "authorizationMethod": "Ecommerce", "status": "pending", "declinedReason": None,
    "merchantName": "COFFEE SHOP            ", "merchantCategoryCode": "5814", "merchantCity": "LISBON       ",
    "merchantCountry": "  ", "enrichedMerchantName": "Coffee Shop", "cardId": "cd1", "userId": "u1",
    "authorizedAt": "2026-07-01T10:00:00Z", "postedAt": None,
}  # fmt: skip


def spend(**changes):
    return {"id": "tx1", "type": "spend", "spend": {**SPEND, **changes}}


def test_a_user():
    user = UserRecord.parse(USER)
    assert (user.id, user.first_name, user.application_status, user.is_active) == (
        "u1",
        "Ana",
        "needsVerification",
        True,
    )
    assert (user.application_reason, user.external_user_id, user.updated_at) == ("", None, None)
    assert user.created_at == datetime(2026, 6, 25, 15, 36, 10, 719000, tzinfo=UTC)
    assert user.address == {"line1": "1 Main St", "region": ""}
    assert (user.raw, user.flags) == (USER, ())


def test_a_user_as_a_webhook_tells_of_it():
    user = UserRecord.parse({"id": "u1", "externalUserId": "ours-1", "applicationStatus": "approved", "kycStatus": "x"})
    assert (user.external_user_id, user.kyc_status, user.flags) == ("ours-1", "x", ())


def test_a_company_and_its_owners():
    owners = [{"id": "ub1", "firstName": "Rui", "pin": "1"}, "not an owner"]
    company = CompanyRecord.parse({"id": "c1", "name": "Acme SA", "ultimateBeneficialOwners": owners})
    assert company.owners == ({"id": "ub1", "firstName": "Rui"},)
    assert CompanyRecord.parse({"id": "c1"}).owners is None


def test_a_contract_and_its_tokens():
    token = {"address": "0xT", "balance": "250.000001", "exchangeRate": 1, "advanceRate": Decimal("0.9")}
    contract = ContractRecord.parse({"id": "ct1", "chainId": "84532", "contractVersion": 2, "tokens": [token, 7]})
    assert (contract.chain_id, contract.contract_version, contract.admin_addresses) == (84532, 2, ())
    assert contract.tokens[0].balance == Decimal("250.000001")
    assert contract.tokens[0].advance_rate == Decimal("0.9")
    assert contract.flags == ("tokens: an entry is not an object",)
    assert ContractRecord.parse({"id": "ct1"}).tokens is None


def test_a_doubt_about_a_token_is_the_contracts_too():
    contract = ContractRecord.parse({"id": "ct1", "tokens": [{"balance": "many"}]})
    assert contract.tokens[0].balance is None
    assert contract.flags == ("tokens: balance: not a number",)


def test_balances_and_what_else_is_named():
    balance = BalanceRecord.parse(
        {"creditLimit": "150000", "spendingPower": Decimal("144500.0"), "available": 7, "pin": 1}
    )
    assert (balance.credit_limit, balance.spending_power, balance.balance_due) == (150000, 144500, None)
    assert balance.extra == {"available": 7}


def test_a_card():
    card = CardRecord.parse(CARD)
    assert (card.type, card.status, card.last4, card.expiration_month, card.expiration_year) == (
        "virtual", "active", "4242", 3, 2032,
    )  # fmt: skip
    assert (card.limit_amount, card.limit_frequency, card.display_name) == (50000, "per30DayPeriod", "ANA TEST")
    assert (card.token_wallets, card.company_id, card.flags) == (("Apple",), None, ())


def test_a_card_in_its_other_spelling():
    sent = {"id": "cd1", "cardType": "physical", "expiryMonth": 11, "expiryYear": "2031", "maskedPan": "**** 0042"}
    card = CardRecord.parse(sent)
    assert (card.type, card.expiration_month, card.expiration_year, card.last4) == ("physical", 11, 2031, "0042")


@pytest.mark.parametrize(("sent", "last4"), [(42, "0042"), ("4242424242424242", "4242"), ("", None), ("abcd", None)])
def test_the_last_four_digits(sent, last4):
    assert CardRecord.parse({"id": "cd1", "last4": sent}).last4 == last4


def test_a_card_that_leaks_is_kept_without_its_secrets():
    card = CardRecord.parse({**CARD, "number": "4242424242424242", "cvv": "123", "maskedPan": "4242424242424242"})
    assert "424242" not in json.dumps(card.raw)
    assert "123" not in json.dumps(card.raw)


@pytest.mark.parametrize(("month", "year"), [("13", "1999"), ("0", "1999"), ("x", "y"), (True, 99999), ("1.5", "NaN")])
def test_an_impossible_expiry_is_flagged(month, year):
    card = CardRecord.parse({"id": "cd1", "expirationMonth": month, "expirationYear": year})
    assert (card.expiration_month, card.expiration_year, len(card.flags)) == (None, None, 2)


def test_unknown_words_are_kept_and_flagged():
    card = CardRecord.parse({**CARD, "status": "frozen", "limit": {"amount": 1, "frequency": "monthly"}})
    assert (card.status, card.limit_frequency) == ("frozen", "monthly")
    assert card.flags == ("status: unknown value 'frozen'", "limit.frequency: unknown value 'monthly'")


@pytest.mark.parametrize("status", ["active", "ACTIVE", "not_activated", "notActivated", "cancelled", "canceled"])
def test_a_known_word_in_any_spelling_is_kept_as_sent(status):
    card = CardRecord.parse({**CARD, "status": status})
    assert (card.status, card.flags) == (status, ())


def test_a_spend():
    tx = TransactionRecord.parse(spend())
    assert (tx.id, tx.type, tx.status, tx.amount, tx.local_amount) == ("tx1", "spend", "pending", 1250, 1150)
    assert (tx.merchant_name, tx.merchant_city, tx.merchant_country) == ("Coffee Shop", "LISBON", "")
    assert (tx.card_id, tx.user_id, tx.company_id, tx.posted_at, tx.decimal_amount) == ("cd1", "u1", None, None, None)
    assert tx.flags == ()


def test_a_merchant_without_a_better_name_is_trimmed():
    assert TransactionRecord.parse(spend(enrichedMerchantName="  ")).merchant_name == "COFFEE SHOP"


def test_a_flat_transaction_reads_the_same():
    flat, nested = TransactionRecord.parse({"id": "tx1", "type": "spend", **SPEND}), TransactionRecord.parse(spend())
    assert {f.name: getattr(flat, f.name) for f in fields(flat) if f.name != "raw"} == {
        f.name: getattr(nested, f.name) for f in fields(nested) if f.name != "raw"
    }


def test_the_payload_does_not_change_whose_id_it_is():
    tx = TransactionRecord.parse({"id": "tx1", "type": "SPEND", "spend": {**SPEND, "id": "other", "type": "card"}})
    assert (tx.id, tx.type, tx.amount, tx.flags) == ("tx1", "SPEND", 1250, ())


def test_an_id_only_the_payload_has_is_taken():
    assert TransactionRecord.parse({"type": "spend", "spend": {**SPEND, "id": "tx9"}}).id == "tx9"


def test_a_limit_beyond_a_double_is_exact():
    card = CardRecord.parse({"id": "cd1", "limit": {"amount": Decimal("9007199254740993.0")}})
    assert (card.limit_amount, card.flags) == (9007199254740993, ())


def test_a_transfer_is_in_whole_units_and_never_in_cents():
    sent = {"id": "t", "type": "transfer", "transfer": {"source": {"amount": "2.00", "currency": "usd"}, "amount": "2"}}
    tx = TransactionRecord.parse(sent)
    assert (tx.amount, tx.decimal_amount, tx.currency) == (None, Decimal("2.00"), "usd")


def test_a_collateral():
    payload = {"amount": Decimal("100000.0"), "currency": "rusd", "chainId": "84532", "transactionHash": "0xabc"}
    tx = TransactionRecord.parse({"id": "t", "type": "collateral", "collateral": payload})
    assert (tx.amount, tx.chain_id, tx.transaction_hash, tx.status, tx.flags) == (100000, 84532, "0xabc", None, ())


def test_an_unknown_type_is_a_generic_row():
    tx = TransactionRecord.parse({"id": "t", "type": "cashback", "cashback": {"amount": 500, "userId": "u1"}})
    assert (tx.type, tx.amount, tx.user_id) == ("cashback", 500, "u1")
    assert tx.flags == ("type: unknown value 'cashback'",)


def test_text_under_an_unknown_type_is_no_amount():
    tx = TransactionRecord.parse({"id": "t", "type": "cashback", "cashback": {"amount": "2.00"}})
    assert tx.amount is None
    assert "amount: unit unknown for this type" in tx.flags


def test_a_transaction_without_a_type():
    tx = TransactionRecord.parse({"id": "t", "amount": 5})
    assert (tx.type, tx.amount, tx.flags) == (None, 5, ("type: missing",))


@pytest.mark.parametrize("sent", [742, "0742"])
def test_a_category_code_keeps_its_zero(sent):
    assert TransactionRecord.parse(spend(merchantCategoryCode=sent)).merchant_category_code == "0742"


def test_a_dispute():
    dispute = DisputeRecord.parse(
        {"id": "dp1", "transactionId": "tx1", "status": "in_review", "hasFileEvidence": False}
    )
    assert (dispute.transaction_id, dispute.status, dispute.has_file_evidence) == ("tx1", "in_review", False)
    assert (dispute.resolved_at, dispute.flags) == (None, ())


def test_a_session_shows_nothing():
    sent = {"sessionId": "s1", "token": "eyJ", "iframeUrl": "https://kyc.example/embed?token=eyJ", "resume": "eyJ"}
    session = KycSession.parse(sent)
    assert session.iframe_url.reveal() == sent["iframeUrl"]
    assert "eyJ" not in repr(session)


def test_ciphertext_is_relayed_whole_and_not_shown():
    encrypted = Encrypted.parse({"iv": "aXY=", "data": "ZGF0YQ=="})
    assert (encrypted.iv, encrypted.data) == ("aXY=", "ZGF0YQ==")
    assert "ZGF0YQ" not in repr(encrypted)


def test_a_record_does_not_print_what_it_keeps():
    assert "1 Main St" not in repr(UserRecord.parse({"id": "u1", "more": {"line1": "1 Main St"}}))


def test_a_record_is_frozen():
    with pytest.raises(FrozenInstanceError):
        CardRecord.parse(CARD).status = "canceled"


@pytest.mark.parametrize("cls", NAMED)
@pytest.mark.parametrize("data", [{}, {"id": None}, {"id": " "}, {"id": True}, {"id": []}])
def test_a_record_without_an_id_is_unreadable(cls, data):
    with pytest.raises(Unreadable):
        cls.parse(data)


@pytest.mark.parametrize("cls", [*RECORDS, KycSession, Encrypted])
@pytest.mark.parametrize("data", [None, [], "text", 7])
def test_what_is_no_object_is_unreadable(cls, data):
    with pytest.raises(Unreadable):
        cls.parse(data)


def test_a_numeric_id_is_its_text():
    assert CardRecord.parse({"id": 12}).id == "12"


@pytest.mark.parametrize(
    ("cls", "key"), [(CardRecord, "cardId"), (TransactionRecord, "transactionId"), (UserRecord, "userId")]
)
def test_an_event_may_name_the_id_by_its_noun(cls, key):
    assert cls.parse({key: "x1"}).id == "x1"


def depth(levels):
    value = {}
    for _ in range(levels):
        value = {"a": value}
    return value


def test_endless_nesting_is_unreadable():
    with pytest.raises(Unreadable):
        UserRecord.parse({"id": "u1", "more": depth(5000)})


def read_vector(case):
    field, value = case["field"], loads(case["json"].encode())
    kind, _, name = field.partition(".")
    if kind == "contract":
        return TokenRecord.parse({"balance": value}).balance
    payload = {"source": {"amount": value, "currency": "usd"}} if kind == "transfer" else {name: value}
    tx = TransactionRecord.parse({"id": "t", "type": kind, kind: payload})
    return {"localAmount": tx.local_amount, "amount": tx.amount, "source.amount": tx.decimal_amount}[name]


@pytest.mark.parametrize("case", VECTORS["money"], ids=lambda case: f"{case['field']}={case['json']}")
def test_money_fields(case):
    wanted = case["minor"] if "minor" in case else Decimal(case["decimal"])
    assert read_vector(case) == wanted


@pytest.mark.parametrize("case", [case for case in VECTORS["money"] if "why" in case and case["minor"] is None])
def test_money_that_is_not_stored_is_flagged_and_kept(case):
    value = loads(case["json"].encode())
    tx = TransactionRecord.parse({"id": "t", "type": "spend", "spend": {"amount": value}})
    assert tx.amount is None
    assert tx.flags[0].startswith("amount: ")
    assert Decimal(str(tx.raw["spend"]["amount"])) == Decimal(value) if not isinstance(value, bool) else tx.raw


TEXTS = ["id", "type", "cardType", "status", "currency", "last4", "maskedPan", "userId", "merchantName", "spend"]
NUMBERS = [
    "amount",
    "localAmount",
    "creditLimit",
    "chainId",
    "expirationMonth",
    "expirationYear",
    "merchantCategoryCode",
]
TIMES = ["createdAt", "updatedAt", "postedAt", "authorizedAt", "isActive", "applicationStatus", "merchantCategoryCode"]
INNER = [
    "limit",
    "configuration",
    "tokens",
    "transfer",
    "source",
    "tokenWallets",
    "ultimateBeneficialOwners",
    "address",
]
WIRE_NAMES = st.sampled_from(["ultimateBeneficialOwners", *TEXTS, *NUMBERS, *TIMES, *INNER, *sorted(SECRET_KEYS)])
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.decimals() | st.floats() | st.text() | st.datetimes().map(str)
    | st.sampled_from(["spend", "transfer", "fee", "active", "0001-01-01", "9" * 5000, 10**300, "1e999999999"])
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WIRE_NAMES | st.text(), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(WIRE_NAMES | st.text(), VALUES, max_size=12)


@pytest.mark.parametrize("cls", RECORDS)
@settings(max_examples=60)
@given(data=OBJECTS)
def test_parsing_never_raises_and_loses_nothing(cls, data):
    try:
        record = cls.parse({"id": "x", **data})
    except Unreadable:
        assert not isinstance(data.get("id", "x"), str) or not data["id"].strip("\x00 \t\n")
        return
    kept = {key for key in data if normal(key) not in SECRET_KEYS and key.isprintable()}
    assert kept <= record.raw.keys()
    assert not any(normal(key) in SECRET_KEYS for key in record.raw)


@given(VALUES)
def test_an_amount_is_exactly_what_was_sent_or_nothing(value):
    tx = TransactionRecord.parse({"id": "t", "type": "spend", "spend": {"amount": value}})
    assert tx.amount is None or tx.amount == Decimal(str(value).strip())
    assert tx.amount is not None or value is None or any(flag.startswith("amount: ") for flag in tx.flags)
