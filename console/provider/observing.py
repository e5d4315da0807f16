"""Remembers how the provider answered: each request and its answer, and which routes it has."""

import logging
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, models
from django.utils import timezone

from console.codego.protocols import Exchange
from console.provider.models import Capability, RequestLog

log = logging.getLogger("deckhand.provider")
REFRESH = timedelta(minutes=10)  # between two writes of the same news
BELIEVED = timedelta(days=1)  # how long an absence counts before the route is tried again
MOST_KEPT = 500_000  # requests, however many days they are


class Recorder:
    """The client's observer. A failure to write a log line never fails the call it speaks of."""

    def observe(self, exchange: Exchange) -> None:
        try:
            RequestLog.objects.create(
                route=exchange.route[:80],
                object_id=exchange.object_id[:128],
                query=dict(exchange.query),
                body=exchange.body,
                idempotency_key=exchange.idempotency_key[:64],
                request_id=exchange.request_id,
                status=exchange.status,
                milliseconds=round(exchange.seconds * 1000),
                error=exchange.error[:200],
            )
            if exchange.route_missing or (exchange.status and exchange.status < 400):
                _note_capability(exchange)
        except DatabaseError:
            log.exception("request log not written")


def _note_capability(exchange: Exchange) -> None:
    route, present, now = exchange.route[:80], not exchange.route_missing, timezone.now()
    known = routes().filter(route=route).first()
    if known and known.present and not present and "{id}" in route:
        return  # it answered before, so this 404 speaks of the object, whatever it names
    if known and known.present == present and known.seen_at > now - REFRESH:
        return
    why = f"HTTP {exchange.status}" if present else "404 that names a path"
    news = {"present": present, "seen_at": now, "why": why}
    if not known or known.present != present:
        news["since"] = now
    Capability.objects.update_or_create(environment=settings.CODEGO_ENVIRONMENT, route=route, defaults=news)


def routes() -> models.QuerySet[Capability]:
    """What is known of the routes of this environment."""
    return Capability.objects.filter(environment=settings.CODEGO_ENVIRONMENT)


def lacks(route: str) -> bool:
    """Whether the provider was seen not to have this route within a day (facts 5: a 404 that names a path)."""
    return routes().filter(route=route, present=False, seen_at__gt=timezone.now() - BELIEVED).exists()


def last_refusal() -> RequestLog | None:
    """The latest 401 or 403, unless something was answered well since: a key or an IP allow-list."""
    last = RequestLog.objects.filter(status__isnull=False).order_by("-at", "-pk").first()
    return last if last and last.status in {401, 403} else None


def prune() -> None:
    """Forgets requests older than the setting says, and all but the newest half million."""
    RequestLog.objects.filter(at__lt=timezone.now() - timedelta(days=settings.REQUEST_LOG_DAYS)).delete()
    newest = RequestLog.objects.order_by("-pk").values_list("pk", flat=True).first()
    if newest:
        RequestLog.objects.filter(pk__lte=newest - MOST_KEPT).delete()
