"""The panels of the home page: which role sees which, and that each figure leads to just the rows it counts."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import caches
from django.urls import reverse
from django.utils import timezone

from console.access import ROLE_PERMISSIONS, Role
from console.audit.models import Entry
from console.panels import periods, programme, reviews, spending, system
from console.panels.face import Asked, compared
from console.panels.registry import ORDER, PANELS, panels_for
from console.staff.models import User
from console.sync.models import Heartbeat
from tests.factories import (
    make_balance,
    make_break,
    make_card,
    make_cardholder,
    make_company,
    make_contract,
    make_delivery,
    make_proof,
    make_reconciliation,
    make_staff,
    make_swept,
    make_transaction,
)
from transactions.models import Report

pytestmark = pytest.mark.django_db
NOW = timezone.now


@pytest.fixture(autouse=True)
def _fresh():
    caches["local"].clear()


def asked(role=Role.ADMIN, key="30"):
    return Asked(periods.period(key, timezone.localdate()), ROLE_PERMISSIONS[role])


def marks(face):
    return [*face.figures, *(mark for chart in face.charts for mark in chart.marks)]


def by_label(face):
    return {mark.label: mark for mark in marks(face)}


def rows_behind(client, url):
    """How many rows the list at this address has, over all its pages."""
    found = 0
    while url:
        page = client.get(url).context["page"]
        assert page.is_filtered or "?" not in url, url
        assert page.form.errors == {}, (url, page.form.errors)
        found, url = found + len(page.rows), page.next_url
    return found


def make_world():
    """A little of everything, inside the period and outside of it, and on both sides of each filter."""
    make_money()
    make_people()
    make_books()
    make_machinery()


def make_money():
    now = NOW()
    for back in (1, 3, 20, 40, 100):
        at = now - timedelta(days=back)
        for state in ("completed", "pending", "declined", "reversed"):
            make_transaction(state=state, status=state, occurred_at=at, amount=1000 + back)
        make_transaction(amount=-300, occurred_at=at)
        make_transaction(occurred_at=at, currency="eur", amount=700)
        make_transaction(occurred_at=at, currency="", amount=50)
        make_transaction(kind="fee", type="fee", state="", status="", occurred_at=at, amount=199, currency="")
    for words in ("Card locked", "card locked", "CVV mismatch", "something never heard of"):
        make_transaction(
            state="declined", status="declined", declined_reason=words, occurred_at=now - timedelta(days=2)
        )


def make_people():
    now, company = NOW(), make_company()
    words = "notstarted pending needsinformation manualreview denied locked approved surprise"
    for state in ("", *words.split()):
        for back in (0, 2, 5, 9, 50):
            since = now - timedelta(days=back, minutes=1)
            who = make_cardholder(state=state, application_status=state, state_since=since)
            type(who).objects.filter(pk=who.pk).update(created_at=since)
            if state == "approved" and back:
                make_card(who, state="locked" if back == 5 else "active", codego_created_at=since)
    make_company(state="manualreview", application_status="manualReview", state_since=now - timedelta(days=4))
    make_card(company, state="melted", expires_on=now.date() + timedelta(days=9), codego_created_at=now)
    make_card(company, state="canceled", codego_created_at=now - timedelta(days=40))
    for back in (3, 40):
        Entry.objects.create(
            action="review:decide", record="cardholder", record_id=who.pk, at=now - timedelta(days=back),
            detail={"decision": "escalated"}, actor=make_staff("compliance"),
        )  # fmt: skip


def make_books():
    now = NOW()
    for limit, power in ((0, 0), (100_000, 4_000), (100_000, 90_000), (50_000, -20)):
        owner = make_cardholder()
        balance = make_balance(
            owner, credit_limit=limit, spending_power=power, balance_due=limit - power, pending_charges=0
        )
        make_contract(owner)
    run = make_reconciliation(counts={"tied": 1, "unexplained": 1, "explained": 0, "incomplete": 0})
    make_proof(balance, run)
    make_proof(make_balance(make_cardholder()), run, state="unexplained")
    for cause, back in (("unknown", 0), ("rounding", 2), ("timing", 5), ("hold_kept", 9), ("timing", 9)):
        make_break(balance, cause=cause, first_seen=now - timedelta(days=back, minutes=1))
    make_break(contract=make_contract(make_cardholder()), cause="contract_missing")
    Report.objects.create(
        asked_by=make_staff("finance"), format="csv", by="posted", start=now, end=now, time_zone="UTC"
    )


def make_machinery():
    now = NOW()
    for hours in (0, 0, 3, 30):
        make_delivery(received_at=now - timedelta(hours=hours))
    make_delivery(verdict="forged", received_at=now)
    User.objects.filter(pk=make_staff("viewer").pk).update(last_login=now - timedelta(days=91))
    for name in ("worker", "beat"):
        Heartbeat.objects.create(name=name, at=now)
    make_swept()


# --- Who sees what ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(Role))
def test_each_role_has_its_panels_in_its_order_and_none_that_it_may_not_see(role):
    assert [panel.key for panel in panels_for([role.value])] == list(ORDER[role])
    assert all(PANELS[key].needs in ROLE_PERMISSIONS[role] for key in ORDER[role])


def test_several_roles_have_the_panels_of_each_once():
    keys = [panel.key for panel in panels_for(["finance", "operations"])]
    assert keys == [*ORDER[Role.OPERATIONS], *(key for key in ORDER[Role.FINANCE] if key != "spend")]
    assert panels_for([]) == []


def test_every_panel_belongs_to_some_role():
    assert set().union(*ORDER.values()) == set(PANELS)


# --- From a figure to its rows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["90", "last"])
def test_every_figure_leads_to_just_the_rows_it_counts(client_as, key):
    make_world()
    client = client_as(*Role)  # somebody who may open every list
    followed = {}
    for panel in PANELS.values():
        face = panel.face(
            Asked(periods.period(key, timezone.localdate()), frozenset().union(*ROLE_PERMISSIONS.values()))
        )
        for mark in marks(face):
            if mark.url and mark.rows:
                assert rows_behind(client, mark.url) == mark.rows, (panel.key, mark)
                followed.setdefault(panel.key, []).append(mark.label)
        for lines in face.lines:
            for line in lines.rows:
                assert client.get(line.url).status_code == 200, line
        assert client.get(reverse(panel.route)).status_code == 200
    expected = {
        "spend",
        "declines",
        "fees",
        "cards",
        "power",
        "queue",
        "collateral",
        "proofs",
        "breaks",
        "webhooks",
        "staff",
    }
    assert set(followed) >= expected
    if key == "90":
        assert {"funnel", "decisions"} <= set(followed)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_open_whatever_its_home_leads_to(client_as, role):
    make_world()
    client = client_as(role.value)
    page = client.get("/")
    assert all(drawn.face for drawn in page.context["panels"])
    for drawn in page.context["panels"]:
        urls = {mark.url for mark in marks(drawn.face)} | {line.url for part in drawn.face.lines for line in part.rows}
        for url in {*urls, reverse(drawn.panel.route)} - {""}:
            assert client.get(url).status_code == 200, (drawn.panel.key, url)


# --- What they say ----------------------------------------------------------------------------------------------------


def test_the_funnel_narrows_step_by_step():
    make_world()
    steps, where = programme.funnel(asked()).charts
    values = [mark.value for mark in steps.marks]
    assert values == sorted(values, reverse=True)
    assert values[0] > values[-1] > 0
    assert sum(mark.value for mark in where.marks) == values[0]
    assert next(mark for mark in where.marks if mark.label == "surprise").url == ""


def test_spend_is_summed_for_each_currency_alone():
    now = NOW()
    make_transaction(amount=1000, occurred_at=now)
    make_transaction(amount=500, occurred_at=now, state="pending", status="pending")
    make_transaction(amount=-300, occurred_at=now)  # a refund is no purchase
    make_transaction(amount=9999, occurred_at=now, state="declined", status="declined")
    make_transaction(amount=700, occurred_at=now, currency="eur")
    face = spending.spend(asked())
    assert [(mark.label, mark.value, mark.rows) for mark in face.figures] == [
        ("Spent, USD", 1500, 2), ("Still held, USD", 500, 1), ("Spent, EUR", 700, 1),
    ]  # fmt: skip
    assert [mark.value for mark in face.charts[0].marks][-2:] == [0, 1500]
    assert len(face.charts[0].marks) == 30


def test_collateral_is_told_beside_the_limit_and_what_is_used_of_it():
    owner = make_cardholder()
    token = {"address": "0x1", "balance": "250.5", "exchange_rate": "2", "advance_rate": "0.9"}
    make_contract(owner, tokens=[token, token])
    make_balance(owner, credit_limit=90_000, pending_charges=9_000, balance_due=27_000, spending_power=54_000)
    make_balance(make_cardholder(), credit_limit=0, spending_power=0)
    face = programme.collateral(asked(Role.FINANCE))
    assert [(mark.label, mark.value, mark.rows) for mark in face.figures] == [
        ("Collateral", 100_200, None), ("Credit limit it gives", 90_000, 1), ("Nothing left to spend", 0, 0),
    ]  # fmt: skip
    assert [(mark.label, mark.value) for mark in face.charts[0].marks] == [
        ("Owed", 27_000), ("Held", 9_000), ("Free", 54_000),
    ]  # fmt: skip
    assert face.charts[0].said == "40% of the limit is used"


def test_declines_are_grouped_by_the_reasons_the_list_knows():
    make_world()
    found = by_label(spending.declines(asked()))
    assert found["Card locked"].value == 2
    assert found["Wrong security code"].value == 1
    assert found["Any other reason"].value == 1 + 3  # unheard of, and those of the world that say nothing


def test_the_period_before_is_told_in_words():
    make_transaction(amount=1000, occurred_at=NOW())
    make_transaction(amount=800, occurred_at=NOW() - timedelta(days=10))
    assert spending.spend(asked(key="7")).figures[0].note == "25% more than before ($8.00)"
    assert compared(5, 10, "10") == "50% less than before (10)"
    assert compared(10, 10, "10") == "The same as before"
    assert compared(3, 0, "0") == "None in the days before"
    assert compared(10_001, 10_000, "10,000") == "1% more than before (10,000)"


def test_what_nobody_watches_is_told():
    make_world()
    assert by_label(system.staff(asked()))["May sign in, and did not for 90 days"].value == 1
    Heartbeat.objects.update(at=NOW() - timedelta(minutes=5))
    figures = by_label(system.machinery(asked()))
    assert (figures["Worker"].shown, figures["Worker"].tone) == ("Stands still", "bad")


def test_stale_data_says_so_beside_its_schedule():
    make_swept(cards=timedelta(hours=3))
    lines = {line.name: line for line in system.freshness(asked()).lines[0].rows}
    assert lines["Cards"].badge.label == "Stale"
    assert lines["Balances"].badge.label == "Fresh"
    assert lines["Balances"].note == "read every 1 h"


def test_what_compliance_settled_does_not_wait():
    who = make_cardholder(state="denied", application_status="denied", state_since=NOW() - timedelta(days=1))
    assert by_label(reviews.queue(asked(Role.COMPLIANCE)))["Denied"].value == 1
    Entry.objects.create(
        action="review:decide", record="cardholder", record_id=who.pk, detail={"decision": "no_action"}
    )
    caches["local"].clear()
    assert reviews.queue(asked(Role.COMPLIANCE)).empty


def test_an_empty_programme_has_words_for_each_panel(client_as):
    page = client_as(*Role).get("/")
    assert page.status_code == 200
    assert {drawn.panel.key for drawn in page.context["panels"]} == set(PANELS)
    assert "No purchases in this time" in page.text
    assert "This part could not be made" not in page.text


# --- Days of the reader -----------------------------------------------------------------------------------------------


def test_periods_are_whole_days_and_what_they_are_compared_with_fits():
    today = date(2026, 3, 31)
    month, last, week = (periods.period(key, today) for key in ("month", "last", "7"))
    assert (month.first, month.last) == (date(2026, 3, 1), today)
    assert (month.before_first, month.before_last) == (date(2026, 2, 1), date(2026, 2, 28))
    assert (last.first, last.last, last.before_first) == (date(2026, 2, 1), date(2026, 2, 28), date(2026, 1, 1))
    assert (week.first, week.before_first, week.before_last) == (
        date(2026, 3, 25),
        date(2026, 3, 18),
        date(2026, 3, 24),
    )
    assert periods.period("nonsense", today).key == periods.DEFAULT
    assert periods.period("month", date(2026, 3, 1)).before_last == date(2026, 2, 1)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/Los_Angeles", "Pacific/Kiritimati", "UTC"])
def test_days_begin_at_midnight_where_the_reader_is(zone):
    with timezone.override(zone):
        today = timezone.localdate()
        midnight = datetime(today.year, today.month, today.day, tzinfo=ZoneInfo(zone))
        make_transaction(amount=100, occurred_at=midnight - timedelta(seconds=1))
        make_transaction(amount=20, occurred_at=midnight)
        caches["local"].clear()
        days = spending.spend(asked(key="7")).charts[0].marks
        assert [mark.value for mark in days[-2:]] == [100, 20]


def test_the_list_behind_a_day_counts_in_the_same_zone(client_as):
    staff = make_staff("operations", time_zone="Pacific/Kiritimati")
    client = client_as("viewer")
    client.force_login(staff)
    for hours in range(72):
        make_transaction(amount=100, occurred_at=NOW() - timedelta(hours=hours))
    spend = next(drawn for drawn in client.get("/").context["panels"] if drawn.panel.key == "spend")
    days = [mark for mark in spend.face.charts[0].marks if mark.rows]
    assert len(days) in {3, 4}
    assert all(rows_behind(client, mark.url) == mark.rows for mark in days)


# --- The page ---------------------------------------------------------------------------------------------------------


def test_a_panel_that_fails_leaves_the_others_standing(client_as):
    make_reconciliation(counts={"tied": "many"})
    make_transaction(amount=1000, occurred_at=NOW())
    page = client_as("finance").get("/")
    assert page.status_code == 200
    assert page.text.count("This part could not be made") == 1
    assert "$10.00" in page.text
    failed = [drawn.panel.key for drawn in page.context["panels"] if drawn.face is None]
    assert failed == ["proofs"]


def test_names_are_masked_for_those_who_may_not_read_them(client_as):
    make_balance(make_cardholder(), credit_limit=100_000, spending_power=1)
    make_cardholder(
        state="denied", application_status="denied", state_since=NOW(), application_reason="Forged passport"
    )
    assert "Marinho" in client_as("operations").get("/").text
    assert "Forged passport" in client_as("compliance").get("/").text
    for role in ("finance", "viewer"):
        assert "Marinho" not in client_as(role).get("/").text
        assert "Marinho" not in client_as(role).get(reverse("cardholders:accounts")).text


def test_only_what_changed_comes_with_the_poll(client_as):
    client = client_as("viewer")
    url = client.get("/").context["panels_url"]
    poll = {"HX-Request": "true"}
    assert client.get(url, headers=poll).status_code == 204
    make_transaction(state="declined", status="declined", occurred_at=NOW())
    caches["local"].clear()
    answer = client.get(url, headers=poll)
    assert 'id="panel-declines"' in answer.text
    assert 'id="panel-spend"' not in answer.text
    assert client.get(answer.context["panels_url"], headers=poll).status_code == 204


def test_the_period_is_in_the_address(client_as):
    page = client_as("operations").get("/?period=last")
    assert page.context["period"].key == "last"
    assert 'href="?period=last" aria-current="true"' in page.text


def test_the_number_of_queries_does_not_grow_with_the_rows(client_as, django_assert_max_num_queries):
    make_world()
    client = client_as(*Role)
    with django_assert_max_num_queries(110):
        client.get("/")
    with django_assert_max_num_queries(70):  # what is kept is not asked for again
        client.get("/")
