"""Every endpoint over HTTP against the sandbox, and every variant of the wire that it can show."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from console.codego import errors, paging, transport
from console.codego.bodies import Limit, NewCard
from console.codego.protocols import Priority
from console.codego.records import normal


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(transport, "FIRST_BACKOFF", 0.01)


def key():
    return uuid.uuid4()


def every(walk):
    return [record for page in walk for record in page.records]


@pytest.fixture
def company(sandbox):
    owning = {contract.get("companyId") for contract in sandbox.list("contracts")}
    companies = sandbox.list("companies")
    return next((one["id"] for one in companies if one["id"] in owning), companies[0]["id"])


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
    again = live.resume_kyc_session(first.session_id, idempotency_key="k1")
    assert again.session_id == first.session_id
    assert again.iframe_url != first.iframe_url


def test_a_session_that_cannot_be_resumed(live):
    with pytest.raises(errors.NoSuchObject):
        live.resume_kyc_session("nothing", idempotency_key="k1")


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
