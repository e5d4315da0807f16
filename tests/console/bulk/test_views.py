"""A bulk action on screen: chosen on a list, asked, tried dry, confirmed by its own person only."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cards.models import Card
from console.audit.models import Entry
from console.bulk import services
from console.bulk.models import BulkRun
from console.provider.models import Command
from tests.console.bulk.conftest import go_on, states
from tests.factories import make_card, make_cardholder, make_company, make_staff

pytestmark = pytest.mark.django_db(transaction=True)


def chosen(client, where: str, action: str, **more) -> str:
    """Where the browser is sent after choosing."""
    answer = client.post(f"/bulk/{where}/", {"action": action} | more)
    assert answer.status_code == 303
    return answer.url


def said(client, answer_url: str) -> str:
    return client.get(answer_url).content.decode()


def test_rows_are_chosen_reasoned_tried_dry_and_only_then_sent(client):
    active, locked = make_card(last4="0001"), make_card(last4="0002", status="locked", state="locked")
    where = chosen(client, "cards", "lock", pk=[active.pk], ids=f"{locked.pk},{active.pk}")
    page = said(client, where)
    assert "2, picked by hand" in page
    assert client.post(f"{where}check/", {"reason": ""}).status_code == 422
    assert client.post(f"{where}check/", {"reason": "Fraud alarm"}).status_code == 303
    dry = said(client, where)
    assert "1 card will be locked" in dry
    assert "•••• 0001" in dry
    assert "•••• 0002" not in dry
    assert "It is locked already." in dry
    assert "•••• 0002" in said(client, f"{where}?show=wont")
    assert not Command.objects.exists()
    assert client.post(f"{where}confirm/").status_code == 303
    run = BulkRun.objects.get()
    assert (run.state, states(run)) == ("running", ["waiting", "skipped"])
    entry = Entry.objects.get(action="bulk:start")
    assert (entry.record_id, entry.detail["counts"]) == (run.pk, {"waiting": 1, "skipped": 1})


def test_everything_that_matches_is_taken_as_it_is_now(client):
    for number in range(60):
        make_card(last4=f"{number:04}")
    make_card(status="locked", state="locked")
    where = chosen(client, "cards", "lock", all="1", query="status=active&sort=last4")
    make_card(last4="9999")  # issued while somebody thinks about it
    assert "60: everything that matched at" in said(client, where)
    client.post(f"{where}check/", {"reason": "Fraud alarm"})
    run = BulkRun.objects.get()
    assert run.rows.count() == 60
    client.post(f"{where}confirm/")
    assert Entry.objects.get(action="bulk:start").detail["filters"] == ["status"]


def test_a_filter_that_cannot_be_understood_chooses_nothing(client):
    make_card()
    page = said(client, chosen(client, "cards", "lock", all="1", query="last4=12"))
    assert "could not be understood" in page
    assert not BulkRun.objects.exists()


def test_nothing_chosen_is_said(client):
    assert "Tick the rows first" in said(client, chosen(client, "cards", "lock"))
    assert not BulkRun.objects.exists()


def test_beyond_the_bound_nothing_is_chosen_and_the_sentence_says_what_to_do(client):
    holder = make_cardholder()
    made = [
        Card(cardholder=holder, codego_id=f"c{n}", state="active", status="active") for n in range(services.MOST + 1)
    ]
    Card.objects.bulk_create(made)
    page = said(client, chosen(client, "cards", "lock", all="1", query=""))
    assert "More than 5,000 records" in page
    assert "Narrow the filter" in page
    assert not BulkRun.objects.exists()


def test_where_nothing_would_change_there_is_nothing_to_confirm(client, ready):
    run = ready("lock", [make_card(status="locked", state="locked")])
    page = said(client, run.get_absolute_url())
    assert "Nothing would change" in page
    assert client.post(f"/bulk/{run.pk}/confirm/").status_code == 422
    run.refresh_from_db()
    assert run.state == "ready"


def test_cards_are_cancelled_only_by_who_types_how_many(client, ready):
    run = ready("cancel", [make_card(), make_card()])
    assert client.post(f"/bulk/{run.pk}/confirm/", {"number": "3"}).status_code == 422
    assert client.post(f"/bulk/{run.pk}/confirm/", {"number": "2"}).status_code == 303


def test_the_limit_is_judged_against_what_each_card_has(client):
    same, other = make_card(limit_amount=10_000, limit_frequency="allTime"), make_card()
    where = chosen(client, "cards", "limit", pk=[same.pk, other.pk])
    client.post(f"{where}check/", {"amount": "100", "frequency": "allTime"})
    assert "becomes $100.00 over the card" in said(client, where)
    assert "It has this limit already." in said(client, f"{where}?show=wont")


def test_only_ones_own_is_started_and_others_may_watch_and_stop(client_as, ready, started):
    other = client_as("compliance")
    run = ready("lock", [make_card()])
    assert "can start this one" in said(other, run.get_absolute_url())
    assert other.post(f"/bulk/{run.pk}/confirm/").status_code == 403
    going = started("lock", [make_card(), make_card()])
    assert other.post(f"/bulk/{going.pk}/stop/").status_code == 303
    going.refresh_from_db()
    assert (going.state, states(going)) == ("stopped", ["skipped", "skipped"])
    assert Entry.objects.get(action="bulk:stop").actor_roles == "compliance"
    assert "Stopped by" in said(other, going.get_absolute_url())


def test_what_runs_is_neither_drafted_again_nor_started_twice(client, started):
    run = started("lock", [make_card()])
    assert "started already" in said(client, client.post(f"/bulk/{run.pk}/check/", {"reason": "Again"}).url)
    assert client.post(f"/bulk/{run.pk}/confirm/").status_code == 422
    run.refresh_from_db()
    assert (run.state, run.reason) == ("running", "Fraud alarm")


@pytest.mark.parametrize("role", ["viewer", "finance", "admin"])
def test_who_may_not_lock_one_card_may_not_lock_many_nor_watch(client_as, ready, role):
    client, card = client_as(role), make_card()
    assert client.post("/bulk/cards/", {"action": "lock", "pk": card.pk}).status_code == 403
    run = ready("lock", [card])
    assert client.get(run.get_absolute_url()).status_code == 403
    assert client.post(f"/bulk/{run.pk}/stop/").status_code == 403


def test_boxes_are_there_for_what_one_may_do(client_as):
    make_card(last4="4242")
    page = said(client_as("operations"), "/cards/")
    assert 'aria-label="Select •••• 4242"' in page
    assert re.findall(r'name="action" value="(\w+)"', page) == [
        "lock", "unlock", "limit", "cancel", "read_cards", "note_cards",
    ]  # fmt: skip
    assert re.findall(r'name="action" value="(\w+)"', said(client_as("finance"), "/cards/")) == [
        "read_cards", "note_cards",
    ]  # fmt: skip
    assert "Select ••••" not in said(client_as("viewer"), "/cards/")


@pytest.mark.parametrize("where", ["/cards/", "/cardholders/", "/companies/", "/reviews/", "/reviews/companies/"])
def test_every_list_that_offers_something_has_boxes(client_as, where):
    make_card(make_cardholder(state="pending", application_status="pending"))
    make_company(state="pending", application_status="pending")
    assert "data-select-page" in said(client_as("compliance"), where)


def test_names_are_masked_where_the_list_masks_them(client_as, started):
    by = make_staff("finance")
    holder = make_cardholder(first_name="Ana", last_name="Marinho")
    run = started("note_cards", [make_card(holder)], by=by, text="Ana called twice")
    go_on(run)
    page = said(client_as("finance"), run.get_absolute_url())
    assert "A. M." in page
    assert "Marinho" not in page
    assert "called twice" not in page
    assert "Ana Marinho" in said(client_as("operations"), run.get_absolute_url())
    file = b"".join(client_as("finance").get(f"/bulk/{run.pk}/export/").streaming_content).decode()
    assert "A. M." in file
    assert "Marinho" not in file


def test_all_cards_of_a_person_or_company_are_locked_from_their_page(client):
    company = make_company()
    mine, theirs = make_card(company), make_card(make_cardholder(company=company))
    make_card()
    page = said(client, company.get_absolute_url())
    assert 'value="lock_companies"' in page
    where = chosen(client, "companies", "lock_companies", pk=company.pk)
    client.post(f"{where}check/", {"reason": "Fraud alarm"})
    run = BulkRun.objects.get()
    assert set(run.rows.values_list("record", "record_id")) == {("card", mine.pk), ("card", theirs.pk)}


def test_the_page_says_204_until_something_happens(client, started):
    run = started("note_cards", [make_card()], text="Seen")
    page = said(client, run.get_absolute_url())
    live = next(url for url in re.findall(r'hx-get="([^"]+)"', page) if url.startswith(run.get_absolute_url())).replace(
        "&amp;", "&"
    )
    swap = {"HX-Request": "true"}
    assert client.get(live, headers=swap).status_code == 204
    go_on(run)
    done = client.get(live, headers=swap).content.decode()
    assert "All done" in done
    assert "data-poll" not in done


def test_the_result_is_exported_with_its_verdicts(client, started):
    run = started("note_cards", [make_card(last4="0001")], text="Seen")
    go_on(run)
    file = b"".join(client.get(f"/bulk/{run.pk}/export/").streaming_content).decode()
    assert "•••• 0001" in file
    assert "will be changed,Done" in file
    assert Entry.objects.filter(action="list:export", record="bulk", record_id=run.pk).exists()


def test_runs_are_found_again(client, client_as, ready):
    ready("lock", [make_card()])
    assert "Lock cards" in said(client, "/bulk/")
    assert "No bulk action yet" in said(client_as("viewer"), "/bulk/")


def test_what_was_typed_to_find_people_stays_with_those_who_read_names(client, client_as):
    """Else a run would say whose the masked rows below it are."""
    make_cardholder(first_name="Ana", last_name="Marinho")
    where = chosen(client, "cardholders", "note_cardholders", all="1", query="q=marinho&state=approved")
    client.post(f"{where}check/", {"text": "Ana called twice"})
    finance = client_as("finance")
    for url in (where, f"{where}?change=1"):
        page = said(finance, url)
        assert "marinho" not in page.lower()
        assert "called twice" not in page
        assert "/cardholders/?state=approved" in page
    page = said(client, where)
    assert "q=marinho" in page
    assert "<strong>marinho</strong>" in page or "marinho</dd>" in page
    assert "Ana called twice" in said(client, f"{where}?change=1")


def test_a_list_of_many_runs_costs_as_many_queries_as_one_of_few(client, ready, django_assert_num_queries):
    card = make_card()
    ready("lock", [card])
    with CaptureQueriesContext(connection) as few:
        said(client, "/bulk/")
    for _more in range(9):
        ready("lock", [card])
    with django_assert_num_queries(len(few)):
        assert said(client, "/bulk/").count(">Lock cards</a>") == 10


def test_the_frame_of_a_run_is_that_of_every_page(client, started):
    """How fresh the data is stands in the bar of every page, and what may be undone below it."""
    page = client.get(started("lock", [make_card()]).get_absolute_url())
    assert page.context["live"].freshness.state == client.get("/bulk/").context["live"].freshness.state
