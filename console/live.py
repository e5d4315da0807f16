"""What lives in the frame of every page: how the provider answers, how fresh our copy is, and what the person was told.
An open page asks for all of it in one conditional request, and is sent only the parts that have changed."""

import zlib
from random import uniform
from typing import NamedTuple

from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cards.actions import undo_offered
from cards.undoing import Offer
from console.access import Permission, allowed, requires
from console.notices import services as notices
from console.notices.kinds import Kind
from console.notices.models import Notice
from console.provider import commands
from console.provider.models import Command
from console.provider.pacing import Meter, meter
from console.provider.subjects import subject
from console.provider.views import RECORD_ROUTES
from console.sync.freshness import AsOf, of_request

EVERY = (17, 23)  # seconds; each page has its own, so that many do not ask at once
SHARED = 5  # seconds that what everybody sees alike is kept in a process
MOST_TOLD = 5  # outcomes in sight at once; the others come as these are put away
PARTS = ("meter", "freshness", "told")


class Shared(NamedTuple):
    """What is the same for everybody."""

    meter: Meter | None
    freshness: AsOf


class Told(NamedTuple):
    """A late outcome in sight: its notice, the command, the route of its record, and what it was about."""

    notice: Notice
    command: Command
    route: str | None
    subject: str


class Frame(NamedTuple):
    """`more`: there are more unseen notices than `unseen` holds. `every`: seconds until the page asks again. `undo` is
    for a whole page: it runs out by itself."""

    meter: Meter | None
    freshness: AsOf
    unseen: list[Notice]
    more: bool
    news: list[Told]
    version: str
    every: str
    undo: Offer | None = None


@requires(Permission.RECORD_READ)
@require_safe
def frame(request: HttpRequest) -> HttpResponse:
    """204 while the page that asks shows what there is; else the parts that differ, to be put in their places."""
    shared = caches["local"].get("live:shared")
    if shared is None:
        shared = _shared(request)
        caches["local"].set("live:shared", shared, SHARED)
    unseen = _unseen(request)
    version, seen = _version(shared, unseen), request.GET.get("v", "")
    if version == seen:
        return HttpResponse(status=204)
    before = seen.split("-") if seen.count("-") == len(PARTS) else [""] * (len(PARTS) + 1)
    changed = {part for part, was, now in zip(PARTS, before, version.split("-"), strict=False) if was != now}
    arrived = [notice for notice in unseen if before[-1].isdigit() and notice.pk > int(before[-1])]
    found = {"live": _frame(request, shared, unseen), "changed": changed, "arrived": arrived}
    return render(request, "live/frame.html", found)


def of(request: HttpRequest) -> Frame:
    """For the frame of a whole page."""
    return _frame(request, _shared(request), _unseen(request))._replace(undo=undo_offered(request))


def _frame(request: HttpRequest, shared: Shared, unseen: list[Notice]) -> Frame:
    return Frame(
        *shared,
        unseen=unseen[: notices.UNSEEN_SHOWN],
        more=len(unseen) > notices.UNSEEN_SHOWN,
        news=_news(request, unseen),
        version=_version(shared, unseen),
        every=f"{uniform(*EVERY):.1f}",  # noqa: S311 - spreads load, keeps no secret
    )


def _shared(request: HttpRequest) -> Shared:
    """The meter only when it matters: while the provider holds requests up, refused some lately, or does not answer."""
    found = meter()
    return Shared(found if found and found.tight else None, of_request(request).of("cards", "transactions"))


def _unseen(request: HttpRequest) -> list[Notice]:
    return list(notices.unseen(int(request.user.pk or 0))[: notices.UNSEEN_SHOWN + 1])


def _news(request: HttpRequest, unseen: list[Notice]) -> list[Told]:
    """What this person asked for and what became of it late, oldest first: it stays in sight until it is put away."""
    if len(unseen) > notices.UNSEEN_SHOWN:  # some may lie further back than was looked
        unseen = list(notices.unseen(int(request.user.pk or 0)).filter(kind=Kind.OUTCOME)[:MOST_TOLD])
    told = {commands.told_of(each.key): each for each in unseen if each.kind == Kind.OUTCOME}
    told.pop("", None)
    if not told:
        return []
    clear = allowed(request.user, Permission.PERSONAL_READ)
    found = Command.objects.filter(pk__in=told).order_by("created_at")[:MOST_TOLD]
    return [
        Told(told[str(each.pk)], each, RECORD_ROUTES.get(each.record), subject(each, clear=clear)) for each in found
    ]


def _version(shared: Shared, unseen: list[Notice]) -> str:
    """One word for each part, and the newest notice behind them: what is newer is said aloud."""
    at = shared.freshness.at
    parts = (
        shared.meter.mood if shared.meter else "",
        (shared.freshness.state, at and f"{at:%j %H:%M}"),
        [notice.pk for notice in unseen],
    )
    return "-".join([*(f"{zlib.crc32(repr(part).encode()):x}" for part in parts), str(unseen[0].pk if unseen else 0)])
