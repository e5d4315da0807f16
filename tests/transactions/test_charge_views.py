"""Charging a fee on screen: read over before it is sent, sent once, and off where the provider lacks it."""

import re
import uuid
from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.utils import timezone

from cardholders.models import Cardholder
from console.provider.models import Capability, Command, CommandState
from console.sync import settle
from tests.factories import make_balance, make_cardholder, make_command, make_company, make_transaction
from transactions.models import Transaction

pytestmark = pytest.mark.django_db(transaction=True)
GIVEN = {"amount": "1,019.99", "description": "Replacement card", "reason": "Lost by the holder"}


@pytest.fixture
def client(client_as):
    return client_as("finance")


@pytest.fixture
def holder(sandbox) -> Cardholder:
    approved = next(u for u in sandbox.list("users") if u["applicationStatus"] == "approved" and not u.get("companyId"))
    return make_cardholder(codego_id=approved["id"], read_at=None)


def said(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def door(owner) -> str:
    return f"{owner.get_absolute_url()}charge/"


def hidden(page: str) -> dict[str, str]:
    """What the form on the page would send without anybody typing."""
    fields = re.findall(r'<input type="hidden" name="(\w+)"(?: value="([^"]*)")?', page)
    return {name: value for name, value in fields if name != "csrfmiddlewaretoken"}


def fees(sandbox, owner) -> int:
    return sandbox.effects("POST", f"/users/{owner.codego_id}/charges")["count"]


def test_a_fee_is_read_over_before_it_is_sent(client, sandbox, holder):
    make_balance(holder, spending_power=19_500)
    page = client.get(holder.get_absolute_url()).content.decode()
    assert door(holder) in page
    form = client.get(door(holder)).content.decode()
    assert "Nothing is charged yet" in form
    assert "A. M." in form
    assert "Ana Marinho" not in form
    review = client.post(door(holder), GIVEN | hidden(form)).content.decode()
    assert "Charge $1,019.99?" in review
    assert "cannot be taken back here" in review
    assert "Lost by the holder" in review
    assert "$195.00" in review
    assert 'type="text"' not in review.split('id="confirm"')[1].split("</form>")[0]
    assert fees(sandbox, holder) == 0
    answer = client.post(door(holder), hidden(review))
    assert (answer.status_code, answer.url, said(answer)) == (303, holder.get_absolute_url(), ["The fee is charged."])
    command, fee = Command.objects.get(), Transaction.objects.get()
    assert (command.payload, command.reason) == (
        {"amount": 101_999, "description": "Replacement card"},
        "Lost by the holder",
    )
    page = client.get(holder.get_absolute_url()).content.decode()
    assert fee.get_absolute_url() in page
    assert f"/transactions/by-id/{fee.codego_id}/" in page
    assert client.get(f"/transactions/by-id/{fee.codego_id}/").url == fee.get_absolute_url()
    assert fees(sandbox, holder) == 1


def test_a_company_is_charged_on_its_page(client, sandbox):
    known = next(c for c in sandbox.list("companies") if c["applicationStatus"] == "approved")
    company = make_company(codego_id=known["id"])
    assert door(company) in client.get(company.get_absolute_url()).content.decode()
    review = client.post(door(company), GIVEN).content.decode()
    assert "Harbour Trading SA" in review
    assert client.post(door(company), hidden(review)).url == company.get_absolute_url()
    assert Transaction.objects.get().company == company


def test_what_is_changed_is_read_over_again(client, sandbox, holder):
    review = hidden(client.post(door(holder), GIVEN).content.decode())
    form = client.post(door(holder), review | {"change": "1"})
    page = form.content.decode()
    assert form.status_code == 200
    assert 'value="1,019.99"' in page
    assert hidden(page)["once"] == review["once"]
    again = client.post(door(holder), hidden(page) | GIVEN | {"description": "Another"}).content.decode()
    assert "Charge $1,019.99?" in again
    assert "Charge $5.00?" in client.post(door(holder), review | {"amount": "5"}).content.decode()
    assert fees(sandbox, holder) == 0


def test_the_same_form_sent_twice_is_one_fee(client, sandbox, holder):
    review = hidden(client.post(door(holder), GIVEN).content.decode())
    client.post(door(holder), review)
    again = client.post(door(holder), review)
    assert again.url == f"/commands/{Command.objects.get().pk}/"
    assert "sent already" in said(again)[-1]
    assert fees(sandbox, holder) == 1


def test_a_fee_of_the_same_amount_is_mentioned(client, sandbox, holder):
    make_transaction(
        cardholder=holder, kind="fee", type="fee", amount=101_999, merchant_name="", description="Replacement card",
        occurred_at=timezone.now() - timedelta(days=2),
    )  # fmt: skip
    review = client.post(door(holder), GIVEN).content.decode()
    assert "A fee of the same amount was charged already: Replacement card, <time" in review
    Transaction.objects.update(occurred_at=timezone.now() - timedelta(days=8))
    assert "charged already" not in client.post(door(holder), GIVEN).content.decode()


def test_a_refusal_shows_the_provider_s_words_and_can_be_corrected(client, sandbox, holder):
    review = hidden(client.post(door(holder), GIVEN | {"amount": "99999999999"}).content.decode())
    answer = client.post(door(holder), review)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "This was not done" in page
    assert "body/amount must be between" in page
    assert 'value="Replacement card"' in page
    assert hidden(page)["once"] != review["once"]
    assert not hidden(page)["reviewed"]


def test_a_lost_answer_lands_on_the_holder_and_is_open(client, sandbox, holder):
    review = hidden(client.post(door(holder), GIVEN).content.decode())
    sandbox.fault("POST /users/*/charges", "drop_after")
    answer = client.post(door(holder), review)
    assert answer.url == holder.get_absolute_url()
    assert "The answer was lost" in said(answer)[0]
    page = client.get(holder.get_absolute_url()).content.decode()
    assert "settles this by itself" in page
    assert "sent already" in said(client.post(door(holder), review))[-1]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"amount": ""}, "Say how much"),
        ({"amount": "0"}, "Enter an amount above zero."),
        ({"amount": "-5"}, "Enter an amount above zero."),
        ({"amount": "1.999"}, "no more than 2 decimals"),
        ({"amount": "ten"}, "is not an amount"),
        ({"description": " "}, "Say what the fee is for."),
        ({"description": "Card 4111 1111 1111 1111"}, "Leave card numbers"),
        ({"description": "x" * 141}, "at most 140 characters"),
        ({"reason": ""}, "Say why"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(client, wrong, words):
    answer = client.post(door(make_cardholder()), GIVEN | wrong)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert GIVEN["amount"] in page or "amount" in wrong
    assert not Command.objects.exists()


def test_where_the_provider_lacks_it_the_action_is_off_and_says_why(client):
    holder, company = make_cardholder(), make_company()
    Capability.objects.create(environment="sandbox", route="POST /users/{id}/charges", present=False)
    page = client.get(holder.get_absolute_url()).content.decode()
    assert door(holder) not in page
    assert "Charging a fee: the provider does not offer it." in page
    closed = client.get(door(holder)).content.decode()
    assert "The provider does not offer this." in closed
    assert 'name="amount"' not in closed
    answer = client.post(door(holder), GIVEN)
    assert answer.status_code == 422
    assert answer.content.decode().count("The provider does not offer this.") == 1
    assert door(company) in client.get(company.get_absolute_url()).content.decode()


def test_only_finance_is_offered_it_and_for_nobody_s_employee(client, client_as):
    holder, employee = make_cardholder(), make_cardholder(company=make_company())
    assert door(employee) not in client.get(employee.get_absolute_url()).content.decode()
    assert "Charge Harbour Trading SA instead" in client.get(door(employee)).content.decode()
    operations = client_as("operations")
    assert door(holder) not in operations.get(holder.get_absolute_url()).content.decode()
    assert operations.get(door(holder)).status_code == 403


def test_a_person_says_which_fee_it_was(client, client_as, sandbox, holder):
    review = hidden(client.post(door(holder), GIVEN).content.decode())
    sandbox.fault("POST /users/*/charges", "drop_after")
    client.post(door(holder), review)
    other = sandbox.story("fee", userId=holder.codego_id, amount=101_999, description="Replacement card")
    Command.objects.update(check_at=timezone.now() - timedelta(seconds=1))
    settle.settle_due()
    command = Command.objects.get()
    at = f"/charges/{command.pk}/claim/"
    assert at in client.get(holder.get_absolute_url()).content.decode()
    assert at not in client_as("operations").get(holder.get_absolute_url()).content.decode()
    page = client.get(at).content.decode()
    assert page.count('type="radio"') == 3
    assert "$1,019.99 · Replacement card" in page
    assert "Choose one." in client.post(at, {}).content.decode()
    assert client.post(at, {"which": other["id"]}).url == holder.get_absolute_url()
    command.refresh_from_db()
    assert (command.state, command.result) == (CommandState.DONE, other["id"])
    assert client.get(at).url == f"/commands/{command.pk}/"


def test_a_person_says_that_it_was_none_of_them(client, sandbox, holder):
    command = make_command(
        "cardholder", holder.pk, kind="charge", state="several", target=holder.codego_id, id=uuid.uuid4(),
        payload={"amount": 1_999, "description": "Replacement card"},
    )  # fmt: skip
    sandbox.story("fee", userId=holder.codego_id, amount=1_999, description="Monthly fee")
    at = f"/charges/{command.pk}/claim/"
    answer = client.post(at, {"which": "none"})
    command.refresh_from_db()
    assert (answer.url, command.state) == (holder.get_absolute_url(), CommandState.NOT_DONE)
    assert said(answer) == ["Recorded: it was not charged."]
