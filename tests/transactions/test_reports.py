"""Reports: what is asked for is what the file holds, to the cent, however often the worker was interrupted."""

import csv
import hashlib
import io
from datetime import UTC, datetime, timedelta
from zipfile import ZipFile

import pytest
from django.utils import timezone

from console.access import Actor
from console.audit.models import Entry
from tests.factories import make_card, make_staff, make_transaction
from transactions import reports
from transactions.models import Report, Transaction

pytestmark = pytest.mark.django_db
FORM = {"start": "2026-10-01", "end": "2026-11-01", "time_zone": "Europe/Lisbon", "by": "posted", "format": "csv"}


@pytest.fixture(autouse=True)
def _files(settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path


def posted(at: datetime, amount: int = 1_000, **fields) -> Transaction:
    return make_transaction(posted_at=at, occurred_at=at, amount=amount, signed_amount=-amount, **fields)


def asked(**fields) -> Report:
    month = {"start": datetime(2026, 10, 1, tzinfo=UTC), "end": datetime(2026, 11, 1, tzinfo=UTC), "time_zone": "UTC"}
    report = Report(**{"format": "csv", "by": "posted"} | month | fields)
    return reports.ask(report, actor=Actor(make_staff("finance").pk, ("finance",), ""))


def finished(report: Report) -> Report:
    while reports.work():
        pass
    report.refresh_from_db()
    return report


def lines_of(report: Report) -> list[list[str]]:
    return list(csv.reader(io.StringIO(reports.path_of(report).read_text("utf-8-sig"))))


def rows_in(report: Report) -> list[dict[str, str]]:
    lines = lines_of(report)
    head = next(n for n, line in enumerate(lines) if line and line[0] == "Transaction id")
    end = next(n for n, line in enumerate(lines) if n > head and not line)
    return [dict(zip(lines[head], line, strict=True)) for line in lines[head + 1 : end]]


def test_a_month_in_its_own_zone_begins_included_and_ends_excluded(client_as):
    first = posted(datetime(2026, 9, 30, 23, 0, tzinfo=UTC))  # midnight of 1 October in Lisbon
    posted(datetime(2026, 9, 30, 22, 59, tzinfo=UTC))
    last = posted(datetime(2026, 10, 31, 23, 59, tzinfo=UTC))
    posted(datetime(2026, 11, 1, 0, 0, tzinfo=UTC))  # winter time has begun: midnight of 1 November
    client = client_as("finance")
    response = client.post("/reports/new/", FORM)
    report = finished(Report.objects.get())
    assert response["Location"] == f"/reports/{report.pk}/"
    assert [row["Transaction id"] for row in rows_in(report)] == [first.codego_id, last.codego_id]
    said = " ".join(cell for line in lines_of(report)[:6] for cell in line)
    for words in ("Europe/Lisbon", "2026-10-01 00:00:00 (inclusive)", "(exclusive)", "major units", "Cut-off", "none"):
        assert words in said
    assert Entry.objects.filter(action="report:make", record_id=report.pk).exists()


def test_totals_are_by_currency_and_status_and_tie_to_the_rows(client_as):
    at = datetime(2026, 10, 5, tzinfo=UTC)
    posted(at, 1_001)
    posted(at, 2_002)
    posted(at, -303)
    posted(at, 50, currency="kwd", kind="collateral", type="collateral", status="", state="")
    make_transaction(posted_at=at, amount=None, signed_amount=None)
    report = finished(asked())
    assert report.totals["usd"]["completed"] == {"rows": 4, "signed": -2_700, "no_amount": 1}
    assert lines_of(report)[-2:] == [["KWD", "posted", "1", "-0.050", "0"], ["USD", "completed", "4", "-27.00", "1"]]
    page = client_as("finance").get(f"/reports/{report.pk}/").content.decode()
    assert "-$27.00" in page
    assert report.sha256 in page
    assert hashlib.sha256(reports.path_of(report).read_bytes()).hexdigest() == report.sha256


def test_a_slice_at_a_time_gives_the_same_file_as_one_go(monkeypatch):
    same = datetime(2026, 10, 5, tzinfo=UTC)
    for n in range(7):
        posted(same + timedelta(days=n // 3), 100 + n)  # several at the same instant
    whole = finished(asked())
    monkeypatch.setattr(reports, "ROWS", 2)
    monkeypatch.setattr(reports, "SLICE", 0)
    sliced = asked(cut_off=whole.cut_off)
    assert reports.work()
    sliced.refresh_from_db()
    assert (sliced.state, sliced.rows, sliced.expected) == ("running", 2, 7)
    with reports.path_of(sliced).open("ab") as file:
        file.write(b"half a line of a worker that was kil")
    finished(sliced)
    assert rows_in(sliced) == rows_in(whole)
    assert sliced.totals == whole.totals
    assert lines_of(sliced)[-1] == lines_of(whole)[-1]
    assert reports.path_of(sliced).read_bytes().count(b"\xef\xbb\xbf") == 1


def test_filters_and_cut_off_hold():
    at, card = datetime(2026, 10, 5, tzinfo=UTC), make_card()
    wanted = posted(at, card=card, status="Completed")
    posted(at, card=card, state="reversed", status="reversed")
    posted(at)
    report = asked(filters={"status": "completed", "card": card.pk})
    posted(at, card=card)  # known only after it was asked for
    assert [row["Transaction id"] for row in rows_in(finished(report))] == [wanted.codego_id]
    assert f"Filters: status = completed, card = {card.codego_id}" in [line[0] for line in lines_of(report) if line]


def test_xlsx_has_typed_cells_and_a_sheet_of_totals():
    posted(datetime(2026, 10, 5, tzinfo=UTC), 1_234, merchant_name="=HYPERLINK(1)")
    report = finished(asked(format="xlsx"))
    assert (report.state, report.rows) == ("done", 1)
    with ZipFile(reports.path_of(report)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert "<v>12.34</v>" in sheet
        assert "<f>" not in sheet
        assert "Rows without an amount" in book.read("xl/worksheets/sheet2.xml").decode()


def test_a_download_is_an_attachment_that_nobody_keeps_and_the_audit_knows(client_as):
    report = finished(asked())
    response = client_as("admin").get(f"/reports/{report.pk}/download/")
    assert b"".join(response.streaming_content) == reports.path_of(report).read_bytes()
    assert response["Cache-Control"] == "no-store"
    assert f"transactions-20261001-20261101-posted-{report.pk}.csv" in response["Content-Disposition"]
    assert Entry.objects.get(action="report:download").detail == {"sha256": report.sha256}


def test_a_file_that_is_gone_says_so(client_as):
    report, client = finished(asked()), client_as("finance")
    reports.path_of(report).unlink()
    assert client.get(f"/reports/{report.pk}/download/").status_code == 303
    assert b"no longer on this server" in client.get(f"/reports/{report.pk}/").content


def test_progress_is_live_until_it_is_done(client_as):
    report, client = asked(), client_as("finance")
    page = client.get(f"/reports/{report.pk}/")
    assert b"Queued" in page.content
    assert client.get(page.context["live_url"]).status_code == 204
    Report.objects.update(state="running", rows=1_200, expected=4_000)
    page = client.get(page.context["live_url"], headers={"HX-Request": "true"})
    assert b"1,200 of 4,000 rows" in page.content
    assert b"data-poll" in page.content
    Report.objects.update(state="failed", error="The disk is full.")
    page = client.get(page.context["live_url"], headers={"HX-Request": "true"})
    assert b"The disk is full." in page.content
    assert b"data-poll" not in page.content


def test_a_file_that_cannot_be_written_fails_loudly(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    report = asked()
    reports.path_of(report).mkdir(parents=True)
    assert finished(report).state == "failed"
    assert report.error


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"end": "2026-10-01"}, "later than the first day"),
        ({"card": "nobody"}, "No record has the id"),
        ({"start": "soon"}, "valid date"),
        ({"time_zone": "Mars/Olympus"}, "Select a valid choice"),
    ],
)
def test_a_form_that_makes_no_sense_keeps_what_was_typed(client_as, change, words):
    response = client_as("finance").post("/reports/new/", {**FORM, "company": "", **change})
    assert response.status_code == 422
    assert words in response.content.decode()
    assert next(iter(change.values())) in response.content.decode()
    assert not Report.objects.exists()


def test_the_form_starts_with_last_month_in_the_reader_s_zone_and_takes_a_card_over(client_as):
    card = make_card()
    page = client_as("finance").get(f"/reports/new/?card={card.pk}").content.decode()
    end = timezone.localdate().replace(day=1)
    assert f'value="{end}"' in page
    assert f'value="{card.pk}"' in page


@pytest.mark.parametrize(
    ("role", "reads", "makes"), [("operations", 403, 403), ("viewer", 403, 403), ("admin", 200, 403)]
)
def test_who_reads_and_who_makes(client_as, role, reads, makes):
    report, client = finished(asked()), client_as(role)
    for path in ("/reports/", f"/reports/{report.pk}/", f"/reports/{report.pk}/download/"):
        response = client.get(path)
        assert response.status_code == reads
        list(response)  # a file is closed once it has been read
    assert client.get("/reports/new/").status_code == makes
    assert client.post("/reports/new/", FORM).status_code == makes
