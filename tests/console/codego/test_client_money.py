"""Card secrets, transactions and disputes over HTTP against the sandbox, in every variant it can show."""

import base64
import os
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from console.codego import errors, transport
from console.codego.records import Encrypted, normal
from console.codego.secret import Secret


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(transport, "FIRST_BACKOFF", 0.01)


def key():
    return uuid.uuid4()


def every(walk):
    return [record for page in walk for record in page.records]


# Card secrets and PIN


class Browser:
    """The other end of the secrets flow: makes the session key, and opens what is encrypted to it."""

    def __init__(self, pem):
        self.secret = os.urandom(16)
        oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)
        sealed = serialization.load_pem_public_key(pem.encode()).encrypt(base64.b64encode(self.secret), oaep)
        self.session = Secret(base64.b64encode(sealed).decode())

    def open(self, sealed):
        iv, data = base64.b64decode(sealed.iv), base64.b64decode(sealed.data)
        return AESGCM(self.secret).decrypt(iv, data, None).decode()

    def seal(self, text):
        iv = os.urandom(16)
        data = AESGCM(self.secret).encrypt(iv, text.encode(), None)
        return Encrypted(iv=base64.b64encode(iv).decode(), data=base64.b64encode(data).decode())


def test_card_secrets_open_in_the_browser_only(sandbox, live, card):
    browser = Browser(sandbox.public_key)
    number, code = live.card_secrets(card.id, browser.session)
    assert browser.open(number)[-4:] == card.last4
    assert len(browser.open(code)) == 3


def test_a_session_of_another_key_is_refused(live, card):
    with pytest.raises(errors.BadRequest, match="Not Matching"):
        live.card_secrets(card.id, Secret("bm90IGl0"))


def test_a_pin_is_set_and_read(sandbox, live, card):
    browser = Browser(sandbox.public_key)
    assert live.card_pin(card.id, browser.session) is None
    live.set_card_pin(card.id, browser.session, browser.seal("244321FFFFFFFFFF"), idempotency_key=key())
    assert browser.open(live.card_pin(card.id, browser.session)) == "244321FFFFFFFFFF"


def test_setting_a_pin_may_not_exist(sandbox, live, card):
    sandbox.switch(pin_set="off")
    browser = Browser(sandbox.public_key)
    with pytest.raises(errors.NoSuchRoute):
        live.set_card_pin(card.id, browser.session, browser.seal("244321FFFFFFFFFF"), idempotency_key=key())


# Transactions


@pytest.mark.parametrize("padded", ["on", "off"])
@pytest.mark.parametrize("numbers", ["as_is", "string", "float"])
def test_a_transaction_in_every_spelling(sandbox, live, purchase, card, padded, numbers):
    sandbox.switch(padded_merchants=padded, numbers=numbers)
    tx = live.transaction(purchase)
    assert (tx.type, tx.status, tx.amount, tx.card_id) == ("spend", "completed", 1250, card.id)
    assert tx.merchant_name in {"COFFEE SHOP", "Coffee Shop"}
    assert tx.posted_at >= tx.authorized_at
    assert tx.flags == ()


@pytest.mark.parametrize("case", ["as_is", "upper", "snake"])
def test_every_transaction_of_the_demo_is_understood(sandbox, live, case):
    sandbox.switch(status_case=case)
    records = every(live.transactions())
    assert {"spend", "collateral"} <= {normal(record.type) for record in records}
    assert [record.flags for record in records if record.flags] == []
    assert all(record.amount is not None or record.decimal_amount is not None for record in records)


@pytest.mark.parametrize("types", [["fee"], ["spend"], ["spend", "collateral"], ["FEE", "payment"]])
def test_transactions_by_type(live, types):
    whole = every(live.transactions())
    wanted = {normal(word) for word in types}
    assert [one.id for one in every(live.transactions(types=types))] == [
        one.id for one in whole if normal(one.type) in wanted
    ]


def test_transactions_of_a_card_and_of_a_holder(live, purchase, card, holder):
    assert [one.id for one in every(live.transactions(card_id=card.id))] == [purchase]
    assert purchase in {one.id for one in every(live.transactions(user_id=holder))}
    assert every(live.transactions(card_id="nothing")) == []


def test_transactions_in_a_window(live, purchase):
    now = datetime.now(UTC)
    window = {"authorized_after": now - timedelta(hours=1), "authorized_before": now + timedelta(hours=1)}
    assert purchase in {one.id for one in every(live.transactions(types=["spend"], **window))}
    past = {"posted_after": now - timedelta(days=3), "posted_before": now - timedelta(days=2)}
    assert purchase not in {one.id for one in every(live.transactions(types=["spend"], **past))}


def test_a_transaction_that_does_not_exist(live):
    with pytest.raises(errors.NoSuchObject):
        live.transaction("nothing")


# Charges


@pytest.mark.parametrize("named", ["transaction", "own"])
def test_a_charge_becomes_a_fee(sandbox, live, holder, named):
    sandbox.switch(charge_id=named)
    charge = live.charge_user(holder, 1_999, "Replacement card", idempotency_key=key())
    fee = every(live.transactions(user_id=holder, types=["fee"]))[0]
    assert (fee.amount, fee.description, fee.user_id) == (1_999, "Replacement card", holder)
    assert (charge == fee.id) == (named == "transaction")


def test_a_company_is_charged(sandbox, live):
    company = next(c["id"] for c in sandbox.list("companies") if c["applicationStatus"] == "approved")
    charge = live.charge_company(company, 500, "Annual fee", idempotency_key=key())
    assert live.transaction(charge).company_id == company


def test_charging_may_not_exist(sandbox, live, holder):
    sandbox.switch(charges="off")
    with pytest.raises(errors.NoSuchRoute):
        live.charge_user(holder, 100, "x", idempotency_key=key())


# Disputes


@pytest.mark.parametrize("status", ["201", "200"])
def test_a_dispute_from_opening_to_withdrawal(sandbox, live, purchase, status):
    sandbox.switch(created_status=status)
    dispute = live.open_dispute(purchase, "Not mine", idempotency_key=key())
    assert (dispute.transaction_id, dispute.status, dispute.text_evidence) == (purchase, "pending", "Not mine")
    live.add_dispute_evidence(
        dispute.id, name="photo.png", type="image/png", content=b"\x89PNG\r\n\x00", idempotency_key="k1"
    )
    assert live.dispute_evidence(dispute.id) == b"\x89PNG\r\n\x00"
    live.update_dispute(dispute.id, text_evidence="Still not mine", idempotency_key="k2")
    live.update_dispute(dispute.id, status="canceled", idempotency_key="k3")
    found = live.dispute(dispute.id)
    assert (found.status, found.text_evidence, found.has_file_evidence) == ("canceled", "Still not mine", True)
    assert found.resolved_at is not None
    assert [one.id for one in every(live.disputes(transaction_id=purchase))] == [dispute.id]


def test_a_second_dispute_is_a_conflict(live, purchase):
    live.open_dispute(purchase, "", idempotency_key=key())
    with pytest.raises(errors.Conflict):
        live.open_dispute(purchase, "", idempotency_key=key())


def test_disputes_may_only_be_opened(sandbox, live, purchase):
    sandbox.switch(disputes_api="create_only")
    dispute = live.open_dispute(purchase, "x", idempotency_key=key())
    reads = [
        lambda: every(live.disputes()),
        lambda: live.dispute(dispute.id),
        lambda: live.update_dispute(dispute.id, status="canceled", idempotency_key="k"),
        lambda: live.add_dispute_evidence(dispute.id, name="a", type="b", content=b"c", idempotency_key="k"),
        lambda: live.dispute_evidence(dispute.id),
    ]
    for read in reads:
        with pytest.raises(errors.NoSuchRoute):
            read()


def test_a_route_that_is_missing_without_saying_so_looks_like_a_missing_object(sandbox, live):
    sandbox.switch(disputes_api="create_only", not_found_path="off")
    with pytest.raises(errors.NoSuchObject):
        live.dispute("dp1")
