"""Remembers how the provider answered: each request's route and status, and which routes it has."""

import logging
import time
from datetime import timedelta

from django.db import DatabaseError
from django.utils import timezone

from console.codego.protocols import Exchange
from console.provider.models import Capability, RequestLog

log = logging.getLogger("deckhand.provider")
KEEP = timedelta(days=3)
BELIEVED = timedelta(days=1)
REFRESH = 600.0  # seconds between two writes of the same news
_told: dict[tuple[str, bool], float] = {}


class Recorder:
    """The client's observer. A failure to write a log line never fails the call it speaks of."""

    def observe(self, exchange: Exchange) -> None:
        try:
            RequestLog.objects.create(
                route=exchange.route[:80],
                status=exchange.status,
                milliseconds=round(exchange.seconds * 1000),
                error=exchange.error[:40],
            )
            if exchange.route_missing or (exchange.status and exchange.status < 400):
                _note_capability(exchange.route[:80], present=not exchange.route_missing)
        except DatabaseError:
            log.exception("request log not written")


def _note_capability(route: str, *, present: bool) -> None:
    now = time.monotonic()
    if _told.get((route, present), -REFRESH) > now - REFRESH:
        return
    _told[route, present] = now
    _told.pop((route, not present), None)
    if not present and "{id}" in route and Capability.objects.filter(route=route, present=True).exists():
        return  # it is there: this provider names the path of a missing object too
    Capability.objects.update_or_create(route=route, defaults={"present": present, "seen_at": timezone.now()})


def lacks(route: str) -> bool:
    """Whether the provider was seen not to have this route (facts 5: a 404 that names a path). Asked again each day."""
    return Capability.objects.filter(route=route, present=False, seen_at__gt=timezone.now() - BELIEVED).exists()


def last_refusal() -> RequestLog | None:
    """The latest 401 or 403, unless something was answered well since: a key or an IP allow-list."""
    last = RequestLog.objects.filter(status__isnull=False).order_by("-at").first()
    return last if last and last.status in {401, 403} else None


def prune() -> None:
    RequestLog.objects.filter(at__lt=timezone.now() - KEEP).delete()
