"""Breaks on screen: the list under its filters, its file, one of them, what people do, and many at once."""

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from console.audit.models import Entry
from console.reconciliation.models import Break, Movement
from tests.factories import (
    make_balance,
    make_break,
    make_cardholder,
    make_company,
    make_contract,
    make_delivery,
    make_proof,
    make_reconciliation,
    make_staff,
    make_transaction,
)

pytestmark = pytest.mark.django_db
LIST = "/reconciliation/breaks/"


def listed(client, **query):
    return [each for each, *_ in client.get(LIST, query).context["rows"]]


def rows_of(answer):
    lines = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    head = next(i for i, line in enumerate(lines) if len(line) > 1)
    return [line[0] for line in lines[:head]], [dict(zip(lines[head], line, strict=True)) for line in lines[head + 1 :]]


@pytest.fixture
def several():
    now = timezone.now()
    balance = make_balance(make_cardholder())
    return {
        "old": make_break(balance, cause="duplicate", line="due", amount=900, first_seen=now - timedelta(days=8)),
        "unknown": make_break(balance, cause="unknown", amount=-5000, first_seen=now - timedelta(days=2)),
        "late": make_break(
            balance, cause="hold_kept", amount=-100, first_seen=now - timedelta(hours=5),
            expected_until=now - timedelta(hours=1),
        ),
        "fresh": make_break(make_balance(make_company(name="Lumen Freight")), amount=-10),
        "resolved": make_break(balance, state="resolved", amount=77),
        "cleared": make_break(balance, state="cleared", amount=88),
    }  # fmt: skip


def test_the_list_shows_open_breaks_the_oldest_first(client_as, several):
    client = client_as("finance")
    assert listed(client) == [several[name] for name in ("old", "unknown", "late", "fresh")]
    assert listed(client, sort="amount") == [several[name] for name in ("unknown", "late", "fresh", "old")]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"state": "resolved"}, ["resolved"]),
        ({"state": "cleared"}, ["cleared"]),
        ({"cause": "hold_kept"}, ["late"]),
        ({"line": "due"}, ["old"]),
        ({"age": "day"}, ["late", "fresh"]),
        ({"age": "days"}, ["unknown"]),
        ({"age": "week"}, []),
        ({"age": "older"}, ["old"]),
        ({"unexplained": "on"}, ["unknown"]),
        ({"waits": "on"}, ["old", "unknown", "late"]),
        ({"holder": "lumen"}, ["fresh"]),
        ({"holder": "Marinho"}, []),
        ({"owner": "nobody", "cause": "duplicate"}, ["old"]),
    ],
)
def test_filters(client_as, several, query, names):
    assert listed(client_as("finance"), **query) == [several[name] for name in names]


def test_what_should_pass_by_itself_and_does_not_waits_for_somebody(client_as):
    balance, now = make_balance(make_cardholder()), timezone.now()
    stayed = make_break(balance, cause="stale_source", first_seen=now - timedelta(days=8))
    make_break(balance, cause="timing", first_seen=now - timedelta(days=6))
    later = {"first_seen": now - timedelta(days=8), "expected_until": now + timedelta(days=9)}
    make_break(balance, cause="hold_kept", **later)
    page = client_as("finance").get(LIST, {"waits": "on"})
    assert list(page.context["page"].rows) == [stayed]
    assert "Waits for somebody" in page.text
    assert "Passes by itself" not in page.text


def test_mine_nobodys_and_a_colleagues(client_as, several):
    client = client_as("finance")
    colleague = make_staff("finance")
    client.post(reverse("reconciliation:take", args=[several["old"].pk]))
    client.post(reverse("reconciliation:assign", args=[several["fresh"].pk]), {"to": colleague.pk})
    assert listed(client, owner="mine") == [several["old"]]
    assert listed(client, owner=colleague.pk) == [several["fresh"]]
    assert listed(client, owner="nobody") == [several["unknown"], several["late"]]


def test_a_holder_is_found_by_id_and_from_the_record(client_as, several):
    client = client_as("finance")
    holder = several["old"].cardholder
    assert len(listed(client, holder=holder.codego_id)) == 3
    page = client.get(LIST, {"cardholder": holder.pk})
    assert "A. M." in page.text
    assert "Marinho" not in page.text


def test_the_file_is_what_the_list_shows(client_as, several):
    client = client_as("finance")
    preamble, rows = rows_of(client.get(reverse("reconciliation:breaks-export"), {"unexplained": "on"}))
    (row,) = rows
    assert (row["Break"], row["Amount"], row["Cause"]) == (str(several["unknown"].pk), "-50.00", "Unknown")
    assert (row["Holder"], row["Age"]) == ("A. M.", "1 to 3 days")
    assert any("US dollars" in line for line in preamble)
    assert any("Unexplained only = yes" in line for line in preamble)
    assert Entry.objects.get(action="list:export").detail == {
        "list": "breaks",
        "filters": ["unexplained"],
        "columns": "all",
    }
    everything = rows_of(client.get(reverse("reconciliation:breaks-export"), {"state": "all", "sort": "-amount"}))[1]
    assert [line["Amount"] for line in everything] == ["9.00", "0.88", "0.77", "-0.10", "-1.00", "-50.00"]
    assert client_as("admin").get(reverse("reconciliation:breaks-export")).status_code == 403


def test_a_break_says_what_it_is_who_shows_it_and_where_it_belongs(client_as):
    balance = make_balance(make_cardholder())
    purchase = make_transaction(cardholder=balance.cardholder, merchant_name="hertz rental", amount=8900)
    make_delivery(object_id=purchase.codego_id, type="transaction.updated")
    made = make_break(
        balance, cause="hold_kept", amount=-8900, evidence=[{"noun": "transaction", "id": purchase.pk}],
        expected_until=timezone.now() + timedelta(days=3), reconciliation=make_reconciliation(),
    )  # fmt: skip
    make_proof(balance, make_reconciliation(), state="explained", difference=-8900)
    page = client_as("finance").get(made.get_absolute_url()).text
    assert "its money stays held until it settles" in page
    assert "The provider holds $89.00 more as pending than our transactions do." in page
    assert "So the provider gives $89.00 less spending power than our rows do." in page
    assert f'<a href="{purchase.get_absolute_url()}">Hertz rental</a>' in page
    assert "transaction.updated" in page
    assert reverse("reconciliation:proof", args=["cardholder", balance.cardholder_id]) in page
    assert "Marinho" not in page


@pytest.mark.parametrize(
    ("line", "amount", "words"),
    [
        ("limit", 1250, "credit limit is $12.50 higher than our contracts come to. So the provider gives $12.50 more"),
        ("pending", 1250, "holds $12.50 less as pending than our transactions do. So the provider gives $12.50 more"),
        ("due", -1250, "balance due is $12.50 higher than our transactions come to. So the provider gives $12.50 less"),
        ("sum", -1, "spending power is $0.01 lower than its own other figures come to. So the provider gives $0.01 less"),
    ],
)  # fmt: skip
def test_the_sign_is_in_words(client_as, line, amount, words):
    assert words in client_as("finance").get(make_break(line=line, amount=amount).get_absolute_url()).text


def test_a_contracts_break_stands_beside_the_sum(client_as):
    contract = make_contract(make_company())
    made = make_break(
        contract=contract, cause="unseen_deposit", amount=25000, evidence=[{"noun": "contract", "id": contract.pk}]
    )
    page = client_as("finance").get(made.get_absolute_url()).text
    assert "The contract holds $250.00 more than the deposits on the list come to." in page
    assert "Contract on Base Sepolia" in page
    assert "beside the sum of balances" in page
    assert "Balance proof" not in page


def test_evidence_that_is_gone_is_said(client_as):
    made = make_break(evidence=[{"noun": "transaction", "id": 999}])
    assert "1 row that showed it is no longer here." in client_as("finance").get(made.get_absolute_url()).text


def test_it_is_resolved_with_an_explanation_and_opened_again(client_as):
    made = make_break()
    client = client_as("finance")
    refused = client.post(reverse("reconciliation:resolve", args=[made.pk]), {"words": " "})
    assert refused.status_code == 422
    assert "Say what explains it." in refused.text
    client.post(reverse("reconciliation:resolve", args=[made.pk]), {"words": "Support confirmed it."})
    made.refresh_from_db()
    assert (made.state, made.resolution) == ("resolved", "Support confirmed it.")
    assert "Support confirmed it." in client_as("finance").get(made.get_absolute_url()).text
    again = client.post(reverse("reconciliation:resolve", args=[made.pk]), {"words": "Again."})
    assert again.status_code == 422
    assert "Somebody has resolved it already." in again.text
    client.post(reverse("reconciliation:reopen", args=[made.pk]), {"words": "It was not that."})
    made.refresh_from_db()
    assert made.state == "open"
    assert list(Movement.objects.order_by("pk").values_list("kind", "amount")) == [
        ("new", -1250), ("resolved", 1250), ("reopened", -1250),
    ]  # fmt: skip


def test_nothing_is_done_to_one_that_is_gone(client_as):
    made = make_break(state="cleared")
    client = client_as("finance")
    assert "It is gone" in client.get(reverse("reconciliation:resolve", args=[made.pk])).text
    assert client.post(reverse("reconciliation:resolve", args=[made.pk]), {"words": "x"}).status_code == 422


def test_it_is_given_to_somebody_who_may_work_on_it_or_to_nobody(client_as):
    made = make_break()
    client = client_as("finance")
    colleague, viewer = make_staff("finance"), make_staff("viewer")
    assign = reverse("reconciliation:assign", args=[made.pk])
    client.post(assign, {"to": colleague.pk})
    assert Break.objects.get().assignee == colleague
    assert client.post(assign, {"to": viewer.pk}).status_code == 422
    client.post(assign, {"to": ""})
    assert Break.objects.get().assignee is None


def test_colleagues_read_each_others_notes_on_a_break(client_as):
    made = make_break()
    client_as("finance").post(reverse("notes:add", args=["break", made.pk]), {"text": "Ticket 4711."})
    assert "Ticket 4711." in client_as("finance").get(made.get_absolute_url()).text


def test_admin_reads_and_changes_nothing(client_as):
    made = make_break()
    client = client_as("admin")
    page = client.get(made.get_absolute_url())
    assert page.status_code == 200
    assert "Assign to me" not in page.text
    assert reverse("reconciliation:resolve", args=[made.pk]) not in page.text
    assert client.post(reverse("reconciliation:resolve", args=[made.pk]), {"words": "x"}).status_code == 403
    assert client.post(reverse("reconciliation:bulk-resolve"), {"pk": made.pk, "words": "x"}).status_code == 403


def test_many_are_shown_first_and_then_resolved_one_by_one(client_as, several):
    client = client_as("finance")
    chosen = [several["old"].pk, several["unknown"].pk, several["resolved"].pk]
    address = reverse("reconciliation:bulk-resolve")
    preview = client.get(address, {"pk": chosen})
    assert preview.context["breaks"] == [several["old"], several["unknown"]]
    assert "1 of those you chose is left out" in preview.text
    assert "-$41.00" in preview.text
    assert Break.objects.filter(state="resolved").count() == 1
    lacking = client.post(address, {"pk": chosen})
    assert lacking.status_code == 422
    assert "Say what explains it." in lacking.text
    done = client.post(address, {"pk": chosen, "words": "One ticket for all."})
    refusals = {result.each.pk: result.refusal for result in done.context["results"]}
    assert refusals == {chosen[0]: "", chosen[1]: "", chosen[2]: "Somebody has resolved it already."}
    assert "2 breaks were resolved." in done.text
    assert Break.objects.filter(resolution="One ticket for all.").count() == 2
    assert Entry.objects.filter(action="break:resolve", reason="One ticket for all.").count() == 2


def test_many_are_given_to_somebody(client_as, several):
    client = client_as("finance")
    colleague = make_staff("finance")
    chosen = [several["old"].pk, several["fresh"].pk, several["cleared"].pk]
    done = client.post(reverse("reconciliation:bulk-assign"), {"pk": chosen, "to": colleague.pk})
    assert [bool(result.refusal) for result in done.context["results"]] == [False, False, True]
    assert Break.objects.filter(assignee=colleague).count() == 2


@pytest.mark.parametrize("pks", [[], ["x"], ["9" * 30], ["²"]])
def test_an_odd_choice_is_no_choice(client_as, pks):
    assert "No break was chosen" in client_as("finance").get(reverse("reconciliation:bulk-resolve"), {"pk": pks}).text


def test_queries_do_not_grow_with_the_list_or_its_evidence(client_as, django_assert_max_num_queries):
    for _ in range(6):
        purchase = make_transaction()
        make_break(evidence=[{"noun": "transaction", "id": purchase.pk}], assignee=make_staff("finance"))
    client = client_as("finance")
    with django_assert_max_num_queries(14):
        client.get(LIST)
    with django_assert_max_num_queries(24):
        client.get(Break.objects.first().get_absolute_url())
