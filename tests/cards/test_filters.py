"""The list of cards under its filters."""

from datetime import timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from cards.filters import CardFilters
from cards.models import Card
from tests.factories import make_card, make_cardholder, make_company

pytestmark = pytest.mark.django_db


def found(query: str, *, personal: bool = True) -> set[str]:
    form = CardFilters(QueryDict(query), personal=personal)
    return set(form.filtered(Card.objects.all()).values_list("last4", flat=True))


@pytest.fixture
def cards(db) -> None:
    today = timezone.now().date()
    company = make_company(name="Harbour Trading SA")
    make_card(make_cardholder(), last4="0001", limit_amount=10_000, expires_on=today + timedelta(days=59))
    make_card(
        make_cardholder(first_name="Björn", last_name="Osei", email="bjorn@osei.test", company=company),
        last4="0002", type="PHYSICAL", status="LOCKED", state="locked", limit_amount=20_000,
    )  # fmt: skip
    make_card(company, last4="0003", state="canceled", limit_amount=None, expires_on=today + timedelta(days=5))
    make_card(last4="0004", state="suspended", expires_on=today - timedelta(days=1), limit_amount=30_000)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"0001", "0002", "0003", "0004"}),
        ("last4=0002", {"0002"}),
        ("status=locked", {"0002"}),
        ("status=other", {"0004"}),
        ("type=physical", {"0002"}),
        ("limit_from=200", {"0002", "0004"}),
        ("limit_to=200", {"0001", "0002"}),
        ("limit_from=100.01&limit_to=299.99", {"0002"}),
        ("expiring=on", {"0001"}),
        ("q=bjö", {"0002"}),
        ("q=osei+björn", {"0002"}),
        ("q=bjorn@osei", {"0002"}),
        ("q=0004", {"0004"}),
        ("q=harbour", {"0002", "0003"}),
        ("q=nobody", set()),
        ("status=locked&type=virtual", set()),
    ],
)
def test_what_is_found(cards, query, expected):
    assert found(query) == expected


def test_cards_of_one_person_and_of_a_company_with_its_people(cards):
    holder = Card.objects.get(last4="0002").cardholder
    assert found(f"cardholder={holder.pk}") == {"0002"}
    assert found(f"company={holder.company_id}") == {"0002", "0003"}


@pytest.mark.parametrize(
    "query", ["last4=12", "limit_from=lots", "status=odd", "cardholder=x", "company=99999999999999999999"]
)
def test_what_cannot_be_understood_filters_nothing(cards, query):
    assert len(found(query)) == 4
    assert CardFilters(QueryDict(query), personal=True).errors


def test_who_may_not_read_names_cannot_find_by_them(cards):
    assert len(found("q=osei", personal=False)) == 4
    assert "q" not in CardFilters(QueryDict("q=osei"), personal=False).fields


def test_amounts_in_force_are_shown_in_dollars(cards, rf):
    request = rf.get("/cards/?limit_from=100")
    chips = CardFilters(request.GET, personal=True).chips(request)
    assert [(chip.label, chip.value) for chip in chips] == [("Limit from, US$", "$100.00")]
