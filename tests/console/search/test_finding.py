"""What is found, by whom, and that what is kept for finding follows the records."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardholders.models import Cardholder
from cardholders.sync import apply_cardholders, apply_companies
from cards.sync import apply_cards
from console.access import ROLE_PERMISSIONS, Role
from console.codego.records import CardRecord, CompanyRecord, TransactionRecord, UserRecord
from console.provider.mirror import Source
from console.provider.models import RequestLog
from console.search.services import find
from console.terms import services as terms
from console.terms.models import Merchant, Term
from tests.factories import (
    make_card,
    make_cardholder,
    make_command,
    make_company,
    make_contract,
    make_delivery,
    make_dispute,
    make_transaction,
)
from transactions.sync import apply_transactions

pytestmark = pytest.mark.django_db
T0 = datetime(2026, 11, 1, 12, tzinfo=UTC)
HASH = "0xAB" + "12" * 31


def known(row):
    """A row of the factories with its words, as its writer would leave it."""
    terms.renew(row)
    return row


def found(text: str, role: Role = Role.OPERATIONS) -> dict[str, list[str]]:
    """Group to addresses."""
    answer = find(text, ROLE_PERMISSIONS[role])
    return {group.key: [hit.url for hit in group.hits] for group in answer.groups}


def at(row) -> list[str]:
    return [row.get_absolute_url()]


def user(i: str = "u1", minutes: int = 0, **more) -> UserRecord:
    return UserRecord.parse({"id": i, "updatedAt": (T0 + timedelta(minutes=minutes)).isoformat(), **more})


def apply(*records: UserRecord) -> None:
    apply_cardholders(records, source=Source("delivery", T0 + timedelta(hours=1)))


# --- each thing by each of its names ---
@pytest.mark.parametrize(
    "text",
    ["José", "jose", "łukasz", "lukasz jose", "Lukasz-Nowak", "lukaszn", "J.LUKASZ@Holder.test", "jlukasz", "+351 910 555-123",
     "351910555", "910555123", "55123"],
)  # fmt: skip
def test_a_person_is_found_by_name_mail_and_phone_whatever_the_case_and_accents(text):
    fields = {
        "first_name": "José",
        "last_name": "Łukasz-Nowak",
        "email": "j.lukasz@holder.test",
        "phone_number": "910555123",
    }
    holder = known(make_cardholder(**fields))
    known(make_cardholder())
    assert found(text)["cardholders"] == at(holder)


def test_all_words_have_to_fit_and_a_whole_word_comes_first():
    longer = known(make_cardholder(first_name="Anna", last_name="Rossi"))
    whole = known(make_cardholder(first_name="Ann", last_name="Rossi"))
    known(make_cardholder(first_name="Ann", last_name="Bianchi"))
    later = known(make_cardholder(first_name="Annabel", last_name="Rossi"))
    assert found("ross ann")["cardholders"] == [row.get_absolute_url() for row in (later, whole, longer)]
    assert found("rossi ann")["cardholders"][0] in {row.get_absolute_url() for row in (later, whole, longer)}
    assert found("ann bianc").get("cardholders") is not None
    assert found("ann verdi").get("cardholders") is None


def test_a_card_is_found_by_last_four_and_whose_it_is():
    ann, bob = known(make_cardholder(first_name="Ann")), known(make_cardholder(first_name="Bob"))
    hers, his = make_card(ann), make_card(bob)
    ours = make_card(known(make_company(name="Harbour Trading")))
    make_card(ann, last4="9999")
    assert found("4242 ann")["cards"] == at(hers)
    assert found("ann 4242")["cards"] == at(hers)
    assert found("4242 harbour")["cards"] == at(ours)
    assert set(found("4242")["cards"]) == {row.get_absolute_url() for row in (hers, his, ours)}
    assert found("4242 carol") == {}


def test_four_digits_that_no_card_ends_with_are_a_number():
    holder = make_cardholder(pk=4343)
    card = make_card(holder, last4="9999")
    assert found("4343") == {"cardholders": at(holder)}
    card.last4 = "4343"
    card.save()
    assert found("4343") == {"cards": at(card)}
    assert found("#4343") == {"cardholders": at(holder)}


def test_cancelled_cards_come_last():
    over, live = make_card(state="canceled", status="canceled"), None
    live = make_card()
    make_card(state="canceled", status="canceled")
    assert found("4242")["cards"][0] == live.get_absolute_url()
    assert over.get_absolute_url() in found("4242")["cards"]


@pytest.mark.parametrize("make", [make_cardholder, make_company, make_card, make_transaction, make_dispute])
def test_every_noun_is_found_by_the_providers_id_its_beginning_and_our_number(make):
    row = make()
    for text in (row.codego_id, row.codego_id.upper(), row.codego_id[:8], f"#{row.pk}", str(row.pk)):
        assert row.get_absolute_url() in [url for urls in found(text).values() for url in urls], text


def test_what_is_on_a_chain_is_found_in_any_case():
    holder = make_cardholder()
    known(make_contract(holder, deposit_address="0xAbC123" + "0" * 34))
    paid = known(make_transaction(make_card(holder), transaction_hash=HASH, wallet_address="0xFEED" + "1" * 36))
    assert found("0xabc123" + "0" * 34)["contracts"] == at(holder)
    assert found(HASH.lower())["transactions"] == at(paid)
    assert found(HASH[:12])["transactions"] == at(paid)
    assert found("0xfeed" + "1" * 36)["transactions"] == at(paid)


def test_what_went_to_and_fro_is_found_by_its_key():
    command, delivery = make_command(), make_delivery(event_id="evt_0001")
    RequestLog.objects.create(route="POST /cards", idempotency_key=str(command.pk))
    assert found(str(command.pk), Role.COMPLIANCE) == {
        "commands": [f"/commands/{command.pk}/"], "requests": [f"/provider/requests/{RequestLog.objects.get().pk}/"],
    }  # fmt: skip
    assert found("evt_0001", Role.COMPLIANCE)["deliveries"] == [f"/inbox/{delivery.pk}/"]
    assert found("evt_0001", Role.OPERATIONS) == {}  # who may not open the inbox learns nothing of it


def test_a_merchant_is_one_line_and_with_last_four_its_purchases():
    card = make_card()
    coffee = make_transaction(card, merchant_name="Café Müller 12")
    make_transaction(card, merchant_name="Other")
    terms.meet_merchants(["Café Müller 12", "Café Müller 12", ""])
    assert found("cafe mull")["merchants"] == ["/transactions/?merchant=Caf%C3%A9+M%C3%BCller+12"]
    assert found("muller 12")["merchants"] == found("cafe mull")["merchants"]
    assert found("4242 muller")["transactions"] == at(coffee)


# --- words follow the records ---
def test_a_new_name_replaces_the_old_one():
    apply(user(firstName="Ann", lastName="Rossi", email="ann@holder.test"))
    apply(user(minutes=1, firstName="Ann", lastName="Bianchi", email="ann@holder.test"))
    assert found("rossi") == {}
    assert found("bianchi")["cardholders"] == at(Cardholder.objects.get())


def test_an_older_record_changes_no_word():
    apply(user(minutes=5, firstName="Ann", lastName="Bianchi"))
    apply(user(minutes=1, firstName="Ann", lastName="Rossi"))
    assert found("rossi") == {}


def test_who_was_opened_here_keeps_one_set_of_words_through_the_merge():
    opened = known(
        make_cardholder(codego_id=None, external_id="dh_1", by_reference=True, first_name="Ann", last_name="Old")
    )
    loser = known(make_cardholder(codego_id="u1", first_name="Ann", last_name="Rossi"))
    apply(user(externalUserId="dh_1", firstName="Ann", lastName="Rossi", minutes=1))
    assert found("rossi")["cardholders"] == at(opened)
    assert not Term.objects.filter(noun="cardholder", record_id=loser.pk).exists()


def test_each_noun_brings_its_words_when_it_is_applied():
    source = Source("delivery", T0)
    apply(user(firstName="Ann"))
    apply_companies([CompanyRecord.parse({"id": "c1", "name": "Harbour", "updatedAt": T0.isoformat()})], source=source)
    apply_cards(
        [CardRecord.parse({"id": "k1", "userId": "u1", "displayName": "MRS SMITH", "updatedAt": T0.isoformat()})],
        source=source,
    )
    spend = {"userId": "u1", "amount": 100, "currency": "usd", "status": "completed", "merchantName": "Zed Shop"}
    record = {"id": "t1", "type": "spend", "updatedAt": T0.isoformat(), "spend": spend}
    apply_transactions([TransactionRecord.parse(record)], source=source)
    assert "companies" in found("harbour")
    assert "cards" in found("smith")
    assert Merchant.objects.get().name == "Zed Shop"
    assert "merchants" in found("zed")


def test_records_whose_words_stay_cost_no_statement_for_them():
    apply(*(user(f"u{n}", firstName="Ann") for n in range(40)))
    with CaptureQueriesContext(connection) as queries:
        apply(*(user(f"u{n}", minutes=1, firstName="Ann", applicationStatus="approved") for n in range(40)))
    assert not [q for q in queries if "terms_term" in q["sql"]]


# --- who may find whom ---
@pytest.mark.parametrize("role", [Role.VIEWER, Role.FINANCE])
@pytest.mark.parametrize("text", ["ann", "rossi", "ann@holder.test", "ann.rossi", "910555123", "4242 ann", "mrs smith"])
def test_masked_roles_find_nobody_by_name_mail_or_phone(role, text):
    holder = known(
        make_cardholder(first_name="Ann", last_name="Rossi", email="ann@holder.test", phone_number="910555123")
    )
    known(make_card(holder, display_name="MRS SMITH"))
    known(make_company(email="ann@holder.test", name="Harbour"))
    answer = find(text, ROLE_PERMISSIONS[role])
    assert [group for group in answer.groups if group.key != "suggestions"] == []
    assert any("by id and by last four" in note for note in answer.notes)
    assert (
        answer.notes == find(text.replace("ann", "zoe"), ROLE_PERMISSIONS[role]).notes
    )  # nor is it confirmed by silence


def test_masked_roles_find_people_by_id_under_initials():
    holder = known(make_cardholder(first_name="Ann", last_name="Rossi", email="ann@holder.test"))
    make_card(holder)
    for text in (holder.codego_id, "4242"):
        told = str(find(text, ROLE_PERMISSIONS[Role.VIEWER]).groups)
        assert "A. R." in told
        assert "Ann" not in told
        assert "holder.test" not in told


def test_masked_roles_still_find_companies_and_merchants():
    company = known(make_company(name="Harbour Trading"))
    terms.meet_merchants(["Harbour Coffee"])
    answer = found("harbour", Role.VIEWER)
    assert (answer["companies"], "merchants" in answer) == (at(company), True)


# --- robust and cheap ---
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60) | st.from_regex(r"(lock|issue card|dispute|go to|charge) .{0,20}"))
def test_no_text_is_an_error(text):
    find(text, ROLE_PERMISSIONS[Role.OPERATIONS] | ROLE_PERMISSIONS[Role.FINANCE])


@pytest.mark.parametrize(
    "text", ["ann", "4242", "4242 ann", "ann rossi", "coffee", "lock 4242", "issue card ann", "dispute 4242"]
)
def test_queries_do_not_grow_with_what_is_found(text, django_assert_max_num_queries):
    def world(n: int) -> None:
        for _ in range(n):
            holder = known(make_cardholder(first_name="Ann", last_name="Rossi"))
            make_transaction(known(make_card(holder)))
        terms.meet_merchants(["Coffee Shop"])

    may = ROLE_PERMISSIONS[Role.OPERATIONS]
    world(1)
    with CaptureQueriesContext(connection) as one:
        find(text, may)
    world(4)
    with CaptureQueriesContext(connection) as many:
        find(text, may)
    assert len(many) == len(one) <= 20


def test_the_words_of_verbs_in_another_language_are_beside_the_english_ones():
    make_card(known(make_cardholder(first_name="Ann")))
    with translation.override("it"):
        assert "actions" in found("lock 4242")
