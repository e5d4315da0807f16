"""CSV of a list under the filter and sort that are on the screen, as a stream."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone

from console.access import Actor
from console.audit import services as audit
from console.audit.events import Action
from console.branding import brand
from console.exports import ExportColumn, stream_csv
from console.listing import FilterForm
from transactions.columns import UNITS
from transactions.filters import export_order

CHUNK = 2000


def export(
    request: HttpRequest,
    queryset: QuerySet[Any],
    *,
    name: str,
    form: FilterForm,
    columns: Callable[[ZoneInfo], list[ExportColumn]],
    sorts: dict[str, str],
    default_sort: str,
) -> StreamingHttpResponse:
    """The rows are read as they are sent, so any number of them takes the same memory."""
    now, zone = timezone.localtime(), ZoneInfo(timezone.get_current_timezone_name())
    filters = {chip.label: chip.value for chip in form.chips(request)}
    asked = [bound.name for bound, _value in form.in_force()]  # not what was typed: that may be somebody's name
    audit.record(Action.LIST_EXPORT, actor=Actor.of(request), list=name, filters=asked)
    preamble = [
        f"{brand().name}: list of {name}, {settings.CODEGO_ENVIRONMENT} environment",
        f"As this console knew them at {now:%Y-%m-%d %H:%M:%S}, zone {zone.key}",
        UNITS,
        "Filters: " + (", ".join(f"{label} = {value}" for label, value in filters.items()) or "none"),
    ]
    rows = form.filtered(queryset).order_by(*export_order(request, sorts, default_sort))
    return stream_csv(f"{name}-{now:%Y%m%d-%H%M}.csv", preamble, columns(zone), rows.iterator(chunk_size=CHUNK))
