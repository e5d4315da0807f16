"""Every list, walked as its reader would: each column can be shown alone, and the file holds just what the screen does."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from console.provider.models import RequestLog
from console.staff.models import User
from console.sync.models import Delivery, Run
from tests.factories import make_break, make_card, make_cardholder, make_company, make_dispute, make_transaction

pytestmark = pytest.mark.django_db

LISTS = {
    "cards:list": "operations",
    "cardholders:list": "operations",
    "cardholders:companies": "operations",
    "cardholders:reviews": "compliance",
    "transactions:list": "operations",
    "transactions:disputes": "operations",
    "sync:inbox": "finance",
    "sync:runs": "finance",
    "audit:list": "finance",
    "provider:requests": "finance",
    "reconciliation:breaks": "finance",
}
WITHOUT_FILE = {"reconciliation:history": "finance", "staff:list": "admin", "transactions:reports": "finance"}
NOT_IN_FILE = {"decision"}  # of reviews: an entry of the activity, exported there


@pytest.fixture
def world() -> None:
    holder = make_cardholder(
        first_name="Ottilie", last_name="Quist", email="ottilie@holder.test", phone_number="965075539",
        address={"countryCode": "PT"}, state="pending", application_status="pending", state_since=timezone.now(),
    )  # fmt: skip
    make_company()
    bought = make_transaction(make_card(holder, display_name="OTTILIE QUIST", last4="4242"), state="completed")
    make_dispute(bought)
    make_break()
    Delivery.objects.create(event_id="e1", body_hash="h", type="card.updated", body=b"{}")
    Run.objects.create(kind="full", resources=["cards"], counts={"cards": {"seen": 7}}, finished_at=timezone.now())
    RequestLog.objects.create(route="GET /cards", object_id="card-1", error="Ottilie Quist is unknown")


def columns_of(client, name: str, query: str = "columns=all"):
    return client.get(f"{reverse(name)}?{query}").context["page"].columns


def table(answer) -> list[list[str]]:
    """The cells of each row of the page, as text."""
    body = answer.content.decode().partition("<tbody>")[2].partition("</tbody>")[0]
    rows = body.split("<tr")[1:]
    return [row.replace("<th", "<td").split("<td")[1:] for row in rows]


def lines_of(client, url: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(client.get(url).streaming_content).decode("utf-8-sig"))))


def file_of(client, url: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows. Sentences stand before them, one to a line, as many as in the file of all columns."""
    whole = lines_of(client, url.partition("?")[0])
    head = next(place for place, line in enumerate(whole) if len(line) > 1)
    lines = lines_of(client, url)
    return lines[head], lines[head + 1 :]


@pytest.mark.parametrize(("name", "role"), [*LISTS.items(), *WITHOUT_FILE.items()])
def test_each_row_has_a_cell_for_each_column_in_any_choice(client_as, world, name, role):
    client = client_as(role)
    everything = [column.key for column in columns_of(client, name)]
    free = [key for key in everything if key not in _fixed(client, name)]
    for chosen in (everything, free[::-1], free[:1], [everything[0]]):
        answer = client.get(f"{reverse(name)}?columns={','.join(chosen)}")
        page = answer.context["page"]
        head = answer.content.decode().partition("<thead>")[2].partition("</thead>")[0]
        heads = len(re.findall(r"<t[hd][ >]", head))
        assert {len(row) for row in table(answer)} <= {heads}
        assert not page.rows or heads - len(page.columns) in {0, 1}  # one more to choose rows with
        assert page.notice == ""


def _fixed(client, name: str) -> set[str]:
    return {column.key for column in columns_of(client, name) if column.fixed}


@pytest.mark.parametrize(("name", "role"), LISTS.items())
def test_each_column_on_the_screen_has_its_place_in_the_file(client_as, world, name, role):
    client = client_as(role)
    page = client.get(f"{reverse(name)}?columns=all").context["page"]
    path = page.export_url.partition("?")[0]
    whole, _rows = file_of(client, path)
    labelled = [column.key for column in page.columns if column.label and column.key not in NOT_IN_FILE]
    for key in labelled:
        header, rows = file_of(client, f"{path}?columns={key}")
        assert header != whole, f"{key} brought the whole file"
        assert len(header) <= 4
        assert set(header) <= set(whole)
        assert rows or name == "audit:list"


def test_the_file_has_the_columns_of_the_screen_in_its_order(client_as, world):
    client = client_as("operations")
    page = client.get("/cards/?columns=limit,status,last4&sort=-limit").context["page"]
    shown, everything = [url for _label, url in page.export_choices]
    header, rows = file_of(client, shown)
    assert header == ["Last four", "Limit", "Status"]  # the name stands first, as on the screen
    assert rows[0][0] == "4242"
    assert len(file_of(client, everything)[0]) > 10


def test_what_the_reader_may_not_read_is_masked_in_every_column(client_as, world):
    """As finance, who exports and does not read names: on the screen and in the file."""
    client = client_as("finance")
    for name in ("cards:list", "cardholders:list", "transactions:list", "provider:requests"):
        answer = client.get(f"{reverse(name)}?columns=all")
        file = b"".join(client.get(answer.context["page"].export_choices[1][1]).streaming_content).decode()
        for text in (strip_tags(answer.content.decode()), file):
            for secret in ("Ottilie", "OTTILIE", "ottilie@holder.test", "965075539", "PT\n"):
                assert secret not in text, f"{secret} in {name}"


def test_columns_and_rows_cost_no_further_questions(client_as, world):
    client = client_as("operations")
    client.get("/transactions/")
    with CaptureQueriesContext(connection) as few:
        client.get("/transactions/")
    for _ in range(5):
        make_transaction(make_card())
    with CaptureQueriesContext(connection) as many:
        client.get("/transactions/?columns=all")
    assert len(many) == len(few)


# --- Previews ----------------------------------------------------------------------------------------------------------


PREVIEWED = ["cards:list", "cardholders:list", "cardholders:companies", "transactions:list", "transactions:disputes"]


@pytest.mark.parametrize("name", PREVIEWED)
def test_a_row_is_previewed_as_a_fragment_and_without_script_as_a_page(client_as, world, name):
    client = client_as("viewer")
    row = client.get(reverse(name)).context["page"].rows[0]
    address = f"{row.get_absolute_url()}preview/"
    assert address in client.get(reverse(name)).content.decode()
    fragment = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert fragment.lstrip().startswith("<article")
    assert row.get_absolute_url() in fragment
    assert "<html" in client.get(address).content.decode()
    for secret in ("Ottilie", "ottilie@holder.test"):
        assert secret not in fragment


def test_a_preview_offers_what_the_state_calls_for_to_those_who_may(client_as, world):
    card = make_card(state="active", status="active")
    address = f"{card.get_absolute_url()}preview/"
    assert b"Lock card" in client_as("operations").get(address).content
    assert b"Lock card" not in client_as("viewer").get(address).content


def test_a_preview_asks_few_questions(client_as, django_assert_max_num_queries):
    holder = make_cardholder()
    for _ in range(4):
        make_transaction(make_card(holder))
    client = client_as("operations")
    for address in (holder.get_absolute_url(), holder.cards.first().get_absolute_url()):
        client.get(f"{address}preview/")
        with django_assert_max_num_queries(12):
            client.get(f"{address}preview/", headers={"HX-Request": "true"})


# --- Words of filters --------------------------------------------------------------------------------------------------


def test_chips_read_as_sentences(client_as):
    page = (
        client_as("operations")
        .get("/cards/?status=active&limit_from=100&expiring=on&q=rossi&last4=4242")
        .context["page"]
    )
    assert [strip_tags(chip.words) for chip in page.chips] == [
        "Cardholder or last four “rossi”", "Last four 4242", "Status is Active", "Limit from $100.00",
        "Expires within 60 days",
    ]  # fmt: skip
    page = client_as("operations").get("/transactions/?from=2026-11-01&amount_from=1234.5").context["page"]
    assert [strip_tags(chip.words) for chip in page.chips] == ["From 1 Nov 2026", "Amount from 1,234.50"]


def test_days_can_be_asked_for_at_once_in_the_readers_zone(client_as):
    client = client_as("operations")
    client.get("/transactions/")
    User.objects.update(time_zone="Pacific/Kiritimati")  # fourteen hours ahead
    there = (timezone.now() + timedelta(hours=14)).date()
    page = client.get("/transactions/?status=declined").context["page"]
    today, week, *_months = page.days
    assert today.url == f"/transactions/?status=declined&from={there}&to={there}"
    assert week.url.endswith(f"from={there - timedelta(days=6)}&to={there}")
    assert client.get(today.url).context["page"].days[0].current


def test_a_chip_holds_no_markup_of_its_own(client_as):
    page = client_as("operations").get("/transactions/?q=<b>x</b>").context["page"]
    assert "&lt;b&gt;" in page.chips[0].words


def test_a_preview_writes_amounts_as_the_lists_do(client_as, world):
    """Spending is negative on the holder's side, and what was given up is struck through, never a plain zero."""
    card = make_card()
    make_transaction(card=card, codego_id="t-spent", amount=12_652, signed_amount=-12_652)
    nothing = {"amount": 0, "signed_amount": 0, "authorized_amount": 8_000}
    given_up = make_transaction(card=card, codego_id="t-up", status="reversed", state="reversed", **nothing)
    client = client_as("operations")
    assert "-$126.52" in client.get(f"{card.get_absolute_url()}preview/").text
    assert '<s class="muted">$80.00</s>' in client.get(f"{given_up.get_absolute_url()}preview/").text
