"""Imports over real HTTP: complete, repeatable, resumable, honest about failures."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import groupby

import pytest
from django.db import connection
from django.db.models import Max, Min
from django.utils import timezone

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
    run = runs.work(runs.claim(run.pk), seconds=0)  # one page
    assert run.state == RunState.RUNNING
    assert runs.start("import").pk == run.pk
    assert to_the_end(run).state == RunState.DONE
    assert Transaction.objects.count() == len(sandbox.list("transactions"))


class Killed(BaseException):
    """As by SIGKILL: nothing of ours catches it, and nothing is tidied up."""


@contextmanager
def killed_at(write: int) -> Iterator[None]:
    """The process dies as it is about to write to its run for so many times."""
    left = write

    def watch(execute, sql, params, many, context):
        nonlocal left
        if sql.startswith('UPDATE "sync_run"'):
            left -= 1
            if not left:
                raise Killed
        return execute(sql, params, many, context)

    with suppress(Killed), connection.execute_wrapper(watch):
        yield


def through_deaths(run: Run, write: int) -> Run:
    """To the end by processes each of which is killed, each of which finds the lease of the one before run out."""
    for _ in range(400):
        claimed = runs.claim(run.pk)
        with killed_at(write):
            runs.work(claimed, seconds=30)
        run.refresh_from_db()
        if run.state != RunState.RUNNING:
            return run
        assert run.error == ""
        Run.objects.filter(pk=run.pk).update(claimed_at=run.started_at - timedelta(hours=1))
    raise AssertionError(f"it stands still at {run.cursor}")


@pytest.mark.parametrize("write", [3, 4, 5])
@pytest.mark.parametrize("kind", ["import", "catch_up", "window", "reconcile"])
def test_a_run_whose_workers_are_killed_one_after_the_other_misses_nothing(sandbox, kind, write):
    sandbox.switch(page_cap=7)
    whole = to_the_end(runs.start("import"))
    gone = list(Transaction.objects.order_by("-occurred_at").values_list("codego_id", flat=True)[:5])
    Transaction.objects.filter(codego_id__in=gone, disputes=None).delete()
    Balance.objects.update(spending_power=-1)
    run = through_deaths(runs.start(kind), write)
    assert Transaction.objects.count() == len(sandbox.list("transactions"))
    assert Balance.objects.filter(spending_power=-1).exists() == (kind in {"catch_up", "window"})
    if kind == "import":
        seen = {name: counts["seen"] for name, counts in run.counts.items()}
        assert seen == {name: counts["seen"] for name, counts in whole.counts.items()}


def test_a_resource_that_kills_its_worker_is_not_first_again(sandbox):
    to_the_end(runs.start("import"))
    run = runs.start("catch_up", ["cards", "cardholders"])
    begun = []
    for _ in range(4):
        claimed = runs.claim(run.pk)
        with killed_at(2):  # it has its turn and gives no page
            runs.work(claimed, seconds=30)
        Run.objects.filter(pk=run.pk).update(claimed_at=None)
        run.refresh_from_db()
        begun.append(run.cursor["now"])
    assert begun == ["cards", "cardholders"] * 2


# --- Turns ------------------------------------------------------------------------------------------------------------


def read_in_order(run: Run, slices: int = 1000) -> list[str]:
    """The resource of each slice, one page long, until the run is done."""
    order = []
    for _ in range(slices):
        if run.state != RunState.RUNNING:
            return order
        before = sum(counts["seen"] for counts in run.counts.values())
        run = runs.work(runs.claim(run.pk), seconds=0)
        if sum(counts["seen"] for counts in run.counts.values()) > before:
            order.append(run.cursor["now"])
    return order


def test_ten_thousand_rows_do_not_hold_up_ten(sandbox):
    to_the_end(runs.start("import"))
    holder = Cardholder.objects.filter(state="approved").first()
    Transaction.objects.bulk_create(
        [Transaction(codego_id=f"t{n}", cardholder=holder, state="pending", kind="spend") for n in range(10_000)]
    )
    Cursor.objects.filter(resource="transactions").update(swept_at=timezone.now() - timedelta(days=1))  # they begin
    sandbox.switch(page_cap=1)
    cards = len(sandbox.list("cards"))
    run = runs.start("catch_up", ["transactions", "cards"])
    read_in_order(run, slices=3 * cards)
    run.refresh_from_db()
    assert runs.left(run) == ["transactions"]
    assert run.counts["cards"]["seen"] == cards
    assert run.counts["transactions"]["seen"] >= cards - 2


def test_what_is_most_behind_what_it_ought_to_be_goes_first(sandbox):
    to_the_end(runs.start("import"))
    now = timezone.now()
    ages = {"disputes": timedelta(hours=30), "transactions": timedelta(minutes=20), "cardholders": timedelta(minutes=4)}
    for name, age in ages.items():
        Cursor.objects.filter(resource=name).update(swept_at=now - age)
    Cursor.objects.filter(resource="companies").delete()
    run = runs.work(runs.claim(runs.start("window").pk), seconds=0)
    assert runs.left(run) == ["companies", "transactions", "disputes", "cardholders"]


def test_a_reconciliation_reads_every_balance_before_any_contract_and_those_before_transactions(sandbox):
    to_the_end(runs.start("import"))
    order = read_in_order(runs.start("reconcile"))
    assert [name for name, _ in groupby(order)] == ["balances", "contracts", "transactions"]
    read_at = Balance.objects.aggregate(last=Max("read_at"))["last"]
    assert Contract.objects.aggregate(first=Min("read_at"))["first"] > read_at


def test_a_reconciliation_passes_over_what_the_provider_lacks(sandbox):
    to_the_end(runs.start("import"))
    sandbox.switch(company_finance="off", disputes_api="create_only")
    run = to_the_end(runs.start("reconcile"))
    assert (run.state, run.error) == (RunState.DONE, "")
    assert sum(counts["failed"] for counts in run.counts.values()) == 0


def test_runs_take_turns_with_each_other(sandbox):
    to_the_end(runs.start("import"))
    sandbox.switch(page_cap=1)
    pair = [runs.start("catch_up").pk, runs.start("reconcile").pk]
    worked = [runs.work(runs.claim(), seconds=0).pk for _ in range(6)]
    assert worked == pair * 3


def test_one_resource_that_fails_does_not_hold_up_the_others(sandbox):
    to_the_end(runs.start("import"))
    sandbox.fault("GET /cards", "unavailable", times=None)
    run = runs.start("catch_up")
    for _ in range(5):
        Run.objects.filter(pk=run.pk).update(due_at=run.started_at)
        run = runs.work(runs.claim(run.pk), seconds=5)
    assert runs.left(run) == ["cards"]
    assert (run.state, bool(run.error)) == (RunState.RUNNING, True)


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
        run = runs.work(runs.claim(run.pk), seconds=0) if run.state == RunState.RUNNING else run
    assert run.state == RunState.DONE
    assert run.counts["cards"]["seen"] == len(sandbox.list("cards"))


def test_until_everything_was_read_once_the_beat_imports(sandbox):
    from console.sync import tasks

    tasks.start_run("catch_up")
    assert Run.objects.get().kind == "import"
    assert not Cursor.objects.exists()
