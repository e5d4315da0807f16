"""A record as it was at a moment, what set each value, what changed since; and its rebuilding from what was observed."""

import json
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_safe

from console import privacy
from console.access import Actor, Permission, allowed, requires
from console.history import services as history
from console.history.models import Change
from console.history.services import RAW, Knowledge, Span
from console.htmx import page_or_fragment, redirect, toast
from console.sync import bodies
from console.sync.rebuild import Rebuilt, Verdict, check, rebuild
from console.timeline.causes import Cause, Causes, causes_of
from console.timeline.fields import FIELDS, NOUNS, Names, Shown, lines, names_of
from console.timeline.forms import MomentsForm
from console.timeline.items import changed, timeline

TITLES = {
    "cardholder": lazy("Cardholder"),
    "company": lazy("Company"),
    "card": lazy("Card"),
    "transaction": lazy("Transaction"),
    "dispute": lazy("Dispute"),
    "contract": lazy("Collateral contract"),
    "balance": lazy("Balance"),
}


class Value(NamedTuple):
    """One column at a moment: its value, what set it and when, and its value at the later moment if that is another."""

    label: str | Promise
    shown: Shown
    set_by: Change | None
    cause: Cause | None
    later: Shown | None


@requires(Permission.RECORD_READ)
@require_safe
def history_of(request: HttpRequest, noun: str, pk: int) -> HttpResponse:
    row = _row_or_404(noun, pk)
    context: dict[str, Any] = {
        "row": row,
        "noun": noun,
        "record": _record(request, noun, row),
        "title": _title(noun),
    }
    if "older" in request.GET:
        context["page"] = timeline(request, row)
        return page_or_fragment(request, "timeline/older.html", "timeline/_items.html", context)
    form = MomentsForm.of(request.GET)
    given = form.cleaned_data if form.is_valid() else {}
    now = timezone.now()
    at, to = given.get("at") or now, given.get("to") or now
    span = history.between(row, at, to)
    context |= {"form": form, "asked": bool(given.get("at")), "at": at, "to": given.get("to"), "span": span}
    context |= _told(request, row, noun, span)
    return page_or_fragment(request, "timeline/history.html", "timeline/_history.html", context)


@requires(Permission.RECORD_READ)
@require_safe
def part(request: HttpRequest, noun: str, pk: int) -> HttpResponse:
    """The timeline of a record's page, narrowed to a kind."""
    row = _row_or_404(noun, pk)
    context = {"row": row, "noun": noun, "record": _record(request, noun, row), "title": _title(noun)}
    return page_or_fragment(request, "timeline/part.html", "timeline/_part.html", context)


@requires(Permission.INBOX_REPLAY)
def rebuild_row(request: HttpRequest, noun: str, pk: int) -> HttpResponse:
    """Says what would change, then does it."""
    row = _row_or_404(noun, pk)
    back = reverse("timeline:history", args=[noun, pk])
    if request.method == "POST":
        done = rebuild(row, actor=Actor.of(request))
        mended = done.verdict == Verdict.DIFFERENT
        toast(request, _("The record was put together again.") if mended else _("Nothing had to be changed."))
        return redirect(request, back)
    found = check(row)
    context = {
        "title": _("Rebuild from what was observed?"),
        "what": _outcome(found),
        "facts": _differences(request, row, noun, found),
        "verb": _("Rebuild") if found.verdict == Verdict.DIFFERENT else "",
        "action_url": request.path,
        "back_url": back,
    }
    return page_or_fragment(request, "ui/confirm.html", "ui/_confirm.html", context)


def _row_or_404(noun: str, pk: int) -> Any:
    if noun not in NOUNS:
        raise Http404
    return get_object_or_404(NOUNS[noun], pk=pk)


def _title(noun: str) -> str:
    return _("History of %(what)s") % {"what": str(TITLES[noun]).lower()}


def _record(request: HttpRequest, noun: str, row: Any) -> Shown:
    """The page that the record is shown on: contracts and balances stand on their owner's."""
    page = row if hasattr(row, "get_absolute_url") else row.cardholder or row.company
    if page is None:
        return Shown(str(row))
    clear = allowed(request.user, Permission.PERSONAL_READ)
    words = privacy.name(page, clear=clear) if noun not in {"card", "transaction", "dispute"} else str(page)
    return Shown(words, page.get_absolute_url())


def _told(request: HttpRequest, row: Any, noun: str, span: Span) -> dict[str, Any]:
    """What the page shows of a span, with personal data for those who may read it."""
    clear = allowed(request.user, Permission.PERSONAL_READ)
    known = span.knowledge in {Knowledge.VALUES, Knowledge.UNKEPT}
    names = names_of([span.then, span.later], clear=clear)
    causes = causes_of(request, row, list({change.pk: change for change in span.set_by.values()}.values()))
    raw = json.dumps(span.then[RAW]).encode() if known and span.then[RAW] else b""
    older = span.entries[-1].change if span.more else None
    return {
        "known": known,
        "groups": _grouped(_values(noun, span, names, causes, clear=clear)) if known else [],
        "raw": bodies.readable(raw, clear=clear),
        "flags": span.then["flags"] if known else [],
        "items": changed(request, row, span.entries),
        "differs": known and bool(lines(noun, span.then, span.later, names, clear=clear, quiet=True)),
        "older_to": _iso(older.written_at - timedelta(microseconds=1)) if older else "",
    }


def _values(noun: str, span: Span, names: Names, causes: Causes, *, clear: bool) -> list[Value]:
    found = []
    for each in FIELDS[noun]:
        set_by = span.set_by.get(each.column)
        same = span.then.get(each.column) == span.later.get(each.column)
        later = None if same else each.shown(span.later, names, clear=clear)
        shown = each.shown(span.then, names, clear=clear)
        if shown.text or later:
            found.append(Value(each.label, shown, set_by, causes.get(set_by.pk) if set_by else None, later))
    return found


def _grouped(values: list[Value]) -> list[tuple[Value, list[Value]]]:
    """Together what one change set, the newest change first: its cause is said once. What was so before changes were kept
    comes last."""
    groups: dict[int, list[Value]] = {}
    for value in values:
        groups.setdefault(value.set_by.pk if value.set_by else 0, []).append(value)
    return [(groups[pk][0], groups[pk]) for pk in sorted(groups, reverse=True)]


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _outcome(found: Rebuilt) -> str:
    words = {
        Verdict.SAME: _("The record is what was observed of it. There is nothing to change."),
        Verdict.DIFFERENT: _("What was observed of this record differs from the record. Rebuilding changes this:"),
        Verdict.UNOBSERVED: _("Nothing is kept that this record could be put together from."),
        Verdict.INSUFFICIENT: _("What is kept of this record does not make a whole one. It stays as it is."),
    }[found.verdict]
    observed = _("Observations: %(n)d.") % {"n": found.observations}
    return f"{observed} {words}" if found.observations else words


def _differences(request: HttpRequest, row: Any, noun: str, found: Rebuilt) -> list[tuple[str, str]]:
    """In the words of the history where the column has any, else its own name."""
    clear = allowed(request.user, Permission.PERSONAL_READ)
    before = history.values_of(row)
    after = before | {each.column: history.plain(each.observed) for each in found.differences}
    names = names_of([before, after], clear=clear)
    told = lines(noun, before, after, names, clear=clear, quiet=True)
    facts = [(str(each.label), _pair(each.old, each.new)) for each in told]
    named = {field.column for field in FIELDS[noun]}
    technical = ", ".join(each.column for each in found.differences if each.column not in named)
    return [*facts, (_("Beside these"), technical)] if technical else facts


def _pair(old: Shown, new: Shown) -> str:
    return _("differs") if old.hidden or new.hidden else f"{old.text or '—'} → {new.text or '—'}"
