"""Issuing, replacing and claiming: never a card too many, never a form lost."""

import uuid

import pytest
from django.contrib.messages import get_messages

from cardholders.models import Cardholder
from cards.models import Card
from console.provider.models import Command, CommandState
from tests.factories import make_balance, make_card, make_cardholder, make_command

pytestmark = pytest.mark.django_db(transaction=True)
VIRTUAL = {"type": "virtual", "amount": "500", "frequency": "per30DayPeriod", "display_name": "ANA M."}
SHIPPING = {
    "first_name": "Ana", "last_name": "Marinho", "phone": "351910000000", "line1": "1 Main St", "city": "Lisbon",
    "postal_code": "1000", "country": "PT", "method": "international",
}  # fmt: skip


def said(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


@pytest.fixture
def holder(sandbox) -> Cardholder:
    approved = next(u for u in sandbox.list("users") if u["applicationStatus"] == "approved" and not u.get("companyId"))
    return make_cardholder(codego_id=approved["id"], read_at=None)


@pytest.fixture
def client(client_as):
    return client_as("operations")


def cards_at(sandbox, holder: Cardholder) -> list[dict]:
    return [c for c in sandbox.list("cards") if c.get("userId") == holder.codego_id]


def own_card(sandbox, holder: Cardholder) -> Card:
    """A live card of this holder at the provider, issued there just now, and our row for it."""
    answer = sandbox.http.post(
        f"/api/v1/users/{holder.codego_id}/cards",
        json={"type": "virtual", "limit": {"amount": 70_000, "frequency": "allTime"}},
        headers={"X-Api-Key": sandbox.api_key},
    ).json()
    return make_card(
        holder,
        codego_id=answer["id"],
        last4=answer["last4"],
        limit_amount=70_000,
        limit_frequency="allTime",
        read_at=None,
    )


def test_the_form_explains_itself(client):
    holder = make_cardholder()
    make_balance(holder, spending_power=19_500)
    page = client.get(f"/cards/issue/{holder.pk}/").content.decode()
    assert "Ana Marinho" in page
    assert "$195.00" in page
    assert "A limit is not credit." in page
    assert "Nothing resets at midnight" in page
    assert 'value="351910000000"' in page
    assert 'value="1 Main St"' in page
    assert page.count('type="radio" name="frequency"') == 6


def test_a_virtual_card_is_issued_and_opened(client, sandbox, holder):
    before = len(cards_at(sandbox, holder))
    answer = client.post(f"/cards/issue/{holder.pk}/", VIRTUAL | {"once": uuid.uuid4()})
    card = Card.objects.get(codego_id=Command.objects.get().result)
    assert (answer.status_code, answer.url) == (303, f"/cards/{card.pk}/")
    assert said(answer) == ["The card is issued."]
    assert (card.cardholder, card.limit_amount, card.limit_frequency) == (holder, 50_000, "per30DayPeriod")
    assert len(cards_at(sandbox, holder)) == before + 1


def test_a_physical_card_goes_to_the_address(client, sandbox, holder):
    answer = client.post(f"/cards/issue/{holder.pk}/", VIRTUAL | SHIPPING | {"type": "physical"})
    assert answer.status_code == 303
    assert Card.objects.get(codego_id=Command.objects.get().result).state == "notactivated"


def test_a_missing_address_keeps_everything_else(client, sandbox, holder):
    answer = client.post(f"/cards/issue/{holder.pk}/", VIRTUAL | SHIPPING | {"type": "physical", "city": ""})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "This is needed to ship a card." in page
    assert 'value="1 Main St"' in page
    assert 'value="ANA M."' in page
    assert not Command.objects.exists()


def test_the_same_form_sent_twice_is_one_card(client, sandbox, holder):
    before = len(cards_at(sandbox, holder))
    form = VIRTUAL | {"once": str(uuid.uuid4())}
    client.post(f"/cards/issue/{holder.pk}/", form)
    again = client.post(f"/cards/issue/{holder.pk}/", form)
    assert again.url == f"/commands/{Command.objects.get().pk}/"
    assert "sent already" in said(again)[-1]
    assert len(cards_at(sandbox, holder)) == before + 1


def test_a_refusal_shows_the_words_and_can_be_corrected(client, sandbox, holder):
    sandbox.fault("POST /users/*/cards", "rate_limited", times=3)
    once = str(uuid.uuid4())
    answer = client.post(f"/cards/issue/{holder.pk}/", VIRTUAL | {"once": once})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "This was not done" in page
    assert 'value="500"' in page
    assert once not in page


def test_where_the_provider_is_away_nothing_was_sent(client):
    holder = make_cardholder()
    answer = client.post(f"/cards/issue/{holder.pk}/", VIRTUAL)
    assert answer.status_code == 422
    assert "Nothing was sent: " in answer.content.decode()
    assert not Command.objects.exists()


def test_somebody_who_is_not_approved_gets_no_card(client):
    holder = make_cardholder(state="pending", application_status="pending")
    assert "Only an approved cardholder can have a card" in client.get(f"/cards/issue/{holder.pk}/").content.decode()
    answer = client.post(f"/cards/issue/{holder.pk}/", VIRTUAL)
    assert answer.status_code == 422
    assert "Only an approved cardholder can have a card." in answer.content.decode()


def test_a_lost_answer_lands_on_the_holder_and_is_open(client, sandbox, holder):
    sandbox.fault("POST /users/*/cards", "drop_after")
    answer = client.post(f"/cards/issue/{holder.pk}/", VIRTUAL)
    assert answer.url == holder.get_absolute_url()
    assert "not known yet" in said(answer)[0]
    second = client.post(f"/cards/issue/{holder.pk}/", VIRTUAL)
    assert second.status_code == 422
    assert "still open" in second.content.decode()


def test_a_replacement_cancels_then_issues_the_same_again(client, sandbox, holder):
    card = own_card(sandbox, holder)
    before = len(cards_at(sandbox, holder))
    answer = client.post(
        f"/cards/{card.pk}/replace/", {"what": "stolen", "details": "On the tram", "last4": card.last4}
    )
    assert answer.url == f"/cards/{card.pk}/replaced/"
    cancel, issue = Command.objects.order_by("created_at")
    assert (cancel.kind, cancel.state, issue.kind, issue.state) == ("cancel", "done", "issue", "done")
    assert cancel.reason == issue.reason == "Stolen: On the tram"
    new = Card.objects.get(codego_id=issue.result)
    assert (new.limit_amount, new.limit_frequency, new.type) == (70_000, "allTime", "virtual")
    assert len(cards_at(sandbox, holder)) == before + 1
    page = client.get(answer.url).content.decode()
    assert "The old card is cancelled and the new one is issued." in page
    assert "Open the new card" in page
    assert f"/cards/issue/{holder.pk}/" not in page


def test_a_replacement_sent_again_issues_nothing_more(client, sandbox, holder):
    card = own_card(sandbox, holder)
    form = {"what": "lost", "last4": card.last4}
    client.post(f"/cards/{card.pk}/replace/", form)
    before = len(cards_at(sandbox, holder))
    answer = client.post(f"/cards/{card.pk}/replace/", form)
    assert answer.url == f"/cards/{card.pk}/replaced/"
    assert len(cards_at(sandbox, holder)) == before


def test_without_the_last_four_nothing_is_cancelled(client, sandbox, holder):
    card = own_card(sandbox, holder)
    answer = client.post(f"/cards/{card.pk}/replace/", {"what": "lost", "details": "In the sea", "last4": "0000"})
    assert answer.status_code == 422
    assert "In the sea" in answer.content.decode()
    assert not Command.objects.exists()


def test_while_the_cancel_is_unknown_no_card_is_issued(client, sandbox, holder):
    card = own_card(sandbox, holder)
    sandbox.fault("PATCH /cards/*", "drop_after")
    answer = client.post(f"/cards/{card.pk}/replace/", {"what": "lost", "last4": card.last4})
    assert answer.url == f"/cards/{card.pk}/replaced/"
    assert list(Command.objects.values_list("kind", flat=True)) == ["cancel"]
    page = client.get(answer.url).content.decode()
    assert "Outcome unknown" in page
    assert "No new card was asked for" in page


def test_a_new_card_refused_after_the_cancel_is_said_with_the_way_on(client, sandbox, holder):
    card = own_card(sandbox, holder)
    sandbox.fault("POST /users/*/cards", "rate_limited", times=3)
    answer = client.post(f"/cards/{card.pk}/replace/", {"what": "lost", "last4": card.last4})
    page = client.get(answer.url).content.decode()
    assert "the new one was refused" in page
    assert f"/cards/issue/{holder.pk}/" in page


def test_a_new_card_that_could_not_be_asked_for_is_said_too(client, sandbox, holder):
    card = own_card(sandbox, holder)
    sandbox.fault("GET /cards", "error_before", times=9)
    answer = client.post(f"/cards/{card.pk}/replace/", {"what": "lost", "last4": card.last4})
    assert answer.url == f"/cards/{card.pk}/replaced/"
    page = client.get(answer.url).content.decode()
    assert "No new card was asked for: nothing was sent." in page
    assert f"/cards/issue/{holder.pk}/" in page


def test_the_card_of_somebody_not_approved_is_not_cancelled_by_a_replacement(client):
    card = make_card(make_cardholder(state="denied"))
    answer = client.post(f"/cards/{card.pk}/replace/", {"what": "lost", "last4": "4242"})
    assert answer.status_code == 422
    assert "Cancel or lock this one instead" in answer.content.decode()
    assert not Command.objects.exists()


def test_a_person_says_which_of_several_new_cards_it_is(client, sandbox, holder):
    known = [c["id"] for c in cards_at(sandbox, holder)]
    twins = [own_card(sandbox, holder) for _ in range(2)]
    command = make_command(
        "cardholder", holder.pk, kind="issue", state="several", target=holder.codego_id, known=known,
        payload={"type": "virtual", "limit_amount": 70_000, "limit_frequency": "allTime"},
    )  # fmt: skip
    page = client.get(f"/cards/claim/{command.pk}/").content.decode()
    assert all(twin.codego_id in page for twin in twins)
    assert client.post(f"/cards/claim/{command.pk}/", {}).status_code == 422
    assert client.post(f"/cards/claim/{command.pk}/", {"card": make_card().pk}).status_code == 422
    answer = client.post(f"/cards/claim/{command.pk}/", {"card": twins[1].pk})
    assert answer.url == f"/cards/{twins[1].pk}/"
    command.refresh_from_db()
    assert (command.state, command.result) == (CommandState.DONE, twins[1].codego_id)
    assert client.get(f"/cards/claim/{command.pk}/").url == f"/commands/{command.pk}/"


def test_where_the_candidates_cannot_be_read_the_page_says_so(client):
    holder = make_cardholder()
    command = make_command("cardholder", holder.pk, kind="issue", state="several", target=holder.codego_id)
    assert "could not be read" in client.get(f"/cards/claim/{command.pk}/").content.decode()


@pytest.mark.parametrize("role", ["viewer", "compliance", "finance", "admin"])
def test_only_operations_issues(client_as, role):
    holder = make_cardholder()
    assert client_as(role).get(f"/cards/issue/{holder.pk}/").status_code == 403
    assert client_as(role).post(f"/cards/issue/{holder.pk}/", VIRTUAL).status_code == 403
