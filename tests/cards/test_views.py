"""The list of cards, its export, and a card's page."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from console.audit.models import Entry
from tests.factories import (
    make_balance,
    make_card,
    make_cardholder,
    make_command,
    make_company,
    make_staff,
    make_swept,
    make_transaction,
)

pytestmark = pytest.mark.django_db


def text(response) -> str:
    return b"".join(response.streaming_content).decode("utf-8-sig") if response.streaming else response.content.decode()


def buttons(page: str) -> str:
    return page[page.index('id="cards-actions"') : page.index('<section class="stats"')]


def test_the_list_shows_whose_each_card_is(client_as):
    card = make_card(last4="9073")
    page = text(client_as("operations").get("/cards/"))
    assert "•••• 9073" in page
    assert "Ana Marinho" in page
    assert "$500.00" in page
    assert f"/cards/{card.pk}/" in page


def test_a_viewer_sees_initials_and_cannot_search_names(client_as):
    make_card()
    page = text(client_as("viewer").get("/cards/?q=zzz"))
    assert "A. M." in page
    assert "Marinho" not in page
    assert 'name="q"' not in page.split("<main")[1].split("</main>")[0]
    assert "/cards/export/" not in page


def test_an_empty_list_says_what_to_do_and_a_filtered_one_how_to_clear_it(client_as):
    client = client_as("operations")
    assert "No cards yet" in text(client.get("/cards/"))
    make_card()
    assert "Nothing matches these filters" in text(client.get("/cards/?status=locked"))


def test_a_swap_gets_the_table_only(client_as):
    make_card()
    page = text(client_as("operations").get("/cards/", headers={"HX-Request": "true"}))
    assert "<table" in page
    assert "<html" not in page


@pytest.mark.parametrize("sort", ["last4", "-status", "type", "-limit", "expires", "-issued", "nonsense"])
def test_every_column_sorts(client_as, sort):
    make_card()
    make_card(expires_on=timezone.now().date(), codego_created_at=timezone.now(), limit_amount=None)
    assert client_as("viewer").get(f"/cards/?sort={sort}").status_code == 200


def test_a_list_of_many_cards_takes_as_many_queries_as_one_of_few(client_as, django_assert_num_queries):
    client = client_as("operations")
    for _ in range(3):
        make_card(make_cardholder(company=make_company()))
    make_swept()
    client.get("/cards/")
    with django_assert_num_queries(10):
        client.get("/cards/")


def test_the_export_is_the_filtered_list_with_units_and_an_entry(client_as):
    make_card(last4="0001", limit_amount=125_050, display_name="=ANA")
    make_card(last4="0002", status="locked", state="locked")
    lines = text(client_as("operations").get("/cards/export/?status=active&q=mar")).splitlines()
    assert any("major units" in line for line in lines)
    assert "Status: Active" in lines
    (row,) = [line for line in lines if "0001" in line]
    assert "Ana Marinho" in row
    assert "1250.50" in row
    assert "'=ANA" in row
    assert not any("0002" in line for line in lines)
    entry = Entry.objects.get(action="list:export")
    assert entry.detail == {"list": "cards", "filters": ["q", "status"], "columns": "all"}


def test_finance_exports_without_names(client_as):
    make_card(last4="0001", display_name="ANA MARINHO")
    export = text(client_as("finance").get("/cards/export/?q=nobody"))
    assert "0001" in export
    assert "A. M." in export
    assert "arinho" not in export.lower()


def test_the_export_is_sorted_as_the_list_with_what_has_no_value_last(client_as):
    for last4, limit in (("0001", 100), ("0002", None), ("0003", 300)):
        make_card(last4=last4, limit_amount=limit)
    client = client_as("operations")
    for sort, order in (("limit", ["0001", "0003", "0002"]), ("-limit", ["0003", "0001", "0002"])):
        export = text(client.get(f"/cards/export/?sort={sort}"))
        assert sorted(order, key=export.index) == order


def test_a_viewer_may_not_export(client_as):
    assert client_as("viewer").get("/cards/export/").status_code == 403


def test_a_card_says_its_state_limit_and_spending_power(client_as):
    holder = make_cardholder()
    make_balance(holder, spending_power=19_500)
    card = make_card(holder, token_wallets=["Apple", "Google Pay"])
    page = text(client_as("operations").get(f"/cards/{card.pk}/"))
    assert "Purchases go through while both the limit and the spending power allow them." in page
    assert "In any 30 days." in page
    assert "Nothing resets at midnight" in page
    assert "$195.00" in page
    assert "A limit is not credit." in page
    assert "Apple, Google Pay" in page


def test_the_spending_power_of_a_companys_person_is_the_companys(client_as):
    company = make_company()
    holder = make_cardholder(company=company)
    make_balance(company, spending_power=777_00)
    page = text(client_as("viewer").get(f"/cards/{make_card(holder).pk}/"))
    assert "Spending power of the company" in page
    assert "$777.00" in page


def test_no_balance_is_no_figure(client_as):
    page = text(client_as("viewer").get(f"/cards/{make_card().pk}/"))
    assert "No balance has been read yet." in page


@pytest.mark.parametrize(
    ("state", "there", "gone"),
    [
        ("active", ["lock", "limit", "replace", "cancel"], ["unlock", "activate"]),
        ("locked", ["unlock", "limit", "replace", "cancel"], ["lock", "activate"]),
        ("notactivated", ["activate", "limit", "cancel"], ["lock", "unlock"]),
        ("canceled", [], ["lock", "unlock", "activate", "limit", "replace", "cancel"]),
    ],
)
def test_the_actions_are_those_the_state_calls_for(client_as, state, there, gone):
    card = make_card(status=state, state=state)
    shown = buttons(text(client_as("operations").get(f"/cards/{card.pk}/")))
    assert [name for name in there if f"/cards/{card.pk}/{name}/" not in shown] == []
    assert [name for name in gone if f"/cards/{card.pk}/{name}/" in shown] == []


def test_a_cancelled_card_offers_a_new_one(client_as):
    card = make_card(status="canceled", state="canceled")
    shown = text(client_as("operations").get(f"/cards/{card.pk}/"))
    assert f"/cards/issue/{card.cardholder_id}/" in shown
    assert "Closed for good" in shown


def test_nobody_sees_what_they_may_not_do(client_as):
    card = make_card()
    shown = buttons(text(client_as("compliance").get(f"/cards/{card.pk}/")))
    assert f"/cards/{card.pk}/lock/" in shown
    assert f"/cards/{card.pk}/cancel/" in shown
    assert f"/cards/{card.pk}/limit/" not in shown
    assert f"/cards/{card.pk}/replace/" not in shown
    assert f"/cards/{card.pk}/" not in buttons(text(client_as("viewer").get(f"/cards/{card.pk}/")))


def test_a_viewer_does_not_read_the_name_on_the_card(client_as):
    page = text(client_as("viewer").get(f"/cards/{make_card(display_name='ANA MARINHO').pk}/"))
    assert "arinho" not in page.lower()


def test_a_decline_is_explained_beside_the_transaction(client_as):
    card = make_card()
    make_transaction(card, status="declined", state="declined", declined_reason="card spending limit exceeded")
    page = text(client_as("viewer").get(f"/cards/{card.pk}/"))
    assert "Over the card&#x27;s limit" in page or "Over the card's limit" in page
    assert f"?card={card.pk}" in page


def test_expiry_warns_in_time(client_as):
    client = client_as("viewer")
    today = timezone.now().date()
    soon = make_card(expires_on=today + timedelta(days=30))
    past = make_card(expires_on=today - timedelta(days=1))
    assert "30 days left" in text(client.get(f"/cards/{soon.pk}/"))
    assert "expired" in text(client.get(f"/cards/{past.pk}/"))


def test_a_placeholder_a_failed_read_and_odd_words_are_said(client_as):
    client = client_as("viewer")
    placeholder = make_card(by_reference=True, state="", status="", type="", last4="")
    assert "Known by reference, being read" in text(client.get(f"/cards/{placeholder.pk}/"))
    assert "Known by reference, being read" in text(client.get("/cards/"))
    odd = make_card(
        status="suspended", state="suspended", flags=["limit.amount: not whole minor units"], read_error="Gone."
    )
    page = text(client.get(f"/cards/{odd.pk}/"))
    assert "new word" in page
    assert "limit.amount: not whole minor units" in page
    assert "Gone." in page


def test_the_live_part_is_sent_again_only_when_something_changed(client_as):
    card = make_card()
    client = client_as("operations")
    page = text(client.get(f"/cards/{card.pk}/"))
    live = next(url for url in re.findall(r'hx-get="([^"]+)"', page) if url.startswith(f"/cards/{card.pk}/?seen="))
    swap = {"HX-Request": "true"}
    assert client.get(live, headers=swap).status_code == 204
    make_command(record_id=card.pk, state="unknown")
    changed = client.get(live, headers=swap)
    assert changed.status_code == 200
    fragment = text(changed)
    assert "<html" not in fragment
    assert 'id="cards-actions" hx-swap-oob="true"' in fragment
    assert "Outcome unknown" in fragment


def test_the_timeline_is_everybodys_for_those_who_may_read_it(client_as):
    card = make_card()
    lock = Entry.objects.create(
        action="card:lock",
        outcome="done",
        record="card",
        record_id=card.pk,
        reason="Fraud alarm",
        actor=make_staff("compliance"),
    )
    Entry.objects.create(
        action="card:issue",
        outcome="done",
        record="cardholder",
        record_id=card.cardholder_id,
        detail={"result": card.codego_id},
    )
    everything = text(client_as("compliance").get(f"/cards/{card.pk}/"))
    assert "Fraud alarm" in everything
    assert str(lock.actor) in everything
    assert "Issue card" in everything
    assert "Fraud alarm" not in text(client_as("operations").get(f"/cards/{card.pk}/"))
    assert 'id="timeline"' in everything


def test_a_card_is_found_by_the_providers_id(client_as):
    card = make_card()
    client = client_as("viewer")
    assert client.get(f"/cards/by-id/{card.codego_id}/").url == f"/cards/{card.pk}/"
    assert client.get("/cards/by-id/none/").status_code == 404
    assert client.get("/cards/99999/").status_code == 404
