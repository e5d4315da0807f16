"""A list that somebody has open: what its page shows, and what the console knows to have changed since."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, QueryDict

SINCE, SHOWN = "since", "shown"  # in the address by which an open page asks
EVERY = (8, 12)  # seconds; each page has its own, so that many do not ask at once


class NothingNew(Exception):  # noqa: N818 - it is an answer
    """Neither rows that changed nor new ones: 204."""


@dataclass(frozen=True, slots=True)
class Watch:
    """`since` is the newest change that a page of now surely shows. `shown` is None for a first look, else the ids on the
    page that asks, in its order; `changed` are those of them that were written since."""

    since: int
    shown: Sequence[int] | None = None
    changed: Sequence[int] = ()

    def asked(self, query: QueryDict, rows: Sequence[int]) -> QueryDict:
        """The query by which a page that shows these rows asks what has changed."""
        query = query.copy()
        query[SINCE] = str(self.since)
        query[SHOWN] = ",".join(map(str, rows))
        return query


def watch(request: HttpRequest, found: Watch) -> None:
    request.watch = found  # type: ignore[attr-defined]


def watch_of(request: HttpRequest) -> Watch | None:
    """None for a list that nobody keeps up to date."""
    return getattr(request, "watch", None)
