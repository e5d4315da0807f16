"""The inbox on screen: what came, what became of it, and applying it again."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from console.access import Actor, Permission, allowed, requires
from console.audit import services as audit
from console.audit.events import Action
from console.audit.exporting import exported
from console.branding import signature
from console.columns import Column
from console.days import span
from console.exports import ExportColumn
from console.htmx import page_or_fragment, redirect, toast
from console.listing import listed, paginate
from console.money import grouped
from console.sync import bodies, forged, inbox
from console.sync.filters import InboxFilter
from console.sync.models import INERT, Delivery, DeliveryVerdict, Rejected
from console.sync.routes import event_of
from console.sync.tasks import ring

MOST_REPLAYED = 10_000
SOME = 500  # ids named in one statement
SIBLINGS = 10
MOST_WAITING = 10_000
MOST_PARKED = 100
DAY = timedelta(days=1)
PREVIEWED = 5
DEFAULT_SORT, SORTABLE = "-received", {"received": "received_at"}


@listed(lazy("Inbox"))
@requires(Permission.INBOX_READ)
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    columns = (
        Column("received", _("Received"), "received", fixed=True),
        Column("type", _("Type")),
        Column("verdict", _("What became of it")),
        Column("object", _("Object")),
        Column("took", _("Took"), numeric=True),
        Column("attempts", _("Attempts"), numeric=True),
        Column("error", _("Error")),
        Column("event", _("Event id"), shown=False),
        Column("tried", _("First tried"), shown=False),
        Column("applied", _("Applied"), shown=False),
        Column("address", _("Sent from"), shown=False),
        Column("hash", _("Body SHA-256"), shown=False),
    )
    page = paginate(
        request, Delivery.objects.defer("body"), form=InboxFilter(request.GET), columns=columns,
        default_sort=DEFAULT_SORT, sortable=SORTABLE,
        export_url=reverse("sync:inbox-export") if allowed(request.user, Permission.LIST_EXPORT) else "",
    )  # fmt: skip
    rows = [(each, _took(each), _error(request, each)) for each in page.rows]
    context = {
        "page": page,
        "rows": rows,
        "title": _("Inbox"),
        "turned_away": Rejected.objects.filter(hour__gte=timezone.now() - DAY).exists(),
        "parked": len(Delivery.objects.filter(verdict=DeliveryVerdict.PARKED).values_list("pk")[: MOST_PARKED + 1]),
        "most_parked": MOST_PARKED,
        "only_forged": page.form.cleaned_data.get("verdict") == [DeliveryVerdict.FORGED],
        **_waiting(),
    }
    return page_or_fragment(request, "sync/inbox.html", "sync/_deliveries.html", context)


@requires(Permission.INBOX_READ)
@require_safe
def waiting(request: HttpRequest) -> HttpResponse:
    """How many still wait to be applied: the progress of a replay, and of a rush."""
    now = _waiting()
    if request.GET.get("v") == now["version"]:
        return HttpResponse(status=204)
    return render(request, "sync/_waiting.html", now)


def _waiting() -> dict[str, Any]:
    due = Delivery.objects.filter(due_at__isnull=False)
    count = len(due.values_list("pk")[: MOST_WAITING + 1])
    return {
        "waiting": count,
        "most_waiting": MOST_WAITING,
        "version": str(count),
        "waiting_url": f"{reverse('sync:inbox-waiting')}?v={count}",
    }


@requires(Permission.INBOX_READ, Permission.LIST_EXPORT)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The list as a file, without bodies."""
    form = InboxFilter(request.GET)
    return exported(
        request,
        Delivery.objects.defer("body"),
        name="inbox",
        form=form,
        columns=_export_columns(request),
        sortable=SORTABLE,
        default_sort=DEFAULT_SORT,
        preamble=[
            signature(),
            _("Deliveries, made %(now)s.") % {"now": timezone.localtime().isoformat(timespec="seconds")},
            _("Times in %(zone)s.") % {"zone": timezone.get_current_timezone_name()},
            *(f"{chip.label}: {chip.value}" for chip in form.chips(request)),
        ],
    )


@requires(Permission.INBOX_READ)
@require_safe
def delivery(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Delivery, pk=pk)
    raw = bytes(found.body)
    context = {
        "delivery": found,
        "title": found.type or _("Delivery without a type"),
        "body": bodies.readable(raw, clear=allowed(request.user, Permission.PERSONAL_READ)),
        "size": len(raw),
        "took": _seconds(found.queued_at, found.applied_at),
        "waited": _seconds(found.queued_at, found.first_tried_at),
        "error": _error(request, found),
        "object_url": _object_url(found),
        "siblings": _siblings(found),
        "may_replay": found.verdict not in INERT,
        "altered": found.verdict == DeliveryVerdict.FORGED and forged.is_altered(found),
        "may_verify": found.verdict == DeliveryVerdict.FORGED and found.signatures and not forged.is_altered(found),
    }
    return render(request, "sync/delivery.html", context)


@requires(Permission.INBOX_REPLAY)
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Delivery.objects.defer("body"), pk=pk)
    if request.method == "POST":
        done = _replay(request, [found.pk], record_id=found.pk)
        toast(request, _("It will be applied again now.") if done else _("This one is never applied."))
        return redirect(request, "sync:delivery", found.pk)
    context: dict[str, object] = {
        "title": _("Apply this delivery again?"),
        "what": _("It goes back to the queue. Applying it twice has no second effect, and nothing is sent anywhere."),
        "facts": [(_("Type"), found.type), (_("Object"), found.object_id), (_("Now"), found.get_verdict_display())],
        "verb": _("Replay"),
        "action_url": request.path,
        "back_url": reverse("sync:delivery", args=[found.pk]),
    }
    return page_or_fragment(request, "ui/confirm.html", "ui/_confirm.html", context)


@requires(Permission.INBOX_REPLAY)
def replay_all(request: HttpRequest) -> HttpResponse:
    """All under the filter of the list it came from. A filter that cannot be understood replays nothing."""
    form = InboxFilter(request.GET)
    found = form.filtered(Delivery.objects.effective()).order_by("-received_at", "-pk")
    ids = [] if form.errors else list(found.values_list("pk", flat=True)[:MOST_REPLAYED])
    back = f"{reverse('sync:inbox')}?{request.GET.urlencode()}"
    if request.method == "POST" or not ids:
        filters = [bound.name for bound, _value in form.in_force()]
        done = _replay(request, ids, filters=filters) if request.method == "POST" else 0
        toast(request, _count(done), "done" if done else "refused")
        return redirect(request, back)
    context = _replay_words(request, form, ids) | {"back_url": back}
    return page_or_fragment(request, "ui/confirm.html", "ui/_confirm.html", context)


def _replay_words(request: HttpRequest, form: InboxFilter, ids: Sequence[int]) -> dict[str, object]:
    """What would be replayed: how many of what became of them, and the newest few by name."""
    facts = [(str(chip.label), chip.value) for chip in form.chips(request)]
    facts = facts or [(_("Filter"), _("None: the whole inbox"))]
    now: Counter[str] = Counter()
    for start in range(0, len(ids), SOME):
        some = Delivery.objects.filter(pk__in=ids[start : start + SOME])
        now.update(some.values_list("verdict", flat=True))
    facts += [(str(DeliveryVerdict(verdict).label), grouped(n)) for verdict, n in now.most_common()]
    newest = Delivery.objects.filter(pk__in=ids[:PREVIEWED]).order_by("-received_at", "-pk").defer("body")
    facts += [(_("The newest"), ", ".join(f"{each.type or '?'} {each.object_id}".strip() for each in newest))]
    most = _("Only the %(most)s newest: replay again for the rest.") % {"most": grouped(MOST_REPLAYED)}
    return {
        "title": _("Apply these deliveries again?"),
        "what": _count(len(ids)) + " " + _("Applying one twice has no second effect, and nothing is sent anywhere."),
        "facts": facts,
        "notice": most if len(ids) == MOST_REPLAYED else "",
        "verb": _("Replay"),
        "action_url": request.get_full_path(),
    }


def _replay(
    request: HttpRequest, ids: Sequence[int], *, record_id: int | None = None, filters: Sequence[str] = ()
) -> int:
    """Back into the queue, written down, and the worker rung: all of it or nothing."""
    actor = Actor.of(request)
    with transaction.atomic():
        done = inbox.replay(ids)
        if done:
            audit.record(
                Action.DELIVERY_REPLAY, actor=actor, record="delivery", record_id=record_id, count=done, filters=filters
            )
            ring("drain")
    return done


def _count(count: int) -> str:
    words = ngettext("%(n)s delivery is applied again.", "%(n)s deliveries are applied again.", count)
    return words % {"n": grouped(count)} if count else _("No delivery matches this filter.")


def _error(request: HttpRequest, found: Delivery) -> str:
    """What went wrong; a failure's own words may quote the body, so those who see masked data get its kind only."""
    if found.verdict == DeliveryVerdict.FORGED:
        return str(found.get_rejection_display())
    if allowed(request.user, Permission.PERSONAL_READ) or found.verdict == DeliveryVerdict.UNMATCHED:
        return found.error
    return found.error.partition(":")[0]


def _took(found: Delivery) -> str:
    seconds = _seconds(found.queued_at, found.applied_at)
    return "" if seconds is None else f"{seconds:.1f} s" if seconds < 60 else span(timedelta(seconds=seconds))


def _seconds(start: datetime, end: datetime | None) -> float | None:
    return None if end is None else max((end - start).total_seconds(), 0)


def _object_url(found: Delivery) -> str:
    """Where the object it speaks of is shown here; contracts are shown with their owner."""
    event = event_of(found.type)
    if event is None or not found.object_id:
        return ""
    model: Any = event.model
    row = model.objects.filter(codego_id=found.object_id).defer("raw").first()
    if row is not None and not hasattr(row, "get_absolute_url"):
        row = row.cardholder or row.company
    return str(row.get_absolute_url()) if row else ""


def _siblings(found: Delivery) -> QuerySet[Delivery]:
    """Others with the same identifier or the same body: what made it a duplicate, or a conflict."""
    same = Q(event_id=found.event_id) | Q(body_hash=found.body_hash)
    return Delivery.objects.defer("body").filter(same).exclude(pk=found.pk).order_by("-pk")[:SIBLINGS]


def _export_columns(request: HttpRequest) -> list[ExportColumn]:
    def when(name: str, of: str) -> ExportColumn:
        return ExportColumn(
            name.replace("_", " ").capitalize(),
            lambda d: timezone.localtime(moment).isoformat(timespec="seconds") if (moment := getattr(d, name)) else "",
            of,
        )

    return [
        when("received_at", "received"),
        ExportColumn("Type", lambda d: d.type, "type"),
        ExportColumn("Verdict", lambda d: d.verdict, "verdict"),
        ExportColumn("Object id", lambda d: d.object_id, "object"),
        ExportColumn("Event id", lambda d: d.event_id, "event"),
        ExportColumn("Attempts", lambda d: d.attempts, "attempts"),
        when("first_tried_at", "tried"),
        when("applied_at", "applied"),
        ExportColumn("Took, seconds", lambda d: _seconds(d.queued_at, d.applied_at), "took"),
        ExportColumn("Error", lambda d: _error(request, d), "error"),
        ExportColumn("Body SHA-256", lambda d: d.body_hash, "hash"),
        ExportColumn("Address", lambda d: d.address, "address"),
    ]
