"""Every endpoint over HTTP against the sandbox, and every variant of the wire that it can show."""

import base64
import os
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from console.codego import errors, paging, transport
from console.codego.bodies import Limit, NewCard
from console.codego.protocols import Priority
from console.codego.records import Encrypted, normal
from console.codego.secret import Secret


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(transport, "FIRST_BACKOFF", 0.01)


def key():
    return uuid.uuid4()


def every(walk):
    return [record for page in walk for record in page.records]


@pytest.fixture
def holder(sandbox):
    """An approved cardholder without a company, with collateral."""
    users = [
        user for user in sandbox.list("users") if user["applicationStatus"] == "approved" and not user.get("companyId")
    ]
    sandbox.story("fund", userId=users[0]["id"], amount=100_000)
    return users[0]["id"]


@pytest.fixture
def card(live, holder):
    return live.issue_card(holder, NewCard(type="virtual"), idempotency_key=key())


@pytest.fixture
def company(sandbox):
    owning = {contract.get("companyId") for contract in sandbox.list("contracts")}
    companies = sandbox.list("companies")
    return next((one["id"] for one in companies if one["id"] in owning), companies[0]["id"])


@pytest.fixture
def purchase(sandbox, card):
    """A settled purchase; its id."""
    made = sandbox.story("authorise", cardId=card.id, amount=1250, currency="usd", merchantName="COFFEE SHOP")
    sandbox.story("settle", transactionId=made["id"])
    return made["id"]


# Onboarding


def new_session(live, **changes):
    told = {
        "external_user_id": "ours-1",
        "applicant_type": "individual",
        "email": "ana@example.test",
        "origin": "https://console.example.test",
        "return_url": "https://console.example.test/kyc/return",
        "idempotency_key": key(),
    }
    return live.create_kyc_session(**{**told, **changes})


@pytest.mark.parametrize("status", ["201", "200"])
def test_a_kyc_session(sandbox, live, status):
    sandbox.switch(created_status=status)
    session = new_session(live)
    assert session.iframe_url.reveal().startswith(f"{sandbox.url}/embed?token=")
    assert timedelta(minutes=50) < session.expires_at - datetime.now(UTC) < timedelta(minutes=70)
    assert session.session_id


def test_a_resumed_session_has_a_new_link(live):
    first = new_session(live, applicant_type="company")
    again = live.resume_kyc_session(first.session_id)
    assert again.session_id == first.session_id
    assert again.iframe_url != first.iframe_url


def test_a_session_that_cannot_be_resumed(live):
    with pytest.raises(errors.NoSuchObject):
        live.resume_kyc_session("nothing")


def test_a_refused_session_says_why(live):
    with pytest.raises(errors.BadRequest, match="applicantType"):
        new_session(live, applicant_type="robot")


def test_an_application(live, holder):
    assert live.application(holder).application_status == "approved"


@pytest.mark.parametrize("not_found_path", ["on", "off"])
def test_an_application_falls_back_to_the_user(sandbox, live, holder, not_found_path):
    sandbox.switch(applications="off", not_found_path=not_found_path)
    user = live.application(holder)
    assert (user.application_status, user.first_name is not None) == ("approved", True)


def test_an_application_of_nobody(live):
    with pytest.raises(errors.NoSuchObject):
        live.application("nobody")


def test_a_company_application_and_its_owners(live, company):
    record = live.company_application(company)
    assert record.id == company
    assert record.application_status
    assert all("firstName" in owner for owner in record.owners or ())


# Holders


def test_a_user_as_it_is(live, holder):
    user = live.user(holder)
    assert (user.id, user.application_status, user.is_active, user.external_user_id) == (holder, "approved", True, None)
    assert user.updated_at.tzinfo is UTC
    assert user.flags == ()


def test_a_user_may_lack_its_version(sandbox, live, holder):
    sandbox.switch(user_updated_at="off")
    assert live.user(holder).updated_at is None


def test_a_company(live, company):
    assert live.company(company).name


def test_users_and_companies_are_listed(sandbox, live):
    state = sandbox.http.get("/control/api/state").json()
    assert len(every(live.users())) == state["users"]
    assert len(every(live.companies())) == state["companies"]


def test_lists_of_holders_may_not_exist(sandbox, live, observer):
    sandbox.switch(users_list="off")
    with pytest.raises(errors.NoSuchRoute):
        every(live.users())
    with pytest.raises(errors.NoSuchRoute):
        every(live.companies())
    assert [(exchange.route, exchange.route_missing) for exchange in observer.exchanges] == [
        ("GET /users", True),
        ("GET /companies", True),
    ]


@pytest.mark.parametrize("envelope", ["bare", "data", "items"])
def test_contracts_in_every_envelope(sandbox, live, holder, envelope):
    sandbox.switch(list_envelope=envelope)
    contract = live.user_contracts(holder)[0]
    assert (contract.chain_id, contract.contract_version) == (84532, 2)
    assert isinstance(contract.tokens[0].balance, Decimal)
    assert contract.deposit_address.startswith("0x")


def test_contracts_of_nobody(live):
    with pytest.raises(errors.NoSuchObject):
        live.user_contracts("nobody")


@pytest.mark.parametrize("numbers", ["as_is", "string", "float"])
def test_balances_in_every_spelling_of_numbers(sandbox, live, holder, numbers):
    exact = live.user_balances(holder)
    sandbox.switch(numbers=numbers)
    balance = live.user_balances(holder)
    assert (balance.credit_limit, balance.spending_power) == (exact.credit_limit, exact.spending_power)
    assert (type(balance.credit_limit), balance.extra, balance.flags) == (int, {}, ())


def test_the_balance_of_an_employee_is_the_companys(sandbox, live):
    employee = next(user for user in sandbox.list("users") if user.get("companyId"))
    with pytest.raises(errors.NoSuchObject):
        live.user_balances(employee["id"])
    assert live.company_balances(employee["companyId"]).credit_limit is not None
    assert isinstance(live.company_contracts(employee["companyId"]), list)


def test_company_finance_may_not_exist(sandbox, live, company):
    sandbox.switch(company_finance="off")
    for read in (live.company_contracts, live.company_balances):
        with pytest.raises(errors.NoSuchRoute):
            read(company)


# Cards


@pytest.mark.parametrize("status", ["201", "200"])
def test_a_card_is_issued(sandbox, live, holder, status):
    sandbox.switch(created_status=status)
    wanted = NewCard(type="virtual", limit=Limit(amount=50000, frequency="per30DayPeriod"), display_name="ANA TEST")
    card = live.issue_card(holder, wanted, idempotency_key=key())
    assert (card.user_id, card.type, card.status) == (holder, "virtual", "active")
    assert (card.limit_amount, card.limit_frequency, len(card.last4)) == (50000, "per30DayPeriod", 4)
    assert live.card(card.id).id == card.id


def test_the_key_of_a_command_travels_with_it(sandbox, live, holder):
    command = key()
    live.issue_card(holder, NewCard(type="virtual"), idempotency_key=command)
    effects = sandbox.effects("POST", f"/users/{holder}/cards")
    assert [effect["idempotency_key"] for effect in effects["effects"]] == [str(command)]


def test_a_physical_card(live, holder):
    shipping = {
        "firstName": "Ana", "lastName": "Test", "phoneNumber": "351910000000", "method": "international",
        "line1": "1 Main St", "city": "Lisbon", "region": "", "postalCode": "1000", "countryCode": "PT",
        "country": "Portugal",
    }  # fmt: skip
    card = live.issue_card(holder, NewCard(type="physical", status=None, shipping=shipping), idempotency_key=key())
    assert (card.type, card.status) == ("physical", "notActivated")


def test_a_card_is_refused_to_somebody_who_is_not_approved(sandbox, live, holder):
    sandbox.story("decide_applicant", id=holder, status="needsVerification")
    with pytest.raises(errors.Unauthorized, match="needsVerification"):
        live.issue_card(holder, NewCard(type="virtual"), idempotency_key=key())


@pytest.mark.parametrize("fault", ["drop_after", "error_after", "garbage", "html"])
def test_a_card_whose_answer_is_lost_was_made_once(sandbox, live, holder, fault):
    sandbox.fault("POST /users/*/cards", fault)
    with pytest.raises(errors.OutcomeUnknown):
        live.issue_card(holder, NewCard(type="virtual"), idempotency_key=key())
    assert sandbox.effects("POST", f"/users/{holder}/cards")["count"] == 1


@pytest.mark.parametrize("fault", ["drop_before", "error_before", "unavailable"])
def test_a_card_that_may_not_have_been_made_is_unknown_too(sandbox, live, holder, fault):
    sandbox.fault("POST /users/*/cards", fault)
    with pytest.raises(errors.OutcomeUnknown):
        live.issue_card(holder, NewCard(type="virtual"), idempotency_key=key())
    assert sandbox.effects("POST", f"/users/{holder}/cards")["count"] == 0


def test_a_card_refused_for_the_rate_is_made_once_the_limit_is_reset(sandbox, live, holder):
    sandbox.fault("POST /users/*/cards", "rate_limited")
    live.issue_card(holder, NewCard(type="virtual"), idempotency_key=key())
    assert sandbox.effects("POST", f"/users/{holder}/cards")["count"] == 1


@pytest.mark.parametrize("echo", ["stale", "fresh"])
def test_a_card_is_locked_whatever_the_echo(sandbox, live, card, echo):
    sandbox.switch(patch_echo=echo)
    assert live.update_card(card.id, status="locked", idempotency_key=key()) is None
    assert live.card(card.id).status == "locked"


def test_a_limit_is_changed(live, card):
    live.update_card(card.id, limit=Limit(amount=7, frequency="allTime"), idempotency_key=key())
    assert (live.card(card.id).limit_amount, live.card(card.id).limit_frequency) == (7, "allTime")


def test_a_lock_whose_answer_is_lost_is_not_sent_again(sandbox, live, card):
    sandbox.fault("PATCH /cards/*", "drop_after")
    with pytest.raises(errors.OutcomeUnknown):
        live.update_card(card.id, status="locked", idempotency_key=key())
    assert sandbox.effects("PATCH", f"/cards/{card.id}")["count"] == 1


def test_a_canceled_card_stays_canceled(live, card):
    live.update_card(card.id, status="canceled", idempotency_key=key())
    with pytest.raises(errors.BadRequest, match="canceled"):
        live.update_card(card.id, status="active", idempotency_key=key())


@pytest.mark.parametrize("field", ["type", "cardType"])
@pytest.mark.parametrize("expiry", ["expirationMonth", "expiryMonth"])
@pytest.mark.parametrize("case", ["as_is", "upper", "snake"])
def test_a_card_in_every_spelling(sandbox, live, card, field, expiry, case):
    sandbox.switch(card_type_field=field, expiry_spelling=expiry, status_case=case)
    found = live.card(card.id)
    assert (found.type, found.expiration_month, found.expiration_year) == (
        card.type, card.expiration_month, card.expiration_year,
    )  # fmt: skip
    assert (normal(found.status), found.flags) == ("active", ())


def test_a_card_that_leaks_its_number_is_kept_without(sandbox, live, card):
    sandbox.switch(leaks_pan="on")
    answer = sandbox.http.get(f"/api/v1/cards/{card.id}", headers={"X-Api-Key": sandbox.api_key}).json()
    assert answer["number"] not in str(live.card(card.id).raw)
    assert not {"number", "cvv"} & live.card(card.id).raw.keys()


def test_what_else_the_provider_says_is_kept(sandbox, live, card):
    sandbox.switch(extra_fields="on")
    assert live.card(card.id).raw["programRegion"] == "eu"


def test_an_unknown_status_is_kept_and_flagged(sandbox, live, holder):
    sandbox.switch(unknown_enum="on")
    odd = [user for user in every(live.users()) if user.application_status == "underObservation"]
    assert odd
    assert all(user.flags == ("applicationStatus: unknown value 'underObservation'",) for user in odd)


def test_cards_of_a_holder(live, holder, card):
    mine = every(live.cards(user_id=holder))
    assert card.id in {one.id for one in mine}
    assert {one.user_id for one in mine} == {holder}


def test_cards_of_a_company(live, sandbox):
    companies = {one["companyId"] for one in sandbox.list("cards") if one.get("companyId")}
    for company in companies:
        assert {one.company_id for one in every(live.cards(company_id=company))} == {company}


def test_a_card_that_does_not_exist(live):
    with pytest.raises(errors.NoSuchObject, match="card not found"):
        live.card("nothing")


# Lists


@pytest.mark.parametrize("envelope", ["bare", "data", "items"])
@pytest.mark.parametrize("style", ["cursor", "offset", "ignored"])
def test_lists_in_every_envelope_and_paging(sandbox, live, monkeypatch, envelope, style):
    monkeypatch.setattr(paging, "PAGE_SIZE", 7)
    total = sandbox.http.get("/control/api/state").json()["transactions"]
    sandbox.switch(list_envelope=envelope, paging=style)
    ids = [record.id for record in every(live.transactions())]
    assert (len(ids), len(set(ids))) == (total, total)


@pytest.mark.parametrize("style", ["cursor", "offset"])
def test_a_list_is_resumed_where_it_was_left(sandbox, live, monkeypatch, style):
    monkeypatch.setattr(paging, "PAGE_SIZE", 7)
    sandbox.switch(paging=style)
    whole = [record.id for record in every(live.transactions())]
    first = next(live.transactions())
    rest = every(live.transactions(cursor=first.cursor))
    assert [record.id for record in (*first.records, *rest)] == whole


def test_a_list_survives_faults(sandbox, live):
    sandbox.fault("GET /cards", "drop_after")
    sandbox.fault("GET /cards", "unavailable")
    assert every(live.cards())


@pytest.mark.parametrize("fault", ["garbage", "html"])
def test_a_list_that_is_no_list_is_unreadable(sandbox, live, fault):
    sandbox.fault("GET /cards", fault)
    with pytest.raises(errors.Unreadable):
        every(live.cards())


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


# Disputes


@pytest.mark.parametrize("status", ["201", "200"])
def test_a_dispute_from_opening_to_withdrawal(sandbox, live, purchase, status):
    sandbox.switch(created_status=status)
    dispute = live.open_dispute(purchase, "Not mine", idempotency_key=key())
    assert (dispute.transaction_id, dispute.status, dispute.text_evidence) == (purchase, "pending", "Not mine")
    live.add_dispute_evidence(dispute.id, name="photo.png", type="image/png", content=b"\x89PNG\r\n\x00")
    assert live.dispute_evidence(dispute.id) == b"\x89PNG\r\n\x00"
    live.update_dispute(dispute.id, text_evidence="Still not mine")
    live.update_dispute(dispute.id, status="canceled")
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
        lambda: live.update_dispute(dispute.id, status="canceled"),
        lambda: live.add_dispute_evidence(dispute.id, name="a", type="b", content=b"c"),
        lambda: live.dispute_evidence(dispute.id),
    ]
    for read in reads:
        with pytest.raises(errors.NoSuchRoute):
            read()


def test_a_route_that_is_missing_without_saying_so_looks_like_a_missing_object(sandbox, live):
    sandbox.switch(disputes_api="create_only", not_found_path="off")
    with pytest.raises(errors.NoSuchObject):
        live.dispute("dp1")


# Key and rate


def test_a_wrong_key(sandbox, connect):
    with pytest.raises(errors.Unauthorized, match="API key"):
        connect(sandbox.api_url, key="vcck_sbx_wrong").user("u1")


@pytest.mark.parametrize("unit", ["epoch_s", "epoch_ms", "seconds", "iso", "http_date"])
def test_the_reset_in_every_unit(sandbox, live, pacer, unit, card):
    sandbox.switch(reset_unit=unit)
    sandbox.fault("GET /cards/*", "rate_limited")
    assert live.card(card.id).id == card.id
    refused = next(learned for learned in pacer.learned if learned["status"] == 429)
    assert (refused["remaining"], 1 <= refused["reset_seconds"] <= 3) == (0, True)


@pytest.mark.parametrize("algorithm", ["fixed_window", "token_bucket"])
def test_a_busy_client_gets_through(sandbox, connect, pacer, holder, algorithm):
    sandbox.switch(rate=5, rate_algorithm=algorithm)
    client = connect(sandbox.api_url, key=sandbox.api_key, priority=Priority.SWEEP, timeout=5)
    assert [client.user(holder).id for _ in range(12)] == [holder] * 12
    assert {learned["limit"] for learned in pacer.learned} == {5}


def test_a_slow_answer_is_waited_for(sandbox, live, holder):
    sandbox.fault("GET /users/*", "latency", seconds=0.5)
    assert live.user(holder).id == holder
