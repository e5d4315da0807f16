"""What staff type about cards: amounts, windows, names, addresses."""

import pytest
from django.http import QueryDict

from cards.forms import CancelForm, ClaimForm, IssueForm, LimitForm, LockForm, MoneyField, ReplaceForm, starting
from tests.factories import make_card, make_cardholder

pytestmark = pytest.mark.django_db
SHIPPING = {
    "first_name": "Ana", "last_name": "Marinho", "phone": "+351 910 000 000", "line1": "1 Main St", "line2": "",
    "city": "Lisbon", "region": "", "postal_code": "1000", "country": "PT", "method": "international",
}  # fmt: skip
VIRTUAL = {"type": "virtual", "amount": "500", "frequency": "per7DayPeriod", "display_name": "ANA M."}


@pytest.mark.parametrize(
    ("typed", "cents"), [("500", 50_000), ("1,250.50", 125_050), ("$0.01", 1), ("", None), ("  7 ", 700)]
)
def test_dollars_come_out_as_cents(typed, cents):
    assert MoneyField(required=False).clean(typed) == cents


@pytest.mark.parametrize("typed", ["1.005", "-5", "five", "1e3", "0", "99999999999999999999"])
def test_what_is_no_positive_amount_is_said_to_be_none(typed):
    form = LimitForm({"amount": typed, "frequency": "allTime"}, card=make_card())
    assert form.errors["amount"]


def test_cents_are_shown_as_dollars():
    assert MoneyField().prepare_value(125_050) == "1250.50"
    assert MoneyField().prepare_value("12,3x") == "12,3x"


@pytest.mark.parametrize(
    "frequency",
    ["per24HourPeriod", "per7DayPeriod", "per30DayPeriod", "perYearPeriod", "allTime", "perAuthorization"],
)
def test_all_six_windows_can_be_chosen(frequency):
    form = LimitForm({"amount": "10", "frequency": frequency}, card=make_card())
    assert form.is_valid(), form.errors
    assert form.cleaned_data["amount"] == 1000


def test_no_other_window_can():
    assert not LimitForm({"amount": "10", "frequency": "monthly"}, card=make_card()).is_valid()


def test_a_lock_owes_a_reason_and_cancelling_the_last_four_too():
    card = make_card(last4="4242")
    assert set(LockForm({"reason": " "}, card=card).errors) == {"reason"}
    assert set(CancelForm({"reason": "", "last4": ""}, card=card).errors) == {"reason", "last4"}
    assert set(CancelForm({"reason": "Fraud", "last4": "4243"}, card=card).errors) == {"last4"}
    assert CancelForm({"reason": "Fraud", "last4": " 4242 "}, card=card).is_valid()


def test_a_virtual_card_needs_no_address():
    form = IssueForm(VIRTUAL)
    assert form.is_valid(), form.errors
    order = form.order()
    assert (order.type, order.limit_amount, order.limit_frequency) == ("virtual", 50_000, "per7DayPeriod")
    assert (order.display_name, order.shipping) == ("ANA M.", None)


def test_without_an_amount_a_card_has_no_limit_of_its_own():
    form = IssueForm(VIRTUAL | {"amount": ""})
    assert form.is_valid()
    assert (form.order().limit_amount, form.order().limit_frequency) == (None, "")


def test_a_physical_card_asks_for_each_part_of_the_address_that_is_missing():
    form = IssueForm(VIRTUAL | {"type": "physical"})
    assert set(form.errors) == {
        *("first_name", "last_name", "phone", "line1", "city", "postal_code", "country", "method"),
    }


def test_an_address_goes_out_in_the_providers_names():
    form = IssueForm(VIRTUAL | SHIPPING | {"type": "physical"})
    assert form.is_valid(), form.errors
    assert form.order().shipping == {
        "firstName": "Ana", "lastName": "Marinho", "phoneNumber": "351910000000", "line1": "1 Main St",
        "city": "Lisbon", "postalCode": "1000", "countryCode": "PT", "country": "Portugal", "method": "international",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["A" * 27, "Ana & Co", "Zoë", "Ana_M"])
def test_a_name_the_provider_would_refuse_is_refused_here(name):
    assert "display_name" in IssueForm(VIRTUAL | {"display_name": name}).errors


def test_the_name_may_have_twenty_six_characters():
    assert IssueForm(VIRTUAL | {"display_name": "A" * 26}).is_valid()


def test_a_form_begins_with_the_holders_own_address():
    begun = starting(make_cardholder())
    assert (begun["phone"], begun["line1"], begun["postal_code"]) == ("351910000000", "1 Main St", "1000")
    assert (begun["country"], begun["method"]) == ("PT", "international")
    at_home = make_cardholder(address={"line1": "1 Elm", "countryCode": "us"})
    assert (starting(at_home)["country"], starting(at_home)["method"]) == ("US", "standard")


def test_each_form_is_one_request_and_a_refused_one_becomes_another():
    holder = make_cardholder()
    assert starting(holder)["once"] != starting(holder)["once"]
    form = IssueForm(QueryDict("type=virtual&frequency=allTime&amount=5&once=6f1f0e3c-0000-4000-8000-000000000001"))
    assert form.is_valid()
    form.renew()
    assert form["once"].value() != "6f1f0e3c-0000-4000-8000-000000000001"
    assert (form["amount"].value(), form["type"].value()) == ("5", "virtual")


def test_a_replacement_keeps_type_and_limit():
    card = make_card(limit_amount=70_000, limit_frequency="allTime")
    form = ReplaceForm({"what": "stolen", "details": "on the tram", "last4": "4242"}, card=card)
    assert form.is_valid(), form.errors
    assert form.reason() == "Stolen: on the tram"
    assert (form.order().type, form.order().limit_amount, form.order().limit_frequency) == (
        "virtual",
        70_000,
        "allTime",
    )
    assert form.shipping_fields() == []


def test_a_physical_replacement_is_shipped():
    card = make_card(type="physical")
    form = ReplaceForm({"what": "lost", "last4": "4242"} | SHIPPING, card=card)
    assert form.is_valid(), form.errors
    assert form.order().shipping["city"] == "Lisbon"
    assert "city" in ReplaceForm({"what": "lost", "last4": "4242"} | SHIPPING | {"city": ""}, card=card).errors


def test_only_a_candidate_can_be_claimed():
    mine, other = make_card(last4="1111"), make_card(last4="2222")
    assert ClaimForm({"card": mine.pk}, cards=[mine]).is_valid()
    assert not ClaimForm({"card": other.pk}, cards=[mine]).is_valid()
    assert "•••• 1111 · Virtual · $500.00 in any 30 days" in str(ClaimForm(cards=[mine])["card"])
