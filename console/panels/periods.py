"""The periods that panels over time can be asked for: whole days where the reader is, and the days to compare with."""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.http import HttpRequest
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from console.days import midnight

LABELS = {
    "7": _("7 days"),
    "30": _("30 days"),
    "90": _("90 days"),
    "month": _("This month"),
    "last": _("Last month"),
}
DEFAULT = "30"
DAY = timedelta(days=1)


class Period(NamedTuple):
    """Both ends belong to it; the days before have the same length, or are the same part of the month before."""

    key: str
    first: date
    last: date
    before_first: date
    before_last: date

    @property
    def start(self) -> datetime:
        return midnight(self.first)

    @property
    def end(self) -> datetime:
        return midnight(self.last + DAY)

    @property
    def before(self) -> "Period":
        return Period(self.key, self.before_first, self.before_last, self.before_first, self.before_last)

    @property
    def days(self) -> list[date]:
        return [self.first + DAY * back for back in range((self.last - self.first).days + 1)]

    @property
    def query(self) -> dict[str, str]:
        """As the lists' filters by day take it."""
        return {"from": self.first.isoformat(), "to": self.last.isoformat()}

    def within(self, column: str) -> dict[str, datetime]:
        return {f"{column}__gte": self.start, f"{column}__lt": self.end}

    @property
    def shown(self) -> str:
        return _between(self.first, self.last)

    @property
    def before_shown(self) -> str:
        return _between(self.before_first, self.before_last)


def period(key: str, today: date) -> Period:
    """The default for a key that is none."""
    if key == "month":
        first = today.replace(day=1)
        before = _month_before(first)
        return Period(key, first, today, before, min(before + (today - first), first - DAY))
    if key == "last":
        end = today.replace(day=1) - DAY
        first = end.replace(day=1)
        return Period(key, first, end, _month_before(first), first - DAY)
    key = key if key in LABELS else DEFAULT
    length = int(key) * DAY
    first = today - length + DAY
    return Period(key, first, today, first - length, first - DAY)


def of_request(request: HttpRequest) -> Period:
    return period(request.GET.get("period", DEFAULT), timezone.localdate())


def _month_before(first: date) -> date:
    return (first - DAY).replace(day=1)


def _between(first: date, last: date) -> str:
    form = "j M" if first.year == last.year == timezone.localdate().year else "j M Y"
    shown = formats.date_format(last, form)
    return shown if first == last else f"{formats.date_format(first, form)} – {shown}"
