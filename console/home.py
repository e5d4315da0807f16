"""The first page: what needs whom, the panels of the person's roles, and the rows behind a count that no list filters."""

import hashlib
import logging
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_safe

from cardholders.accounts import low_power
from cardholders.models import Cardholder, Company
from console import attention, privacy
from console.access import ROLE_LABELS, Permission, permissions_of, requires
from console.htmx import wants_fragment
from console.money import format_minor
from console.panels import periods
from console.panels.face import Asked, Face, Line
from console.panels.registry import Panel, panels_for
from console.provider.models import Command, CommandState
from console.sync import health
from console.sync.run_views import progress

log = logging.getLogger("deckhand.home")
SHAPES = {"bad": "cross", "warn": "triangle", "info": "half"}


class Drawn(NamedTuple):
    """A panel as the page shows it: without a face where it could not be made."""

    panel: Panel
    face: Face | None
    version: str


@requires(Permission.RECORD_READ)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """204 to a poll that has nothing new to show."""
    context = _attention(request)
    if wants_fragment(request):
        if request.GET.get("v") == context["version"]:
            return HttpResponse(status=204)
        return render(request, "home/_attention.html", context)
    return render(request, "home/home.html", {"title": _("Home"), **context, **_panels(request)})


@requires(Permission.RECORD_READ)
@require_safe
def panels(request: HttpRequest) -> HttpResponse:
    """Once a minute, the panels that show something else by now; 204 where none does."""
    context = _panels(request)
    known = set(request.GET.get("v", "").split("."))
    changed = [drawn for drawn in context["panels"] if drawn.version not in known]
    if not changed:
        return HttpResponse(status=204)
    return render(request, "home/_panels_poll.html", context | {"changed": changed})


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


def _panels(request: HttpRequest) -> dict[str, Any]:
    user: Any = request.user
    asked = Asked(periods.of_request(request), _permissions(request))
    drawn = [_drawn(panel, asked) for panel in panels_for(user.roles)]
    version = ".".join(each.version for each in drawn)
    return {
        "panels": drawn,
        "period": asked.period,
        "periods": periods.LABELS.items(),
        "timed": any(each.panel.timed for each in drawn),
        "panels_url": f"{reverse('panels')}?period={asked.period.key}&v={version}",
    }


def _drawn(panel: Panel, asked: Asked) -> Drawn:
    """One that fails takes nothing else down."""
    try:
        face = panel.face(asked)
    except Exception:
        log.exception("panel %s failed", panel.key)
        return Drawn(panel, None, f"{panel.key}-failed")
    digest = hashlib.sha256(repr(face).encode()).hexdigest()[:8]
    return Drawn(panel, face, f"{panel.key}-{digest}")


def _permissions(request: HttpRequest) -> frozenset[Permission]:
    user: Any = request.user
    return permissions_of(user.roles)


def _attention(request: HttpRequest) -> dict[str, Any]:
    """The person's own matters, and those of others."""
    user: Any = request.user
    matters = [
        {
            "own": bool(set(matter.whose) & set(user.roles)),
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
    own, others = ([each for each in matters if each["own"] is is_own] for is_own in (True, False))
    return {
        "matters": matters,
        "own": own,
        "others": others,
        **first,
        "version": version,
        "live_url": f"{reverse('home')}?v={version}",
    }


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
    for each in low_power().select_related("cardholder", "company").defer("raw")[: attention.MOST + 1]:
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
