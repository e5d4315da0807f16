"""How each route of the provider has answered lately, reckoned from the newest requests of the log."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from console.provider.models import RequestLog

MOST = 20_000  # requests looked at; the newest
MINUTE, HOUR, DAY, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Measure:
    """One route. Milliseconds; failures are no answer, 429 and 5xx, refusals the other 4xx."""

    route: str
    requests: int
    failures: int
    refusals: int
    p50: int
    p95: int
    p99: int
    last_status: int | None
    last_error: str
    last_at: datetime

    @property
    def failure_share(self) -> float:
        return 100 * self.failures / self.requests


@dataclass(frozen=True, slots=True)
class Measured:
    routes: Sequence[Measure]
    requests: int
    since: datetime
    capped: bool  # there were more; `since` is the oldest one looked at


def measure(span: timedelta) -> Measured:
    """Every route that was asked within `span`, busiest first."""
    since = timezone.now() - span
    newest = RequestLog.objects.filter(at__gte=since).order_by("-at", "-pk")
    rows = list(newest.values_list("route", "status", "milliseconds", "error", "at")[:MOST])
    by_route: dict[str, list[tuple[int | None, int, str, datetime]]] = defaultdict(list)
    for route, status, milliseconds, error, at in rows:
        by_route[route].append((status, milliseconds, error, at))
    measured = sorted((_measure(route, some) for route, some in by_route.items()), key=lambda m: -m.requests)
    capped = len(rows) == MOST
    return Measured(measured, len(rows), rows[-1][-1] if capped else since, capped)


def sent_within(span: timedelta) -> int:
    """How many requests all processes made."""
    return RequestLog.objects.filter(at__gte=timezone.now() - span).count()


def _measure(route: str, rows: list[tuple[int | None, int, str, datetime]]) -> Measure:
    times = sorted(milliseconds for _status, milliseconds, _error, _at in rows)
    status, _milliseconds, error, at = rows[0]
    return Measure(
        route=route,
        requests=len(rows),
        failures=sum(_failed(row[0]) for row in rows),
        refusals=sum(bool(row[0] and 400 <= row[0] < 500 and row[0] != 429) for row in rows),
        p50=percentile(times, 50),
        p95=percentile(times, 95),
        p99=percentile(times, 99),
        last_status=status,
        last_error=error,
        last_at=at,
    )


def _failed(status: int | None) -> bool:
    return status is None or status == 429 or status >= 500


def percentile(ordered: Sequence[int], share: int) -> int:
    """The smallest value that so many in a hundred do not exceed."""
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]
