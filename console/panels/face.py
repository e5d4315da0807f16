"""What a panel shows: figures, charts and single rows; and what all panels need to make them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode

from django.core.cache import caches
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from console.access import Permission
from console.charts import Chart, Mark
from console.panels.periods import Period

KEPT = 30  # seconds that a count over a whole table, or a sum over a period, is kept
KEPT_LONG = 600  # the same of what moves little: days long past, the tokens of all contracts
_Made = TypeVar("_Made")


class Badge(NamedTuple):
    label: str
    tone: str
    shape: str


class Line(NamedTuple):
    """A single row: whose it is, or what, and where it is shown. A status is a provider's word of `kind`."""

    url: str
    holder: Any = None
    name: str = ""
    status: str = ""
    kind: str = "application"
    badge: Badge | None = None
    note: str = ""
    at: datetime | None = None
    shown: str = ""  # an amount


@dataclass(frozen=True, slots=True)
class Lines:
    title: str
    rows: Sequence[Line]
    head: str = ""
    time: str = ""


@dataclass(frozen=True, slots=True)
class Face:
    """`empty` is what stands there when there is nothing to show, and `empty_words` what would change that."""

    figures: Sequence[Mark] = ()
    charts: Sequence[Chart] = ()
    lines: Sequence[Lines] = ()
    said: str = ""
    empty: str = ""
    empty_words: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """For whom and for when."""

    period: Period
    permissions: frozenset[Permission]
    now: datetime = field(default_factory=timezone.now)

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def kept(self, name: str, make: Callable[[], _Made], seconds: int = KEPT) -> _Made:
        """For this period and zone; never anything that only some may see."""
        key = f"panel:{name}:{self.period.key}:{self.period.last}:{timezone.get_current_timezone_name()}"
        found: _Made = caches["local"].get_or_set(key, make, seconds)  # type: ignore[assignment]  # never None
        return found


def address(route: str, **query: Any) -> str:
    """`from_` stands for `from`, which cannot be written."""
    said = {name.rstrip("_"): value for name, value in query.items()}
    return f"{reverse(route)}?{urlencode(said, doseq=True)}" if said else reverse(route)


def number(value: int) -> str:
    return formats.number_format(value, force_grouping=True)


def figure(label: Any, count: int, url: str = "", *, tone: str = "", note: Any = "") -> Mark:
    """So many rows, and the list of them."""
    return Mark(str(label), count, number(count), url, count, tone, str(note))


def compared(now: int, then: int, shown: str) -> str:
    """Against the days before, in words."""
    if not then:
        return _("None in the days before") if now else ""
    if now == then:
        return _("The same as before")
    percent = number(max(1, (abs(now - then) * 200 + then) // (2 * then)))
    words = (
        _("%(percent)s%% more than before (%(amount)s)")
        if now > then
        else _("%(percent)s%% less than before (%(amount)s)")
    )
    return words % {"percent": percent, "amount": shown}
