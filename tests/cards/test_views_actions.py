"""Lock, unlock, activate, cancel, limit: asked for on a page, sent once, and said as they ended."""

import pytest
from django.contrib.messages import get_messages

from cards.models import Card
from console.provider.models import Command
from tests.factories import make_balance, make_card, make_cardholder

pytestmark = pytest.mark.django_db(transaction=True)


def said(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


@pytest.fixture
def at_provider(sandbox):
    """Our row for one of the provider's cards in a state."""

    def row(theirs_is: str, **fields) -> Card:
        theirs = next(c for c in sandbox.list("cards") if c["status"] == theirs_is)
        seen = {"codego_id": theirs["id"], "last4": theirs["last4"], "status": theirs_is, "state": theirs_is.lower()}
        return make_card(**seen | {"type": theirs["type"], "read_at": None} | fields)

    return row


@pytest.mark.parametrize("action", ["lock", "cancel", "limit"])
def test_the_page_says_which_card_whose_and_in_which_state(client_as, action):
    card = make_card(last4="9073")
    page = client_as("operations").get(f"/cards/{card.pk}/{action}/").content.decode()
    assert "•••• 9073" in page
    assert "Ana Marinho" in page
    assert "Active" in page
    assert "<html" in page


def test_a_dialog_gets_the_form_alone(client_as):
    card = make_card()
    page = client_as("operations").get(f"/cards/{card.pk}/lock/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in page
    assert 'id="dialog-title"' in page


def test_cancelling_says_that_it_cannot_be_undone(client_as):
    card = make_card()
    page = client_as("operations").get(f"/cards/{card.pk}/cancel/").content.decode()
    assert "cannot be undone" in page
    assert "Type the last four digits" in page


def test_a_lock_without_a_reason_is_not_sent(client_as, sandbox):
    card = make_card()
    answer = client_as("operations").post(f"/cards/{card.pk}/lock/", {"reason": ""})
    assert answer.status_code == 422
    assert "Say why" in answer.content.decode()
    assert not Command.objects.exists()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"because": "lost"}, "Card lost"),
        ({"because": "lost", "reason": "on a train"}, "Card lost: on a train"),
        ({"because": "no such word", "reason": "Typed"}, "Typed"),
    ],
)
def test_a_common_reason_is_given_by_one_press(client_as, sandbox, at_provider, given, kept):
    card = at_provider("active")
    operations = client_as("operations")
    page = operations.get(f"/cards/{card.pk}/lock/").content.decode()
    assert 'name="because" value="lost"' in page
    assert operations.post(f"/cards/{card.pk}/lock/", given).status_code == 303
    assert Command.objects.get().reason == kept


@pytest.mark.parametrize(
    ("action", "before", "after", "given", "words"),
    [
        ("lock", "active", "locked", {"reason": "Phone lost"}, "The card is locked."),
        ("unlock", "locked", "active", {}, "The card is unlocked."),
        ("activate", "notActivated", "active", {}, "The card is active."),
        ("cancel", "active", "canceled", {"reason": "Left"}, "The card is cancelled."),
    ],
)
def test_what_is_asked_is_done_at_the_provider_and_lands_on_the_card(
    client_as, sandbox, at_provider, action, before, after, given, words
):
    card = at_provider(before)
    if action == "cancel":
        given = given | {"last4": card.last4}
    client = client_as("operations")
    answer = client.post(f"/cards/{card.pk}/{action}/", given)
    assert (answer.status_code, answer.url) == (303, f"/cards/{card.pk}/")
    assert words in client.get(answer.url).content.decode()
    card.refresh_from_db()
    assert card.state == after
    assert next(c for c in sandbox.list("cards") if c["id"] == card.codego_id)["status"] == after
    assert Command.objects.get().reason == given.get("reason", "")


def test_under_htmx_the_whole_page_is_loaded(client_as, sandbox, at_provider):
    card = at_provider("active")
    answer = client_as("operations").post(
        f"/cards/{card.pk}/lock/", {"reason": "Phone lost"}, headers={"HX-Request": "true"}
    )
    assert answer["HX-Redirect"] == f"/cards/{card.pk}/"


def test_what_the_state_does_not_allow_is_refused_with_what_was_typed_kept(client_as):
    card = make_card(status="locked", state="locked")
    answer = client_as("operations").post(f"/cards/{card.pk}/lock/", {"reason": "Phone lost"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "cannot be changed that way" in page
    assert "Phone lost" in page


def test_a_refusal_shows_the_providers_words_beside_ours(client_as, sandbox, at_provider):
    card = at_provider("canceled", state="active", status="active")
    answer = client_as("operations").post(f"/cards/{card.pk}/lock/", {"reason": "Phone lost"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "This was not done" in page
    assert "card is canceled" in page
    assert "Phone lost" in page


def test_a_lost_answer_is_said_to_be_open_and_shown_on_the_card(client_as, sandbox, at_provider):
    card = at_provider("active")
    sandbox.fault("PATCH /cards/*", "drop_after")
    client = client_as("operations")
    answer = client.post(f"/cards/{card.pk}/lock/", {"reason": "Phone lost"})
    assert answer.status_code == 303
    assert "not known yet" in said(answer)[0]
    command = Command.objects.get()
    page = client.get(f"/cards/{card.pk}/").content.decode()
    assert "Outcome unknown" in page
    assert f"/commands/{command.pk}/?seen=unknown-0" in page


def test_a_limit_is_changed_in_dollars(client_as, sandbox, at_provider):
    card = at_provider("active")
    client = client_as("operations")
    answer = client.post(f"/cards/{card.pk}/limit/", {"amount": "1,250.50", "frequency": "per24HourPeriod"})
    assert said(answer) == ["The limit is changed."]
    theirs = next(c for c in sandbox.list("cards") if c["id"] == card.codego_id)
    assert theirs["limit"] == {"amount": 125_050, "frequency": "per24HourPeriod"}
    card.refresh_from_db()
    assert (card.limit_amount, card.limit_frequency) == (125_050, "per24HourPeriod")
    assert "To $1,250.50" in client.get(f"/cards/{card.pk}/").content.decode()


def test_the_limit_form_shows_what_is_and_the_spending_power(client_as):
    holder = make_cardholder()
    make_balance(holder, spending_power=19_500)
    page = client_as("operations").get(f"/cards/{make_card(holder).pk}/limit/").content.decode()
    assert "$500.00 in any 30 days" in page
    assert "$195.00" in page
    assert "A limit is not credit." in page
    assert 'value="500.00"' in page


def test_a_wrong_amount_keeps_the_form(client_as):
    card = make_card()
    answer = client_as("operations").post(
        f"/cards/{card.pk}/limit/", {"amount": "12,3x", "frequency": "allTime", "reason": "Holiday"}
    )
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "“12,3x” is not an amount." in page
    assert "Holiday" in page


def test_a_cancelled_card_is_said_to_be_closed(client_as):
    card = make_card(status="canceled", state="canceled")
    page = client_as("operations").get(f"/cards/{card.pk}/limit/").content.decode()
    assert "nothing about it can be changed any more" in page
    answer = client_as("operations").post(f"/cards/{card.pk}/limit/", {"amount": "5", "frequency": "allTime"})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("operations", {"lock", "unlock", "activate", "cancel", "limit", "replace"}),
        ("compliance", {"lock", "cancel"}),
        ("finance", set()),
        ("viewer", set()),
        ("admin", set()),
    ],
)
def test_each_action_is_open_to_whom_it_is_meant_for(client_as, role, may):
    card, client = make_card(), client_as(role)
    everything = ("lock", "unlock", "activate", "cancel", "limit", "replace")
    opened = {name for name in everything if client.get(f"/cards/{card.pk}/{name}/").status_code == 200}
    assert opened == may
