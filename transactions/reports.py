"""Reports of transactions for a period: asked for on a page, made by the worker in slices, kept as files."""

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Manager, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as lazy
from xlsxwriter.exceptions import XlsxWriterException

from cardholders.models import Cardholder, Company
from cards.models import Card
from console.access import Actor
from console.audit import services as audit
from console.audit.events import Action
from console.branding import brand
from console.exports import ExportColumn, csv_lines, write_xlsx
from console.money import major
from console.notices import services as notices
from console.notices.kinds import Kind
from transactions.columns import UNITS, report_columns
from transactions.models import Report, ReportState, Transaction

SLICE = 7.0  # seconds
LEASE = timedelta(seconds=60)
ROWS = 2000
TIMES = {"authorized": "occurred_at", "posted": "posted_at"}
FILTERS = {"status": "state", "type": "kind", "card": "card_id", "cardholder": "cardholder_id", "company": "company_id"}
RECORDS: dict[str, Manager[Any]] = {
    "card": Card.objects,
    "cardholder": Cardholder.objects,
    "company": Company.objects,
}
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)  # a period without that end
TIME_WORDS = {
    "authorized": "authorised time (the posted time where a row was never authorised)",
    "posted": "posted time (rows that have not posted are left out)",
}
TOTALS_HEAD = ("Currency", "Status", "Rows", "Signed amount", "Rows without an amount")


def ask(report: Report, *, actor: Actor) -> Report:
    """Queues a report of what is known at this moment; the worker's beat finds it within seconds."""
    assert actor.user_id is not None, "the system asks for no reports"
    report.asked_by_id, report.cut_off = actor.user_id, timezone.now()
    report.save()
    audit.record(
        Action.REPORT_MAKE, actor=actor, record="report", record_id=report.pk, format=report.format, by=report.by,
        start=report.start.isoformat(), end=report.end.isoformat(), filters=report.filters,
    )  # fmt: skip
    return report


def rows_of(report: Report) -> QuerySet[Transaction]:
    """The period's rows as known at the cut-off: start inclusive, end exclusive."""
    column = TIMES[report.by]
    wanted = {FILTERS[name]: value for name, value in report.filters.items() if value}
    return (
        Transaction.objects.filter(by_reference=False, created_at__lte=report.cut_off or timezone.now(), **wanted)
        .filter(**{f"{column}__gte": report.start, f"{column}__lt": report.end})
        .select_related("card", "cardholder", "company")
        .defer("raw", "card__raw", "cardholder__raw", "company__raw")
        .order_by(column, "pk")
    )


def preamble(report: Report) -> list[str]:
    """What a reader has to know to believe the file: period, time, zone, unit, cut-off, filters."""
    zone = ZoneInfo(report.time_zone)
    start = "the beginning" if report.start <= EARLIEST else f"{report.start.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    end = "no end" if report.end >= LATEST else f"{report.end.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    cut_off = (report.cut_off or report.asked_at).astimezone(zone)
    return [
        f"{brand().name}: transactions, {settings.CODEGO_ENVIRONMENT} environment",
        f"Period from {start} (inclusive) to {end} (exclusive), zone {report.time_zone}",
        f"Placed in the period by {TIME_WORDS[report.by]}",
        f"Cut-off: as this console knew them at {cut_off:%Y-%m-%d %H:%M:%S}, zone {report.time_zone}",
        UNITS,
        f"Filters: {filters_said(report)}",
    ]


def filters_said(report: Report) -> str:
    """The filters in a fixed order, with the provider's ids, which mean the same to every reader."""
    said = []
    for name in FILTERS:
        value = report.filters.get(name)
        rows = RECORDS[name].filter(pk=value) if name in RECORDS else None
        found = rows.values_list("codego_id", flat=True).first() if rows is not None else None
        if value:
            said.append(f"{name} = {found or value}")
    return ", ".join(said) or "none"


def walk(report: Report, after: tuple[datetime, int] | None = None) -> Iterator[list[Transaction]]:
    """Pages of rows in order of time, from just after the given row; memory stays flat."""
    column = TIMES[report.by]
    rows = rows_of(report)
    while True:
        page = rows
        if after:
            moment, pk = after
            page = rows.filter(**{f"{column}__gte": moment}).filter(Q(**{f"{column}__gt": moment}) | Q(pk__gt=pk))
        found = list(page[:ROWS])
        if not found:
            return
        yield found
        after = (getattr(found[-1], column), found[-1].pk)


def add_totals(totals: dict[str, Any], rows: list[Transaction]) -> None:
    """Control totals by currency and status, in minor units; rows without an amount are counted, not summed."""
    for row in rows:
        currency = (row.currency or "usd").lower()
        line = totals.setdefault(currency, {}).setdefault(
            row.state or "posted", {"rows": 0, "signed": 0, "no_amount": 0}
        )
        line["rows"] += 1
        line["signed"] += row.signed_amount or 0
        line["no_amount"] += row.amount is None


def totals_lines(totals: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    """Control totals as cells under TOTALS_HEAD, amounts in major units. Read only after the rows have been counted."""
    yield TOTALS_HEAD
    for currency, states in sorted(totals.items()):
        for state, line in sorted(states.items()):
            yield (currency.upper(), state, line["rows"], major(line["signed"], currency), line["no_amount"])


def totals_csv(totals: dict[str, Any]) -> Iterator[bytes]:
    """The totals as the last lines of a CSV file, an empty line before them."""
    columns = [ExportColumn("", itemgetter(place)) for place in range(len(TOTALS_HEAD))]
    yield b"\r\n"
    yield from rows_csv(columns, totals_lines(totals))


def rows_csv(columns: Sequence[ExportColumn], rows: Iterable[Any]) -> Iterator[bytes]:
    """Lines to append to a file that has its head already."""
    return islice(csv_lines((), columns, rows), 1, None)


def work() -> bool:
    """One slice of the oldest report that is due; whether there was one."""
    report = _claim()
    if report is None:
        return False
    try:
        if report.expected is None:
            report.expected = rows_of(report).count()
            report.save(update_fields=["expected"])
        (_slice_of_csv if report.format == "csv" else _whole_xlsx)(report)
    except (OSError, ValueError, XlsxWriterException) as failure:
        _end(report, ReportState.FAILED, error=str(failure))
    Report.objects.filter(pk=report.pk).update(claimed_at=None)
    return True


def path_of(report: Report) -> Path:
    return Path(settings.MEDIA_ROOT) / "reports" / f"{report.pk}.{report.format}"


def filename_of(report: Report) -> str:
    zone = ZoneInfo(report.time_zone)
    days = f"{report.start.astimezone(zone):%Y%m%d}-{report.end.astimezone(zone):%Y%m%d}"
    return f"transactions-{days}-{report.by}-{report.pk}.{report.format}"


def _claim() -> Report | None:
    now = timezone.now()
    free = Q(claimed_at__isnull=True) | Q(claimed_at__lt=now - LEASE)
    due = Report.objects.filter(free, state__in=[ReportState.QUEUED, ReportState.RUNNING]).order_by("asked_at").first()
    if due is None or not Report.objects.filter(free, pk=due.pk).update(claimed_at=now, state=ReportState.RUNNING):
        return None
    due.refresh_from_db()
    path_of(due).parent.mkdir(parents=True, exist_ok=True)
    return due


def _slice_of_csv(report: Report) -> None:
    """Appends for a few seconds. What a killed worker wrote beyond the last saved place is cut off first."""
    columns, until = report_columns(ZoneInfo(report.time_zone)), time.monotonic() + SLICE
    place = report.place
    if place and (not path_of(report).is_file() or path_of(report).stat().st_size < place["bytes"]):
        place, report.rows, report.totals = {}, 0, {}  # the file lost what was counted: from the beginning
    with path_of(report).open("r+b" if place else "wb") as file:
        if place:
            file.truncate(place["bytes"])
            file.seek(place["bytes"])
        else:
            file.writelines(csv_lines(preamble(report), columns, []))
        for page in walk(report, (datetime.fromisoformat(place["at"]), place["pk"]) if place else None):
            file.writelines(rows_csv(columns, page))
            file.flush()
            last = page[-1]
            report.place = {"bytes": file.tell(), "at": getattr(last, TIMES[report.by]).isoformat(), "pk": last.pk}
            _count(report, page)
            if time.monotonic() >= until:
                return
        file.writelines(totals_csv(report.totals))
    _end(report, ReportState.DONE)


def _whole_xlsx(report: Report) -> None:
    """In one go, since a workbook cannot be taken up again; the lease is kept alive while it grows."""

    def rows() -> Iterator[Transaction]:
        for page in walk(report):
            _count(report, page)
            yield from page

    report.rows, report.totals = 0, {}
    columns = report_columns(ZoneInfo(report.time_zone))
    write_xlsx(path_of(report), columns, rows(), totals_lines(report.totals), preamble(report))
    _end(report, ReportState.DONE)


def _count(report: Report, page: list[Transaction]) -> None:
    add_totals(report.totals, page)
    report.rows += len(page)
    report.claimed_at = timezone.now()
    report.save(update_fields=["rows", "totals", "place", "claimed_at"])


def _end(report: Report, state: ReportState, error: str = "") -> None:
    report.state, report.error, report.finished_at = state, error[:500], timezone.now()
    if state == ReportState.DONE:
        digest = hashlib.sha256()
        with path_of(report).open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        report.sha256 = digest.hexdigest()
    report.save(update_fields=["state", "error", "finished_at", "sha256"])
    said = (
        lazy("The report {name} is ready.")
        if state == ReportState.DONE
        else lazy("The report {name} could not be made.")
    )
    notices.tell(
        [report.asked_by_id],
        Kind.EXPORT,
        words=format_lazy(said, name=str(report)),
        url=reverse("transactions:report", args=[report.pk]),
        key=f"report:{report.pk}:{state}",
    )
