"""Locking all cards of a person or a company, and following it."""

import re

import pytest

from console.provider.models import Command
from console.sync import settle
from tests.factories import make_card, make_cardholder, make_command, make_company

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(client_as):
    return client_as("compliance")


def test_the_page_lists_what_will_be_locked_and_what_stays(client):
    holder = make_cardholder()
    make_card(holder, last4="0001")
    make_card(holder, last4="0002", status="locked", state="locked")
    page = client.get(f"/cards/lock-all/cardholder/{holder.pk}/").content.decode()
    assert "1 card will be locked" in page
    assert "•••• 0001" in page
    assert "•••• 0002" not in page
    assert "1 other card is not active" in page
    assert not Command.objects.exists()


def test_a_company_is_its_own_cards_and_its_peoples(client):
    company = make_company()
    make_card(company, last4="0001")
    make_card(make_cardholder(company=company), last4="0002")
    page = client.get(f"/cards/lock-all/company/{company.pk}/").content.decode()
    assert "2 cards will be locked" in page
    answer = client.post(f"/cards/lock-all/company/{company.pk}/", {"reason": "Fraud alarm"})
    assert answer.url == f"/cards/lock-all/company/{company.pk}/progress/"
    assert Command.objects.filter(kind="lock", state="intent", reason="Fraud alarm").count() == 2


def test_a_reason_is_owed(client):
    card = make_card()
    answer = client.post(f"/cards/lock-all/cardholder/{card.cardholder_id}/", {"reason": ""})
    assert answer.status_code == 422
    assert not Command.objects.exists()


def test_with_no_active_card_there_is_nothing_to_do(client):
    holder = make_cardholder()
    assert "No active card" in client.get(f"/cards/lock-all/cardholder/{holder.pk}/").content.decode()
    client.post(f"/cards/lock-all/cardholder/{holder.pk}/", {"reason": "Fraud alarm"})
    assert not Command.objects.exists()


def test_the_worker_sends_them_and_the_page_follows(client, sandbox):
    theirs = next(c for c in sandbox.list("cards") if c["status"] == "active")
    holder = make_cardholder(codego_id=theirs["userId"])
    card = make_card(holder, codego_id=theirs["id"], last4=theirs["last4"], read_at=None)
    where = client.post(f"/cards/lock-all/cardholder/{card.cardholder_id}/", {"reason": "Fraud alarm"}).url
    page = client.get(where).content.decode()
    assert "0 of 1 settled" in page
    live = next(url for url in re.findall(r'hx-get="([^"]+)"', page) if "/progress/" in url)
    swap = {"HX-Request": "true"}
    assert client.get(live, headers=swap).status_code == 204
    settle.send_queued()
    done = client.get(live, headers=swap).content.decode()
    assert "1 of 1 settled" in done
    assert "data-poll" not in done
    card.refresh_from_db()
    assert card.state == "locked"


def test_each_card_shows_its_newest_lock(client):
    card = make_card()
    make_command(record_id=card.pk, state="refused", message="Old words", payload={"queued": True})
    make_command(record_id=card.pk, state="refused", message="card is canceled", payload={"queued": True})
    make_command(record_id=card.pk, state="done", message="By hand")
    page = client.get(f"/cards/lock-all/cardholder/{card.cardholder_id}/progress/").content.decode()
    assert "card is canceled" in page
    assert "Old words" not in page
    assert "By hand" not in page


def test_where_nothing_was_asked_the_page_says_so(client):
    holder = make_cardholder()
    page = client.get(f"/cards/lock-all/cardholder/{holder.pk}/progress/").content.decode()
    assert "Nothing is being locked" in page


@pytest.mark.parametrize("role", ["viewer", "finance", "admin"])
def test_only_who_may_lock_one_may_lock_all(client_as, role):
    holder = make_cardholder()
    assert client_as(role).post(f"/cards/lock-all/cardholder/{holder.pk}/", {"reason": "x"}).status_code == 403
