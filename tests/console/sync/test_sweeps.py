"""Reading row by row: one odd row holds up nobody, and trouble of the provider is not taken for the row's."""

import pytest

from cardholders.models import Cardholder
from console.provider.mirror import refer
from console.provider.models import Budget
from console.sync import reading, runs
from console.sync.models import Run, RunState
from tests.console.codego.conftest import Scripted
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


def test_a_record_nobody_can_read_does_not_make_every_catch_up_walk_the_whole_list(scripted, settings):
    settings.CODEGO_API_URL = scripted.url
    spends = [
        {"id": f"t{n}", "type": "spend", "spend": {"userId": "u1", "status": "completed", "amount": n}}
        for n in range(9)
    ]

    def page(query: dict[str, str]) -> list:
        ids = [spend["id"] for spend in spends]
        after = ids.index(query["cursor"]) + 1 if "cursor" in query else 0
        return [{"type": "spend"}, *spends[:2]] if not after else spends[after : after + 2]

    scripted.pages(page)
    first = run("transactions")
    assert (first.counts["transactions"]["created"], first.counts["transactions"]["failed"]) == (9, 1)
    scripted.requests.clear()
    assert run("transactions", kind="catch_up").state == RunState.DONE
    assert len(scripted.requests) == 1


def test_one_transaction_that_always_fails_does_not_stall_a_catch_up(sandbox):
    _newest, pending, *_ = (
        t["id"] for t in sandbox.list("transactions") if (t.get("spend") or {}).get("status") == "pending"
    )
    run(slices=9)
    Transaction.objects.exclude(codego_id=pending).update(state="completed")
    sandbox.switch(page_cap=1)  # the newest page does not show it, so it is read by its id
    sandbox.fault(f"GET /transactions/{pending}", "error_before", times=None)
    done = run(kind="catch_up")
    assert (done.state, done.counts["transactions"]["failed"]) == (RunState.DONE, 1)
