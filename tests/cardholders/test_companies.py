"""Companies: the list and the page with people, cards, owners and the balance that is the company's."""

import pytest
from django.urls import reverse

from console.provider.models import Capability
from tests.factories import make_balance, make_card, make_cardholder, make_company, make_contract, make_transaction

pytestmark = pytest.mark.django_db

OWNER = {
    "id": "ubo-1", "firstName": "Rui", "lastName": "Costa", "email": "rui@owner.test",
    "applicationStatus": "needsVerification", "applicationReason": "selfie missing",
}  # fmt: skip


@pytest.fixture
def company():
    made = make_company(owners=[OWNER])
    make_balance(made)
    make_contract(made)
    make_card(made, last4="1111")
    make_transaction(
        make_card(make_cardholder(company=made), last4="2222"), company=made, merchant_name="Quay Supplies"
    )
    return made


def test_the_page_shows_people_cards_owners_and_money(client_as, company):
    page = client_as("operations").get(company.get_absolute_url()).text
    for shown in (
        "Ana Marinho",
        "1111",
        "2222",
        "Rui Costa",
        "Needs verification",
        "selfie missing",
        "$195.00",
        "Quay Supplies",
    ):
        assert shown in page
    assert reverse("bulk:draft", args=["companies"]) in page


def test_owners_are_masked_for_those_who_may_not_read_personal_data(client_as, company):
    page = client_as("viewer").get(company.get_absolute_url()).text
    assert "R. C." in page
    for hidden in ("Costa", "rui@owner.test", "selfie missing", "Marinho"):
        assert hidden not in page


def test_a_person_of_a_company_is_sent_to_the_companys_balance(client_as, company):
    person = company.people.get()
    page = client_as("finance").get(person.get_absolute_url()).text
    assert "The balance and the collateral are the company" in page
    assert company.get_absolute_url() in page


def test_a_provider_without_company_finance_is_named_instead_of_alarmed_about(client_as):
    Capability.objects.create(environment="sandbox", route="GET /companies/{id}/contracts", present=False)
    page = client_as("finance").get(make_company().get_absolute_url()).text
    assert "does not show the contracts of companies" in page
    assert "Approved without a contract" not in page


def test_companies_are_found_by_name_by_everybody_and_by_mail_by_some(client_as, company):
    viewer, operations = client_as("viewer"), client_as("operations")
    url = company.get_absolute_url()
    assert url in viewer.get("/companies/", {"q": "harbour"}).text
    assert url not in viewer.get("/companies/", {"q": "office@harbour"}).text
    assert url in operations.get("/companies/", {"q": "office@harbour"}).text


def test_the_people_of_a_company_are_a_filter_of_the_list(client_as, company):
    other = make_cardholder(first_name="Eva")
    page = client_as("operations").get("/cardholders/", {"company": company.pk}).text
    assert company.people.get().get_absolute_url() in page
    assert other.get_absolute_url() not in page


def test_the_export_streams_the_companies(client_as, company):
    answer = client_as("finance").get(reverse("cardholders:companies_export"))
    text = b"".join(answer.streaming_content).decode()
    assert "Harbour Trading SA" in text
    assert "office@harbour.test" not in text
