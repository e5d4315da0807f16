"""A list that somebody has open: what its page shows, and what the console knows to have changed since."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import uniform

from django.http import HttpRequest, QueryDict

SINCE, SHOWN, NEW = "since", "shown", "new"  # in the address by which an open page asks; the last is what it says waits
EVERY = (12, 18)  # seconds; each page has its own, so that many do not ask at once


MOST = 10  # new rows that are counted; "10+" says enough, and is not said again


class NothingChanged(Exception):  # noqa: N818 - it is an answer
    """No row of the page that asks has changed; `new` says how many its first page would have besides. It may be 0."""

    def __init__(self, new: int) -> None:
        super().__init__(new)
        self.new = new


@dataclass(frozen=True, slots=True)
class Watch:
    """`since` is the newest change that a page of now surely shows. `shown` is None for a first look, else the ids on the
    page that asks, in its order; `changed` are those of them that were written since."""

    since: int
    shown: Sequence[int] | None = None
    changed: Sequence[int] = ()

    def asked(self, query: QueryDict, rows: Sequence[int], new: int = 0) -> QueryDict:
        """The query by which a page that shows these rows, and that so many new ones wait, asks what has changed."""
        query = query.copy()
        query[NEW] = str(new)
        query[SINCE] = str(self.since)
        query[SHOWN] = ",".join(map(str, rows))
        return query


@dataclass(frozen=True, slots=True)
class Waiting:
    """What `ui/_list_live.html` shows where no row has changed: a page without rows."""

    watched: str
    watch_url: str
    first_url: str
    new: int
    rows: Sequence[object] = ()

    @property
    def watch_every(self) -> str:
        return every()


def every() -> str:
    return f"{uniform(*EVERY):.1f}"  # noqa: S311 - spreads load, keeps no secret


def watch(request: HttpRequest, found: Watch) -> None:
    request.watch = found  # type: ignore[attr-defined]


def watch_of(request: HttpRequest) -> Watch | None:
    """None for a list that nobody keeps up to date."""
    return getattr(request, "watch", None)
