"""What was spent, for the home page: by day for the chart, by month for the totals, each currency by itself."""

from collections import defaultdict
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.core.cache import caches
from django.db.models import Sum
from django.db.models.functions import TruncDate
from django.utils import formats, timezone

from console.days import midnight
from console.money import format_minor
from transactions.models import Transaction

DAYS = 30
COUNTED = ("completed", "pending")  # settled, and held
USD = "USD"
BRIEFLY = 30  # seconds the sums are kept


class Total(NamedTuple):
    """Minor units of one currency."""

    currency: str
    this_month: int
    by_this_day: int  # of last month
    last_month: int
    held: int  # the part of this month that has not settled yet


Sums = dict[tuple[str, date, str], int]


def overview() -> dict[str, Any]:
    """Purchases settled and held, by the day they were authorised where the reader is; refunds are not deducted."""
    today = timezone.localdate()
    sums: Sums = (
        caches["local"].get_or_set(
            f"spend:{today}:{timezone.get_current_timezone_name()}", lambda: _sums(today), BRIEFLY
        )
        or {}
    )
    currencies = sorted({currency for currency, _day, _state in sums} | {USD}, key=lambda c: (c != USD, c))
    days = _days(sums, today)
    return {
        "days": days,
        "peak": max(days, key=lambda day: day[1]),
        "totals": [_total(sums, currency, today) for currency in currencies],
        "any": bool(sums),
    }


def _months(today: date) -> tuple[date, date]:
    """The first days of this month and of the last."""
    first = today.replace(day=1)
    return first, (first - timedelta(days=1)).replace(day=1)


def _sums(today: date) -> Sums:
    start = min(_months(today)[1], today - timedelta(days=DAYS - 1))
    zone = timezone.get_current_timezone()
    spent = Transaction.objects.filter(kind="spend", state__in=COUNTED, amount__gt=0, occurred_at__gte=midnight(start))
    found = spent.annotate(day=TruncDate("occurred_at", tzinfo=zone)).values_list("currency", "day", "state")
    sums: Sums = defaultdict(int)
    for currency, day, state, amount in found.annotate(amounts=Sum("amount")).order_by():
        sums[currency.upper() or USD, day, state] += int(amount)
    return dict(sums)


def _days(sums: Sums, today: date) -> list[tuple[str, int, str]]:
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    by_day = {day: sum(sums.get((USD, day, state), 0) for state in COUNTED) for day in days}
    return [(formats.date_format(day, "j M"), amount, format_minor(amount, USD)) for day, amount in by_day.items()]


def _total(sums: Sums, currency: str, today: date) -> Total:
    this, last = _months(today)
    same_day = last + timedelta(days=(today - this).days)

    def between(first: date, end: date, states: tuple[str, ...] = COUNTED) -> int:
        return sum(a for (c, day, state), a in sums.items() if c == currency and state in states and first <= day < end)

    tomorrow = today + timedelta(days=1)
    return Total(
        currency,
        this_month=between(this, tomorrow),
        by_this_day=between(last, min(same_day + timedelta(days=1), this)),
        last_month=between(last, this),
        held=between(this, tomorrow, ("pending",)),
    )
