"""Filters by day: whole days in the reader's own zone, the last one included. And how long something was, in words."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from console.filtering import FilterForm

EARLIEST, LATEST = date(1970, 1, 2), date(9998, 12, 30)  # what every zone can show


def midnight(day: date) -> datetime:
    """When the day begins where the reader is."""
    return timezone.make_aware(datetime.combine(day, time.min))


def span(length: timedelta) -> str:
    """The two largest units: `3 d 4 h`, `2 h 10 min`, `25 min`."""
    minutes = int(length.total_seconds() // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    units = ((days, gettext("d")), (hours, gettext("h")), (minutes, gettext("min")))
    first = next((place for place, (number, _unit) in enumerate(units) if number), len(units) - 1)
    shown = [f"{number} {unit}" for number, unit in units[first : first + 2] if number]
    return " ".join(shown) or f"0 {gettext('min')}"


class DaysFilter(FilterForm):
    """Adds `from` and `to`, which cannot be written as attributes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in (("from", _("From")), ("to", _("To"))):
            self.fields[name] = forms.DateField(
                label=label,
                required=False,
                validators=[MinValueValidator(EARLIEST), MaxValueValidator(LATEST)],
                widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            )

    def spans(self) -> list[tuple[str, date, date]]:
        today = timezone.localdate()
        this = today.replace(day=1)
        last = this - timedelta(days=1)
        return [
            (gettext("Today"), today, today),
            (gettext("Last 7 days"), today - timedelta(days=6), today),
            (gettext("This month"), this, today),
            (gettext("Last month"), last.replace(day=1), last),
        ]

    def within(self, path: str) -> dict[str, datetime]:
        """The lookups that hold `path` inside the days asked for."""
        first, last = self.cleaned_data["from"], self.cleaned_data["to"]
        bounds = {}
        if first:
            bounds[f"{path}__gte"] = midnight(first)
        if last:
            bounds[f"{path}__lt"] = midnight(last + timedelta(days=1))
        return bounds
