"""`manage.py export_transactions`: the transactions of a period as CSV, XLSX or JSON lines, in flat memory."""

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, NoReturn
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from console.codego.records import normal
from console.exports import ExportColumn, csv_lines, write_xlsx
from transactions import reports
from transactions.columns import report_columns
from transactions.models import Report, Transaction

FORMATS = ("csv", "xlsx", "jsonl")
STDOUT = "-"
ZONE = "UTC"


class Command(BaseCommand):
    help = "Writes the transactions of a period to a file. Days and instants are UTC unless an offset says otherwise."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=FORMATS, default="csv")
        parser.add_argument("--output", required=True, metavar="FILE", help="- for stdout (csv and jsonl)")
        parser.add_argument(
            "--from", dest="start", metavar="WHEN", help="included: 2026-11-01 or 2026-11-01T00:00+01:00"
        )
        parser.add_argument("--to", dest="end", metavar="WHEN", help="not included")
        parser.add_argument("--by", choices=tuple(reports.TIMES), default="authorized", help="the time that counts")
        parser.add_argument("--status", default="", help="pending, completed, declined, reversed, …")
        parser.add_argument("--type", default="", help="spend, collateral, payment, fee, …")
        for noun in reports.RECORDS:
            parser.add_argument(
                f"--{noun}", default="", metavar="ID", help="the provider's id, or the number of its page"
            )

    def handle(self, **options: Any) -> None:
        if options["format"] == "xlsx" and options["output"] == STDOUT:
            self._refuse("An XLSX workbook cannot go to stdout. Give --output a file name, or choose csv or jsonl.")
        report = self._asked(options)
        target = options["output"]
        try:
            rows = _to_stdout(report) if target == STDOUT else _to_file(report, Path(target))
        except BrokenPipeError:  # whoever read stdout has seen enough
            sys.stdout = None
            return
        except (OSError, ValueError) as failure:
            self._refuse(f"The file could not be written: {failure}")
        self.stderr.write(f"{rows} transactions written to {'stdout' if target == STDOUT else target}.")

    def _asked(self, options: dict[str, Any]) -> Report:
        """A report that is not kept: the same rows, columns and totals as those of the page."""
        start = self._instant(options["start"], "--from") or reports.EARLIEST
        end = self._instant(options["end"], "--to") or reports.LATEST
        if start >= end:
            self._refuse("--to has to be later than --from: the period begins with --from and ends before --to.")
        filters: dict[str, Any] = {name: normal(options[name]) for name in ("status", "type") if options[name]}
        filters |= {noun: self._row(noun, options[noun]) for noun in reports.RECORDS if options[noun]}
        return Report(
            format=options["format"], by=options["by"], start=start, end=end, time_zone=ZONE, cut_off=timezone.now(),
            filters=filters,
        )  # fmt: skip

    def _instant(self, text: str | None, option: str) -> datetime | None:
        """A day is its first instant in UTC; an instant has to say its zone."""
        if not text:
            return None
        try:
            if len(text) == len("2026-11-01"):
                return datetime.combine(date.fromisoformat(text), time.min, tzinfo=UTC)
            moment = datetime.fromisoformat(text)
        except ValueError:
            self._refuse(f"{option} “{text}” is no date. Write 2026-11-01, or an instant such as 2026-11-01T08:30Z.")
        if moment.tzinfo is None:
            self._refuse(f"{option} “{text}” names no zone. Add Z for UTC or an offset such as +01:00.")
        return moment

    def _row(self, noun: str, text: str) -> int:
        found = reports.RECORDS[noun].filter(codego_id=text).first()
        if found is None and text.isdecimal() and len(text) < 19:
            found = reports.RECORDS[noun].filter(pk=int(text)).first()
        if found is None:
            self._refuse(f"--{noun} “{text}” is nobody's id. Give the provider's id, or the number of its page.")
        return int(found.pk)

    def _refuse(self, words: str) -> NoReturn:
        self.stderr.write(words)
        sys.exit(2)


def _to_stdout(report: Report) -> int:
    return _write(report, sys.stdout.buffer)


def _to_file(report: Report, target: Path) -> int:
    """Under another name until it is whole, so that nobody takes a half for the file."""
    growing = target.with_name(f"{target.name}.part")
    try:
        if report.format == "xlsx":
            rows = write_xlsx(
                growing, _columns(), _rows(report), reports.totals_lines(report.totals), reports.preamble(report)
            )
        else:
            with growing.open("wb") as file:
                rows = _write(report, file)
        growing.replace(target)
    finally:
        growing.unlink(missing_ok=True)
    return rows


def _write(report: Report, file: BinaryIO) -> int:
    if report.format == "csv":
        file.writelines(csv_lines(reports.preamble(report), _columns(), _rows(report)))
        file.writelines(reports.totals_csv(report.totals))
    else:
        file.writelines(_json_lines(_columns(), _rows(report)))
    file.flush()
    return report.rows


def _columns() -> list[ExportColumn]:
    return report_columns(ZoneInfo(ZONE))


def _rows(report: Report) -> Iterator[Transaction]:
    """Counts what it gives, so that the totals behind it are of exactly these rows."""
    for page in reports.walk(report):
        reports.add_totals(report.totals, page)
        report.rows += len(page)
        yield from page


def _json_lines(columns: list[ExportColumn], rows: Iterable[Transaction]) -> Iterator[bytes]:
    """One object a line, named as the columns are; amounts as text, since JSON numbers are often read as floats."""
    named = [(column.header.lower().replace(" ", "_"), column.value) for column in columns]
    for row in rows:
        cells = {name: _plain(value(row)) for name, value in named}
        yield json.dumps(cells, ensure_ascii=False).encode() + b"\n"


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Decimal) else value
