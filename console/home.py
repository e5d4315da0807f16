"""The first page: what needs somebody, what was spent, and the rows behind a count that no list filters."""

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_safe

from cardholders.models import Cardholder, Company
from console import attention, privacy, spend
from console.access import ROLE_LABELS, Permission, permissions_of, requires
from console.htmx import wants_fragment
from console.money import format_minor
from console.provider.models import Command, CommandState
from console.sync import health
from console.sync.run_views import progress

SHAPES = {"bad": "cross", "warn": "triangle", "info": "half"}


class Line(NamedTuple):
    """A row behind a count: whose it is, or what, and where it is shown."""

    url: str
    holder: Any = None
    name: str = ""
    status: str = ""
    note: str = ""
    at: datetime | None = None


@requires(Permission.RECORD_READ)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """204 to a poll that has nothing new to show."""
    context = _attention(request)
    if wants_fragment(request):
        if request.GET.get("v") == context["version"]:
            return HttpResponse(status=204)
        return render(request, "home/_attention.html", context)
    return render(request, "home/home.html", {"title": _("Home"), **context, **spend.overview()})


@requires(Permission.RECORD_READ)
@require_safe
def rows(request: HttpRequest, key: str) -> HttpResponse:
    """The rows behind a count, to the bound; for those who see the count."""
    rule = next((rule for rule in attention.RULES if rule.key == key), None)
    if rule is None or key not in LINES or rule.needs not in _permissions(request):
        raise Http404
    title, time_label, find = LINES[key]
    lines = list(find())
    if key in {"stuck", "contractless"} and Permission.PERSONAL_READ not in _permissions(request):
        lines = [line._replace(note=privacy.DOTS if line.note else "") for line in lines]
    context = {
        "title": title,
        "time_label": time_label,
        "lines": lines[: attention.MOST],
        "more": len(lines) > attention.MOST,
        "most": attention.MOST,
    }
    return render(request, "home/rows.html", context)


def _permissions(request: HttpRequest) -> frozenset[Permission]:
    user: Any = request.user
    return permissions_of(user.roles)


def _attention(request: HttpRequest) -> dict[str, Any]:
    matters = [
        {
            "key": matter.key,
            "tone": matter.tone,
            "shape": SHAPES[matter.tone],
            "found": matter.found,
            "whose": ", ".join(str(ROLE_LABELS[role]) for role in matter.whose),
        }
        for matter in attention.matters(_permissions(request))
    ]
    run = health.running_import()
    first = {"run": run, "progress": progress(run), "error": run.error} if run else {}
    version = hashlib.sha256(repr((matters, first)).encode()).hexdigest()[:12]
    return {"matters": matters, **first, "version": version, "live_url": f"{reverse('home')}?v={version}"}


# --- Lines ------------------------------------------------------------------------------------------------------------


def _command_lines(state: str) -> Iterable[Line]:
    found: Iterable[Command] = attention.commands(state)[: attention.MOST + 1]
    for each in found:
        url = reverse("provider:command", args=[each.pk])
        yield Line(url, name=each.get_kind_display(), note=each.message, at=each.created_at)


def _applicant_lines(find: Callable[[Any, str], Any]) -> Iterable[Line]:
    """Companies first: more hangs on each."""
    for model, noun in ((Company, "company"), (Cardholder, "cardholder")):
        for each in find(model, noun).defer("raw")[: attention.MOST + 1]:
            state = {"status": each.application_status, "note": each.application_reason, "at": each.state_since}
            yield Line(each.get_absolute_url(), each, **state)


def _power_lines() -> Iterable[Line]:
    for each in attention.low_power().select_related("cardholder", "company").defer("raw")[: attention.MOST + 1]:
        holder: Any = each.cardholder or each.company
        power, limit = (format_minor(amount, "USD") for amount in (each.spending_power, each.credit_limit))
        words = _("%(power)s left of a credit limit of %(limit)s") % {"power": power, "limit": limit}
        if holder:
            yield Line(holder.get_absolute_url(), holder, note=words, at=each.fresh_at)


_SINCE = lazy("Since")
LINES: dict[str, tuple[Any, Any, Callable[[], Iterable[Line]]]] = {
    "several": (lazy("Requests that need a person"), _SINCE, lambda: _command_lines(CommandState.SEVERAL)),
    "unknown": (lazy("Requests with an unknown outcome"), _SINCE, lambda: _command_lines(CommandState.UNKNOWN)),
    "stuck": (lazy("Applicants waiting for more than two days"), _SINCE, lambda: _applicant_lines(attention.stuck)),
    "contractless": (
        lazy("Approved, without a collateral contract"),
        _SINCE,
        lambda: _applicant_lines(attention.contractless),
    ),
    "power": (lazy("Low on spending power"), lazy("As of"), _power_lines),
}
