"""The words that say how old something is, for the poll of an open page, and reading one record again now."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from console.access import Permission, requires
from console.htmx import redirect, toast, wants_fragment
from console.sync import freshness, reading
from console.sync.routes import READS
from console.sync.schedule import SCHEDULE
from console.sync.tasks import ring
from console.sync.templatetags.freshness import PARTS, shown_resources, shown_row

TEMPLATE = "ui/_as_of.html"


@requires(Permission.RECORD_READ)
@require_safe
def resources(request: HttpRequest, names: str) -> HttpResponse:
    """204 while it says what the page shows."""
    wanted = names.split(PARTS)
    if not set(wanted) <= set(SCHEDULE):
        raise Http404
    return _answer(request, shown_resources(request, *wanted))


@requires(Permission.RECORD_READ)
@require_safe
def row(request: HttpRequest, resource: str, pk: int) -> HttpResponse:
    """The same for a row; the page around it hears `settled` once a reading of it is over."""
    shown = shown_row(request, resource, _row(resource, pk))
    if shown["state"] == freshness.READING or not request.GET.get("seen", "").startswith(freshness.READING):
        return _answer(request, shown)
    shown["said"] = _("It was read.") if shown["state"] == freshness.FRESH else _("It could not be read.")
    return trigger_client_event(_answer(request, shown), "settled")


@requires(Permission.RECORD_REFRESH)
@require_POST
def read_again(request: HttpRequest, resource: str, pk: int) -> HttpResponse:
    found = _row(resource, pk)
    if found.codego_id is None:
        raise Http404
    reading.ask(found)
    ring("read")
    if wants_fragment(request):
        shown = shown_row(request, resource, _row(resource, pk))
        return render(request, TEMPLATE, shown | {"said": _("It is being read again.")})
    toast(request, _("It is being read again."))
    return redirect(request, found if hasattr(found, "get_absolute_url") else found.cardholder or found.company)


def _row(resource: str, pk: int) -> Any:
    if resource not in READS:
        raise Http404
    return get_object_or_404(READS[resource].model._default_manager.defer("raw"), pk=pk)


def _answer(request: HttpRequest, shown: dict[str, Any]) -> HttpResponse:
    if request.GET.get("seen") == shown.get("seen"):
        return HttpResponse(status=204)
    return render(request, TEMPLATE, shown)
