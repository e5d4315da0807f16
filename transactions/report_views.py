"""Reports: asking for one, watching it grow, its totals, and the file."""

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from console.access import Actor, Permission, requires
from console.audit import services as audit
from console.audit.events import Action
from console.columns import Column
from console.filtering import FilterForm
from console.htmx import page_or_fragment, redirect, toast
from console.listing import listed, paginate
from transactions import reports as making
from transactions.forms import ReportForm, last_month
from transactions.models import Report, ReportState

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
ROWS = Report.objects.select_related("asked_by")


@listed(lazy("Reports"))
@requires(Permission.REPORT_READ)
def reports(request: HttpRequest) -> HttpResponse:
    page = paginate(
        request,
        ROWS.all(),
        form=FilterForm(request.GET),
        columns=_columns(),
        default_sort="-asked",
        sortable={"asked": "asked_at"},
    )
    context: dict[str, object] = {"title": _("Reports"), "page": page}
    return page_or_fragment(request, "transactions/reports.html", "transactions/_reports_table.html", context)


@requires(Permission.REPORT_MAKE)
def new_report(request: HttpRequest) -> HttpResponse:
    """What the address carries starts the form: a list's filters can be handed over."""
    form = ReportForm(request.POST or None, initial={**last_month(), **request.GET.dict()})
    if request.method == "POST" and form.is_valid():
        report = making.ask(form.report(), actor=Actor.of(request))
        toast(request, _("The report is queued. It starts within seconds."))
        return redirect(request, "transactions:report", report.pk)
    status = 422 if request.method == "POST" else 200
    context: dict[str, object] = {"title": _("New report"), "form": form}
    return page_or_fragment(
        request, "transactions/new_report.html", "transactions/_new_report.html", context, status=status
    )


@requires(Permission.REPORT_READ)
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """204 while nothing has moved."""
    found = get_object_or_404(ROWS, pk=pk)
    version = f"{found.state}-{found.rows}"
    if request.GET.get("seen") == version:
        return HttpResponse(status=204)
    done = found.state == ReportState.DONE
    context: dict[str, object] = {
        "title": _("Report of transactions"),
        "report": found,
        "going": found.state in {ReportState.QUEUED, ReportState.RUNNING},
        "filters": making.filters_said(found) if found.filters else "",
        "totals": _totals(found),
        "size": making.path_of(found).stat().st_size if done and making.path_of(found).is_file() else None,
        "live_url": f"{request.path}?seen={version}",
    }
    return page_or_fragment(request, "transactions/report.html", "transactions/_report.html", context)


@requires(Permission.REPORT_READ)
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    found = get_object_or_404(Report, pk=pk, state=ReportState.DONE)
    path = making.path_of(found)
    if not path.is_file():
        toast(request, _("The file is no longer on this server. Ask for the report again."), "refused")
        return redirect(request, "transactions:report", found.pk)
    audit.record(
        Action.REPORT_DOWNLOAD, actor=Actor.of(request), record="report", record_id=found.pk, sha256=found.sha256
    )
    response = FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=making.filename_of(found),
        content_type=CONTENT_TYPES[found.format],
    )
    response["Cache-Control"] = "no-store"
    return response


def _totals(found: Report) -> list[dict[str, object]]:
    return [
        {"currency": currency, "state": "" if state == "posted" else state, **line}
        for currency, states in sorted(found.totals.items())
        for state, line in sorted(states.items())
    ]


def _columns() -> list[Column]:
    return [
        Column("period", _("Period"), fixed=True),
        Column("by", _("Time that counts")),
        Column("format", _("File")),
        Column("state", _("State")),
        Column("rows", _("Rows"), numeric=True),
        Column("asked_by", _("Asked by")),
        Column("asked", _("Asked"), "asked"),
    ]
