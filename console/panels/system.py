"""The machinery: how fresh the copy is, what webhooks come, whether everything runs, and who no longer signs in."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncHour
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.access import Permission
from console.charts import Chart, Mark
from console.days import span
from console.panels.face import Asked, Badge, Face, Line, Lines, address, figure, number
from console.provider.pacing import meter
from console.staff.filters import quiet
from console.staff.models import User
from console.sync import health, silence
from console.sync.freshness import FRESH, NEVER, READING, STALE, Freshness
from console.sync.models import Delivery
from console.sync.schedule import SCHEDULE

HOURS = 24
HOUR = timedelta(hours=1)
FEW = 8
LISTS = {
    "cards": "cards:list",
    "transactions": "transactions:list",
    "disputes": "transactions:disputes",
    "companies": "cardholders:companies",
    "cardholders": "cardholders:list",
    "contracts": "cardholders:accounts",
    "balances": "cardholders:accounts",
}


def freshness(asked: Asked) -> Face:
    """Each resource against how often it is swept."""
    known = Freshness()
    words = {
        FRESH: (_("Fresh"), "good", "dot"),
        STALE: (_("Stale"), "warn", "triangle"),
        NEVER: (_("Never read"), "idle", "ring"),
        READING: (_("Being read"), "info", "half"),
    }
    lines = []
    for name, pace in SCHEDULE.items():
        found = known.of(name)
        why = known.why(name, clear=asked.may(Permission.RECONCILIATION_READ)) if found.state == STALE else ""
        every = _("read every %(time)s") % {"time": span(pace.every)}
        lines.append(
            Line(
                reverse(LISTS[name]),
                name=str(pace.label),
                badge=Badge(*words[found.state]),
                note=why or every,
                at=found.at,
            )
        )
    return Face(lines=[Lines(_("Freshness of each resource"), lines, _("Resource"), _("Last swept"))])


def webhooks(asked: Asked) -> Face:
    """Verified deliveries of the last 24 hours, by hour."""
    here = timezone.localtime(asked.now)
    start = here.replace(minute=0, second=0, microsecond=0) - (HOURS - 1) * HOUR
    counts = asked.kept("webhooks", lambda: _by_hour(start))
    hours = [start + back * HOUR for back in range(HOURS)]
    marks = [_hour(hour, counts.get(hour, 0)) for hour in hours]
    quiet_for = silence.webhook_silence()
    last = silence.newest()
    tone, note = ("warn", _("Longer than usual")) if quiet_for else ("good", _("ago, as usual"))
    shown = span(asked.now - last) if last else _("None yet")
    if last is None and not quiet_for:
        tone, note = "idle", ""
    figures = [Mark(_("Last webhook"), 0, shown, reverse("sync:inbox"), None, tone, note)]
    total = sum(counts.values())
    said = ngettext("%(n)s delivery in 24 hours", "%(n)s deliveries in 24 hours", total) % {"n": number(total)}
    return Face(figures, [Chart(_("Deliveries by hour"), marks, "bars", said, _("Hour"))])


def _hour(hour: datetime, n: int) -> Mark:
    label = formats.date_format(timezone.localtime(hour), "H:i")
    return figure(label, n, address("sync:inbox", hour=f"{hour:%Y-%m-%dT%H:%M:%S%z}") if n else "")


def _by_hour(start: datetime) -> dict[datetime, int]:
    came = Delivery.objects.verified().filter(received_at__gte=start).order_by()
    return dict(came.annotate(hour=TruncHour("received_at")).values_list("hour").annotate(n=Count("pk")))


def machinery(asked: Asked) -> Face:
    """Signs of life, what waits, and the budget of requests."""
    names = {"worker": _("Worker"), "beat": _("Clock")}
    figures = [_beat(names[name], age) for name, age in health.heartbeat_ages().items()]
    waiting = health.inbox_age()
    url = address("sync:inbox", verdict="new") if asked.may(Permission.INBOX_READ) else ""
    slow = waiting > health.WAITING
    figures.append(
        Mark(
            _("Oldest in the inbox"), 0, span(waiting) if waiting >= timedelta(minutes=1) else _("Nothing waits"), url, None,
            "warn" if slow else "good", _("Too long") if slow else "",
        )
    )  # fmt: skip
    figures.append(_provider(reverse("provider:provider") if asked.may(Permission.PROVIDER_READ) else ""))
    return Face(figures)


def _beat(label: str, age: timedelta | None) -> Mark:
    alive = age is not None and age <= health.ALIVE
    if age is None:
        return Mark(label, 0, _("Never seen"), tone="bad")
    shown = _("Runs") if alive else _("Stands still")
    seconds = {"seconds": number(int(age.total_seconds()))}
    note = (
        _("last heard of %(seconds)s s ago") % seconds
        if alive
        else _("not heard of for %(time)s") % {"time": span(age)}
    )
    return Mark(label, 0, shown, tone="good" if alive else "bad", note=note)


def _provider(url: str) -> Mark:
    found = meter()
    if found is None:
        return Mark(_("Provider"), 0, _("Not asked yet"), url, tone="idle")
    left = ""
    if found.limit is not None and found.left is not None:
        left = _("%(left)s of %(limit)s requests left") % {"left": number(found.left), "limit": number(found.limit)}
    if found.down_since:
        at = formats.date_format(timezone.localtime(found.down_since), "H:i")
        return Mark(_("Provider"), 0, _("Silent"), url, tone="bad", note=_("since %(time)s") % {"time": at})
    if found.tight:
        return Mark(_("Provider"), 0, _("Busy"), url, tone="warn", note=left)
    return Mark(_("Provider"), 0, _("Answers"), url, tone="good", note=left)


def staff(asked: Asked) -> Face:
    """Those who may sign in and have not for ninety days: each is a door nobody watches."""
    rows: Any = User.objects.filter(quiet(asked.now)).order_by("last_login", "pk")
    found = list(rows)
    if not found:
        return Face(empty=_("Everybody has signed in within 90 days"))
    head = figure(_("May sign in, and did not for 90 days"), len(found), address("staff:list", quiet="on"), tone="warn")
    lines = [
        Line(
            reverse("staff:edit", args=[each.pk]), name=str(each), note=", ".join(each.role_labels), at=each.last_login
        )
        for each in found[:FEW]
    ]
    return Face([head], lines=[Lines(_("Longest away"), lines, _("Who"), _("Last signed in"))])
