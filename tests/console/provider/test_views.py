"""A command's page and the fragment that record pages poll."""

import uuid

import pytest

from tests.factories import make_card, make_cardholder, make_command, make_staff

pytestmark = pytest.mark.django_db
SWAP = {"HX-Request": "true"}


def test_a_page_of_its_own_leads_to_the_record(client_as):
    card = make_card()
    command = make_command(record_id=card.pk, actor=make_staff("operations", name="Olga"), reason="Phone lost")
    page = client_as("compliance").get(f"/commands/{command.pk}/").content.decode()
    assert "<html" in page
    assert "Olga" in page
    assert "Phone lost" in page
    assert f"/cards/{card.pk}/" in page


def test_a_reason_is_not_for_those_who_may_not_read_personal_data(client_as):
    command = make_command(record_id=make_card().pk, reason="Ana called from +351")
    assert "Ana called" not in client_as("viewer").get(f"/commands/{command.pk}/").content.decode()


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("sent", "has not answered yet"),
        ("unknown", "nothing is sent twice"),
        ("several", "A person has to say which"),
        ("refused", "card is canceled"),
        ("not_done", "Did not happen"),
        ("intent", "about to be sent"),
    ],
)
def test_each_state_says_what_it_means(client_as, state, words):
    command = make_command(state=state, message="card is canceled")
    assert words in client_as("operations").get(f"/commands/{command.pk}/").content.decode()


@pytest.mark.parametrize("state", ["refused", "unknown"])
def test_the_provider_s_words_are_masked_like_personal_data(client_as, state):
    command = make_command(state=state, message="ana@holder.test is taken")
    assert "ana@" not in client_as("finance").get(f"/commands/{command.pk}/").content.decode()


@pytest.mark.parametrize("state", ["intent", "sent", "unknown"])
def test_an_open_one_polls_and_answers_only_when_it_moved(client_as, state):
    command = make_command(state=state, checks=1)
    client = client_as("viewer")
    fragment = client.get(f"/commands/{command.pk}/", headers=SWAP).content.decode()
    assert f'hx-get="/commands/{command.pk}/?seen={state}-1"' in fragment
    assert client.get(f"/commands/{command.pk}/?seen={state}-1", headers=SWAP).status_code == 204
    moved = client.get(f"/commands/{command.pk}/?seen={state}-0", headers=SWAP)
    assert moved.status_code == 200
    assert "data-announce" in moved.content.decode()


@pytest.mark.parametrize("state", ["done", "refused", "not_done"])
def test_a_settled_one_stops_polling_and_tells_the_page(client_as, state):
    command = make_command(state=state)
    answer = client_as("viewer").get(f"/commands/{command.pk}/?seen=unknown-0", headers=SWAP)
    assert "hx-get" not in answer.content.decode()
    assert "settled" in answer["HX-Trigger"]


def test_operations_is_asked_which_of_several_cards_it_is(client_as):
    command = make_command("cardholder", make_cardholder().pk, kind="issue", state="several")
    assert f"/cards/claim/{command.pk}/" in client_as("operations").get(f"/commands/{command.pk}/").content.decode()
    assert f"/cards/claim/{command.pk}/" not in client_as("viewer").get(f"/commands/{command.pk}/").content.decode()


def test_an_issued_card_is_one_click_away(client_as):
    command = make_command("cardholder", make_cardholder().pk, kind="issue", state="done", result="card-1")
    assert "/cards/by-id/card-1/" in client_as("viewer").get(f"/commands/{command.pk}/").content.decode()


def test_the_providers_words_are_never_markup(client_as):
    command = make_command(state="refused", message="<script>alert(1)</script>")
    assert "<script>alert" not in client_as("viewer").get(f"/commands/{command.pk}/").content.decode()


def test_an_unknown_command_is_not_found(client_as):
    assert client_as("viewer").get(f"/commands/{uuid.uuid4()}/").status_code == 404
