"""The desk: what it says in each state, how the numbers tie, starting a reconciliation, and the list of them."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from console.reconciliation import work
from console.reconciliation.models import Break, Movement, Reconciliation
from console.sync.models import Run
from console.sync.runs import KINDS
from tests.factories import (
    make_balance,
    make_break,
    make_cardholder,
    make_company,
    make_contract,
    make_proof,
    make_reconciliation,
    make_run,
    make_staff,
    make_transaction,
)

pytestmark = pytest.mark.django_db
DESK = "/reconciliation/"
POLL = {"HX-Request": "true"}


def imported():
    long_ago = timezone.now() - timedelta(hours=1)
    make_run(kind="import", resources=list(KINDS["import"]), finished_at=long_ago)


def forward(**parts):
    none = {"count": 0, "amount": 0}
    kinds = ("opening", "new", "changed", "reopened", "resolved", "cleared", "closing")
    return {"balances": dict.fromkeys(kinds, none) | parts, "contracts": dict.fromkeys(kinds, none)}


def reconciled():
    made = work.claim(work.start().pk)
    return work.work(made, seconds=60)


def test_before_the_import_ends_it_says_what_it_waits_for(client_as):
    make_run(
        kind="import", state="running", resources=["cards", "balances"], cursor={"left": ["balances"]}, finished_at=None
    )
    page = client_as("finance").get(DESK).text
    assert "Reading from the provider: Balances. The proof follows" in page
    assert "The import has to end first" in page


def test_without_any_reconciliation_it_says_when_one_comes(client_as):
    imported()
    assert "One runs each hour by itself" in client_as("finance").get(DESK).text


def test_nothing_open_is_said_with_its_moment(client_as):
    make_balance(
        make_company(state_since=timezone.now()), credit_limit=0, pending_charges=0, balance_due=0, spending_power=0
    )
    reconciled()
    page = client_as("finance").get(DESK).text
    assert "Nothing is open" in page
    assert "The one balance ties to the cent, as of" in page
    assert "Nobody has prepared it" in page


def test_open_breaks_are_counted_by_age_and_by_cause(client_as):
    now = timezone.now()
    make_reconciliation(forward=forward(closing={"count": 4, "amount": -4000}))
    balance = make_balance(make_cardholder())
    make_break(balance, amount=-5000, cause="unknown", first_seen=now - timedelta(days=9))
    make_break(balance, amount=500, cause="duplicate", first_seen=now - timedelta(days=4))
    make_break(balance, amount=250, first_seen=now - timedelta(days=2))
    make_break(balance, amount=250)
    make_break(contract=make_contract(make_cardholder()), amount=900, cause="unseen_deposit")
    make_break(balance, amount=7777, state="resolved")
    seen = client_as("finance").get(DESK)
    shown = seen.context["open"]
    assert (shown.total.count, shown.total.amount, shown.total.size, shown.total.contracts) == (4, -4000, 6000, 1)
    assert (shown.unexplained.amount, shown.unexplained.all) == (-5000, 1)
    assert [(each.sum.all, each.sum.amount) for each in shown.ages] == [(2, 250), (1, 250), (1, 500), (1, -5000)]
    assert [each.cause for each in shown.waiting] == ["unknown", "duplicate", "unseen_deposit"]
    assert [each.cause for each in shown.passing] == ["timing"]
    assert "-$40.00" in seen.text
    assert "Ask the provider to withdraw one of the two." in seen.text


def test_the_roll_forward_and_what_moved_since_come_to_what_is_open(client_as):
    latest = make_reconciliation(forward=forward(new={"count": 2, "amount": 300}, closing={"count": 2, "amount": 300}))
    balance = make_balance(make_cardholder())
    make_break(balance, amount=100, reconciliation=latest)
    gone = make_break(balance, amount=200, reconciliation=latest)
    client = client_as("finance")
    assert client.get(DESK).context["since"].ties
    client.post(reverse("reconciliation:resolve", args=[gone.pk]), {"words": "Agreed with support."})
    since = client.get(DESK).context["since"]
    assert (since.count, since.amount, since.ties) == (-1, -200, True)
    Movement.objects.filter(reconciliation=None).delete()
    assert "It does not tie:" in client.get(DESK).text


def test_what_one_that_failed_has_moved_is_in_the_next_roll_forward(client_as):
    make_balance(make_company(), spending_power=1)
    broken = work.work(work.claim(work.start().pk), seconds=0)  # one step: its breaks are made
    assert broken.movements.exists()
    Reconciliation.objects.filter(pk=broken.pk).update(state="failed", due_at=None)
    whole = reconciled()
    assert whole.forward["balances"]["closing"]["amount"] == sum(Break.objects.values_list("amount", flat=True)) != 0
    assert client_as("finance").get(DESK).context["since"].ties


def test_the_trend_takes_the_last_of_each_day_once_there_are_days(client_as):
    now = timezone.now().replace(hour=12)
    client = client_as("finance")
    balance = make_balance(make_cardholder())
    old = [
        make_reconciliation(
            as_of=now - timedelta(days=day, hours=hour), forward=forward(closing={"count": day, "amount": -day})
        )
        for day in (8, 6, 4)
        for hour in (1, 0)
    ]
    few = client.get(DESK).context["trend"]
    assert (few.daily, [point.count for point in few.points]) == (False, [8, 8, 6, 6, 4, 4])
    new = [make_reconciliation(as_of=now - timedelta(days=day)) for day in (2, 0)]
    make_proof(balance, old[-1], last=new[0], state="unexplained", unexplained=-700, difference=-700)
    trend = client.get(DESK).context["trend"]
    assert (trend.daily, len(trend.points)) == (True, 5)
    assert [point.unexplained for point in trend.points] == [0, 0, 700, 700, 0]


def test_a_period_that_was_opened_again_names_why(client_as):
    late = make_transaction(merchant_name="Late Diner")
    make_reconciliation(
        prepared_by=make_staff("finance"), prepared_at=timezone.now(), signed_by=make_staff("finance"),
        signed_at=timezone.now(), reopened_at=timezone.now(), reopened_why=[late.codego_id],
    )  # fmt: skip
    page = client_as("finance").get(DESK).text
    assert "something late opened it again" in page
    assert late.get_absolute_url() in page


def test_one_that_failed_is_told_and_the_one_before_is_shown(client_as):
    good = make_reconciliation()
    make_reconciliation(state="failed", error="OperationalError: gone")
    seen = client_as("finance").get(DESK)
    assert "OperationalError: gone" in seen.text
    assert seen.context["latest"] == good


def test_starting_begins_the_sweep_that_a_proof_follows(client_as):
    client = client_as("finance")
    assert client.post(reverse("reconciliation:start")).url == DESK
    assert not Run.objects.exists()  # nothing was imported yet
    imported()
    client.post(reverse("reconciliation:start"))
    run = Run.objects.get(kind="reconcile", state="running")
    assert "Reading from the provider: " in client.get(DESK).text
    client.post(reverse("reconciliation:start"))
    assert list(Run.objects.filter(kind="reconcile")) == [run]
    assert client_as("admin").post(reverse("reconciliation:start")).status_code == 403


def test_progress_goes_from_the_sweep_to_the_proof_to_the_result(client_as):
    imported()
    make_balance(make_cardholder())
    run = make_run(kind="reconcile", resources=list(KINDS["reconcile"]))
    client = client_as("finance")
    assert "the proof begins within seconds" in client.get(DESK).text
    made = work.start_due()
    assert made.run == run
    assert "Proving balances" in client.get(DESK).text
    work.work(work.claim(made.pk), seconds=60)
    assert "Latest reconciliation" in client.get(DESK).text


def test_a_poll_is_answered_204_until_something_moves(client_as):
    make_reconciliation()
    client = client_as("finance")
    address = client.get(DESK).context["live_url"]
    assert client.get(address, headers=POLL).status_code == 204
    make_break()
    answer = client.get(address, headers=POLL)
    assert answer.status_code == 200
    assert "<html" not in answer.text


def test_history_is_filtered_by_how_far_each_is(client_as):
    signer, preparer = make_staff("finance"), make_staff("finance")
    plain = make_reconciliation()
    signed = make_reconciliation(prepared_by=preparer, signed_by=signer, signed_at=timezone.now())
    broken = make_reconciliation(state="failed")
    client = client_as("admin")

    def found(**query):
        return [each for each, *_ in client.get(reverse("reconciliation:history"), query).context["rows"]]

    assert found() == [broken, signed, plain]
    assert (found(standing="signed"), found(standing="unsigned"), found(standing="failed")) == (
        [signed], [plain], [broken],
    )  # fmt: skip


@pytest.mark.parametrize("address", ["", "history/"])
def test_queries_do_not_grow(client_as, django_assert_max_num_queries, address):
    for number in range(4):
        made = make_reconciliation()
        make_break(cause=["timing", "unknown", "duplicate", "fee"][number], reconciliation=made)
    client = client_as("finance")
    with django_assert_max_num_queries(26):
        client.get(DESK + address)


def test_only_finance_and_administrators_open_it(client_as):
    make_break()
    assert [client_as(role).get(DESK).status_code for role in ("finance", "admin", "operations", "viewer")] == [
        200, 200, 403, 403,
    ]  # fmt: skip
    assert "Reconcile now" not in client_as("admin").get(DESK).text
    assert Break.objects.count() == 1
    assert not Reconciliation.objects.exists()
