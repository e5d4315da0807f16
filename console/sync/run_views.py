"""Sweeps on screen: how fresh each resource is, what a run did and found to differ, and starting one."""

import hashlib
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_safe

from console.access import Actor, Permission, allowed, requires
from console.audit.exporting import exported
from console.branding import signature
from console.columns import Column
from console.exports import ExportColumn
from console.htmx import page_or_fragment, redirect, toast, wants_fragment
from console.listing import listed, paginate
from console.sync import drift, health, runs
from console.sync.filters import KINDS, RunFilter, StartForm
from console.sync.models import Run, RunState
from console.sync.routes import READS
from console.sync.schedule import SCHEDULE
from console.sync.tasks import ring

NEWEST, SORTABLE = "-started", {"started": "started_at"}
SHOWN = 50  # records that differed on a page, unless all are asked for


class Difference(NamedTuple):
    resource: str
    codego_id: str
    url: str
    kind: str = ""  # in words; empty for what could not be read
    young: bool = False
    field: str = ""
    ours: str = ""
    theirs: str = ""
    hidden: bool = False
    error: str = ""


@listed(lazy("Sweeps"))
@requires(Permission.RECONCILIATION_READ)
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    columns = (
        Column("started", _("Started"), "started", fixed=True),
        Column("kind", _("Kind")),
        Column("state", _("State")),
        Column("duration", _("Took"), numeric=True),
        *(Column(name, label, numeric=True) for name, label in _count_labels().items()),
        Column("drift", _("Drift"), numeric=True),
        Column("by", _("Asked by")),
    )
    page = paginate(
        request, Run.objects.select_related("asked_by"), form=RunFilter(request.GET), columns=columns,
        default_sort=NEWEST, sortable=SORTABLE,
        export_url=reverse("sync:runs-export") if allowed(request.user, Permission.LIST_EXPORT) else "",
    )  # fmt: skip
    rows = [(run, KINDS.get(run.kind, run.kind), _took(run), _totals(run)) for run in page.rows]
    context: dict[str, object] = {"page": page, "rows": rows, "title": _("Sweeps")}
    if not wants_fragment(request):
        context |= {**_live(), "drift": _drift_by_day()}
    return page_or_fragment(request, "sync/runs.html", "sync/_runs.html", context)


@requires(Permission.RECONCILIATION_READ, Permission.LIST_EXPORT)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The sweeps and what each of them counted."""
    form = RunFilter(request.GET)
    columns = [
        ExportColumn(
            "Started", lambda run: timezone.localtime(run.started_at).isoformat(timespec="seconds"), "started"
        ),
        ExportColumn("Kind", lambda run: KINDS.get(run.kind, run.kind), "kind"),
        ExportColumn("State", lambda run: run.get_state_display(), "state"),
        ExportColumn("Took, seconds", _seconds, "duration"),
        *(
            ExportColumn(str(label), lambda run, place=place: _totals(run)[place], name)  # type: ignore[misc]
            for place, (name, label) in enumerate(_count_labels().items())
        ),
        ExportColumn("Drift", drift.total, "drift"),
        ExportColumn("Asked by", lambda run: run.asked_by or "", "by"),
    ]
    return exported(
        request,
        Run.objects.select_related("asked_by").defer("differences"),
        name="sweeps",
        form=form,
        columns=columns,
        sortable=SORTABLE,
        default_sort=NEWEST,
        preamble=[
            signature(),
            _("Sweeps, made %(now)s.") % {"now": timezone.localtime().isoformat(timespec="seconds")},
            _("Times in %(zone)s.") % {"zone": timezone.get_current_timezone_name()},
            *(f"{chip.label}: {chip.value}" for chip in form.chips(request)),
        ],
    )


@requires(Permission.RECONCILIATION_READ)
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """What moves on the list's page; where a run began or ended the list itself is asked to come again."""
    now = _live()
    seen = request.GET.get("v", "")
    if seen == now["version"]:
        return HttpResponse(status=204)
    response = render(request, "sync/_live.html", now)
    if seen.partition(".")[0] != now["version"].partition(".")[0]:
        response["HX-Trigger"] = "runs-changed"
    return response


@requires(Permission.RECONCILIATION_READ)
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(Run.objects.select_related("asked_by"), pk=pk)
    version = _digest(run.state, run.counts, run.error)
    if request.GET.get("v") == version:
        return HttpResponse(status=204)
    everything = "all" in request.GET
    shown = run.differences if everything else run.differences[:SHOWN]
    context: dict[str, object] = {
        "run": run,
        "title": KINDS.get(run.kind, run.kind),
        "took": _took(run),
        "progress": progress(run),
        "counts": [(_label(r), run.counts.get(r), run.drift.get(r, {})) for r in run.resources],
        "count_labels": _count_labels(),
        "drift_labels": drift.KINDS,
        "differences": _differences(shown),
        "more": len(run.differences) - len(shown),
        "full": len(run.differences) >= drift.MOST_DIFFERENCES,
        "most": drift.MOST_DIFFERENCES,
        "live_url": f"{request.path}?v={version}{'&all=on' if everything else ''}",
    }
    return page_or_fragment(request, "sync/run.html", "sync/_run.html", context)


@requires(Permission.RECONCILIATION_RUN)
def start(request: HttpRequest) -> HttpResponse:
    """The kind may be named by the address, as by the words that say how old a list is."""
    form = StartForm(request.POST or None, label_suffix="", initial=request.GET.dict())
    if request.method == "POST" and form.is_valid():
        asked_at = timezone.now()
        run = runs.start(form.cleaned_data["kind"], actor=Actor.of(request))
        ring("run")
        fresh = run.started_at >= asked_at
        toast(
            request,
            _("The sweep has started.") if fresh else _("One of this kind was already running. It goes on at once."),
        )
        return redirect(request, "sync:run", run.pk)
    context = {
        "form": form,
        "title": _("Start a sweep"),
        "what": _("The console reads from the provider and repairs its copy. Nothing is changed at the provider."),
        "verb": _("Start"),
        "action_url": request.path,
        "back_url": reverse("sync:runs"),
    }
    status = 422 if form.errors else 200
    return page_or_fragment(request, "ui/confirm.html", "ui/_confirm.html", context, status=status)


def _count_labels() -> dict[str, str]:
    return {
        "seen": _("Seen"),
        "created": _("New"),
        "changed": _("Changed"),
        "unchanged": _("Unchanged"),
        "failed": _("Failed"),
    }


def _live() -> dict[str, Any]:
    """Freshness and running runs; the version's first half changes as runs begin and end."""
    going: QuerySet[Run] = Run.objects.filter(state=RunState.RUNNING).select_related("asked_by").order_by("-started_at")
    running = list(going.defer("differences")[:10])
    fresh = health.freshness()
    newest = Run.objects.order_by("-started_at", "-id").values_list("pk", flat=True).first()
    version = ".".join(
        (_digest(newest, [r.pk for r in running]), _digest(fresh, [(r.counts, r.error) for r in running]))
    )
    now = timezone.now()
    return {
        "running": [(run, KINDS.get(run.kind, run.kind), progress(run)) for run in running],
        "sweeps": [
            (_label(name), at, at is not None and now - at > SCHEDULE[name].stale) for name, at in fresh.items()
        ],
        "version": version,
        "live_url": f"{reverse('sync:runs-live')}?v={version}",
    }


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def progress(run: Run) -> dict[str, Any]:
    """How many resources are behind it, and what it is reading now: how long each one is, nobody knows before."""
    left = runs.left(run)
    return {
        "done": len(run.resources) - len(left),
        "of": len(run.resources),
        "now": _label(left[0]) if left else "",
        "seen": sum(counts.get("seen", 0) for counts in run.counts.values()),
    }


def _label(resource: str) -> str:
    return str(SCHEDULE[resource].label) if resource in SCHEDULE else resource


def _drift_by_day() -> dict[str, Any]:
    days = drift.by_day()
    words = _("%(missed)d missed entirely, %(differed)d had another value")
    return {
        "days": [
            (
                formats.date_format(day.day, "j M"),
                day.missed + day.differed,
                words % {"missed": day.missed, "differed": day.differed},
            )
            for day in days
        ],
        "missed": sum(day.missed for day in days),
        "differed": sum(day.differed for day in days),
        "span": drift.DAYS,
    }


def _seconds(run: Run) -> int:
    return int(((run.finished_at or timezone.now()) - run.started_at).total_seconds())


def _took(run: Run) -> str:
    seconds = _seconds(run)
    minutes, seconds = divmod(max(seconds, 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _totals(run: Run) -> list[int]:
    return [sum(counts.get(name, 0) for counts in run.counts.values()) for name in runs.COUNTS] + [drift.total(run)]


def _differences(differences: list[dict[str, Any]]) -> list[Difference]:
    """One line for each field; personal values were never kept, only that they differed."""
    urls = _urls(differences)
    found = []
    for each in differences:
        resource, codego_id = str(each.get("resource", "")), str(each.get("id") or "")
        about = (_label(resource), codego_id, urls.get((resource, codego_id), ""))
        if "error" in each:
            found.append(Difference(*about, error=str(each["error"])))
            continue
        named = (*about, str(drift.KINDS[drift.kind_of(each)]), bool(each.get("young")))
        if "missed" in each:
            found.append(Difference(*named))
        for name, pair in each.get("fields", {}).items():
            ours, theirs = pair or ("", "")
            found.append(Difference(*named, name, _shown(ours), _shown(theirs), hidden=pair is None))
    return found


def _shown(value: Any) -> str:
    return "" if value is None else str(value)


def _urls(differences: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    """Where each object is shown: one query for each resource. Contracts and balances are shown with their owner."""
    ids: dict[str, set[str]] = {}
    for each in differences:
        if each.get("id") and each.get("resource") in READS:
            ids.setdefault(each["resource"], set()).add(each["id"])
    found = {}
    for resource, wanted in ids.items():
        model: Any = READS[resource].model
        own = hasattr(model, "get_absolute_url")
        rows = model.objects.filter(codego_id__in=wanted).defer("raw")
        for row in rows if own else rows.select_related("cardholder", "company"):
            shown = row if own else row.cardholder or row.company
            found[resource, row.codego_id] = shown.get_absolute_url() if shown else ""
    return found
