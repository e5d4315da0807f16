"""The lists: each filter, the sorts, what a role sees, and the file that holds the same rows."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from console.audit.models import Entry
from tests.factories import make_card, make_cardholder, make_company, make_dispute, make_transaction
from transactions.models import Transaction

pytestmark = pytest.mark.django_db


def shown(client, query: str, at: str = "/transactions/") -> list[int]:
    return [row.pk for row in client.get(f"{at}?{query}").context["page"].rows]


def csv_rows(response) -> list[dict[str, str]]:
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    head = next(n for n, line in enumerate(lines) if line.startswith(("Transaction id", "Dispute id")))
    return list(csv.DictReader(io.StringIO("\n".join(lines[head:]))))


def test_filters_find_what_they_name(client_as):
    client = client_as("operations")
    card = make_card(last4="7777")
    bought = make_transaction(card, merchant_name="Hotel Avenida", amount=21_000)
    refund = make_transaction(card, merchant_name="Hotel Avenida", amount=-1_500, signed_amount=1_500)
    declined = make_transaction(state="declined", status="declined", declined_reason="Card Locked", signed_amount=0)
    odd = make_transaction(state="onhold", status="on hold", declined_reason="")
    ours = make_transaction(company=make_company(), card=None, kind="collateral", type="collateral", merchant_name="")
    everything = {bought.pk, refund.pk, declined.pk, odd.pk, ours.pk}
    for query, found in (
        ("", everything),
        ("q=avenida", {bought.pk, refund.pk}),
        ("status=declined", {declined.pk}),
        ("status=other", {odd.pk}),
        ("type=collateral", {ours.pk}),
        ("reason=cardlocked", {declined.pk}),
        ("reason=other", set()),
        ("last4=7777", {bought.pk, refund.pk}),
        (f"card={card.pk}", {bought.pk, refund.pk}),
        (f"cardholder={card.cardholder_id}", {bought.pk, refund.pk}),
        (f"company={ours.company_id}", {ours.pk}),
        ("card=987654321", set()),
        ("amount_from=15&amount_to=15", {refund.pk}),
        ("amount_from=200", {bought.pk}),
        ("amount_to=12.49", set()),
        ("status=nonsense", everything),
        ("amount_from=x", everything),
        ("from=9999-12-31", everything),
    ):
        assert set(shown(client, query)) == found, query


def test_days_are_the_reader_s_own_and_the_last_one_counts(client_as):
    late = make_transaction(
        occurred_at=datetime(2026, 11, 1, 3, 30, tzinfo=UTC), posted_at=datetime(2026, 11, 3, 12, tzinfo=UTC)
    )
    client = client_as("operations")
    assert shown(client, "from=2026-11-01&to=2026-11-01") == [late.pk]
    client.get("/transactions/")
    from console.staff.models import User

    User.objects.update(time_zone="America/New_York")  # there it was still October
    assert shown(client, "from=2026-11-01&to=2026-11-01") == []
    assert shown(client, "from=2026-10-31&to=2026-10-31") == [late.pk]
    assert shown(client, "by=posted&from=2026-11-03&to=2026-11-03") == [late.pk]


def test_sorts_by_time_and_amount(client_as):
    small = make_transaction(signed_amount=-100, occurred_at=timezone.now())
    large = make_transaction(signed_amount=-9_000)
    client = client_as("viewer")
    assert shown(client, "") == [small.pk, large.pk]
    assert shown(client, "sort=time") == [large.pk, small.pk]
    assert shown(client, "sort=amount") == [large.pk, small.pk]
    assert shown(client, "sort=-amount") == [small.pk, large.pk]


def test_names_are_masked_for_those_who_may_not_read_them(client_as):
    holder = make_cardholder(first_name="Ottilie", last_name="Quist")
    make_transaction(make_card(holder))
    query = f"/transactions/?cardholder={holder.pk}"
    assert b"Ottilie" in client_as("operations").get(query).content
    page = client_as("viewer").get(query).content
    assert b"Ottilie" not in page
    assert b"O. Q." in page


def test_a_list_costs_the_same_queries_for_one_row_and_for_many(client_as, django_assert_max_num_queries):
    client = client_as("operations")
    for _ in range(12):
        make_transaction()
    with django_assert_max_num_queries(12):
        client.get("/transactions/")


def test_the_export_holds_the_rows_of_the_list_in_its_order(client_as):
    make_transaction(merchant_name="=cmd()", amount=123_456, signed_amount=-123_456)
    make_transaction(merchant_name="Elsewhere")
    client = client_as("finance")
    response = client.get("/transactions/export/?q=cmd&sort=amount")
    assert response["Content-Disposition"].startswith("attachment")
    assert response["Cache-Control"] == "no-store"
    (row,) = csv_rows(response)
    assert (row["Amount"], row["Signed amount"], row["Currency"]) == ("1234.56", "-1234.56", "USD")
    assert row["Merchant"] == "'=cmd()"
    entry = Entry.objects.get(action="list:export")
    assert entry.detail == {"list": "transactions", "filters": ["q"], "columns": "all"}


@pytest.mark.parametrize("role", ["viewer", "admin"])
def test_who_may_not_export_is_not_offered_it_and_is_refused(client_as, role):
    client = client_as(role)
    assert b"/transactions/export/" not in client.get("/transactions/").content
    assert client.get("/transactions/export/").status_code == 403
    assert client.get("/disputes/export/").status_code == 403


def test_empty_lists_say_what_to_do(client_as):
    client = client_as("viewer")
    assert b"No transactions yet" in client.get("/transactions/").content
    assert b"Nothing matches these filters" in client.get("/transactions/?status=declined").content
    assert b"No disputes yet" in client.get("/disputes/").content


def test_disputes_are_filtered_and_exported(client_as):
    bought = make_transaction(amount=7_500, merchant_name="Shell")
    mine = make_dispute(bought, status="inReview", state="inreview", text_evidence="Ana never bought this.")
    other = make_dispute(opened_at=timezone.now() - timedelta(days=90))
    client = client_as("operations")
    for query, found in (
        ("", [mine.pk, other.pk]),
        ("status=inreview", [mine.pk]),
        ("q=shell", [mine.pk]),
        ("amount_from=75&amount_to=75", [mine.pk]),
        ("sort=opened", [other.pk, mine.pk]),
        (f"to={(timezone.now() - timedelta(days=30)).date()}", [other.pk]),
    ):
        assert shown(client, query, "/disputes/") == found, query
    (row,) = csv_rows(client.get("/disputes/export/?status=inreview"))
    assert (row["Amount"], row["Text"]) == ("75.00", "Ana never bought this.")
    (row,) = csv_rows(client_as("finance").get("/disputes/export/?status=inreview"))
    assert row["Text"] == "•••"


def test_rows_known_by_reference_say_that_they_are_being_read(client_as):
    Transaction.objects.create(codego_id="tx-unknown", by_reference=True)
    client = client_as("viewer")
    assert b"Known by reference, being read" in client.get("/transactions/").content
    assert csv_rows(client_as("finance").get("/transactions/export/")) == []
