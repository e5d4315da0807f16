"""The list of people, its export, and the page of one."""

import pytest
from django.urls import reverse
from django.utils import timezone

from console.audit.events import Action
from console.audit.models import Entry
from tests.factories import (
    make_balance,
    make_card,
    make_cardholder,
    make_command,
    make_company,
    make_contract,
    make_swept,
    make_transaction,
)

pytestmark = pytest.mark.django_db

PEOPLE = "/cardholders/"


def exported(answer) -> str:
    return b"".join(answer.streaming_content).decode("utf-8-sig")


@pytest.fixture
def two():
    return make_cardholder(), make_cardholder(first_name="Rui", last_name="Costa", email="rui@costa.test")


def test_people_are_found_by_name_mail_and_id(client_as, two):
    ana, rui = two
    client = client_as("operations")
    for q in ("ana marinho", "ANA@HOLDER", ana.codego_id):
        page = client.get(PEOPLE, {"q": q}).text
        assert "Ana Marinho" in page
        assert "Rui Costa" not in page
    assert "Nothing matches these filters" in client.get(PEOPLE, {"q": "nobody"}).text
    assert rui.get_absolute_url() in client.get(PEOPLE).text


def test_names_are_no_oracle_for_those_who_may_not_read_them(client_as, two):
    ana, rui = two
    viewer = client_as("viewer")
    page = viewer.get(PEOPLE).text
    assert "A. M." in page
    assert "Marinho" not in page
    assert "ana@holder.test" not in page
    assert ana.get_absolute_url() not in viewer.get(PEOPLE, {"q": "Ana"}).text
    assert ana.get_absolute_url() in viewer.get(PEOPLE, {"q": ana.codego_id}).text
    by_name = viewer.get(PEOPLE, {"sort": "name"}).text
    assert by_name.index(rui.get_absolute_url()) < by_name.index(ana.get_absolute_url())  # newest first, not by name


def test_htmx_gets_the_table_alone(client_as, two):
    fragment = client_as("operations").get(PEOPLE, headers={"hx-request": "true"}).text
    assert "<html" not in fragment
    assert "Ana Marinho" in fragment


def test_who_was_approved_but_lacks_a_contract_or_a_card_is_found(client_as, two):
    ana, rui = two
    make_contract(ana)
    make_card(rui)
    staffed = make_cardholder(first_name="Eva", company=make_company())
    client = client_as("finance")
    without_contract = client.get(PEOPLE, {"lacks": "contract"}).text
    assert rui.get_absolute_url() in without_contract
    assert ana.get_absolute_url() not in without_contract
    assert staffed.get_absolute_url() not in without_contract  # the collateral is the company's
    without_card = client.get(PEOPLE, {"lacks": "card"}).text
    assert ana.get_absolute_url() in without_card
    assert rui.get_absolute_url() not in without_card


def test_the_number_of_queries_does_not_grow_with_the_rows(client_as, django_assert_max_num_queries):
    for _ in range(3):
        make_card(make_cardholder(company=make_company()))
    client = client_as("operations")
    make_swept()
    with django_assert_max_num_queries(10):
        client.get(PEOPLE)


def test_the_export_is_the_list_under_its_filter_and_in_its_order(client_as, two):
    make_cardholder(first_name="Denied", state="denied", application_status="denied")
    answer = client_as("operations").get(reverse("cardholders:export"), {"state": "approved", "sort": "name"})
    assert answer["Content-Disposition"] == 'attachment; filename="cardholders.csv"'
    text = exported(answer)
    assert text.index("Rui Costa") < text.index("Ana Marinho")
    assert "Denied" not in text
    assert "Application: Approved" in text
    entry = Entry.objects.get(action=Action.LIST_EXPORT)
    assert entry.detail == {"list": "cardholders", "filters": ["state"], "columns": "all"}


def test_the_export_is_masked_for_finance_and_says_so(client_as, two):
    text = exported(client_as("finance").get(reverse("cardholders:export")))
    assert "A. M." in text
    assert "Marinho" not in text
    assert "ana@holder.test" not in text
    assert "masked" in text


def test_what_was_searched_for_stays_out_of_the_log(client_as, two):
    exported(client_as("operations").get(reverse("cardholders:export"), {"q": "Marinho"}))
    assert "Marinho" not in str(Entry.objects.get(action=Action.LIST_EXPORT).detail)


def test_the_page_of_a_person_shows_money_cards_and_what_happened(client_as):
    holder = make_cardholder()
    make_balance(holder)
    make_contract(holder)
    make_transaction(make_card(holder), merchant_name="Harbour Café")
    make_command("cardholder", holder.pk, kind="kyc", state="unknown", message="timed out")
    page = client_as("operations").get(holder.get_absolute_url()).text
    for shown in (
        "Ana Marinho",
        "$195.00",
        "Base Sepolia",
        "250.0 USDC",
        "0xabab",
        "4242",
        "Harbour Café",
        "timed out",
    ):
        assert shown in page
    assert reverse("cards:issue", args=[holder.pk]) in page
    assert reverse("bulk:draft", args=["cardholders"]) in page


def test_a_token_we_do_not_know_is_an_address_and_no_name(client_as):
    holder = make_cardholder()
    make_contract(holder, chain_id=999, tokens=[{"address": "0xdead", "balance": "5"}])
    page = client_as("operations").get(holder.get_absolute_url()).text
    assert "Chain 999" in page
    assert "0xdead" in page
    assert "USDC" not in page


def test_a_viewer_sees_no_personal_data_and_no_action(client_as):
    holder = make_cardholder(state="denied", application_status="denied", application_reason="passport of Ana expired")
    make_card(holder)
    page = client_as("viewer").get(holder.get_absolute_url()).text
    for hidden in (
        "Marinho",
        "ana@holder.test",
        "910000000",
        "Main St",
        "passport of Ana",
        "Lock all",
        "identity check</",
    ):
        assert hidden not in page
    assert "hidden for your role" in page


def test_approved_without_a_contract_is_said_plainly(client_as):
    words = "Approved without a contract"
    client = client_as("operations")
    assert words in client.get(make_cardholder().get_absolute_url()).text
    assert words not in client.get(make_cardholder(company=make_company()).get_absolute_url()).text
    with_contract = make_cardholder()
    make_contract(with_contract)
    assert words not in client.get(with_contract.get_absolute_url()).text


@pytest.mark.parametrize(
    ("state", "who"),
    [
        ("needsInformation", "It is the cardholder&#x27;s turn"),
        ("manualReview", "It is the provider&#x27;s turn"),
        ("denied", "Record a decision: Compliance can do this."),
    ],
)
def test_each_state_says_whose_turn_it_is(client_as, state, who):
    holder = make_cardholder(application_status=state, state=state.lower())
    assert who in client_as("operations").get(holder.get_absolute_url()).text


def test_a_word_the_console_does_not_know_is_shown_as_sent(client_as):
    holder = make_cardholder(application_status="onTheMoon", state="onthemoon")
    page = client_as("operations").get(holder.get_absolute_url()).text
    assert "onTheMoon" in page
    assert "a status this console does not know" in page


def test_a_person_known_by_reference_only_says_so(client_as):
    holder = make_cardholder(
        first_name="", last_name="", email="", state="", application_status="", by_reference=True, address={}
    )
    assert "Known by reference, being read" in client_as("operations").get(holder.get_absolute_url()).text


def test_an_open_page_asks_and_is_answered_only_when_something_changed(client_as):
    holder = make_cardholder(state="pending", application_status="pending")
    client = client_as("operations")
    url = client.get(holder.get_absolute_url()).context["live_url"]
    htmx = {"hx-request": "true"}
    assert client.get(url, headers=htmx).status_code == 204
    holder.read_at = timezone.now()
    holder.save()
    assert client.get(url, headers=htmx).status_code == 204  # read again and found the same
    holder.state = holder.application_status = "approved"
    holder.save()
    changed = client.get(url, headers=htmx)
    assert changed.status_code == 200
    assert "Approved without a contract" in changed.text
    assert 'id="cardholders-actions" hx-swap-oob="true"' in changed.text
    assert "<html" not in changed.text


def test_operations_see_their_own_doings_and_compliance_sees_all(client_as):
    holder = make_cardholder()
    Entry.objects.create(
        action=Action.KYC_OPEN, outcome="refused", record="cardholder", record_id=holder.pk, reason="by the system"
    )
    assert "by the system" not in client_as("operations").get(holder.get_absolute_url()).text
    assert "by the system" in client_as("compliance").get(holder.get_absolute_url()).text
