"""Reading row by row: one odd row holds up nobody, and trouble of the provider is not taken for the row's."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from cardholders.models import Cardholder
from console.codego.paging import Page
from console.codego.records import UserRecord
from console.provider.mirror import refer
from console.provider.models import Budget
from console.sync import drift, reading, runs
from console.sync.models import Cursor, Run, RunState
from console.sync.steps import Scope, each_page
from tests.console.codego.conftest import Scripted, _reply
from transactions.models import Transaction

pytestmark = pytest.mark.django_db(transaction=True)


def run(*resources: str, kind: str = "import", slices: int = 2) -> Run:
    running = runs.start(kind, resources)
    for _ in range(slices):
        running = runs.work(runs.claim(running.pk), seconds=30) if running.state == RunState.RUNNING else running
    return running


@pytest.fixture
def scripted():
    server = Scripted()
    yield server
    server.close()


@pytest.fixture
def people(sandbox) -> list[str]:
    """Ids of everybody, known here by reference only: they are read one by one."""
    sandbox.switch(users_list="off")
    ids = sorted(user["id"] for user in sandbox.list("users"))
    refer(Cardholder, ids)
    return ids


def read_through() -> int:
    return Cardholder.objects.filter(by_reference=False).count()


def test_a_person_the_provider_always_fails_on_is_counted_and_passed(sandbox, people):
    sandbox.fault(f"* /users/{people[1]}", "error_before", times=None)
    done = run("cardholders")
    assert (done.state, done.counts["cardholders"]["failed"]) == (RunState.DONE, 1)
    assert read_through() == len(people) - 1


def test_the_last_person_too(sandbox, people):
    sandbox.fault(f"* /users/{people[-1]}", "unavailable", times=None)
    assert run("cardholders").state == RunState.DONE
    assert read_through() == len(people) - 1


def test_a_provider_that_fails_on_everybody_stops_the_run_where_it_is(sandbox, people):
    sandbox.fault("* /users/*", "unavailable", times=None)
    stopped = run("cardholders", slices=1)
    assert (stopped.state, stopped.failures, stopped.counts) == (RunState.RUNNING, 1, {})
    sandbox.http.delete("/control/api/faults")
    Budget.objects.update(probe_at=None)  # the pause after which a silent provider is tried again is over
    Run.objects.update(due_at=stopped.started_at)
    assert run("cardholders").counts["cardholders"]["failed"] == 0
    assert read_through() == len(people)


def test_a_missing_object_that_names_its_path_is_not_a_missing_route(sandbox, people):
    sandbox.switch(not_found_path="everywhere")
    refer(Cardholder, ["a-ghost", "another", "a-third", "a-fourth"])
    done = run("cardholders")
    assert (done.state, done.counts["cardholders"]["failed"]) == (RunState.DONE, 4)
    assert Cardholder.objects.exclude(last_name="").count() == len(people)


def test_a_ghost_that_is_asked_for_first_hides_nobody(sandbox):
    sandbox.switch(not_found_path="everywhere", users_list="off")
    refer(Cardholder, ["0-ghost"])
    refer(Cardholder, [user["id"] for user in sandbox.list("users")])
    assert run("cardholders").state == RunState.DONE
    assert read_through() == len(sandbox.list("users"))
    assert not Cardholder.objects.filter(by_reference=False, last_name="").exists()


def test_an_object_that_is_gone_holds_up_no_other_read(sandbox):
    known = sandbox.list("users")[0]["id"]
    refer(Cardholder, ["a-ghost"])
    refer(Cardholder, [known])
    assert reading.read_dirty(seconds=20) == 2
    ghost = Cardholder.objects.get(codego_id="a-ghost")
    assert (ghost.dirty_at, ghost.reading_at) == (None, None)
    assert ghost.read_error
    assert not Cardholder.objects.get(codego_id=known).by_reference


def history(number: int, *, days: int = 60) -> list[dict]:
    """Settled purchases, newest first, the newest so many days ago."""
    start = timezone.now() - timedelta(days=days)
    return [spend(f"t{n}", start - timedelta(hours=n)) for n in range(number)]


def spend(codego_id: str, authorized: datetime, **more: object) -> dict:
    told = {"userId": "u1", "status": "completed", "amount": 500, "currency": "usd"}
    return {"id": codego_id, "type": "spend", "spend": told | {"authorizedAt": authorized.isoformat()} | more}


def serve(scripted: Scripted, settings, listed: list[dict], *, size: int = 5, heeds: bool = False) -> None:
    """A list of transactions in the order given; it `heeds` the times that are asked for or ignores them."""
    settings.CODEGO_API_URL = scripted.url
    bounds = {"authorizedAfter": "authorizedAt", "postedAfter": "postedAt"}

    def page(query: dict[str, str]) -> list[dict]:
        found = listed
        for asked, name in bounds.items() if heeds else ():
            if asked in query:
                since = datetime.fromisoformat(query[asked])
                found = [t for t in found if (at := t["spend"].get(name)) and datetime.fromisoformat(at) > since]
        ids = [one.get("id") for one in found]
        start = ids.index(query["cursor"]) + 1 if "cursor" in query else 0
        return found[start : start + size]

    scripted.script.clear()
    scripted.pages(page)


def everything_was_imported() -> None:
    """As after a full import: from here on a run tells what nobody had delivered."""
    Run.objects.create(kind="import", resources=list(runs.KINDS["import"]), state=RunState.DONE, due_at=None)


def test_a_record_nobody_can_read_does_not_make_every_catch_up_walk_the_whole_list(scripted, settings):
    spends = history(9)
    serve(scripted, settings, [{"type": "spend"}, *spends], size=3)
    first = run("transactions")
    assert (first.counts["transactions"]["created"], first.counts["transactions"]["failed"]) == (9, 1)
    scripted.requests.clear()
    assert run("transactions", kind="catch_up").state == RunState.DONE
    assert len(scripted.requests) == 1


def test_one_transaction_that_always_fails_does_not_stall_a_catch_up(sandbox):
    long_ago = (timezone.now() - timedelta(days=1)).isoformat()  # no list of a catch-up shows it
    pending = next(
        t["id"]
        for t in sandbox.list("transactions")
        if (told := t.get("spend") or {}).get("status") == "pending" and told["authorizedAt"] < long_ago
    )
    run(slices=9)
    Transaction.objects.exclude(codego_id=pending).update(state="completed")
    sandbox.switch(page_cap=1)  # nor does the newest page, so it is read by its id
    sandbox.fault(f"GET /transactions/{pending}", "error_before", times=None)
    done = run(kind="catch_up")
    assert (done.state, done.counts["transactions"]["failed"]) == (RunState.DONE, 1)


# --- What a catch-up reads again --------------------------------------------------------------------------------------


def test_a_purchase_dated_back_behind_newer_ones_is_found(scripted, settings):
    """It shows up on the third page, while the first tells nothing new."""
    listed = history(20, days=0)
    late = spend("late", timezone.now() - timedelta(hours=4, minutes=30))
    for heeds in (True, False):
        Transaction.objects.filter(codego_id="late").delete()
        serve(scripted, settings, listed, size=2, heeds=heeds)
        run("transactions")
        serve(scripted, settings, [*listed[:5], late, *listed[5:]], size=2, heeds=heeds)
        assert run("transactions", kind="catch_up", slices=9).state == RunState.DONE
        assert Transaction.objects.filter(codego_id="late").exists(), heeds


def test_a_purchase_that_was_posted_late_is_found_by_its_posting(scripted, settings):
    listed = history(20, days=20)
    serve(scripted, settings, listed, heeds=True)
    run("transactions")
    forced = spend("forced", timezone.now() - timedelta(days=21), postedAt=timezone.now().isoformat())
    serve(scripted, settings, [*listed, forced], heeds=True)
    run("transactions", kind="catch_up", slices=9)
    assert Transaction.objects.filter(codego_id="forced").exists()


def test_a_server_that_lists_the_oldest_first_and_ignores_times_is_read_to_its_end(scripted, settings):
    oldest_first = history(12)[::-1]
    serve(scripted, settings, oldest_first, size=3)
    run("transactions")
    serve(scripted, settings, [*oldest_first, spend("new", timezone.now())], size=3)
    run("transactions", kind="catch_up", slices=9)
    assert Transaction.objects.filter(codego_id="new").exists()


def test_a_server_that_refuses_the_times_is_caught_up_by_its_newest_page(scripted, settings):
    listed = history(4)
    serve(scripted, settings, listed)
    run("transactions")
    serve(scripted, settings, [spend("new", timezone.now()), *listed])
    by_page = scripted.script.pop()

    def refuse(handler, request):
        asks = any(name.endswith("After") for name, _value in request.query)
        _reply(handler, b'{"message":"unknown parameter"}', 400) if asks else by_page(handler, request)

    scripted.does(refuse)
    assert run("transactions", kind="catch_up").state == RunState.DONE
    assert Transaction.objects.filter(codego_id="new").exists()


def test_a_second_sweep_that_ends_earlier_does_not_turn_the_clock_back(scripted, settings):
    serve(scripted, settings, history(4))
    run("transactions")
    an_hour_ago = timezone.now() - timedelta(hours=1)
    begun = {"began": {"transactions": an_hour_ago.isoformat()}}
    older = Run.objects.create(kind="import", resources=["transactions"], started_at=an_hour_ago, cursor=begun)
    swept_at = Cursor.objects.get(resource="transactions").swept_at
    assert runs.work(runs.claim(older.pk), seconds=30).state == RunState.DONE
    assert Cursor.objects.get(resource="transactions").swept_at == swept_at


# --- Drift ------------------------------------------------------------------------------------------------------------


def test_what_no_webhook_told_is_named_and_counted(scripted, settings):
    listed = history(6, days=1)
    serve(scripted, settings, listed)
    first = run("transactions")
    assert (first.drift, first.differences) == ({}, [])
    everything_was_imported()
    changed = spend("t3", timezone.now() - timedelta(days=1, hours=3), amount=900)
    missed = spend("missed", timezone.now() - timedelta(hours=2))
    serve(scripted, settings, [missed, *listed[:3], changed, *listed[4:]])
    caught = run("transactions", kind="catch_up")
    assert caught.drift == {"transactions": {"missed": 1, "differed": 1}}
    assert {(d["id"], "missed" in d) for d in caught.differences} == {("missed", True), ("t3", False)}
    assert (drift.by_day()[-1].missed, drift.by_day()[-1].differed) == (1, 1)
    assert run("transactions", kind="catch_up").drift == {}


def test_what_has_just_happened_is_named_and_not_counted(scripted, settings):
    listed = history(3)
    serve(scripted, settings, listed)
    run("transactions")
    everything_was_imported()
    serve(scripted, settings, [spend("now", timezone.now()), *listed])
    caught = run("transactions", kind="catch_up")
    assert [(d["id"], d["young"]) for d in caught.differences] == [("now", True)]
    assert caught.drift == {}


def test_what_was_known_by_reference_was_not_missed(sandbox):
    everything_was_imported()
    sandbox.switch(users_list="off")
    refer(Cardholder, [user["id"] for user in sandbox.list("users")[:3]])
    assert run("cardholders", kind="window").drift == {}


def test_all_drift_is_counted_however_little_of_it_is_kept(scripted, settings):
    everything_was_imported()
    serve(scripted, settings, history(drift.MOST_DIFFERENCES + 5, days=1), size=100)
    found = run("transactions")
    assert len(found.differences) == drift.MOST_DIFFERENCES
    assert found.drift == {"transactions": {"missed": drift.MOST_DIFFERENCES + 5}}


def test_a_row_that_the_database_refused_is_not_quoted():
    """Whoever sees sweeps need not be one who may read personal data."""

    def refuse(records, *, source):
        raise IntegrityError("new row violates a constraint. DETAIL: Failing row contains (7, Ana, Marinho).")

    record = UserRecord.parse({"id": "u1", "firstName": "Ana"})
    pages = [Page((record,), None)]
    (step,) = each_page("cardholders", lambda _: iter(pages), refuse, {}, Scope(timezone.now(), "import"))
    assert step.differences == [{"resource": "cardholders", "id": "u1", "error": "IntegrityError"}]
