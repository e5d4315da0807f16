"""The timeline of a record: what changed in it and what was done to it, newest first, a page at a time."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from cardholders.models import BALANCE_FIELDS
from console.access import Permission, allowed
from console.audit.events import Outcome
from console.audit.models import Entry as Happening
from console.history import services as history
from console.history.models import ChangeSource
from console.history.patches import keys
from console.history.services import RAW, Entry
from console.timeline.causes import Cause, causes_of
from console.timeline.fields import Line, Names, lines, names_of
from console.timeline.streams import STREAMS, Item, Kind, instant

PAGE = 15
MOST_KEYS = 20
NOTABLE = timedelta(minutes=1)  # between when a source spoke and when it was written down
PLACE = re.compile(r"([0-9]{1,19})~([0-9]{1,17})~([0-9]{1,2})~([0-9]{1,19})")
KIND = "timeline"  # the word of the address that narrows it
# Columns that tell of money, and the nouns of which everything does.
MONEY = frozenset({"limit_amount", "limit_frequency", *BALANCE_FIELDS})
OF_MONEY = frozenset({"transaction", "contract", "balance"})


class Place(NamedTuple):
    """Where a page goes on: after a change, and after a row of a stream at an instant, in microseconds."""

    change_id: int = 2**63 - 1
    at: int = 0
    stream: int = 0
    pk: int = 0

    def __str__(self) -> str:
        return "~".join(map(str, self))

    @property
    def instant(self) -> datetime | None:
        return (
            datetime.fromtimestamp(self.at // 10**6, UTC) + timedelta(microseconds=self.at % 10**6) if self.at else None
        )


FIRST = Place()


class Told(NamedTuple):
    """A row of a stream."""

    stream: int
    row: Any


class Page(NamedTuple):
    items: list[Item]
    kind: Kind
    older_url: str = ""


def kind_of(request: HttpRequest) -> Kind:
    asked = request.GET.get(KIND, "")
    return Kind(asked) if asked in set(Kind) else Kind.ALL


def timeline(request: HttpRequest, row: Any) -> Page:
    """The page that the address asks for by `older`. A constant number of queries."""
    row = type(row)._default_manager.get(pk=row.pk)  # as the changes read next have left it
    place, kind = _place(request.GET.get("older", "")), kind_of(request)
    rows: list[Iterable[Entry | Told]] = [_changes(row, place.change_id, kind)]
    rows += [_told(request, row, kind, n, place) for n in range(len(STREAMS))]
    both = list(merge(*rows, key=_order, reverse=True))
    shown = both[:PAGE]
    for each in shown:
        if isinstance(each, Entry):
            place = place._replace(change_id=each.change.pk)
        else:
            at = instant(STREAMS[each.stream], each.row)
            micro = int(at.timestamp()) * 10**6 + at.microsecond
            place = place._replace(at=micro, stream=each.stream, pk=each.row.pk)
    more = f"?older={place}" + (f"&{KIND}={kind}" if kind else "")
    older = reverse("timeline:history", args=[row._meta.model_name, row.pk]) + more
    return Page(_items(request, row, shown), kind, older if len(both) > PAGE else "")


def _told(request: HttpRequest, row: Any, kind: Kind, n: int, place: Place) -> list[Told]:
    """A page of a stream and one more. Of one instant, streams that stand later in the table are newer."""
    tie = place.pk if n == place.stream else -1 if n < place.stream else None
    return [Told(n, each) for each in STREAMS[n].before(request, row, kind, place.instant, tie=tie)[: PAGE + 1]]


def _changes(row: Any, before: int, kind: Kind) -> list[Entry]:
    """A page of changes and one more. What a change put there follows from all later ones, so they are walked over."""
    if kind == Kind.PEOPLE:
        return []
    changes = history.of_row(row)
    if before == FIRST.change_id and not kind:
        return list(history.entries(row, changes[: PAGE + 1]))
    older = (entry for entry in history.entries(row, changes.iterator()) if entry.change.pk < before)
    noun = row._meta.model_name
    wanted = (entry for entry in older if kind != Kind.MONEY or noun in OF_MONEY or MONEY & entry.change.before.keys())
    return list(islice(wanted, PAGE + 1))


def _order(each: Entry | Told) -> tuple[datetime, int, int]:
    if isinstance(each, Entry):
        return each.change.written_at, -1, each.change.pk
    return instant(STREAMS[each.stream], each.row), each.stream, each.row.pk


def changed(request: HttpRequest, row: Any, entries: Sequence[Entry]) -> list[Item]:
    """The changes alone."""
    return _items(request, row, entries)


def _place(older: str) -> Place:
    found = PLACE.fullmatch(older)
    place = Place(*map(int, found.groups())) if found else FIRST
    sound = place.change_id < 2**63 and place.pk < 2**63 and place.stream < len(STREAMS)
    return place if sound else FIRST


def _items(request: HttpRequest, row: Any, shown: Sequence[Entry | Told]) -> list[Item]:
    clear = allowed(request.user, Permission.PERSONAL_READ)
    entries = [each for each in shown if isinstance(each, Entry)]
    told = [each for each in shown if isinstance(each, Told)]
    done = [each.row for each in told if isinstance(each.row, Happening)]
    left_out = {each.pk for each in done} - {each.pk for each in _folded(done)}
    causes = causes_of(request, row, [entry.change for entry in entries])
    names = names_of([side for entry in entries for side in (entry.old, entry.new)], clear=clear)
    return [
        _change(row, each, causes[each.change.pk], names, clear=clear)
        if isinstance(each, Entry)
        else STREAMS[each.stream].item(request, each.row)
        for each in shown
        if isinstance(each, Entry) or not (isinstance(each.row, Happening) and each.row.pk in left_out)
    ]


def _folded(happenings: Iterable[Happening]) -> Iterator[Happening]:
    """Newest first, without the beginnings of what ended right after."""
    after: Happening | None = None
    for each in happenings:
        ended = after is not None and (after.action, after.actor_id) == (each.action, each.actor_id)
        if not (each.outcome == Outcome.STARTED and ended):
            yield each
        after = each


def _change(row: Any, entry: Entry, cause: Cause, names: Names, *, clear: bool) -> Item:
    change, noun = entry.change, row._meta.model_name
    touched: list[Line] = [] if change.created else lines(noun, entry.before, entry.after, names, clear=clear)
    title = _("First values") if change.created else ""
    if change.source == ChangeSource.REBUILD:
        title = _("Put together again from what was observed")
    elif change.source == ChangeSource.MERGE:
        title = _("Two rows proved to be one record")
    url = reverse("timeline:history", args=[noun, row.pk])
    return {
        "title": title,
        "lines": touched,
        "keys": [] if touched or title else keys(change.before.get(RAW, {}))[:MOST_KEYS],
        "other": not (touched or title),
        "at": change.written_at,
        "told_at": change.at if abs(change.written_at - change.at) > NOTABLE else None,
        "cause": cause,
        "then_url": f"{url}?at={change.written_at.astimezone(UTC).isoformat().replace('+00:00', 'Z')}",
        "tone": "info",
        "shape": "dot" if change.created else "ring",
    }
