"""How fresh our copy is and whether the machinery runs: for the frame, for home, for /readyz and for `status`."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Min
from django.db.models.functions import Coalesce
from django.utils import timezone

from console.provider.models import Command, CommandState
from console.sync.models import Cursor, Delivery, DeliveryVerdict, Heartbeat, Run, RunState
from console.sync.sweeps import MODELS

ALIVE = timedelta(seconds=45)
WAITING = timedelta(minutes=5)


def freshness() -> dict[str, datetime | None]:
    """When each resource was last swept, UTC."""
    swept = dict(Cursor.objects.values_list("resource", "swept_at"))
    return {resource: swept.get(resource) for resource in MODELS}


def oldest_sweep() -> datetime | None:
    """As of when the main copy is whole: the older of cards and transactions."""
    fresh = freshness()
    times = [fresh[name] for name in ("cards", "transactions")]
    return min(t for t in times if t) if all(times) else None


def running_import() -> Run | None:
    return Run.objects.filter(kind="import", state=RunState.RUNNING).order_by("-started_at").first()


def inbox_age() -> timedelta:
    """How long the delivery that has waited longest has been waiting, from when it came or was last replayed."""
    now = timezone.now()
    waiting = Delivery.objects.filter(verdict=DeliveryVerdict.NEW, due_at__isnull=False)
    # unclaimed ones are due since they were queued; the few that a worker holds are due in the future
    first = waiting.filter(due_at__lte=now).order_by("due_at", "id").defer("body").first()
    held = waiting.filter(due_at__gt=now).aggregate(since=Min(Coalesce("replayed_at", "received_at")))["since"]
    return max((now - since for since in (first and first.queued_at, held) if since), default=timedelta())


def heartbeat_ages() -> dict[str, timedelta | None]:
    now = timezone.now()
    beats = dict(Heartbeat.objects.values_list("name", "at"))
    return {name: now - beats[name] if name in beats else None for name in ("worker", "beat")}


def status() -> dict[str, Any]:
    """The fixed shape of `manage.py status --json`."""
    now = timezone.now()
    fresh = freshness()
    verdicts = Delivery.objects.values_list("verdict").annotate(n=Count("id")).order_by()
    return {
        "environment": settings.CODEGO_ENVIRONMENT,
        "resources": {
            name: {
                "rows": model._default_manager.count(),
                "fresh_at": at.isoformat() if (at := fresh[name]) else None,
                "age_s": round((now - at).total_seconds()) if at else None,
            }
            for name, model in MODELS.items()
        },
        "inbox": dict(verdicts),
        "commands_open": Command.objects.filter(state__in=[CommandState.UNKNOWN, CommandState.SEVERAL]).count(),
    }
