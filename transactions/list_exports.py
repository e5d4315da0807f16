"""CSV of a list under the filter and sort that are on the screen, as a stream."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone

from console.audit.exporting import exported
from console.branding import brand
from console.exports import ExportColumn
from console.filtering import FilterForm
from transactions.columns import UNITS


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
    filters = ", ".join(f"{chip.label} = {chip.value}" for chip in form.chips(request))
    return exported(
        request,
        queryset,
        name=name,
        form=form,
        columns=columns(zone),
        sortable=sorts,
        default_sort=default_sort,
        filename=f"{name}-{now:%Y%m%d-%H%M}.csv",
        preamble=[
            f"{brand().name}: list of {name}, {settings.CODEGO_ENVIRONMENT} environment",
            f"As this console knew them at {now:%Y-%m-%d %H:%M:%S}, zone {zone.key}",
            UNITS,
            f"Filters: {filters or 'none'}",
        ],
    )
