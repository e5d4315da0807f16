"""Inbox and reconciliation on screen: what came is shown safely, replayed on purpose, and runs tell what they found."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from console.audit.events import Action
from console.audit.models import Entry
from console.sync import bodies, inbox, views
from console.sync.models import Cursor, Delivery, Run
from tests.factories import make_card, make_cardholder, make_contract, make_delivery, make_run, make_swept

pytestmark = pytest.mark.django_db
INBOX = "/inbox/"
BODY = {
    "type": "user.updated",
    "body": {
        "id": "u1", "firstName": "Ana", "email": "ana@holder.test", "address": {"line1": "1 Main St"},
        "number": "4111111111111111", "amount": 12,
    },
}  # fmt: skip


def shown(page):
    return [delivery.pk for delivery, _took, _error in page.context["rows"]]


def test_the_inbox_filters(client_as):
    client = client_as("compliance")
    old = make_delivery(received_at=timezone.now() - timedelta(days=3))
    parked = make_delivery(verdict="parked", type="transaction.created", object_id="t9", event_id="evt_9")
    failed = make_delivery(verdict="failed")
    assert shown(client.get(INBOX)) == [failed.pk, parked.pk, old.pk]
    assert shown(client.get(INBOX, {"verdict": ["parked", "failed"]})) == [failed.pk, parked.pk]
    assert shown(client.get(INBOX, {"type": "Transaction"})) == [parked.pk]
    assert shown(client.get(INBOX, {"object_id": "t9", "event_id": "evt_9"})) == [parked.pk]
    day = (timezone.localdate() - timedelta(days=2)).isoformat()
    assert shown(client.get(INBOX, {"to": day})) == [old.pk]
    assert shown(client.get(INBOX, {"sort": "received"})) == [old.pk, parked.pk, failed.pk]


def test_a_list_page_asks_few_questions(client_as, django_assert_max_num_queries):
    client = client_as("admin")
    for _ in range(30):
        make_delivery()
    make_swept()
    with django_assert_max_num_queries(12):
        client.get(INBOX)


def test_the_body_is_masked_for_those_who_may_not_read_it(client_as):
    found = make_delivery(body=json.dumps(BODY).encode())
    url = reverse("sync:delivery", args=[found.pk])
    clear, masked = client_as("compliance").get(url).context["body"], client_as("finance").get(url).context["body"]
    assert '"firstName": "Ana"' in clear
    assert '"line1": "1 Main St"' in clear
    for personal in ("Ana", "ana@", "Main St"):
        assert personal not in masked
    for each in (clear, masked):
        assert "4111" not in each
        assert '"amount": 12' in each


def test_numbers_are_shown_as_they_were_written():
    raw = (
        b'{"a": 12.50, "b": 1e3, "c": 123456789012345678901, "d": true, "e": null, "f": [], "g": {}, "address": "0xab"}'
    )
    text = bodies.readable(raw, clear=False)
    for part in (
        '"a": 12.50',
        '"b": 1e3',
        '"c": 123456789012345678901',
        '"d": true',
        '"e": null',
        '"f": []',
        '"g": {}',
    ):
        assert part in text
    assert '"address": "0xab"' in text
    assert json.loads(bodies.readable(json.dumps(BODY).encode(), clear=True))["body"]["firstName"] == "Ana"


def test_a_body_that_is_no_json_is_not_shown(client_as):
    assert bodies.readable(b"[" * 100_000, clear=True) == ""
    found = make_delivery(body=b"\xff ana@holder.test")
    page = client_as("admin").get(reverse("sync:delivery", args=[found.pk]))
    assert "is no JSON" in page.text
    assert "ana@" not in page.text


def test_a_body_is_never_html(client_as):
    found = make_delivery(body=b'{"type":"x","body":{"id":"<script>alert(1)</script>"}}', type="<b>x</b>")
    page = client_as("admin").get(reverse("sync:delivery", args=[found.pk])).text
    assert "<script>alert" not in page
    assert "<b>x</b>" not in page


def test_an_error_that_quotes_the_body_keeps_to_its_kind(client_as):
    found = make_delivery(verdict="failed", error="IntegrityError: Key (email)=(ana@holder.test) exists")
    for url in (INBOX, reverse("sync:delivery", args=[found.pk]), "/inbox/export/"):
        answer = client_as("finance").get(url)
        text = answer.getvalue().decode() if answer.streaming else answer.text
        assert "IntegrityError" in text
        assert "ana@" not in text


def test_the_record_and_its_siblings_are_linked(client_as):
    card = make_card(codego_id="c77")
    first = make_delivery(object_id="c77", event_id="evt_1")
    second = make_delivery(object_id="c77", event_id="evt_1", verdict="duplicate")
    page = client_as("admin").get(reverse("sync:delivery", args=[second.pk]))
    assert card.get_absolute_url() in page.text
    assert reverse("sync:delivery", args=[first.pk]) in page.text
    assert not page.context["may_replay"]
    owner = make_cardholder()
    contract = make_contract(owner)
    about = make_delivery(type="contract.created", object_id=contract.codego_id)
    assert owner.get_absolute_url() in client_as("admin").get(reverse("sync:delivery", args=[about.pk])).text


def test_replay_is_confirmed_done_and_written_down(client_as):
    found = make_delivery(verdict="parked", attempts=8)
    url = reverse("sync:replay", args=[found.pk])
    client = client_as("admin")
    assert "Apply this delivery again?" in client.get(url).text
    found.refresh_from_db()
    assert found.verdict == "parked"
    assert client.post(url).status_code == 303
    found.refresh_from_db()
    assert (found.verdict, found.attempts) == ("new", 0)
    entry = Entry.objects.get(action=Action.DELIVERY_REPLAY)
    assert (entry.record_id, entry.detail["count"]) == (found.pk, 1)


def test_replay_all_keeps_to_the_filter_and_the_bound(client_as, monkeypatch):
    monkeypatch.setattr(views, "MOST_REPLAYED", 2)
    parked = [make_delivery(verdict="parked") for _ in range(3)]
    done = make_delivery()
    client = client_as("admin")
    page = client.get("/inbox/replay/?verdict=parked")
    assert "2 deliveries are applied again." in page.text
    assert ("Parked after failing", "2") in page.context["facts"]
    assert "Only the 2 newest" in page.text
    client.post("/inbox/replay/?verdict=parked")
    assert Delivery.objects.filter(verdict="new").count() == 2
    assert Delivery.objects.get(pk=parked[0].pk).verdict == "parked"
    assert Delivery.objects.get(pk=done.pk).verdict == "applied"


def test_the_progress_of_a_replay_is_shown_until_none_waits(client_as):
    client = client_as("admin")
    parked = make_delivery(verdict="parked")
    page = client.get(INBOX)
    assert "1 delivery is parked" in page.text
    client.post("/inbox/replay/?verdict=parked")
    address = client.get(INBOX).context["waiting_url"]
    assert client.get(address).status_code == 204
    assert "1 delivery waits to be applied." in client.get(page.context["waiting_url"]).text
    inbox.drain()
    assert "waits" not in client.get(address).text
    assert Delivery.objects.get().pk == parked.pk


def test_a_filter_that_is_not_understood_replays_nothing(client_as):
    make_delivery(verdict="parked")
    client = client_as("admin")
    for query in ("?verdict=nonsense", "?from=soon"):
        assert client.get(f"/inbox/replay/{query}").status_code == 303
        assert client.post(f"/inbox/replay/{query}").status_code == 303
    assert not Delivery.objects.filter(verdict="new").exists()
    assert not Entry.objects.filter(action=Action.DELIVERY_REPLAY).exists()


def test_only_administrators_replay(client_as):
    found = make_delivery(verdict="parked")
    for role in ("viewer", "operations", "compliance", "finance"):
        assert client_as(role).post(reverse("sync:replay", args=[found.pk])).status_code == 403
        assert client_as(role).post("/inbox/replay/").status_code == 403


def test_exporting_takes_both_permissions(client_as):
    make_delivery(event_id="=cmd()")
    assert client_as("operations").get("/inbox/export/").status_code == 403
    assert client_as("admin").get("/inbox/export/").status_code == 403
    assert "'=cmd()" in client_as("finance").get("/inbox/export/").getvalue().decode()


# --- Runs -------------------------------------------------------------------------------------------------------------


def test_runs_are_listed_with_what_they_did(client_as):
    make_run(drift={"cards": {"missed": 2, "differed": 1}})
    Cursor.objects.create(resource="cards", swept_at=timezone.now() - timedelta(hours=3))
    page = client_as("finance").get("/reconciliation/runs/")
    assert page.status_code == 200
    ((_run, kind, _took, totals),) = page.context["rows"]
    assert (kind, totals) == ("Hourly sweep", [2, 1, 1, 0, 0, 3])
    assert "stale" in page.text
    assert "not read yet" in page.text


def test_drift_is_added_up_by_day(client_as):
    now = timezone.now()
    make_run(drift={"cards": {"missed": 2}, "balances": {"differed": 1}})
    make_run(drift={"cards": {"missed": 1}}, started_at=now - timedelta(days=2))
    make_run(drift={"cards": {"missed": 99}}, started_at=now - timedelta(days=20))
    page = client_as("finance").get("/reconciliation/runs/")
    shown = page.context["drift"]
    assert [value for _day, value, _words in shown["days"]] == [0] * 11 + [1, 0, 3]
    assert shown["days"][-1][2] == "2 missed entirely, 1 had another value"
    assert "In the last 14 days 3 records were missed entirely and 1 had another value." in page.text


def test_a_console_without_drift_says_so(client_as):
    make_run()
    assert "None was found in the last 14 days" in client_as("finance").get("/reconciliation/runs/").text


def test_a_run_names_its_differences(client_as):
    card = make_card(codego_id="c1")
    run = make_run(
        differences=[
            {"resource": "cards", "id": "c1", "fields": {"status": ["active", "locked"]}},
            {"resource": "cardholders", "id": "u1", "fields": {"email": None}},
            {"resource": "balances", "id": "u2", "error": "There is no such user."},
            {"resource": "transactions", "id": "t1", "missed": True, "young": True},
        ],
        drift={"cards": {"differed": 1}},
    )
    page = client_as("finance").get(reverse("sync:run", args=[run.pk]))
    status, email, unread, missed = page.context["differences"]
    assert (status.url, status.ours, status.theirs) == (card.get_absolute_url(), "active", "locked")
    assert email.hidden
    assert unread.error == "There is no such user."
    assert (status.kind, missed.kind, missed.young) == ("Had another value", "Missed entirely", True)
    assert "its webhook may be on its way" in page.text
    assert "personal: not kept here" in page.text


def test_finance_starts_a_run_and_finds_the_one_that_goes_on(client_as):
    client = client_as("finance")
    assert "Start a sweep" in client.get("/reconciliation/runs/start/").text
    answer = client.post("/reconciliation/runs/start/", {"kind": "reconcile"})
    run = Run.objects.get()
    assert answer.url == reverse("sync:run", args=[run.pk])
    assert Entry.objects.filter(action=Action.RUN_START, record_id=run.pk).count() == 1
    assert client.post("/reconciliation/runs/start/", {"kind": "reconcile"}).url == answer.url
    assert client.post("/reconciliation/runs/start/", {"kind": "everything"}).status_code == 422
    assert client_as("admin").post("/reconciliation/runs/start/", {"kind": "reconcile"}).status_code == 403


def test_progress_is_live_and_quiet_when_nothing_moves(client_as):
    client = client_as("admin")
    run = make_run(
        state="running", finished_at=None, resources=["cards", "transactions"], cursor={"left": ["transactions"]}
    )
    address = client.get("/reconciliation/runs/").context["live_url"]
    assert client.get(address).status_code == 204
    run.counts = {"cards": {"seen": 9, "created": 0, "changed": 0, "unchanged": 9, "failed": 0}}
    run.save()
    moved = client.get(address)
    assert "9 seen" in moved.text
    assert "HX-Trigger" not in moved.headers
    run.state = "done"
    run.save()
    assert client.get(address).headers["HX-Trigger"] == "runs-changed"


def test_a_run_that_found_very_much_shows_the_first_of_it_and_the_rest_when_asked(client_as):
    many = [{"resource": "cards", "id": f"c{n}", "missed": True} for n in range(53)]
    address = reverse("sync:run", args=[make_run(differences=many).pk])
    page = client_as("finance").get(address)
    assert len(page.context["differences"]) == 50
    assert "Show 3 more records that differed" in page.text
    whole = client_as("finance").get(address, {"all": "on"})
    assert len(whole.context["differences"]) == 53
    assert "more records that differed" not in whole.text


def test_a_running_run_polls_its_own_page(client_as):
    client = client_as("admin")
    run = make_run(state="running", finished_at=None, error="The provider did not answer.")
    page = client.get(reverse("sync:run", args=[run.pk]))
    assert "The provider did not answer." in page.text
    poll = {"HX-Request": "true"}
    assert client.get(page.context["live_url"], headers=poll).status_code == 204
    run.state = "done"
    run.save()
    settled = client.get(page.context["live_url"], headers=poll)
    assert "data-poll" not in settled.text
    assert "<html" not in settled.text


@pytest.mark.parametrize("hour", ["9999-12-31T23:30:00+0000", "0001-01-01T00:00:00+1400", "soon"])
def test_an_hour_that_no_clock_has_filters_nothing(client_as, hour):
    delivery = make_delivery(type="card.updated")
    answer = client_as("admin").get("/inbox/", {"hour": hour})
    assert answer.status_code == 200
    assert f"/inbox/{delivery.pk}/" in answer.text
