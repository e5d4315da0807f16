"""Writing lists out as CSV and XLSX in constant memory, in cells that can never become formulas."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from types import NoneType
from typing import Any

import xlsxwriter
from django.http import StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.http import content_disposition_header

from console.columns import ALL

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # also in full width
GUARD = "'"  # what spreadsheets themselves put before text that looks like a formula
# where a spreadsheet of another locale would split the line
INNER_START = re.compile(r"(?<!^)([;|\t]\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
ROWS_PER_CHUNK = 500
EXACT_IN_DOUBLE = 10**15  # XLSX numbers are doubles: beyond this a cell keeps its digits as text
SHEET_ROWS = 1_048_575  # under the header, by the format


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """`of`: the columns of the list on the screen whose cells show it, as words."""

    header: str
    value: Callable[[Any], object]
    of: str = ""


def picked(columns: Sequence[ExportColumn], names: Sequence[str]) -> list[ExportColumn]:
    """What the screen shows, in its order: several cells of the file can stand for one of its columns. All without a
    choice, or where nothing that was chosen exists."""
    chosen = dict.fromkeys(column for name in names for column in columns if name in column.of.split())
    return list(columns) if ALL in names or not chosen else list(chosen)


def safe_cell(value: object) -> object:
    """Text a spreadsheet will not run; numbers stay numbers, times are ISO 8601, nothing is empty."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return value
        case datetime() | date():
            return value.isoformat()
    text = INNER_START.sub(rf"\1{GUARD}", str(value))
    return GUARD + text if text.startswith(FORMULA_STARTS) else text


def csv_lines(preamble: Sequence[str], columns: Sequence[ExportColumn], rows: Iterable[Any]) -> Iterator[bytes]:
    """The file in chunks: byte order mark, one line for each sentence of the preamble, the header, the rows."""
    head = [*([safe_cell(sentence)] for sentence in preamble), [safe_cell(column.header) for column in columns]]
    yield b"\xef\xbb\xbf" + _encode(head)
    values = [column.value for column in columns]
    waiting = iter(rows)
    while chunk := list(islice(waiting, ROWS_PER_CHUNK)):
        yield _encode([safe_cell(value(row)) for value in values] for row in chunk)


def stream_csv(
    filename: str,
    preamble: Sequence[str],
    columns: Sequence[ExportColumn],
    rows: Iterable[Any],
) -> StreamingHttpResponse:
    """A download. The preamble says the units, time zone, filters and when it was made."""
    chunks = _as_asked(csv_lines(preamble, columns, rows))
    response = StreamingHttpResponse(chunks, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=filename) or "attachment"
    response["Cache-Control"] = "no-store"
    return response


def _as_asked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Each chunk made in the zone and language of now: a stream is written after the request has let go of both."""
    zone, language = timezone.get_current_timezone(), translation.get_language()

    def chunk() -> bytes | None:
        with timezone.override(zone), translation.override(language):
            return next(chunks, None)

    return iter(chunk, None)


def write_xlsx(
    path: str | Path,
    columns: Sequence[ExportColumn],
    rows: Iterable[Any],
    totals: Iterable[Sequence[object]] = (),
    preamble: Sequence[str] = (),
) -> int:
    """One sheet of typed cells, one of the preamble and the totals. Returns the number of rows written.
    Times are written as they read in their own zone, since XLSX knows none: convert them before."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "remove_timezone": True}
    with xlsxwriter.Workbook(str(path), options) as workbook:
        cells = _Cells(workbook)
        sheet = workbook.add_worksheet("Rows")
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(columns) - 1, 18)
        for place, column in enumerate(columns):
            sheet.write_string(0, place, column.header, cells.bold)
        values = list(enumerate(column.value for column in columns))
        write = cells.writer(sheet)
        count = 0
        for row in rows:
            count += 1
            if count > SHEET_ROWS:
                raise ValueError("An XLSX sheet holds 1,048,575 rows; choose CSV for more.")
            for place, value in values:
                write(count, place, value(row))
        _write_about(workbook, cells, totals, preamble)
    return count


class _Cells:
    """The formats of one workbook, made once each, and the writer that picks a cell's type from its value's."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        self.bold = workbook.add_format({"bold": True})
        self._moment = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        self._decimals: dict[int, Any] = {}

    def _decimal(self, value: Decimal) -> Any:
        places = -int(value.as_tuple().exponent)
        if places not in self._decimals:
            form = "#,##0" + ("." + "0" * places if places > 0 else "")
            self._decimals[places] = self._workbook.add_format({"num_format": form})
        return self._decimals[places]

    def writer(self, sheet: Any) -> Callable[[int, int, object], None]:
        """Writes a value into a cell of its type; what has no type of its own is written as its text."""
        string, number, moment = sheet.write_string, sheet.write_number, sheet.write_datetime

        def whole(row: int, place: int, value: int) -> None:
            write = number if abs(value) < EXACT_IN_DOUBLE else text
            write(row, place, value)

        def decimal(row: int, place: int, value: Decimal) -> None:
            if abs(value) < EXACT_IN_DOUBLE:
                number(row, place, value, self._decimal(value))
            else:
                text(row, place, value)

        def text(row: int, place: int, value: object) -> None:
            string(row, place, str(value))

        kinds: dict[type, Callable[..., object]] = {
            str: string,
            NoneType: sheet.write_blank,
            bool: sheet.write_boolean,
            int: whole,
            Decimal: decimal,
            datetime: lambda row, place, value: moment(row, place, value, self._moment),
            date: lambda row, place, value: moment(row, place, value, self._day),
        }

        def write(row: int, place: int, value: object) -> None:
            kinds.get(type(value), text)(row, place, value)

        return write


def _write_about(workbook: Any, cells: _Cells, totals: Iterable[Sequence[object]], preamble: Sequence[str]) -> None:
    sheet = workbook.add_worksheet("Totals")
    sheet.set_column(0, 0, 24)
    write = cells.writer(sheet)
    line = 0
    for sentence in preamble:
        write(line, 0, sentence)
        line += 1
    line += bool(preamble)
    for total in totals:
        for place, value in enumerate(total):
            write(line, place, value)
        line += 1


def _encode(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
