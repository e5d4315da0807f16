"""One reconciliation: what it says, its proofs and files, and that two people sign it."""

import csv
import io
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from console.audit.models import Entry
from console.reconciliation import work
from tests.factories import (
    make_balance,
    make_break,
    make_cardholder,
    make_company,
    make_contract,
    make_proof,
    make_reconciliation,
    make_staff,
)

pytestmark = pytest.mark.django_db


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def url(name, reconciliation):
    return reverse(f"reconciliation:{name}", args=[reconciliation.pk])


def file_of(answer):
    lines = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    head = next(i for i, line in enumerate(lines) if len(line) > 1)
    return [line[0] for line in lines[:head]], [dict(zip(lines[head], line, strict=True)) for line in lines[head + 1 :]]


def reconciled():
    return work.work(work.claim(work.start().pk), seconds=60)


def test_its_page_says_what_it_rests_on_and_what_it_proved(client_as):
    balance = make_balance(make_cardholder(), pending_charges=0, balance_due=0, spending_power=25000, credit_limit=0)
    made = reconciled()
    seen = client_as("finance").get(made.get_absolute_url())
    assert made.digest[:16] in seen.text
    assert "up to number" in seen.text
    assert [proof.balance for proof in seen.context["page"].rows] == [balance]
    assert "Nobody has prepared it" in seen.text
    assert "Marinho" not in seen.text
    assert len(seen.context["movements"]) == made.movements.count() > 0


def test_proofs_are_filtered_by_state_and_carried_on_ones_are_there(client_as):
    first, second = make_reconciliation(), make_reconciliation()
    carried = make_proof(make_balance(make_cardholder()), first, last=second)
    other = make_proof(make_balance(make_company()), second, state="unexplained", difference=-5, unexplained=-5)
    client = client_as("finance")
    assert client.get(second.get_absolute_url()).context["page"].rows == [carried, other]
    assert client.get(first.get_absolute_url()).context["page"].rows == [carried]
    fragment = client.get(second.get_absolute_url(), {"state": "unexplained"}, headers={"HX-Request": "true"})
    assert fragment.context["page"].rows == [other]
    assert "<html" not in fragment.text


def test_one_prepares_and_another_signs_what_was_shown():
    made = make_reconciliation()
    prepares, signs = signed_in(make_staff("finance")), signed_in(make_staff("finance"))
    assert "Prepare for sign-off" in prepares.get(made.get_absolute_url()).text
    assert prepares.post(url("prepare", made)).status_code == 303
    assert "so somebody else signs it off" in prepares.get(made.get_absolute_url()).text
    assert made.digest in signs.get(url("sign", made)).text
    stale = signs.post(url("sign", made), {"digest": "0" * 64})
    assert stale.status_code == 422
    assert "It is not what you were shown any more." in stale.text
    assert signs.post(url("sign", made), {"digest": made.digest}).status_code == 303
    made.refresh_from_db()
    assert made.is_signed
    assert "Signed off" in signs.get(made.get_absolute_url()).text
    again = signs.post(url("prepare", made))
    assert (again.status_code, "It is signed off already." in again.text) == (422, True)


def test_ones_own_work_is_refused_and_written_down():
    made = make_reconciliation()
    client = signed_in(make_staff("finance"))
    client.post(url("prepare", made))
    page = client.get(url("sign", made)).text
    assert "A second person has to sign it off." in page
    assert 'type="submit" class="button primary"' not in page
    refused = client.post(url("sign", made), {"digest": made.digest})
    assert refused.status_code == 422
    assert "You prepared it." in refused.text
    assert Entry.objects.filter(action="reconciliation:sign", outcome="refused").count() == 1


def test_one_that_was_opened_again_is_prepared_and_signed_anew():
    first, second = make_staff("finance"), make_staff("finance")
    now = timezone.now()
    made = make_reconciliation(
        prepared_by=first, prepared_at=now, signed_by=second, signed_at=now, reopened_at=now, reopened_why=["t1"]
    )
    prepares, signs = signed_in(second), signed_in(first)
    assert "Open again" in signs.get(made.get_absolute_url()).text
    prepares.post(url("prepare", made))
    page = signs.get(made.get_absolute_url()).text
    assert url("sign", made) in page
    assert "something late opened it again" in page
    signs.post(url("sign", made), {"digest": made.digest})
    page = signs.get(made.get_absolute_url()).text
    assert "something late opened it again" not in page
    made.refresh_from_db()
    assert (made.is_signed, made.signed_by) == (True, first)


def test_what_nobody_prepared_cannot_be_signed(client_as):
    made = make_reconciliation()
    refused = client_as("finance").post(url("sign", made), {"digest": made.digest})
    assert (refused.status_code, "Nobody has prepared it yet." in refused.text) == (422, True)


def test_administrators_read_and_do_not_sign(client_as):
    made = make_reconciliation()
    client = client_as("admin")
    page = client.get(made.get_absolute_url()).text
    assert "Prepare for sign-off" not in page
    assert "Proofs as CSV" not in page
    assert client.post(url("prepare", made)).status_code == 403
    assert client.get(url("export", made)).status_code == 403


def test_while_it_runs_a_poll_waits_and_then_loads_the_page(client_as):
    made = make_reconciliation(state="running", counts={}, forward={}, inputs={}, digest="", finished_at=None)
    client = client_as("finance")
    assert "Being proven" in client.get(made.get_absolute_url()).text
    poll = {"path": made.get_absolute_url(), "data": {"seen": 1}, "headers": {"HX-Request": "true"}}
    assert "HX-Refresh" not in client.get(**poll).headers
    made.state = "done"
    made.save()
    assert client.get(**poll)["HX-Refresh"] == "true"


def test_the_file_of_proofs_adds_up_in_each_row_and_says_what_it_is(client_as):
    holder = make_cardholder()
    make_contract(holder)
    make_balance(holder, pending_charges=700, spending_power=20003)
    make_balance(make_company(), spending_power=None)
    make_balance(make_cardholder(), credit_limit=0, pending_charges=0, balance_due=0, spending_power=0)
    made = reconciled()
    preamble, rows = file_of(client_as("finance").get(url("export", made)))
    assert len(rows) == 3
    provable = [row for row in rows if row["Difference"]]
    assert len(provable) == 2
    for row in provable:
        said = [Decimal(piece.rpartition(": ")[2]) for piece in row["Pieces"].split("; ") if piece]
        assert sum(said) == Decimal(row["Sum of pieces"]) == Decimal(row["Difference"])
        theirs, ours = Decimal(row["Provider's spending power"]), Decimal(row["Our spending power"])
        assert theirs - ours == Decimal(row["Difference"])
    assert any(Decimal(row["Difference"]) for row in provable)
    assert {row["Holder"] for row in rows} == {"A. M.", "Harbour Trading SA"}
    told = "\n".join(preamble)
    assert "sandbox environment" in told
    assert made.digest in told
    assert made.inputs["balances"]["sha256"] in told
    assert "US dollars" in told
    assert "Not signed off" in told
    assert Entry.objects.get(action="list:export").record_id == made.pk


def test_the_file_of_movements_adds_up_to_the_roll_forward(client_as):
    made = make_reconciliation(
        prepared_by=make_staff("finance", name="Paula"), prepared_at=timezone.now(),
        signed_by=make_staff("finance", name="Sam"), signed_at=timezone.now(),
    )  # fmt: skip
    make_break(amount=300, reconciliation=made)
    make_break(amount=-1000, reconciliation=made)
    make_break(amount=5)
    preamble, rows = file_of(client_as("finance").get(url("export", made), {"what": "breaks"}))
    assert [(row["What happened"], row["Added to the open sum"]) for row in rows] == [
        ("New", "3.00"),
        ("New", "-10.00"),
    ]
    assert "signed off by Sam" in "\n".join(preamble)
    assert "Marinho" not in str(rows)


def test_queries_do_not_grow_with_its_proofs_and_movements(client_as, django_assert_max_num_queries):
    made = make_reconciliation()
    for _ in range(6):
        balance = make_balance(make_cardholder())
        make_proof(balance, made)
        make_break(balance, reconciliation=made)
    client = client_as("finance")
    with django_assert_max_num_queries(16):
        client.get(made.get_absolute_url())
