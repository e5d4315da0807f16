"""Exports: constant memory, exact numbers, and cells that no spreadsheet will run."""

import csv
import io
import json
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from django.utils.translation import get_language, override
from hypothesis import given
from hypothesis import strategies as st

from console.exports import ROWS_PER_CHUNK, ExportColumn, csv_lines, safe_cell, stream_csv, write_xlsx

VECTORS = json.loads(Path(__file__).parent.parent.joinpath("vectors.json").read_text())["formula_cells"]
COLUMNS = [ExportColumn("Merchant", lambda row: row[0]), ExportColumn("Amount (USD)", lambda row: row[1])]
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def read_csv(chunks) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(chunks).decode("utf-8-sig"), newline="")))


def read_xlsx(path: Path, sheet: int = 1) -> list[dict[str, tuple[str, str]]]:
    """Rows of {cell: (type, value)}; the type is `formula` where the cell holds one."""
    with zipfile.ZipFile(path) as book:
        root = ET.fromstring(book.read(f"xl/worksheets/sheet{sheet}.xml"))
    return [{cell.get("r"): _cell(cell) for cell in row} for row in root.iter(f"{SHEET}row")]


def _cell(cell) -> tuple[str, str]:
    kind = {True: "formula"}.get(cell.find(f"{SHEET}f") is not None, cell.get("t", "n"))
    return kind, "".join(cell.itertext())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: repr(vector["text"]))
def test_text_that_looks_like_a_formula_is_disarmed(vector):
    cell = safe_cell(vector["text"])
    assert not cell.startswith(tuple(vector["must_not_start_with"]))
    assert cell.endswith(vector["text"])


@given(st.text())
def test_no_text_starts_a_formula_and_none_is_lost(text):
    cell = safe_cell(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert cell.replace("'", "") == text.replace("'", "")


@pytest.mark.parametrize(("text", "cell"), [
    ("Foo;=1+1;", "Foo;'=1+1;"), ("a\t=1+1", "a\t'=1+1"), ("plain; text", "plain; text"), ("a | @b", "a | '@b"),
])  # fmt: skip
def test_no_cell_begins_a_formula_where_another_locale_splits_it(text, cell):
    assert safe_cell(text) == cell


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (-1_250, -1_250),
        (Decimal("-12.50"), Decimal("-12.50")),
        (None, ""),
        (True, "true"),
        (False, "false"),
        (date(2026, 11, 24), "2026-11-24"),
        (datetime(2026, 11, 24, 14, 35, tzinfo=UTC), "2026-11-24T14:35:00+00:00"),
        ("Blue Bottle", "Blue Bottle"),
    ],
)
def test_numbers_stay_numbers_and_times_are_iso(value, cell):
    assert safe_cell(value) == cell


def test_a_file_says_what_it_is_then_its_columns_then_its_rows():
    rows = [("Blue Bottle, Oakland", Decimal("12.50")), ("=1+1", Decimal("-3.00"))]
    assert read_csv(csv_lines(["Amounts in major units", "-made for you-"], COLUMNS, rows)) == [
        ["Amounts in major units"],
        ["'-made for you-"],
        ["Merchant", "Amount (USD)"],
        ["Blue Bottle, Oakland", "12.50"],
        ["'=1+1", "-3.00"],
    ]


def test_it_starts_with_a_byte_order_mark_and_ends_lines_as_spreadsheets_expect():
    content = b"".join(csv_lines([], COLUMNS, [("Café", 1)]))
    assert content == "\ufeffMerchant,Amount (USD)\r\nCafé,1\r\n".encode()


@given(st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), st.integers())))
def test_any_rows_come_back_whole(rows):
    back = read_csv(csv_lines([], COLUMNS, rows))[1:]
    assert back == [[str(safe_cell(name)), str(amount)] for name, amount in rows]


def test_rows_are_taken_as_they_are_written():
    taken = []
    source = (taken.append(n) or ("row", n) for n in range(10 * ROWS_PER_CHUNK))
    chunks = csv_lines([], COLUMNS, source)
    next(chunks)
    assert taken == []
    next(chunks)
    assert len(taken) == ROWS_PER_CHUNK


def test_a_download_is_an_attachment_that_no_cache_keeps():
    response = stream_csv("transactions–nov.csv", [], COLUMNS, [])
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith("attachment; filename")
    assert response["Cache-Control"] == "no-store"
    assert response.streaming


def test_a_sheet_has_typed_cells_and_no_formula(tmp_path):
    path = tmp_path / "report.xlsx"
    values = ["=1+1", "https://example.test", Decimal("-12.50"), 7, True, None, 9_007_199_254_740_993]
    columns = [ExportColumn("Value", lambda row: row)]
    assert write_xlsx(path, columns, values) == 7
    cells = [next(iter(row.values())) for row in read_xlsx(path)]
    assert cells == [
        ("inlineStr", "Value"),
        ("inlineStr", "=1+1"),
        ("inlineStr", "https://example.test"),
        ("n", "-12.50"),
        ("n", "7"),
        ("b", "1"),
        ("inlineStr", "9007199254740993"),
    ]


def test_a_time_is_written_as_it_reads_in_its_zone(tmp_path):
    path = tmp_path / "report.xlsx"
    write_xlsx(
        path, [ExportColumn("At", lambda row: row)], [datetime(2026, 11, 24, 12, tzinfo=UTC), date(2026, 11, 24)]
    )
    assert [row[f"A{place}"] for place, row in enumerate(read_xlsx(path)[1:], 2)] == [("n", "46350.5"), ("n", "46350")]


def test_the_second_sheet_says_what_the_first_one_is(tmp_path):
    path = tmp_path / "report.xlsx"
    totals = [["Currency", "Total"], ["USD", Decimal("-12.50")]]
    write_xlsx(path, COLUMNS, [("Blue Bottle", 1)], totals, ["Times in UTC"])
    about = [list(row.values()) for row in read_xlsx(path, sheet=2)]
    assert about == [
        [("inlineStr", "Times in UTC")],
        [("inlineStr", "Currency"), ("inlineStr", "Total")],
        [("inlineStr", "USD"), ("n", "-12.50")],
    ]


def test_a_stream_is_written_in_the_zone_and_language_of_whoever_asked():
    """It is written after the request has let go of both."""
    here = ExportColumn("Here", lambda _row: f"{timezone.get_current_timezone_name()} {get_language()}")
    with timezone.override(ZoneInfo("Asia/Tokyo")), override("it"):
        response = stream_csv("list.csv", [], [here], range(501))
    chunks = []
    for chunk in response.streaming_content:
        assert (timezone.get_current_timezone_name(), get_language()) == ("UTC", "en")
        chunks.append(chunk)
    assert b"".join(chunks).decode("utf-8-sig").split("\r\n")[1:-1] == ["Asia/Tokyo it"] * 501
