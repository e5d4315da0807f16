"""Imports over real HTTP: complete, repeatable, resumable, honest about failures."""

import pytest

from cardholders.models import Balance, BalanceReading, Cardholder, Company, Contract
from cards.models import Card
from console.sync import runs
from console.sync.models import Cursor, Run, RunState
from transactions.models import Transaction

pytestmark = pytest.mark.django_db(transaction=True)


def to_the_end(run: Run, seconds: float = 30) -> Run:
    while run.state == RunState.RUNNING and run.failures < 3:
        run = runs.work(runs.claim(run.pk), seconds=seconds)
    return run


def test_an_import_brings_the_whole_programme(sandbox):
    run = to_the_end(runs.start("import"))
    assert (run.state, run.error) == (RunState.DONE, "")
    assert Card.objects.filter(by_reference=False).count() == len(sandbox.list("cards"))
    assert Transaction.objects.filter(by_reference=False).count() == len(sandbox.list("transactions"))
    assert Cardholder.objects.filter(by_reference=False).count() == len(sandbox.list("users"))
    assert Company.objects.filter(by_reference=False).count() == len(sandbox.list("companies"))
    assert Contract.objects.exists()
    assert Balance.objects.filter(spending_power__isnull=False).exists()
    assert Cursor.objects.count() == len(runs.KINDS["import"])


def test_a_second_import_finds_nothing_new(sandbox):
    first = runs.summary(to_the_end(runs.start("import")))["resources"]
    readings = BalanceReading.objects.count()
    second = runs.summary(to_the_end(runs.start("import")))["resources"]
    assert all(c["created"] == c["changed"] == c["failed"] == 0 for c in second.values()), second
    assert {r: c["seen"] for r, c in first.items()} == {r: c["seen"] for r, c in second.items()}
    assert BalanceReading.objects.count() == readings


def test_a_run_goes_on_where_a_killed_worker_left_it(sandbox):
    run = runs.start("import")
    run = runs.work(runs.claim(run.pk), seconds=0.001)  # one page
    assert run.state == RunState.RUNNING
    assert runs.start("import").pk == run.pk
    assert to_the_end(run).state == RunState.DONE
    assert Transaction.objects.count() == len(sandbox.list("transactions"))


def test_only_one_worker_holds_a_run(sandbox):
    run = runs.start("import")
    assert runs.claim(run.pk)
    assert runs.claim(run.pk) is None


def test_a_late_settlement_is_caught_up_without_a_delivery(sandbox):
    card = next(c for c in sandbox.list("cards") if c["status"] == "active" and c["userId"])
    spend = sandbox.story("authorise", cardId=card["id"], amount=100)
    to_the_end(runs.start("import"))
    assert Transaction.objects.get(codego_id=spend["id"]).state in {"pending", "declined"}
    sandbox.story("settle", transactionId=spend["id"])
    run = to_the_end(runs.start("catch_up"))
    assert Transaction.objects.get(codego_id=spend["id"]).state == "completed"
    assert [d["id"] for d in run.differences if "status" in d.get("fields", {})] == [spend["id"]]


def test_a_refused_key_is_said_and_tried_again_later(sandbox, settings):
    settings.CODEGO_API_KEY = "vcck_sbx_wrong"
    run = runs.work(runs.claim(runs.start("import").pk))
    assert run.state == RunState.RUNNING
    assert run.error
    assert run.due_at > run.started_at


def test_a_slice_that_ends_on_the_last_page_does_not_begin_again(sandbox):
    run = runs.start("import", ["cards"])
    for _ in range(20):
        run = runs.work(runs.claim(run.pk), seconds=0.001) if run.state == RunState.RUNNING else run
    assert run.state == RunState.DONE
    assert run.counts["cards"]["seen"] == len(sandbox.list("cards"))


def test_until_everything_was_read_once_the_beat_imports(sandbox):
    from console.sync import tasks

    tasks.start_run("catch_up")
    assert Run.objects.get().kind == "import"
    assert not Cursor.objects.exists()
