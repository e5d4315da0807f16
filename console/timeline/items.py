"""The timeline of a record: what changed in it and what was done to it, newest first, a page at a time."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from cardholders.forms import DECISIONS
from console.access import Permission, allowed
from console.audit.events import Action, Outcome
from console.audit.models import Entry as Happening
from console.history import services as history
from console.history.models import ChangeSource
from console.history.patches import keys
from console.history.services import RAW, Entry
from console.timeline.causes import Cause, causes_of
from console.timeline.fields import Line, Names, lines, names_of

PAGE = 15
MOST_KEYS = 20
NOTABLE = timedelta(minutes=1)  # between when a source spoke and when it was written down
LOOKS = {
    Outcome.DONE: ("good", "dot"),
    Outcome.REFUSED: ("bad", "cross"),
    Outcome.UNKNOWN: ("warn", "triangle"),
    Outcome.STARTED: ("info", "half"),
}
BY_LINK = (Action.HANDOFF_OPEN, Action.HANDOFF_SUBMIT)  # done by the applicant, by whose link nobody signs in
PLACE = re.compile(r"([0-9]{1,19})~([0-9]{1,17})~([0-9]{1,19})")
FIRST = (2**63 - 1, 0, 0)

Item = dict[str, Any]


class Page(NamedTuple):
    items: list[Item]
    older_url: str = ""


def timeline(request: HttpRequest, row: Any) -> Page:
    """The page that the address asks for by `older`. A constant number of queries."""
    row = type(row)._default_manager.get(pk=row.pk)  # as the changes read next have left it
    change_id, at, entry_id = _place(request.GET.get("older", ""))
    done = _happenings(request, row)
    if entry_id:
        then = datetime.fromtimestamp(at // 10**6, UTC) + timedelta(microseconds=at % 10**6)
        done = done.filter(Q(at__lt=then) | Q(at=then, pk__lt=entry_id))
    streams: tuple[Iterable[Entry | Happening], ...] = (_changes(row, change_id), done[: PAGE + 1])
    both = list(merge(*streams, key=_instant, reverse=True))
    shown = both[:PAGE]
    for each in shown:
        if isinstance(each, Entry):
            change_id = each.change.pk
        else:
            at, entry_id = int(each.at.timestamp()) * 10**6 + each.at.microsecond, each.pk
    older = reverse("timeline:history", args=[row._meta.model_name, row.pk]) + f"?older={change_id}~{at}~{entry_id}"
    return Page(_items(request, row, shown), older if len(both) > PAGE else "")


def _changes(row: Any, before: int) -> list[Entry]:
    """A page of changes and one more. What a change put there follows from all later ones, so they are walked over."""
    changes = history.of_row(row)
    if before == FIRST[0]:
        return list(history.entries(row, changes[: PAGE + 1]))
    older = (entry for entry in history.entries(row, changes.iterator()) if entry.change.pk < before)
    return list(islice(older, PAGE + 1))


def _instant(each: Entry | Happening) -> datetime:
    return each.change.written_at if isinstance(each, Entry) else each.at


def changed(request: HttpRequest, row: Any, entries: Sequence[Entry]) -> list[Item]:
    """The changes alone."""
    return _items(request, row, entries)


def _place(older: str) -> tuple[int, int, int]:
    found = PLACE.fullmatch(older)
    change_id, at, entry_id = map(int, found.groups()) if found else FIRST
    return (change_id, at, entry_id) if change_id < 2**63 and entry_id < 2**63 else FIRST


def _items(request: HttpRequest, row: Any, shown: Sequence[Entry | Happening]) -> list[Item]:
    clear = allowed(request.user, Permission.PERSONAL_READ)
    entries = [each for each in shown if isinstance(each, Entry)]
    kept = {each.pk for each in _folded(each for each in shown if isinstance(each, Happening))}
    causes = causes_of(request, row, [entry.change for entry in entries])
    names = names_of([side for entry in entries for side in (entry.old, entry.new)], clear=clear)
    return [
        _change(row, each, causes[each.change.pk], names, clear=clear) if isinstance(each, Entry) else _happening(each)
        for each in shown
        if isinstance(each, Entry) or each.pk in kept
    ]


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


# --- What was done to it ----------------------------------------------------------------------------------------------


def _happenings(request: HttpRequest, row: Any) -> QuerySet[Happening]:
    """Everybody's for those who may read them, else one's own; reviews for those who may read reviews, and what came of
    a link for those who make them."""
    noun = row._meta.model_name
    about = Q(record=noun, record_id=row.pk)
    if noun == "card" and row.cardholder_id and row.codego_id:
        issued = Q(record="cardholder", record_id=row.cardholder_id, action=Action.CARD_ISSUE)
        about |= issued & Q(detail__result=row.codego_id)
    found = Happening.objects.filter(about).select_related("actor").order_by("-at", "-pk")
    if allowed(request.user, Permission.ACTIVITY_READ):
        return found
    mine = Q(actor=request.user.pk) if allowed(request.user, Permission.ACTIVITY_OWN) else Q(pk=None)
    if allowed(request.user, Permission.REVIEW_READ):
        mine |= Q(action=Action.REVIEW_DECIDE)
    if allowed(request.user, Permission.KYC_START):
        mine |= Q(action__in=BY_LINK)
    return found.filter(mine)


def _folded(happenings: Iterable[Happening]) -> Iterator[Happening]:
    """Newest first, without the beginnings of what ended right after."""
    after: Happening | None = None
    for each in happenings:
        ended = after is not None and (after.action, after.actor_id) == (each.action, each.actor_id)
        if not (each.outcome == Outcome.STARTED and ended):
            yield each
        after = each


def _happening(entry: Happening) -> Item:
    known = entry.outcome in set(Outcome)
    tone, shape = LOOKS.get(Outcome(entry.outcome), ("idle", "ring")) if known else ("idle", "ring")
    decision = DECISIONS.get(str(entry.detail.get("decision")), "")
    how = decision or ("" if entry.outcome == Outcome.DONE else entry.outcome_label)
    return {
        "title": f"{entry.label}: {how}" if how else entry.label,
        "body": entry.reason,
        "at": entry.at,
        "actor": entry.actor or _("The console"),
        "tone": tone,
        "shape": shape,
        "url": reverse("provider:command", args=[entry.command]) if entry.command else "",
    }
