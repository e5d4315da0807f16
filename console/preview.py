"""A record beside its list: what it is, the state it is in, what can be done about it, and what happened last.

Fetched by `…/<pk>/preview/` with the permission of the record's own page; without script it is a page of its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from console.htmx import page_or_fragment

ACTIONS, EVENTS = 2, 5


class Link(NamedTuple):
    label: str
    url: str
    note: str = ""


class Event(NamedTuple):
    """Something that happened, newest first; `word` and `kind` name its status where it has one."""

    what: str
    at: datetime | None
    url: str = ""
    word: str = ""
    kind: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    title: str
    url: str
    word: str  # its status as sent, and of which kind that is
    kind: str
    meaning: Any = ""
    actions: Sequence[dict[str, Any]] = ()  # {"url", "label", "kind", "icon", "dialog"}
    facts: Sequence[tuple[Any, Any]] = ()
    related: Sequence[Link] = ()
    events: Sequence[Event] = ()


def amount_of(transaction: object) -> str:
    """As the lists write it: the holder's side, struck through where nothing was taken."""
    return render_to_string("transactions/_amount.html", {"transaction": transaction})


def commanded(commands: Iterable[Any]) -> list[Event]:
    """What was asked of the provider about the record, and what became of it."""
    return [Event(str(each.get_kind_display()), each.created_at, word=each.state, kind="command") for each in commands]


def newest(*events: Iterable[Event]) -> list[Event]:
    found = [event for some in events for event in some if event.at]
    return sorted(found, key=lambda event: event.at or datetime.min, reverse=True)[:EVENTS]  # noqa: DTZ901 - never met


def shown(request: HttpRequest, preview: Preview) -> HttpResponse:
    context = {
        "title": _("Preview of %(what)s") % {"what": preview.title},
        "preview": preview,
        "at_hand": list(preview.actions)[:ACTIONS],
    }
    return page_or_fragment(request, "ui/preview.html", "ui/_preview.html", context)
