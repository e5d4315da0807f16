"""An open list learns what was written since: nothing for 204, changed rows, and how many are new."""

import re
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.utils import timezone

from cards.sync import apply_cards
from console.codego.records import CardRecord
from console.history.models import Change
from console.provider.mirror import Source
from tests.factories import make_card, make_cardholder, make_transaction

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _nothing_kept():
    caches["local"].clear()
    yield
    caches["local"].clear()


def later() -> None:
    """What a process has kept for two seconds is looked up anew."""
    caches["local"].clear()


def card_comes(card, status="locked", **more):
    body = {"id": card.codego_id, "userId": card.cardholder.codego_id, "status": status, "type": "virtual", **more}
    apply_cards([CardRecord.parse(body)], source=Source("read", timezone.now() + timedelta(seconds=1)))
    later()


def new_card(holder, codego_id, created="2026-11-20T10:00:00Z"):
    body = {
        "id": codego_id,
        "userId": holder.codego_id,
        "status": "active",
        "type": "virtual",
        "last4": "1111",
        "createdAt": created,
    }
    apply_cards([CardRecord.parse(body)], source=Source("read", timezone.now()))
    later()


def polls(answer) -> list[str]:
    found = re.findall(r'data-poll hx-get="([^"]*since=[^"]+)"', answer.content.decode())
    return [address.replace("&amp;", "&") for address in found]


def open_list(client, address="/cards/"):
    (poll,) = polls(client.get(address))
    return poll


def test_nothing_new_is_204_at_no_query_of_its_own(client_as, django_assert_num_queries):
    make_card()
    client = client_as("viewer")
    poll = open_list(client)
    with django_assert_num_queries(3):  # session, person, and the newest changes, for everybody of this process
        assert client.get(poll, headers=FRAGMENT).status_code == 204
    with django_assert_num_queries(2):  # which it knows now
        assert client.get(poll, headers=FRAGMENT).status_code == 204


def test_writes_of_other_records_are_204(client_as):
    make_card()
    client = client_as("viewer")
    poll = open_list(client, "/transactions/")
    card_comes(make_card())
    assert client.get(poll, headers=FRAGMENT).status_code == 204


def test_a_row_that_changed_is_sent_alone(client_as):
    holder = make_cardholder()
    cards = [make_card(holder, last4=f"000{n}") for n in range(3)]
    client = client_as("viewer")
    poll = open_list(client)
    card_comes(cards[1])
    page = client.get(poll, headers=FRAGMENT).content.decode()
    assert "Locked" in page
    assert ("0001" in page, "0000" in page, "0002" in page) == (True, False, False)
    assert f'data-rows="{cards[1].pk}"' in page
    assert "new-rows" not in page


def test_new_rows_are_counted_and_not_sent(client_as):
    holder = make_cardholder()
    make_card(holder)
    client = client_as("viewer")
    poll = open_list(client)
    new_card(holder, "n1")
    new_card(holder, "n2")
    page = client.get(poll, headers=FRAGMENT).content.decode()
    assert "2 new" in page
    assert 'href="/cards/"' in page
    assert "1111" not in page


def test_what_waits_already_is_not_said_again(client_as, django_assert_num_queries):
    holder = make_cardholder()
    client = client_as("viewer")
    poll = open_list(client)
    for n in range(11):
        new_card(holder, f"n{n}")
    answer = client.get(poll, headers=FRAGMENT)
    assert "10+ new" in answer.content.decode()
    (poll,) = polls(answer)
    new_card(holder, "another")
    with django_assert_num_queries(3):  # session, person and the newest changes: the list is not looked at
        assert client.get(poll, headers=FRAGMENT).status_code == 204


def test_what_the_page_shows_by_now_is_no_news(client_as):
    holder = make_cardholder()
    client = client_as("viewer")
    new_card(holder, "n1")
    Change.objects.update(written_at=timezone.now() - timedelta(minutes=1))
    later()
    poll = open_list(client)
    assert client.get(poll, headers=FRAGMENT).status_code == 204


def test_what_may_have_been_written_while_the_page_was_made_is_looked_at_again(client_as):
    holder = make_cardholder()
    client = client_as("viewer")
    new_card(holder, "n1")
    page = client.get(open_list(client), headers=FRAGMENT).content.decode()
    assert "1111" in page  # the row as it is; the browser sees that nothing differs
    assert "new-rows" not in page


def test_a_row_that_the_filter_would_not_show_any_more_changes_where_it_stands(client_as):
    card = make_card()
    client = client_as("viewer")
    poll = open_list(client, "/cards/?status=active")
    card_comes(card)
    page = client.get(poll, headers=FRAGMENT).content.decode()
    assert "Locked" in page
    assert "status=active" in page


def test_only_what_the_filter_shows_counts_as_new(client_as):
    holder = make_cardholder()
    other = make_card(holder, status="locked", state="locked")
    client = client_as("viewer")
    poll = open_list(client, "/cards/?status=active")
    new_card(holder, "n1")
    card_comes(other, "active")  # known for long, and of this list only now
    assert "2 new" in client.get(poll, headers=FRAGMENT).content.decode()


def test_what_is_older_than_the_page_is_not_new(client_as):
    holder = make_cardholder()
    for n in range(50):
        make_card(holder, codego_created_at=timezone.now() - timedelta(minutes=n))
    client = client_as("viewer")
    poll = open_list(client)
    new_card(holder, "old", created="2019-01-01T00:00:00Z")
    assert client.get(poll, headers=FRAGMENT).status_code == 204


def test_a_new_transaction_shows_on_an_empty_list(client_as):
    card = make_card()
    client = client_as("viewer")
    poll = open_list(client, "/transactions/")
    transaction = make_transaction(card)
    Change.objects.create(
        record="transaction", record_id=transaction.pk, source="read", at=timezone.now(), created=True
    )
    later()
    assert "1 new" in client.get(poll, headers=FRAGMENT).content.decode()


@pytest.mark.parametrize("address", ["/cards/?sort=last4", "/cards/?cursor=x"])
def test_a_list_in_another_order_or_further_on_does_not_ask(client_as, address):
    make_card()
    assert polls(client_as("viewer").get(address)) == []


def test_after_many_changes_the_rows_themselves_are_asked(client_as, monkeypatch):
    monkeypatch.setattr("console.arrivals.LATEST", 2)
    holder = make_cardholder()
    cards = [make_card(holder, last4=f"000{n}") for n in range(5)]
    client = client_as("viewer")
    poll = open_list(client)
    for card in cards[:4]:
        card_comes(card)
    page = client.get(poll, headers=FRAGMENT).content.decode()
    assert [n for n in range(5) if f"000{n}" in page] == [0, 1, 2, 3]


@pytest.mark.parametrize("shown", ["", "x,y", "1,99999999999999999999", ",".join(["7"] * 500)])
def test_whatever_the_address_says_is_answered(client_as, shown):
    card_comes(make_card())
    answer = client_as("viewer").get("/cards/", {"since": "0", "shown": shown}, headers=FRAGMENT)
    assert answer.status_code in {200, 204}


@pytest.mark.parametrize("noun", ["/cards/", "/transactions/", "/cardholders/", "/companies/", "/disputes/"])
def test_every_list_of_the_programme_asks(client_as, noun):
    assert len(polls(client_as("operations").get(noun))) == 1
