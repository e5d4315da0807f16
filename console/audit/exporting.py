"""A list as a file: every row under its filters, in its order, with the columns that are asked for; and the entry for it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse

from console.access import Actor
from console.audit import services
from console.audit.events import Action
from console.columns import ALL, asked
from console.exports import ExportColumn, picked, stream_csv
from console.filtering import FilterForm
from console.listing import ordered

CHUNK = 2000


def exported(
    request: HttpRequest,
    queryset: QuerySet[Any],
    *,
    name: str,
    form: FilterForm,
    columns: Sequence[ExportColumn],
    sortable: dict[str, str],
    default_sort: str,
    preamble: Sequence[str],
    filename: str = "",
    rows: Callable[[QuerySet[Any]], Iterable[Any]] | None = None,
) -> StreamingHttpResponse:
    """`queryset` unfiltered. `rows` reads it where a row needs more than its own table. The entry names filters, not
    what was typed into them: that may be somebody's name."""
    filters = [bound.name for bound, _value in form.in_force()]
    chosen = picked(columns, asked(request.GET))
    headers = [column.header for column in chosen] if len(chosen) < len(columns) else ALL
    services.record(Action.LIST_EXPORT, actor=Actor.of(request), list=name, filters=filters, columns=headers)
    found = ordered(request, form.filtered(queryset), sortable, default_sort)
    read = rows(found) if rows else found.iterator(chunk_size=CHUNK)
    return stream_csv(filename or f"{name}.csv", preamble, chosen, read)
