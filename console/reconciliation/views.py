"""The desk: what the latest reconciliation came to, what is open and whose turn it is; starting one; those there were."""

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_safe

from console.access import Actor, Permission, requires
from console.columns import Column
from console.htmx import page_or_fragment, redirect, toast, wants_fragment
from console.listing import listed, paginate
from console.reconciliation import overview
from console.reconciliation.filters import HistoryFilter
from console.reconciliation.models import Movement, Reconciliation, ReconciliationState
from console.reconciliation.wording import OLD, standing
from console.reconciliation.work import WHOLE
from console.sync import health, runs
from console.sync.models import Run, RunState
from console.sync.run_views import progress
from console.sync.tasks import ring
from console.templatetags.console import signed
from transactions.models import Transaction

WITH_PEOPLE = Reconciliation.objects.select_related("asked_by", "prepared_by", "signed_by")


@requires(Permission.RECONCILIATION_READ)
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """204 to a poll that has nothing new to show."""
    newest = WITH_PEOPLE.order_by("-pk").first()
    going = _going(newest)
    version = _version(newest, going)
    if wants_fragment(request) and request.GET.get("v") == version:
        return HttpResponse(status=204)
    context = {
        "title": _("Reconciliation"),
        "newest": newest,
        "failed": newest if newest and newest.state == ReconciliationState.FAILED else None,
        "live_url": f"{request.path}?v={version}",
        **going,
        **_numbers(newest),
    }
    return page_or_fragment(request, "reconciliation/desk.html", "reconciliation/_desk.html", context)


def _numbers(newest: Reconciliation | None) -> dict[str, Any]:
    latest = newest
    if newest and newest.state != ReconciliationState.DONE:
        latest = WITH_PEOPLE.filter(state=ReconciliationState.DONE).order_by("-pk").first()
    now = timezone.now()
    opened = overview.open_now(now)
    found = {"latest": latest, "open": opened, "old": OLD, "now": now}
    if latest is None:
        return found
    trend = overview.trend()
    return found | {
        "standing": standing(latest),
        "balances": sum(latest.counts.values()),
        "forward": overview.roll_forward(latest),
        "since": overview.since(latest, opened.total),
        "trend": trend,
        "counts_chart": _chart(trend, "count"),
        "unexplained_chart": _chart(trend, "unexplained"),
        "reopened_by": transactions_of(latest),
    }


def transactions_of(reconciliation: Reconciliation) -> list[Transaction]:
    """What opened it again."""
    if not reconciliation.reopened_why:
        return []
    return list(Transaction.objects.defer("raw").filter(codego_id__in=reconciliation.reopened_why).order_by("pk"))


def _chart(trend: overview.Trend, name: str) -> list[tuple[str, int, str]]:
    words = "j M" if trend.daily else "j M, H:i"
    found = []
    for point in trend.points:
        label = timezone.localtime(point.reconciliation.as_of)
        value = getattr(point, name)
        found.append((date_words(label, words), value, _said(point) if name == "count" else signed(value)))
    return found


def date_words(moment: Any, form: str) -> str:
    from django.utils.formats import date_format

    return date_format(moment, form)


def _said(point: overview.Point) -> str:
    return _("%(count)s open, %(amount)s") % {"count": point.count, "amount": signed(point.amount)}


def _going(newest: Reconciliation | None) -> dict[str, Any]:
    """What is being read, and what is being proven."""
    run = Run.objects.filter(kind__in=WHOLE, state=RunState.RUNNING).order_by("kind", "-started_at").first()
    proving = newest if newest and newest.state == ReconciliationState.RUNNING else None
    return {
        "run": run,
        "progress": progress(run) if run else None,
        "proving": proving,
        "proven": proving.inputs.get("balances", {}).get("rows", 0) if proving else 0,
        "imported": bool(newest) or runs.imported(),
        "follows": run is None and proving is None and _follows(newest),
    }


def _follows(newest: Reconciliation | None) -> bool:
    """Whether a sweep has ended whose proof is about to begin."""
    ended = Run.objects.filter(kind__in=WHOLE, state=RunState.DONE).order_by("-finished_at").first()
    if ended is None or ended.finished_at is None:
        return False
    lately = timezone.now() - ended.finished_at < health.WAITING
    return lately and (newest is None or newest.started_at < ended.finished_at)


def _version(newest: Reconciliation | None, going: dict[str, Any]) -> str:
    run = going["run"]
    moved = Movement.objects.order_by("-pk").values_list("pk", flat=True).first()
    shown = (
        newest and (newest.pk, newest.state, newest.cursor, newest.error, newest.prepared_at, newest.signed_at),
        newest and newest.reopened_at,
        run and (run.pk, run.counts, run.error),
        going["follows"],
        moved,
    )
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:12]


@requires(Permission.RECONCILIATION_RUN)
def start(request: HttpRequest) -> HttpResponse:
    """Reads what a proof rests on; the proof follows by itself when that has ended."""
    if request.method == "POST":
        if not runs.imported():
            toast(request, _("The first import has not ended yet. A reconciliation follows it by itself."), "refused")
        else:
            asked_at = timezone.now()
            run = runs.start("reconcile", actor=Actor.of(request))
            ring("run")
            fresh = run.started_at >= asked_at
            toast(request, _("Reconciliation started.") if fresh else _("One was already running. It goes on at once."))
        return redirect(request, "reconciliation:desk")
    context = {
        "title": _("Reconcile now?"),
        "what": _(
            "The console reads open transactions, contracts and balances from the provider and repairs its copy. Then "
            "it proves every balance. Nothing is changed at the provider."
        ),
        "verb": _("Reconcile now"),
        "local": True,
        "action_url": request.path,
        "back_url": reverse("reconciliation:desk"),
    }
    return page_or_fragment(request, "ui/confirm.html", "ui/_confirm.html", context)


@listed(lazy("All reconciliations"))
@requires(Permission.RECONCILIATION_READ)
@require_safe
def history(request: HttpRequest) -> HttpResponse:
    columns = (
        Column("as_of", _("As of"), "started", fixed=True),
        Column("standing", _("Standing")),
        Column("tied", _("Tie"), numeric=True),
        Column("explained", _("Explained"), numeric=True),
        Column("unexplained", _("Unexplained"), numeric=True),
        Column("incomplete", _("Not provable"), numeric=True),
        Column("open", _("Open breaks"), numeric=True),
        Column("amount", _("Open amount"), numeric=True),
        Column("signed", _("Signed off by")),
    )
    page = paginate(
        request, WITH_PEOPLE.defer("inputs", "cursor"), form=HistoryFilter(request.GET), columns=columns,
        default_sort="-started", sortable={"started": "started_at"},
    )  # fmt: skip
    rows = [(each, standing(each), each.forward.get("balances", {}).get("closing")) for each in page.rows]
    context: dict[str, object] = {"title": _("All reconciliations"), "page": page, "rows": rows}
    return page_or_fragment(request, "reconciliation/history.html", "reconciliation/_history.html", context)
