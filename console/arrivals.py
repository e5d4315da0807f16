"""Keeps open lists up to date: what was written since a page was made, from the change log, at next to no cost.

Every write of a mirrored row is in the log, so its newest entries say for all lists at once whether there is anything to
look for; they are read once in a while for each process, however many pages are open."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, NamedTuple

from django.core.cache import caches
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from console.history.models import Change
from console.htmx import wants_fragment
from console.keyset import PAGE_SIZE
from console.watching import MOST, NEW, SHOWN, SINCE, NothingChanged, Waiting, Watch, watch

LATEST = 500  # changes that are looked at for everybody together
KEPT = 2  # seconds
SETTLED = timedelta(seconds=10)  # what was written longer ago than this is committed
_View = Callable[..., HttpResponseBase]


class _Recent(NamedTuple):
    """The newest changes, newest first: number, noun, record, instant."""

    changes: list[tuple[int, str, int, datetime]]

    @property
    def since(self) -> int:
        """As `_settled`, from what is at hand."""
        edge = timezone.now() - SETTLED
        settled = next((number for number, _noun, _pk, at in self.changes if at < edge), None)
        return settled if settled is not None else self.changes[-1][0] - 1 if self.changes else 0

    def written(self, noun: str, since: int) -> set[int] | None:
        """Records of this noun written since; None where that is further back than was looked."""
        if len(self.changes) == LATEST and since < self.changes[-1][0]:
            return None
        return {pk for number, named, pk, _at in self.changes if number > since and named == noun}


def watched(noun: str) -> Callable[[_View], _View]:
    """Marks the view of a list of this noun: its open pages ask what has changed, and are answered 204, or with the rows
    of theirs that changed and how many would be new."""

    def mark(view: _View) -> _View:
        @wraps(view)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            since = request.GET.get(SINCE, "")
            if not (since.isascii() and since.isdigit() and wants_fragment(request)):
                watch(request, Watch(_settled()))
                return view(request, *args, **kwargs)
            recent = _recent()
            shown = _numbers(request.GET.get(SHOWN, ""))
            written = recent.written(noun, int(since))
            if written is None:
                written = _written(noun, int(since), shown)
            elif not written:
                return HttpResponse(status=204)
            asked = Watch(recent.since, shown, [pk for pk in shown if pk in written])
            if not asked.changed and request.GET.get(NEW) == str(MOST):
                return HttpResponse(status=204)
            watch(request, asked)
            try:
                return view(request, *args, **kwargs)
            except NothingChanged as found:
                return _waiting(request, asked, found.new)

        return inner

    return mark


def _waiting(request: HttpRequest, asked: Watch, new: int) -> HttpResponse:
    """How many new rows wait, where the page does not say so already."""
    if request.GET.get(NEW, "0") == str(new):
        return HttpResponse(status=204)
    query = request.GET.copy()
    for name in (SINCE, SHOWN, NEW):
        query.pop(name, None)
    again = asked.asked(query, asked.shown or (), new).urlencode(safe=",")
    first = f"{request.path}?{query.urlencode(safe=',')}" if query else request.path
    page = Waiting(",".join(map(str, asked.shown or ())), f"{request.path}?{again}", first, new)
    return render(request, "ui/_list_live.html", {"page": page})


def _recent() -> _Recent:
    found: _Recent | None = caches["local"].get("changes:recent")
    if found is None:
        newest = Change.objects.order_by("-pk").values_list("pk", "record", "record_id", "written_at")[:LATEST]
        found = _Recent(list(newest))
        caches["local"].set("changes:recent", found, KEPT)
    return found


def _settled() -> int:
    """The newest change that a page made now surely shows: one that took its number earlier may commit later."""
    settled = Change.objects.filter(written_at__lt=timezone.now() - SETTLED).order_by("-pk")
    return settled.values_list("pk", flat=True).first() or 0


def _written(noun: str, since: int, shown: list[int]) -> set[int]:
    theirs = Change.objects.filter(record=noun, record_id__in=shown, pk__gt=since)
    return set(theirs.values_list("record_id", flat=True))


def _numbers(given: str) -> list[int]:
    """At most a page of them; anything else in the address is passed over."""
    words = given.split(",")[:PAGE_SIZE]
    return [int(word) for word in words if word.isascii() and word.isdigit() and len(word) < 19]
