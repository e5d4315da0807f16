"""What templates say about a value: money, instants, statuses in plain words, ids, icons."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import NamedTuple
from urllib.parse import urlencode

from django import template
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from console import charts
from console.charts import Chart, Mark
from console.codego.wire import normal
from console.filtering import CURSOR
from console.money import NOTHING, format_minor

register = template.Library()


class Status(NamedTuple):
    """A status as people read it. The shape says the same as the tone, for those who do not see the colour."""

    label: str | Promise
    tone: str
    shape: str


_ACTIVE = ("good", "dot")
_WAITING = ("info", "half")
_ATTENTION = ("warn", "triangle")
_STOPPED = ("warn", "square")
_FAILED = ("bad", "cross")
_OVER = ("idle", "bar")
_NOT_YET = ("idle", "ring")
UNKNOWN_WORD = ("new", "diamond")

# (kind, word as `normal` folds it) → how it is shown. A word that is not here is shown as it was sent, and marked.
STATUSES: dict[tuple[str, str], Status] = {
    ("application", "approved"): Status(lazy("Approved"), *_ACTIVE),
    ("application", "pending"): Status(lazy("Pending"), *_WAITING),
    ("application", "needsinformation"): Status(lazy("Needs information"), *_ATTENTION),
    ("application", "needsverification"): Status(lazy("Needs verification"), *_ATTENTION),
    ("application", "manualreview"): Status(lazy("In manual review"), *_WAITING),
    ("application", "denied"): Status(lazy("Denied"), *_FAILED),
    ("application", "locked"): Status(lazy("Locked"), *_STOPPED),
    ("application", "canceled"): Status(lazy("Cancelled"), *_OVER),
    ("application", "notstarted"): Status(lazy("Not started"), *_NOT_YET),
    ("application", "tosnotaccepted"): Status(lazy("Terms not accepted"), *_NOT_YET),
    ("application", "exempt"): Status(lazy("Exempt"), *_OVER),
    ("card", "notactivated"): Status(lazy("Not activated"), *_NOT_YET),
    ("card", "active"): Status(lazy("Active"), *_ACTIVE),
    ("card", "locked"): Status(lazy("Locked"), *_STOPPED),
    ("card", "canceled"): Status(lazy("Cancelled"), *_OVER),
    ("transaction", "pending"): Status(lazy("Pending"), *_WAITING),
    ("transaction", "processing"): Status(lazy("Processing"), *_WAITING),
    ("transaction", "completed"): Status(lazy("Completed"), *_ACTIVE),
    ("transaction", "reversed"): Status(lazy("Reversed"), *_OVER),
    ("transaction", "declined"): Status(lazy("Declined"), *_FAILED),
    ("dispute", "pending"): Status(lazy("Pending"), *_WAITING),
    ("dispute", "inreview"): Status(lazy("In review"), *_WAITING),
    ("dispute", "accepted"): Status(lazy("Accepted"), *_ACTIVE),
    ("dispute", "rejected"): Status(lazy("Rejected"), *_FAILED),
    ("dispute", "canceled"): Status(lazy("Cancelled"), *_OVER),
    ("delivery", "new"): Status(lazy("Waiting"), *_WAITING),
    ("delivery", "applied"): Status(lazy("Applied"), *_ACTIVE),
    ("delivery", "duplicate"): Status(lazy("Duplicate"), *_OVER),
    ("delivery", "stale"): Status(lazy("Older than what we have"), *_OVER),
    ("delivery", "hint"): Status(lazy("Asked for a read"), *_ACTIVE),
    ("delivery", "unhandled"): Status(lazy("Unknown type"), *UNKNOWN_WORD),
    ("delivery", "unmatched"): Status(lazy("Names no object"), *_ATTENTION),
    ("delivery", "failed"): Status(lazy("Failed, will be tried again"), *_ATTENTION),
    ("delivery", "parked"): Status(lazy("Parked after failing"), *_FAILED),
    ("delivery", "forged"): Status(lazy("Not verified"), *_FAILED),
    ("command", "intent"): Status(lazy("Not sent yet"), *_NOT_YET),
    ("command", "sent"): Status(lazy("Waiting for the answer"), *_WAITING),
    ("command", "unknown"): Status(lazy("Outcome unknown"), *_ATTENTION),
    ("command", "several"): Status(lazy("Needs a person"), *_ATTENTION),
    ("command", "done"): Status(lazy("Done"), *_ACTIVE),
    ("command", "refused"): Status(lazy("Refused"), *_FAILED),
    ("command", "notdone"): Status(lazy("Did not happen"), *_OVER),
    ("command", "lapsed"): Status(lazy("Never known"), *_ATTENTION),
    ("reconciliation", "running"): Status(lazy("Running"), *_WAITING),
    ("reconciliation", "failed"): Status(lazy("Failed"), *_FAILED),
    ("reconciliation", "done"): Status(lazy("Not signed off"), *_NOT_YET),
    ("reconciliation", "prepared"): Status(lazy("Prepared"), *_WAITING),
    ("reconciliation", "signed"): Status(lazy("Signed off"), *_ACTIVE),
    ("reconciliation", "reopened"): Status(lazy("Open again"), *_ATTENTION),
    ("proof", "tied"): Status(lazy("Ties"), *_ACTIVE),
    ("proof", "explained"): Status(lazy("Explained"), *_WAITING),
    ("proof", "unexplained"): Status(lazy("Unexplained"), *_FAILED),
    ("proof", "incomplete"): Status(lazy("Not provable"), *_NOT_YET),
    ("break", "open"): Status(lazy("Open"), *_ATTENTION),
    ("break", "resolved"): Status(lazy("Resolved"), *_ACTIVE),
    ("break", "cleared"): Status(lazy("Cleared"), *_OVER),
    ("run", "queued"): Status(lazy("Queued"), *_NOT_YET),
    ("run", "running"): Status(lazy("Running"), *_WAITING),
    ("run", "done"): Status(lazy("Done"), *_ACTIVE),
    ("run", "failed"): Status(lazy("Failed"), *_FAILED),
}
KINDS = frozenset(kind for kind, _word in STATUSES)


def status_of(word: str, kind: str) -> Status | None:
    """How a word of this kind is shown; None for a word this console does not know."""
    if kind not in KINDS:
        raise template.TemplateSyntaxError(f"There is no kind of status called {kind!r}.")
    return STATUSES.get((kind, normal(word)))


@register.simple_tag
def status(word: str | None, kind: str) -> SafeString:
    """{% status card.status "card" %}: a shape and a plain word; nothing to say is a dash."""
    if not word:
        return nothing()
    known = status_of(word, kind)
    return badge(known.label, known.tone, known.shape) if known else new_word(word, f"{kind}.status")


def new_word(word: str, field: str) -> SafeString:
    """A word of the provider that this console does not know: as sent, with its meaning once somebody wrote it down."""
    told = import_string("console.vocabulary.services.meaning_of")(field, word)  # by name: it stands above this
    return format_html(
        '<span class="badge" data-tone="{}" title="{}">'
        '<span class="mark" data-shape="{}" aria-hidden="true"></span>{} <span class="{}">{}</span></span>',
        UNKNOWN_WORD[0],
        told.meaning if told else _("The provider sent a word that this console does not know yet."),
        UNKNOWN_WORD[1],
        word,
        "told-word" if told else "new-word",
        told.meaning if told else _("new word"),
    )


@register.simple_tag
def badge(label: object, tone: str = "idle", shape: str = "dot") -> SafeString:
    """{% badge "2 days left" "warn" "triangle" %}: the look of a status for words that are our own."""
    return format_html(
        '<span class="badge" data-tone="{}"><span class="mark" data-shape="{}" aria-hidden="true"></span>{}</span>',
        tone,
        shape,
        label,
    )


@register.filter
def money(amount: int | str | None, currency: str | None) -> str:
    """{{ amount|money:currency }} from minor units; a dash where there is no amount, which a template calls ""."""
    return nothing() if amount is None or isinstance(amount, str) else format_minor(amount, currency or "")


@register.filter
def signed(amount: int | None) -> str:
    """{{ amount|signed }}: minor units of USD with a plus where it is more, for a difference; a dash for none."""
    if amount is None:
        return nothing()
    return f"+{format_minor(amount, 'USD')}" if amount > 0 else format_minor(amount, "USD")


@register.filter
def digits(value: str | Decimal | None) -> str:
    """{{ token.balance|digits }}: every digit of a decimal, grouped as the reader's language does; a dash for none."""
    if value is None or value == "":
        return nothing()
    try:
        return str(formats.number_format(Decimal(value), force_grouping=True))
    except InvalidOperation:  # as sent, whatever it is
        return str(value)


@register.filter
def dash(value: object) -> object:
    """{{ value|dash }}: a quiet dash where there is nothing, read out as “none”."""
    return nothing() if value is None or value == "" else value


def nothing() -> SafeString:
    return format_html(
        '<span class="none"><span aria-hidden="true">{}</span><span class="sr">{}</span></span>', NOTHING, _("none")
    )


@register.simple_tag
def clock(moment: datetime) -> SafeString:
    """{% clock freshness.at %}: for what stays on screen for hours, where "3 min ago" would grow wrong."""
    here = timezone.localtime(moment)
    today = here.date() == timezone.localdate()
    words = formats.date_format(here, "H:i" if today else "j M, H:i")
    exact = f"{_exactly(here)} {timezone.get_current_timezone_name()}"
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, words)


@register.simple_tag
def when(moment: datetime | date | None) -> SafeString:
    """{% when card.created_at %}: as short as can be, with the exact instant in UTC and in the reader's zone."""
    if moment is None:
        return nothing()
    if not isinstance(moment, datetime):
        return format_html('<time datetime="{}">{}</time>', moment.isoformat(), formats.date_format(moment, "j M Y"))
    here = timezone.localtime(moment)
    words = {
        "utc": _exactly(moment.astimezone(UTC)),
        "here": _exactly(here),
        "zone": timezone.get_current_timezone_name(),
    }
    exact = (_("%(utc)s UTC") if here.tzname() == "UTC" else _("%(utc)s UTC · %(here)s %(zone)s")) % words
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', moment.astimezone(UTC).isoformat(), exact, short_time(here)
    )


def short_time(here: datetime, now: datetime | None = None) -> str:
    """Minutes while it is fresh, the clock today, then the day; the year only where it is another."""
    now = now or timezone.localtime()
    age = now - here
    if timedelta() <= age < timedelta(minutes=1):
        return _("just now")
    if timedelta() <= age < timedelta(hours=1):
        minutes = int(age.total_seconds() // 60)
        return ngettext("%(minutes)d min ago", "%(minutes)d min ago", minutes) % {"minutes": minutes}
    if here.date() == now.date():
        return formats.date_format(here, "H:i")
    return formats.date_format(here, "j M, H:i" if here.year == now.year else "j M Y, H:i")


@register.simple_tag
def copyable(text: object, short: int = 0) -> SafeString:
    """{% copyable card.codego_id %}: an id with a button that copies it; `short=8` shows so many characters of it."""
    whole = "" if text is None else str(text)
    if not whole:
        return nothing()
    shown = f"{whole[:short]}…" if short and len(whole) > short + 1 else whole
    return format_html(
        '<span class="copyable"><code title="{whole}">{shown}</code>'
        '<button type="button" class="copy" data-copy="{whole}" data-done="{done}" aria-label="{label}">{icon}</button>'
        "</span>",
        whole=whole,
        shown=shown,
        done=_("Copied"),
        label=_("Copy %(text)s") % {"text": whole},
        icon=ui_icon("copy"),
    )


@register.simple_tag
def query_with(request: HttpRequest, **changes: object) -> str:
    """{% query_with request status="active" %}: this address's query with these changes, None to remove; the place in a
    list goes, since it belongs to the old query."""
    query = request.GET.copy()
    query.pop(CURSOR, None)
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}" if query else request.path


@register.simple_tag
def ui_icon(name: str) -> SafeString:
    """{% ui_icon "lock" %}: a symbol of static/icons.svg, beside words that say the same."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', static("icons.svg"), name)


@register.simple_tag
def query_of(**given: object) -> str:
    """{% query_of cardholder=1 q=name as query %}: the query of an address, escaped."""
    return urlencode({name: value for name, value in given.items() if value not in {None, ""}})


def _exactly(moment: datetime) -> str:
    return formats.date_format(moment, "j M Y, H:i:s")


TONE_SHAPES = {
    "good": "dot", "warn": "triangle", "bad": "cross", "info": "half", "idle": "ring", "new": "diamond",
}  # fmt: skip
MOST_ROWS = 8  # of a chart; the others unfold


@register.simple_tag
def draw(chart: Chart) -> SafeString:
    """{% draw chart %}: as SVG, with all its values in a table that stands beside it or unfolds."""
    placed = charts.placed(chart)
    context = {
        "chart": chart,
        "placed": placed[:MOST_ROWS] if chart.kind == "rows" else placed,
        "more": placed[MOST_ROWS:] if chart.kind == "rows" else [],
        "leads": any(each.mark.url for each in placed),
        "ends": (placed[0].mark.label, placed[-1].mark.label) if len(placed) >= charts.LEAST_BARS else (),
        "width": charts.WIDTH,
        "height": charts.HEIGHT,
    }
    return render_to_string(f"ui/_chart_{chart.kind}.html", context)


@register.simple_tag
def chart_bars(title: str, values: Sequence[tuple[object, int, object]]) -> SafeString:
    """{% chart_bars "Spend by day" days %}: bars over time from (label, value, value in words), that lead nowhere."""
    marks = [Mark(str(label), value, str(shown)) for label, value, shown in values]
    return draw(Chart(title, marks, "bars"))


@register.filter
def shape(tone: str) -> str:
    """{{ mark.tone|shape }}: the shape that says the same as a tone."""
    return TONE_SHAPES[tone]
