"""{% as_of "cards" %} for a list, {% as_of_row "cards" card %} for a record: how old it is, why, and the way to refresh."""

import hashlib
from typing import Any

from django import template
from django.http import HttpRequest
from django.template import Context
from django.urls import reverse
from django.utils import timezone

from console.access import Can, Permission, allowed, permissions_of
from console.sync import freshness
from console.sync.freshness import AsOf
from console.sync.schedule import SCHEDULE
from console.templatetags.console import short_time

register = template.Library()
PARTS = "-"  # between the names of resources in an address
EVERY = {freshness.FRESH: "60s", freshness.STALE: "15s", freshness.NEVER: "10s", freshness.READING: "10s"}


@register.inclusion_tag("ui/_as_of.html", takes_context=True)
def as_of(context: Context, *resources: str) -> dict[str, Any]:
    """As old as the one of them that is furthest behind."""
    return shown_resources(context["request"], *resources)


@register.inclusion_tag("ui/_as_of.html", takes_context=True)
def as_of_row(context: Context, resource: str, row: Any) -> dict[str, Any]:
    """Nothing for a row that is not at the provider yet."""
    return shown_row(context["request"], resource, row)


def shown_resources(request: HttpRequest, *resources: str) -> dict[str, Any]:
    known, clear = freshness.of_request(request), allowed(request.user, Permission.RECONCILIATION_READ)
    found = known.of(*resources)
    why = "" if found.state == freshness.FRESH else known.why(found.resource, clear=clear)
    return _shown(request, found, why, reverse("sync:as-of", args=[PARTS.join(resources)]))


def shown_row(request: HttpRequest, resource: str, row: Any) -> dict[str, Any]:
    known, clear = freshness.of_request(request), allowed(request.user, Permission.RECONCILIATION_READ)
    found = known.of_row(resource, row)
    if found is None:
        return {"state": ""}
    why = found.why or (known.why(resource, clear=clear) if found.resource else "")
    shown = _shown(request, found, why, reverse("sync:as-of-row", args=[resource, row.pk]))
    every = "2s" if found.state == freshness.READING else shown["every"]
    return shown | {"read_url": reverse("sync:read-again", args=[resource, row.pk]), "kind": "", "every": every}


def _shown(request: HttpRequest, found: AsOf, why: str, url: str) -> dict[str, Any]:
    words = found.at and short_time(timezone.localtime(found.at))
    digest = hashlib.sha256(repr((words, found.since, why)).encode()).hexdigest()[:8]
    seen = f"{found.state}-{digest}"
    user: Any = request.user
    return {
        "state": found.state,
        "at": found.at,
        "since": found.since,
        "why": why,
        "kind": SCHEDULE[found.resource].kind if found.resource else "",
        "seen": seen,
        "poll_url": f"{url}?seen={seen}",
        "every": EVERY[found.state],
        "can": Can(permissions_of(user.roles)),
        "key": url.strip("/").replace("/", "-"),
    }
