"""How old a list or a record is: said in words, with why and a way to refresh it, and without asking much."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cards.models import Card
from console.provider.models import Budget
from console.sync import reading, runs
from console.sync.models import Heartbeat, RunState
from console.sync.schedule import SCHEDULE
from tests.factories import (
    make_balance,
    make_card,
    make_cardholder,
    make_company,
    make_contract,
    make_dispute,
    make_run,
    make_swept,
    make_transaction,
)

pytestmark = pytest.mark.django_db
MINUTES = timedelta(minutes=1)
HOURS = timedelta(hours=1)
LISTS = {
    "/cardholders/": "cardholders",
    "/companies/": "companies",
    "/cards/": "cards",
    "/transactions/": "transactions",
    "/disputes/": "disputes",
    "/reviews/": "cardholders",
    "/reviews/companies/": "companies",
    "/reports/": "transactions",
    "/": "cards-transactions",
}


@pytest.fixture(autouse=True)
def _beating(db):
    for name in ("worker", "beat"):
        Heartbeat.objects.create(name=name, at=timezone.now())


def words(page) -> str:
    """What the first of its kind on the page says, without the tags."""
    found = re.search(r'<div class="as-of".*?</div>', page.text, re.DOTALL)
    spoken = re.sub(r"</?time[^>]*>", "", found.group()) if found else ""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", spoken)).split())


@pytest.mark.parametrize(("url", "resource"), LISTS.items())
def test_every_list_says_how_old_it_is(client_as, url, resource):
    client = client_as("admin", "finance")
    make_swept(4 * MINUTES)
    page = client.get(url)
    assert words(page) == "As of 4 min ago"
    assert '<time datetime="' in page.text
    assert f"/as-of/{resource}/?seen=fresh-" in page.text
    make_swept(30 * HOURS)
    assert words(client.get(url)).startswith("Stale since ")


@pytest.mark.parametrize(("name", "pace"), SCHEDULE.items())
def test_each_resource_is_stale_after_its_own_time(client_as, name, pace):
    client = client_as("viewer")
    make_swept(pace.stale - MINUTES)
    assert words(client.get(f"/as-of/{name}/")).startswith("As of ")
    make_swept(pace.stale + MINUTES)
    assert words(client.get(f"/as-of/{name}/")).startswith("Stale since ")


def test_what_was_never_read_is_not_called_stale(client_as):
    client = client_as("viewer")
    page = client.get("/cards/")
    assert words(page) == "Not read yet"
    assert 'data-state="never"' in page.text
    make_run(kind="import", state="running", finished_at=None, resources=list(runs.KINDS["import"]))
    page = client.get("/cards/")
    assert words(page) == "Being read for the first time The import is under way: 0 of 7 parts done."
    assert "First import running" in page.text


def failing() -> None:
    make_run(kind="catch_up", state="running", finished_at=None, error="HTTP 500: no luck")


def given_up() -> None:
    make_run(kind="catch_up", state="failed", error="HTTP 500: no luck")
    make_run(kind="window", resources=["disputes"])


def silent() -> None:
    Budget.objects.create(pk=1, down_since=timezone.now().replace(hour=10, minute=45))


def dead() -> None:
    Heartbeat.objects.update(at=timezone.now() - HOURS)


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (failing, "The sweep fails and is tried again by itself. HTTP 500: no luck"),
        (given_up, "The last sweep gave up. HTTP 500: no luck"),
        (silent, "The provider has not answered since 10:45."),
        (dead, "Background work stands still."),
    ],
)
def test_what_is_stale_says_why(client_as, happens, why):
    make_swept(2 * HOURS)
    happens()
    assert why in words(client_as("finance").get("/cards/"))
    assert "no luck" not in words(client_as("viewer").get("/cards/"))


def test_whoever_may_run_a_sweep_is_led_to_the_right_one(client_as):
    make_swept(30 * HOURS)
    for url, kind in (("/cards/", "catch_up"), ("/disputes/", "window")):
        assert f"/reconciliation/runs/start/?kind={kind}" in client_as("finance").get(url).text
        assert "/runs/start/" not in client_as("operations").get(url).text
    form = client_as("finance").get("/reconciliation/runs/start/?kind=window").context["form"]
    assert form["kind"].value() == "window"


def test_the_poll_is_silent_until_there_is_something_to_say(client_as, django_assert_max_num_queries):
    client = client_as("viewer")
    make_swept(4 * MINUTES)
    url = client.get("/as-of/cards/").context["poll_url"]
    with django_assert_max_num_queries(3):
        assert client.get(url).status_code == 204
    make_swept(21 * MINUTES)
    assert "Stale" in client.get(url).text
    assert client.get("/as-of/nonsense/").status_code == 404


def test_a_page_asks_once_for_all_that_it_says(client_as):
    holder = make_cardholder()
    make_balance(holder)
    make_contract(holder)
    make_swept()
    client = client_as("viewer")
    with CaptureQueriesContext(connection) as asked:
        client.get(holder.get_absolute_url())
    sql = [query["sql"] for query in asked.captured_queries]
    assert sum("sync_cursor" in each for each in sql) == 1
    assert not any("sync_run" in each or "sync_heartbeat" in each for each in sql)


# --- Records ----------------------------------------------------------------------------------------------------------


def test_every_record_says_how_old_it_is(client_as):
    holder, company = make_cardholder(), make_company()
    make_balance(holder, read_at=timezone.now() - 7 * MINUTES)
    make_contract(holder, read_at=timezone.now() - 8 * MINUTES)
    transaction = make_transaction()
    client = client_as("viewer")
    make_swept()
    for record in (holder, company, make_card(holder), transaction, make_dispute(transaction, read_at=timezone.now())):
        assert words(client.get(record.get_absolute_url())) == "As of just now"
    page = client.get(holder.get_absolute_url()).text
    assert "As of <time" in page
    assert page.count('class="as-of"') == 3


def test_a_settled_purchase_of_last_month_is_as_good_as_the_sweeps(client_as):
    found = make_transaction(read_at=timezone.now() - timedelta(days=40))
    make_swept()
    assert words(client_as("viewer").get(found.get_absolute_url())).startswith("As of ")
    make_swept(HOURS)
    assert words(client_as("viewer").get(found.get_absolute_url())).startswith("Stale since ")


def test_a_card_that_the_sweeps_are_not_shown_any_more_is_stale(client_as):
    card = make_card(read_at=timezone.now() - HOURS)
    make_swept()
    assert "The sweeps since then were not shown it." in words(client_as("viewer").get(card.get_absolute_url()))


def test_a_record_that_cannot_be_read_says_so(client_as):
    card = make_card(read_at=timezone.now() - HOURS, dirty_at=timezone.now(), read_error="HTTP 500")
    make_swept()
    assert "Reading it failed: HTTP 500" in words(client_as("viewer").get(card.get_absolute_url()))


def test_a_mark_nobody_answers_makes_a_record_stale(client_as):
    card = make_card(dirty_at=timezone.now())
    make_swept()
    client = client_as("viewer")
    assert words(client.get(card.get_absolute_url())) == "As of just now, being read again"
    Card.objects.update(dirty_at=timezone.now() - 6 * MINUTES)
    assert words(client.get(card.get_absolute_url())).startswith("Stale since 6 min ago")


def test_somebody_known_here_only_has_no_age(client_as):
    holder = make_cardholder(codego_id=None, external_id="ours", read_at=None)
    assert 'class="as-of"' not in client_as("viewer").get(f"/as-of/cardholders/{holder.pk}/").text
    assert client_as("finance").post(f"/as-of/cardholders/{holder.pk}/read-again/").status_code == 404


@pytest.mark.parametrize(
    ("role", "may"), [("viewer", False), ("operations", True), ("compliance", True), ("finance", True), ("admin", True)]
)
def test_who_may_have_a_record_read_again(client_as, role, may):
    card = make_card()
    client = client_as(role)
    assert ("Read again" in client.get(card.get_absolute_url()).text) == may
    assert client.post(f"/as-of/cards/{card.pk}/read-again/").status_code == (303 if may else 403)
    card.refresh_from_db()
    assert (card.dirty_at is not None) == may


def test_reading_again_does_not_wait_for_what_failed_before(client_as):
    later = timezone.now() + HOURS
    balance = make_balance(make_cardholder(), reading_at=later, read_failures=9, read_error="HTTP 500")
    answer = client_as("operations").post(f"/as-of/balances/{balance.pk}/read-again/")
    assert answer.url == balance.cardholder.get_absolute_url()
    balance.refresh_from_db()
    assert (balance.reading_at, balance.read_failures, balance.read_error) == (None, 0, "")


@pytest.mark.django_db(transaction=True)
def test_a_record_read_again_shows_what_the_provider_says_now(client_as, sandbox):
    run = runs.start("import", ["cards"])
    while run.state == RunState.RUNNING:
        run = runs.work(runs.claim(run.pk))
    card = Card.objects.filter(state="active").first()
    Card.objects.filter(pk=card.pk).update(status="locked", state="locked", version=None)
    client = client_as("operations")
    again = client.post(f"/as-of/cards/{card.pk}/read-again/", headers={"HX-Request": "true"})
    assert words(again) == "As of just now, being read again"
    poll = again.context["poll_url"]
    assert client.get(poll).status_code == 204
    reading.read_dirty()
    settled = client.get(poll)
    assert "settled" in settled.headers["HX-Trigger"]
    assert words(settled).startswith("As of just now Read again")
    assert 'data-announce="It was read."' in settled.text
    card.refresh_from_db()
    assert card.state == "active"
