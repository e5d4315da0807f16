"""Whether the provider has gone quiet, against how much it usually says at this time of day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core.cache import caches
from django.db.models import Count
from django.db.models.functions import ExtractHour
from django.utils import timezone

from console.sync import health
from console.sync.models import Delivery

HISTORY = timedelta(days=14)
ENOUGH = timedelta(days=3)  # of history; with less, a constant decides
SHORTEST = timedelta(minutes=15)
UNLIKELY = 7  # deliveries that would be usual: by chance none of them comes once in a thousand times (e**-7)
CONSTANT = timedelta(hours=6)  # a programme with cards in use hears something within a working day's quarter
REMEMBERED = 3600  # seconds
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Silence:
    quiet: timedelta
    usual: int | None  # how many deliveries would have come; None where there is too little history to say


def webhook_silence() -> Silence | None:
    """How long nothing has come, where that is longer than chance explains. While webhooks come it costs one look at
    the newest; their history is read only once it is quiet, and remembered."""
    now = timezone.now()
    last = newest()
    since = last or health.oldest_sweep()
    quiet = now - since if since else timedelta()
    if quiet < SHORTEST:
        return None
    rates = _rates(last) if last else None
    if rates is None:
        return Silence(quiet, None) if quiet > CONSTANT else None
    usual = sum(hours * rate for hours, rate in zip(exposure(now - quiet, now), rates, strict=True))
    return Silence(quiet, round(usual)) if usual >= UNLIKELY else None


def newest() -> datetime | None:
    """When a verified delivery last came."""
    return Delivery.objects.verified().order_by("-received_at", "-pk").values_list("received_at", flat=True).first()


def _rates(last: datetime) -> Sequence[float] | None:
    """Deliveries an hour for each hour of the day in UTC, up to the last one; None with too little history. What came
    before the last one does not change while nothing comes."""
    key = f"silence:{last.isoformat()}"
    known = caches["local"].get(key)
    if known is None:
        known = (_read_rates(last),)
        caches["local"].set(key, known, REMEMBERED)
    rates: Sequence[float] | None = known[0]
    return rates


def _read_rates(last: datetime) -> Sequence[float] | None:
    verified = Delivery.objects.verified()
    oldest = verified.order_by("received_at", "pk").values_list("received_at", flat=True).first() or last
    start = max(oldest, last - HISTORY)
    if last - start < ENOUGH:
        return None
    by_hour = verified.filter(received_at__gte=start, received_at__lte=last).annotate(
        hour=ExtractHour("received_at", tzinfo=UTC)
    )
    counts = dict(by_hour.order_by().values_list("hour").annotate(n=Count("pk")))
    return [counts.get(hour, 0) / hours if hours else 0.0 for hour, hours in enumerate(exposure(start, last))]


def exposure(start: datetime, end: datetime) -> list[float]:
    """How many hours of this time fall into each hour of the day, UTC."""
    found = [0.0] * 24
    at = start.astimezone(UTC)
    while at < end:
        following = min(at.replace(minute=0, second=0, microsecond=0) + HOUR, end)
        found[at.hour] += (following - at) / HOUR
        at = following
    return found
