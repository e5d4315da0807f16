"""Home: each matter appears with its count and leads to its rows, each role sees what is its to see, sums never mix."""

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.urls import reverse
from django.utils import timezone

from cardholders.accounts import low_power
from console import attention
from console.provider.models import RequestLog
from console.sync import forged
from console.sync.models import Heartbeat, Rejection
from console.vocabulary.models import Word
from tests.factories import (
    make_balance,
    make_break,
    make_card,
    make_cardholder,
    make_command,
    make_company,
    make_contract,
    make_delivery,
    make_reconciliation,
    make_run,
    make_staff,
    make_transaction,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh():
    caches["local"].clear()
    for name in ("worker", "beat"):
        Heartbeat.objects.create(name=name, at=timezone.now())
    make_delivery()


def keys(client):
    return {matter["key"] for matter in client.get("/").context["matters"]}


def test_a_quiet_programme_says_so(client_as):
    page = client_as("admin").get("/")
    assert page.status_code == 200
    assert "Nothing needs you" in page.text


def test_every_matter_has_its_sentence_and_its_rows(client_as):
    now = timezone.now()
    holder = make_cardholder()
    make_balance(holder, credit_limit=100_000, spending_power=4_999)
    make_cardholder(state="manualreview", application_status="manualReview", state_since=now - timedelta(days=3))
    make_command(state="unknown")
    make_command(state="several", kind="issue")
    make_delivery(verdict="parked")
    for age in (timedelta(hours=1), timedelta(days=20)):  # the list behind the count must leave the older one out
        make_transaction(
            make_card(make_company()), status="declined", state="declined",
            declined_reason="Account credit limit exceeded", occurred_at=now - age,
        )  # fmt: skip
    make_card(holder, expires_on=now.date() + timedelta(days=10))
    make_card(holder, expires_on=now.date() + timedelta(days=90))
    Word.objects.create(field="card.status", folded="frosted", word="frosted")
    forged.reject(Rejection.WRONG, b"{}", {}, ["0" * 64], "203.0.113.1")
    Heartbeat.objects.update(at=now - timedelta(minutes=5))
    RequestLog.objects.create(route="GET /cards", status=403)
    balance = make_balance(make_cardholder(), credit_limit=0)
    make_break(balance, cause="unknown", first_seen=now - timedelta(days=1))
    make_break(balance, cause="duplicate", first_seen=now - timedelta(days=8))
    make_break(balance, first_seen=now - timedelta(days=8), expected_until=now + timedelta(days=3))  # passes by itself
    make_reconciliation(signed_at=now, reopened_at=now)
    make_reconciliation(prepared_at=now, prepared_by=make_staff("finance"))
    make_reconciliation(state="failed")
    client = client_as("admin")
    page = client.get("/")
    found = {matter["key"]: matter["found"] for matter in page.context["matters"]}
    assert set(found) == {rule.key for rule in attention.RULES} - {"silence"}
    assert "IP allow-list" in page.text
    for key in ("deliveries", "declines", "expiring", "unexplained", "old_breaks", "reopened"):
        behind = client.get(found[key].url).context["page"]
        assert (len(behind.rows), behind.is_filtered, behind.form.errors) == (1, True, {}), key
    for key in ("several", "unknown", "stuck", "contractless", "power"):
        assert len(client.get(found[key].url).context["lines"]) == int(found[key].words.split()[0]), key
    tones = [matter["tone"] for matter in page.context["matters"]]
    assert tones == sorted(tones, key=attention.TONES.index)


def test_the_rows_behind_a_count_are_the_ones_counted(client_as):
    waiting = make_company(state="needsverification", state_since=timezone.now() - timedelta(days=3))
    make_company(state="needsverification", state_since=timezone.now() - timedelta(days=1))
    page = client_as("compliance").get(reverse("attention", args=["stuck"]))
    assert [line.holder for line in page.context["lines"]] == [waiting]


def test_a_company_carries_its_people_and_a_contract_settles_it(client_as):
    company = make_company()
    make_cardholder(company=company)
    client = client_as("operations")
    lines = client.get(reverse("attention", args=["contractless"])).context["lines"]
    assert [line.holder for line in lines] == [company]
    make_contract(company)
    caches["local"].clear()
    assert "contractless" not in keys(client)


def test_roles_see_what_is_theirs_to_see(client_as):
    make_cardholder(state="manualreview", state_since=timezone.now() - timedelta(days=3))
    make_delivery(verdict="failed")
    assert keys(client_as("viewer")).isdisjoint({"stuck", "deliveries"})
    assert "stuck" in keys(client_as("operations"))
    assert {"stuck", "deliveries"} <= keys(client_as("compliance"))
    assert client_as("viewer").get(reverse("attention", args=["stuck"])).status_code == 404


def test_names_are_masked_on_the_rows_page(client_as):
    make_balance(make_cardholder(), credit_limit=100_000, spending_power=1)
    url = reverse("attention", args=["power"])
    assert "Marinho" not in client_as("finance").get(url).text
    assert "Marinho" in client_as("operations").get(url).text


def test_power_counts_only_accounts_with_credit():
    make_balance(make_cardholder(), credit_limit=0, spending_power=0)
    make_balance(make_cardholder(), credit_limit=1_000_000, spending_power=50_000)
    low = make_balance(make_cardholder(), credit_limit=1_000_001, spending_power=50_000)
    assert list(low_power()) == [low]


def test_a_reconciliation_that_stays_away_is_told_while_sweeps_run(client_as):
    now = timezone.now()
    finance = client_as("finance")
    make_run(kind="import", finished_at=now - timedelta(hours=4))
    assert "unproven" not in keys(finance)  # nothing ran lately: something else is wrong, and said
    make_run(kind="catch_up", finished_at=now)
    assert "unproven" in keys(finance)
    assert "unproven" not in keys(client_as("operations"))
    made = make_reconciliation(started_at=now - timedelta(hours=2))
    assert "unproven" not in keys(finance)
    made.started_at = now - timedelta(hours=4)
    made.save()
    assert "unproven" in keys(finance)


def test_nothing_is_counted_past_a_hundred():
    for _ in range(attention.MOST + 5):
        make_delivery(verdict="parked")
    from console.sync.models import Delivery

    assert attention.shown(attention.count(Delivery.objects.filter(verdict="parked"))) == "100+"


def test_silence_is_told(client_as):
    from console.sync.models import Delivery

    Delivery.objects.update(received_at=timezone.now() - timedelta(hours=9))
    page = client_as("admin").get("/")
    assert "No webhook has come for 9 h." in page.text


def test_a_poll_is_answered_204_until_something_changes(client_as):
    client = client_as("operations")
    address = client.get("/").context["live_url"]
    poll = {"HX-Request": "true"}
    assert client.get(address, headers=poll).status_code == 204
    make_command(state="unknown")
    answer = client.get(address, headers=poll)
    assert answer.status_code == 200
    assert "unknown outcome" in answer.text
    assert "<html" not in answer.text


def test_the_first_import_shows_how_far_it_is(client_as):
    counts = {"cards": {"seen": 1234, "created": 1234, "changed": 0, "unchanged": 0, "failed": 0}}
    make_run(
        kind="import",
        state="running",
        resources=["cards", "transactions"],
        cursor={"left": ["transactions"]},
        counts=counts,
    )
    page = client_as("viewer").get("/")
    assert "Import: reading Transactions" in page.text
    assert "1 of 2 done · 1,234 seen" in page.text


def test_own_matters_come_first_and_those_of_others_unfold(client_as):
    make_command(state="unknown")
    make_delivery(verdict="parked")
    page = client_as("operations").get("/")
    assert [matter["key"] for matter in page.context["own"]] == ["unknown"]
    admin = client_as("admin").get("/")
    assert [matter["key"] for matter in admin.context["own"]] == ["deliveries"]
    assert [matter["key"] for matter in admin.context["others"]] == ["unknown"]
    assert "1 thing for other roles" in admin.text
    viewer = client_as("viewer").get("/")
    assert viewer.context["own"] == []
    assert "Nothing needs you" in viewer.text


def test_the_number_of_queries_does_not_grow(client_as, django_assert_max_num_queries):
    for _ in range(3):
        make_balance(make_cardholder(), credit_limit=100_000, spending_power=1)
    client = client_as("admin")
    with django_assert_max_num_queries(60):
        client.get("/")
    with django_assert_max_num_queries(12):
        client.get(reverse("attention", args=["power"]))


def test_help_names_only_screens_the_role_may_open(client_as):
    viewer = client_as("viewer").get(reverse("help"))
    assert viewer.status_code == 200
    assert reverse("sync:inbox") not in viewer.text
    assert reverse("sync:inbox") in client_as("admin").get(reverse("help")).text
