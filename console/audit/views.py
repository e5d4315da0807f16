"""What was done and refused, by whom: everybody's for those who may read it, else one's own."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_safe

from console.access import Permission, allowed, requires
from console.audit.exporting import exported
from console.audit.filters import RECORDS, ActivityFilter
from console.audit.models import Entry
from console.columns import Column
from console.exports import ExportColumn
from console.htmx import page_or_fragment
from console.listing import listed, paginate
from console.privacy import DOTS

# Where an entry's record is shown, and what it takes to open it.
PAGES: dict[str, tuple[str, Permission]] = {
    "balance": ("timeline:history", Permission.RECORD_READ),
    "bulk": ("bulk:run", Permission.RECORD_READ),
    "card": ("cards:detail", Permission.RECORD_READ),
    "cardholder": ("cardholders:detail", Permission.RECORD_READ),
    "company": ("cardholders:company", Permission.RECORD_READ),
    "contract": ("timeline:history", Permission.RECORD_READ),
    "delivery": ("sync:delivery", Permission.INBOX_READ),
    "dispute": ("transactions:dispute", Permission.RECORD_READ),
    "run": ("sync:run", Permission.RECONCILIATION_READ),
    "staff": ("staff:edit", Permission.STAFF_MANAGE),
    "transaction": ("transactions:detail", Permission.RECORD_READ),
}
DEFAULT_SORT, SORTABLE = "-at", {"at": "at"}


@listed(lazy("Activity"))
@requires(Permission.ACTIVITY_OWN)
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    everybody = allowed(request.user, Permission.ACTIVITY_READ)
    columns = (
        Column("at", _("When"), "at", fixed=True),
        Column("person", _("Who")),
        Column("action", _("What")),
        Column("outcome", _("Outcome")),
        Column("record", _("Record")),
        Column("detail", _("Reason and detail")),
        Column("address", _("Address"), shown=False),
        Column("roles", _("Roles then"), shown=False),
        Column("command", _("Command"), shown=False),
    )
    page = paginate(
        request, _entries(request), form=ActivityFilter(request.GET, everybody=everybody), columns=columns,
        default_sort=DEFAULT_SORT, sortable=SORTABLE,
        export_url=reverse("audit:export") if allowed(request.user, Permission.LIST_EXPORT) else "",
    )  # fmt: skip
    rows = [(entry, *_record(request, entry), _detail(entry)) for entry in page.rows]
    context = {"page": page, "rows": rows, "everybody": everybody, "title": _("Activity")}
    return page_or_fragment(request, "audit/list.html", "audit/_table.html", context)


@requires(Permission.LIST_EXPORT)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The same entries as on screen, so one's own for those who see no others."""
    form = ActivityFilter(request.GET, everybody=allowed(request.user, Permission.ACTIVITY_READ))
    return exported(
        request,
        _entries(request),
        name="activity",
        form=form,
        columns=_export_columns(clear=allowed(request.user, Permission.PERSONAL_READ)),
        sortable=SORTABLE,
        default_sort=DEFAULT_SORT,
        preamble=[
            render_to_string("audit/signature.txt", request=request).strip(),  # the brand stands above the audit
            _("Activity, made %(now)s.") % {"now": timezone.localtime().isoformat(timespec="seconds")},
            _("Times in %(zone)s.") % {"zone": timezone.get_current_timezone_name()},
            *(f"{chip.label}: {chip.value}" for chip in form.chips(request)),
        ],
    )


def _entries(request: HttpRequest) -> QuerySet[Entry]:
    entries = Entry.objects.select_related("actor")
    return entries if allowed(request.user, Permission.ACTIVITY_READ) else entries.filter(actor_id=request.user.pk)


def _record(request: HttpRequest, entry: Entry) -> tuple[str, str]:
    """What the entry is about in words, and where it is shown; no address where the person may not open it."""
    if not entry.record or entry.record_id is None:
        return "", ""
    words = f"{RECORDS.get(entry.record, entry.record)} {entry.record_id}"
    route, needs = PAGES.get(entry.record, ("", None))
    if needs is None or not allowed(request.user, needs):
        return words, ""
    named = [entry.record] if route == "timeline:history" else []
    return words, reverse(route, args=[*named, entry.record_id])


def _detail(entry: Entry) -> str:
    return " · ".join(
        f"{name}: {_plain(value)}" for name, value in entry.detail.items() if value not in ("", None, {}, [])
    )


def _plain(value: Any) -> str:
    match value:
        case dict():
            return ", ".join(f"{name} {_plain(inner)}" for name, inner in value.items())
        case list():
            return ", ".join(map(_plain, value))
        case bool():
            return _("yes") if value else _("no")
    return str(value)


def _export_columns(*, clear: bool) -> list[ExportColumn]:
    return [
        ExportColumn("At", lambda e: timezone.localtime(e.at).isoformat(timespec="seconds"), "at"),
        ExportColumn("Who", lambda e: e.actor.email if e.actor else "", "person"),
        ExportColumn("Roles", lambda e: e.actor_roles, "roles"),
        ExportColumn("Address", lambda e: e.address, "address person"),
        ExportColumn("Action", lambda e: e.action, "action"),
        ExportColumn("Outcome", lambda e: e.outcome, "outcome"),
        ExportColumn("Record", lambda e: e.record, "record"),
        ExportColumn("Record number", lambda e: e.record_id, "record"),
        ExportColumn("Command", lambda e: e.command, "command"),
        ExportColumn("Reason", lambda e: e.reason if clear or not e.reason else DOTS, "detail"),
        ExportColumn("Detail", _detail, "detail"),
    ]
