"""The balance proof as a statement: it adds up, says what it rests on, and has a word for each state."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from cardholders.models import BALANCE_FIELDS, BalanceReading, ContractReading
from console.history.models import Change
from console.reconciliation import work
from console.reconciliation.models import Break
from tests.factories import (
    make_balance,
    make_break,
    make_card,
    make_cardholder,
    make_company,
    make_contract,
    make_transaction,
)

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def address(owner, noun="cardholder"):
    return reverse("reconciliation:proof", args=[noun, owner.pk])


def funded(owner, **figures):
    """An owner with $250.00 of collateral, a purchase held and one settled, and the provider's figures of all that."""
    contract = make_contract(owner)
    ContractReading.objects.create(contract=contract, at=NOW - timedelta(days=30), tokens=contract.tokens)
    card = make_card(owner)
    held = {"amount": 1200, "authorized_amount": 1200, "state": "pending", "status": "pending", "posted_at": None}
    make_transaction(card, local_currency="usd", **held)
    make_transaction(card, amount=4300, local_currency="usd")
    figures = {"read_at": NOW - timedelta(minutes=5)} | figures
    balance = make_balance(owner, **figures)
    BalanceReading.objects.create(
        balance=balance, at=NOW - timedelta(days=2), credit_limit=25000, pending_charges=1200, balance_due=4300,
        spending_power=19500,
    )  # fmt: skip
    return balance


def test_one_that_ties_is_a_statement_from_collateral_to_spending_power(client_as):
    holder = make_cardholder()
    funded(holder)
    seen = client_as("finance").get(address(holder))
    assert seen.context["proven"].state == "tied"
    assert [(term.theirs, term.ours) for term in seen.context["terms"]] == [(25000, 25000), (1200, 1200), (4300, 4300)]
    assert "USDC" in seen.text
    assert "The provider's figures are ours, to the cent" in seen.text
    assert "shown, not subtracted" in seen.text
    assert "The provider documents no arithmetic" in seen.text
    assert "Marinho" not in seen.text


def test_the_parts_of_a_difference_add_up_to_it_and_lead_to_their_breaks(client_as):
    holder = make_cardholder()
    balance = funded(holder, pending_charges=1900, spending_power=19300)
    work.work(work.claim(work.start().pk), seconds=60)
    seen = client_as("finance").get(address(holder))
    assert balance.spending_power - seen.context["proven"].our_power == -200
    assert sorted(piece.amount for piece in seen.context["pieces"]) == [-700, 500]
    assert seen.context["sum"] == seen.context["proven"].difference == -200
    assert "Sum of the parts: the difference, to the cent" in seen.text
    assert "Unexplained" in seen.text
    for each in Break.objects.filter(balance=balance):
        assert each.get_absolute_url() in seen.text


def test_evidence_of_a_part_is_a_link(client_as):
    holder = make_cardholder()
    balance = funded(holder, pending_charges=10100, spending_power=10600)
    given_up = make_transaction(
        balance.cardholder.cards.get(), state="reversed", status="reversed", amount=0, authorized_amount=8900,
        posted_at=None, merchant_name="Rental",
    )  # fmt: skip
    seen = client_as("finance").get(address(holder))
    assert [piece.cause for piece in seen.context["pieces"]] == ["hold_kept"]
    assert given_up.get_absolute_url() in seen.text


def test_an_earlier_moment_rests_on_the_nearest_earlier_reading(client_as):
    holder = make_cardholder()
    funded(holder, pending_charges=99, spending_power=1)
    client = client_as("finance")
    asked = NOW - timedelta(days=1)
    seen = client.get(address(holder), {"at": asked.strftime("%Y-%m-%dT%H:%M")})
    assert seen.context["proven"].reading.at == NOW - timedelta(days=2)
    assert "The nearest earlier reading is of" in seen.text
    exact = client.get(seen.context["readings"][0].url)
    assert exact.context["proven"].reading.at == NOW - timedelta(days=2)
    assert "The nearest earlier reading" not in exact.text


def test_the_moment_is_in_the_zone_of_the_person(client_as):
    holder = make_cardholder()
    balance = funded(holder)
    BalanceReading.objects.all().delete()
    cut = NOW.replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=3)
    for hours in (0, 2):
        figures = {name: getattr(balance, name) for name in BALANCE_FIELDS}
        BalanceReading.objects.create(balance=balance, at=cut + timedelta(hours=hours), **figures)
    client = client_as("finance")
    from console.staff.models import User

    User.objects.update(time_zone="Asia/Tokyo")  # 21:30 there is 12:30 UTC
    seen = client.get(address(holder), {"at": f"{cut:%Y-%m-%d}T21:30"})
    assert seen.context["proven"].reading.at == cut


def test_before_the_first_reading_there_is_nothing_to_prove(client_as):
    holder = make_cardholder()
    funded(holder)
    seen = client_as("finance").get(address(holder), {"at": "2020-01-01T10:00"})
    assert "No reading as early as that" in seen.text


@pytest.mark.parametrize(
    "typed", ["yesterday", "0001-01-01T00:00", "9999-12-31T23:59:59", "0001-01-01T00:00:00+14:00", "2026-13-01T10:00"]
)
def test_a_moment_that_is_none_says_what_to_type(client_as, typed):
    from console.staff.models import User

    holder = make_cardholder()
    funded(holder)
    client = client_as("finance")
    User.objects.update(time_zone="Asia/Tokyo")
    seen = client.get(address(holder), {"at": typed})
    assert "Give a day and a time" in seen.text
    assert seen.context["proven"] is not None


def test_without_a_reading_it_says_so(client_as):
    assert "No reading yet" in client_as("finance").get(address(make_cardholder())).text


def test_a_figure_that_was_not_given_is_named(client_as):
    holder = make_cardholder()
    funded(holder, balance_due=None)
    seen = client_as("finance").get(address(holder))
    assert "The provider gave no figure for: Balance due." in seen.text
    assert "Sum of the parts" not in seen.text
    assert "The provider's figures are ours" not in seen.text


def test_older_than_the_change_log_is_said(client_as):
    holder = make_cardholder()
    funded(holder)
    text = client_as("finance").get(address(holder)).text
    assert "rebuilt with what is known now" in text
    then = NOW - timedelta(days=9)
    Change.objects.create(record="card", record_id=1, at=then, created=True, before={}, source="run")
    Change.objects.update(written_at=then)
    assert "rebuilt with what is known now" not in client_as("finance").get(address(holder)).text


def test_a_companys_people_are_sent_to_its_proof(client_as):
    company = make_company()
    worker = make_cardholder(company=company)
    page = client_as("finance").get(address(worker)).text
    assert "The balance is the company's" in page
    assert address(company, "company") in page
    funded(company)
    assert client_as("finance").get(address(company, "company")).context["proven"].state == "tied"


def test_transactions_that_are_in_no_sum_are_counted(client_as):
    holder = make_cardholder()
    funded(holder)
    make_transaction(make_card(holder), currency="eur", amount=700)
    make_transaction(make_card(holder), local_currency="eur", amount=0, signed_amount=0)
    text = client_as("finance").get(address(holder)).text
    assert "1 transaction is not in dollars" in text
    assert "were made in a foreign currency" in text or "was made in a foreign currency" in text


def test_the_page_of_a_person_leads_to_proof_and_breaks_for_those_who_may_open_them(client_as):
    holder = make_cardholder()
    balance = funded(holder)
    make_break(balance)
    make_break(balance, state="cleared")
    page = client_as("finance").get(holder.get_absolute_url()).text
    assert address(holder) in page
    assert "1 open break<" in page
    assert address(holder) not in client_as("operations").get(holder.get_absolute_url()).text


def test_queries_do_not_grow_with_the_evidence(client_as, django_assert_max_num_queries):
    holder = make_cardholder()
    balance = funded(holder)
    card = balance.cardholder.cards.first()
    for number in range(8):
        make_transaction(
            card, state="reversed", status="reversed", amount=0, authorized_amount=100 + number, posted_at=None
        )
    balance.pending_charges, balance.spending_power = 1200 + 828, 19500 - 828
    balance.save()
    client = client_as("finance")
    with django_assert_max_num_queries(45):
        seen = client.get(address(holder))
    assert len(seen.context["pieces"]) == 8


def test_an_unknown_noun_is_not_found(client_as):
    assert client_as("finance").get("/reconciliation/proof/card/1/").status_code == 404
