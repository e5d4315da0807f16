"""A bulk run on screen: one address for all of its life, which shows what there is to do now."""

from datetime import timedelta
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from console.access import Actor, Permission, allowed, permissions_of, requires
from console.audit import services as audit
from console.audit.events import Action
from console.branding import signature
from console.bulk import progress, services
from console.bulk.forms import ConfirmForm, shown_reason
from console.bulk.kind import Kind
from console.bulk.kinds import KINDS, LISTS
from console.bulk.models import BulkRow, BulkRun, BulkState, RowState
from console.bulk.nouns import NOUNS, Shown
from console.days import span
from console.exports import ExportColumn, stream_csv
from console.filtering import written
from console.htmx import page_or_fragment, redirect, toast
from console.privacy import DOTS
from console.provider.commands import CannotDo
from console.saved.services import SEARCH

PAGE = 50
RECENT = 50
LARGEST = 2**63 - 1


class Line(NamedTuple):
    """A row of a run with the record it is about, as a page shows them."""

    row: BulkRow
    record: Shown | None
    will: str
    why: str
    result: tuple[str, str, str]  # words, tone, shape
    words: str


class Tab(NamedTuple):
    label: str
    number: int
    url: str
    current: bool


RESULTS: dict[str, tuple[str, str]] = {
    RowState.WAITING: ("idle", "ring"),
    RowState.SENT: ("info", "half"),
    RowState.DONE: ("good", "dot"),
    RowState.REFUSED: ("bad", "cross"),
    RowState.UNKNOWN: ("warn", "triangle"),
    RowState.SKIPPED: ("idle", "bar"),
}


@requires(Permission.RECORD_READ)
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """The newest runs of the kinds that this person may do."""
    permissions = permissions_of(request.user.roles)  # type: ignore[union-attr]
    mine = [kind.key for kind in KINDS.values() if kind.permission in permissions]
    runs = BulkRun.objects.filter(kind__in=mine).select_related("actor").order_by("-pk")[:RECENT]
    counts = services.counts_of(runs)
    rows = [(each, KINDS[each.kind], counts[each.pk]) for each in runs]
    return render(request, "bulk/list.html", {"title": _("Bulk actions"), "rows": rows})


@requires(Permission.RECORD_READ)
@require_POST
def draft(request: HttpRequest, name: str) -> HttpResponse:
    """From the bar of a list: which rows, and what to do with them."""
    kind = KINDS.get(request.POST.get("action", ""))
    if name not in LISTS or kind is None or kind.where != name:
        raise Http404
    _guard(request, kind.permission, LISTS[name].needs)
    query = request.POST.get("query", "")
    ids = None if request.POST.get("all") else _ids(request.POST)
    try:
        clear = allowed(request.user, Permission.PERSONAL_READ)
        made = services.draft(kind, actor=Actor.of(request), ids=ids, query=query, clear=clear)
    except CannotDo as words:
        toast(request, words, "refused")
        back = reverse(LISTS[name].route)
        return redirect(request, f"{back}?{query}" if query else back)
    return redirect(request, made)


@requires(Permission.RECORD_READ)
@require_safe
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """What is asked, the dry run, or the progress; 204 while nothing has changed since the asker looked."""
    found, kind = _run(request, pk)
    if found.state == BulkState.DRAFT or (found.state == BulkState.READY and request.GET.get("change")):
        return _ask(request, found, kind, _form(request, found, kind))
    if found.state == BulkState.READY:
        return _dry(request, found, kind, ConfirmForm(run=found, danger=kind.danger))
    seen = progress.version(found)
    if request.GET.get("seen") == seen:
        return HttpResponse(status=204)
    context = _going(request, found, kind) | {"seen": seen}
    return page_or_fragment(request, "bulk/run.html", "bulk/_run.html", context)


@requires(Permission.RECORD_READ)
@require_POST
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """The form came: everything is judged under what it says, and nothing is sent."""
    found, kind = _own(request, pk)
    form = kind.form(request.POST, label_suffix="")
    if not form.is_valid():
        return _ask(request, found, kind, form)
    given = dict(form.cleaned_data)
    try:
        services.judge(found, reason=given.pop("reason", "") or "", parameters=given)
    except CannotDo as words:
        toast(request, words, "refused")
    return redirect(request, found)


@requires(Permission.RECORD_READ)
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    found, kind = _own(request, pk)
    form = ConfirmForm(request.POST, run=found, danger=kind.danger)
    if form.is_valid():
        try:
            services.confirm(found, actor=Actor.of(request))
        except CannotDo as words:
            form.add_error(None, str(words))
        else:
            return redirect(request, found)
    return _dry(request, found, kind, form)


@requires(Permission.RECORD_READ)
@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    found, _kind = _run(request, pk)
    try:
        services.stop(found, actor=Actor.of(request))
    except CannotDo as words:
        toast(request, words, "refused")
    else:
        toast(request, _("Stopped. What was not sent yet stays as it is."))
    return redirect(request, found)


@requires(Permission.RECORD_READ)
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    found, _kind = _run(request, pk)
    try:
        return redirect(request, services.retry(found, actor=Actor.of(request)))
    except CannotDo as words:
        toast(request, words, "refused")
        return redirect(request, found)


@requires(Permission.RECORD_READ, Permission.LIST_EXPORT)
@require_safe
def export(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """Every row with its verdict and what became of it."""
    found, kind = _run(request, pk)
    clear = allowed(request.user, Permission.PERSONAL_READ)
    audit.record(Action.LIST_EXPORT, actor=Actor.of(request), record="bulk", record_id=found.pk, list="bulk")
    preamble = [
        signature(),
        _("%(what)s, number %(number)s, made %(now)s.")
        % {"what": kind.title, "number": found.pk, "now": timezone.localtime().isoformat(timespec="seconds")},
        _("State: %(state)s. Asked by %(who)s.") % {"state": found.get_state_display(), "who": found.actor},
        _("Times in %(zone)s.") % {"zone": timezone.get_current_timezone_name()},
    ]
    if not clear:
        preamble.append(_("Names, reasons and the provider's words are masked: your role does not read personal data."))

    def lines() -> Any:
        every = found.rows.select_related("command").order_by("pk")
        for start in range(0, every.count(), services.BATCH):
            yield from _lines(kind, found, list(every[start : start + services.BATCH]), clear=clear)

    return stream_csv(f"bulk-{found.pk}.csv", preamble, _columns(), lines())


# --- Who may ----------------------------------------------------------------------------------------------------------


def _guard(request: HttpRequest, *needed: Permission) -> None:
    for permission in needed:
        if not allowed(request.user, permission):
            request.refused = permission  # type: ignore[attr-defined] # for the audit
            raise PermissionDenied(permission.value)


def _run(request: HttpRequest, pk: int) -> tuple[BulkRun, Kind]:
    """For those who might have done it themselves."""
    found = get_object_or_404(BulkRun.objects.select_related("actor", "stopped_by", "retry_of"), pk=pk)
    kind = KINDS.get(found.kind)
    if kind is None:
        raise Http404
    _guard(request, kind.permission)
    return found, kind


def _own(request: HttpRequest, pk: int) -> tuple[BulkRun, Kind]:
    """Only one's own run is gone on with."""
    found, kind = _run(request, pk)
    if found.actor_id != request.user.pk:
        _guard_own(request, kind)
    return found, kind


def _guard_own(request: HttpRequest, kind: Kind) -> None:
    request.refused = kind.permission  # type: ignore[attr-defined] # for the audit
    raise PermissionDenied


def _ids(given: QueryDict) -> list[int]:
    """From the boxes of this page, and those of other pages that the script remembers."""
    words = [*given.getlist("pk"), *given.get("ids", "").split(",")]
    ids = [int(word) for word in words if word.isascii() and word.isdigit() and len(word) < 20]
    return [pk for pk in dict.fromkeys(ids) if 0 < pk <= LARGEST]


# --- What is shown ----------------------------------------------------------------------------------------------------


def _form(request: HttpRequest, found: BulkRun, kind: Kind) -> Form:
    """With what was written into it before, for whoever wrote it or reads personal data."""
    shown = found.actor_id == request.user.pk or allowed(request.user, Permission.PERSONAL_READ)
    return kind.form(initial={**found.parameters, "reason": found.reason} if shown else {}, label_suffix="")


def _ask(request: HttpRequest, found: BulkRun, kind: Kind, form: Form) -> HttpResponse:
    context = _about(request, found, kind) | {"form": form, "lines": _page(request, found, kind, found.rows.all())[0]}
    return render(request, "bulk/ask.html", context, status=422 if form.errors else 200)


def _dry(request: HttpRequest, found: BulkRun, kind: Kind, form: ConfirmForm) -> HttpResponse:
    will = found.rows.filter(will=True).count()
    wont = found.rows.filter(will=False).count()
    show = request.GET.get("show", "will" if will else "wont")
    lines, next_url = _page(request, found, kind, found.rows.filter(will=show != "wont"))
    context = _about(request, found, kind) | {
        "will": will,
        "wont": wont,
        "said": kind.said % {"n": will},
        "go": kind.go % {"n": will},
        "reasons": progress.reasons(found),
        "tabs": [
            Tab(_("Will be changed"), will, f"{request.path}?show=will", show != "wont"),
            Tab(_("Left as they are"), wont, f"{request.path}?show=wont", show == "wont"),
        ],
        "lines": lines,
        "next_url": next_url,
        "form": form,
        "own": found.actor_id == request.user.pk,
        "takes": span(takes) if (takes := progress.estimate(kind, will)) and takes >= timedelta(minutes=1) else "",
    }
    return render(request, "bulk/dry.html", context, status=422 if form.errors else 200)


def _going(request: HttpRequest, found: BulkRun, kind: Kind) -> dict[str, Any]:
    how = progress.of(found)
    show = request.GET.get("show", "")
    rows = found.rows.filter(state=show) if show in set(RowState) else found.rows.all()
    lines, next_url = _page(request, found, kind, rows)
    kept = request.GET.copy()
    kept.pop("seen", None)
    kept["seen"] = progress.version(found)
    total = sum(how.counts.values())
    tabs = [Tab(_("All"), total, request.path, show not in set(RowState))]
    tabs += [
        Tab(str(state.label), how.counts[state], f"{request.path}?show={state.value}", show == state)
        for state in RowState
        if how.counts[state]
    ]
    return _about(request, found, kind) | {
        "how": how,
        "lines": lines,
        "next_url": next_url,
        "tabs": tabs,
        "going": how.mood != "over" or how.finding,
        "live_url": f"{request.path}?{kept.urlencode()}",
        "shown": _pace(how),
        "reasons": progress.reasons(found),
        "refused": how.counts[RowState.REFUSED],
        "announce": _announce(found, how),
        "export_url": reverse("bulk:export", args=[found.pk]) if allowed(request.user, Permission.LIST_EXPORT) else "",
    }


def _pace(how: progress.Progress) -> str:
    """How far it is, and how long it will still take."""
    numbers = {"through": f"{how.through:,}", "total": f"{how.total:,}"}
    if how.left is None:
        return _("%(through)s of %(total)s") % numbers
    if how.left < timedelta(minutes=1):
        return _("%(through)s of %(total)s, less than a minute left") % numbers
    return _("%(through)s of %(total)s, about %(left)s left") % {**numbers, "left": span(how.left)}


def _announce(found: BulkRun, how: progress.Progress) -> str:
    """What is read out when the page changes: the end, and every tenth part of the way."""
    if found.state != BulkState.RUNNING:
        numbers = {"done": how.counts[RowState.DONE], "refused": how.counts[RowState.REFUSED]}
        return _("Ended: %(done)s done, %(refused)s refused.") % numbers
    tenth = max(how.total // 10, 1)
    return "" if how.through % tenth else _("%(n)s of %(total)s") % {"n": how.through, "total": how.total}


def _about(request: HttpRequest, found: BulkRun, kind: Kind) -> dict[str, Any]:
    """What every page of a run shows: what is done, to what, by whom and why."""
    of, clear = LISTS[kind.where], allowed(request.user, Permission.PERSONAL_READ)
    total, query = found.rows.count(), _query(found, clear=clear)
    facts: list[tuple[object, object]] = [(_("Chosen"), _chosen(found, total))]
    if found.everything:
        form = of.filters(query, clear)
        form.filtered(NOUNS[of.noun].rows())
        facts += [(chip.label, chip.value) for chip in form.chips(request)]
    if found.state != BulkState.DRAFT:
        facts += kind.facts(found.parameters) if clear or "text" not in found.parameters else []
        facts += [(_("Reason"), shown_reason(found.reason, clear=clear))] if found.reason else []
    back = reverse(of.route)
    return {
        "title": kind.title,
        "run": found,
        "kind": kind,
        "total": total,
        "facts": facts,
        "list_label": of.label,
        "back_url": f"{back}?{written(query)}" if query else back,
        "personal_clear": clear,
    }


def _query(found: BulkRun, *, clear: bool) -> QueryDict:
    """What the list was narrowed by, as far as this person may know it: a search is often somebody's name."""
    query = QueryDict(found.query, mutable=True)
    if not clear:
        query.pop(SEARCH, None)
    return query


def _chosen(found: BulkRun, total: int) -> str:
    numbers = {"n": f"{total:,}", "when": timezone.localtime(found.snapshot_at).strftime("%H:%M")}
    if found.retry_of_id:
        return _("%(n)s that were refused in run %(run)s") % {**numbers, "run": found.retry_of_id}
    if found.everything:
        return _("%(n)s: everything that matched at %(when)s") % numbers
    return ngettext("%(n)s, picked by hand", "%(n)s, picked by hand", total) % numbers


def _page(request: HttpRequest, found: BulkRun, kind: Kind, rows: QuerySet[BulkRow]) -> tuple[list[Line], str]:
    """The rows after the place in the address, and the address of those that follow."""
    after = request.GET.get("after", "")
    if after.isascii() and after.isdigit() and len(after) < 19:
        rows = rows.filter(pk__gt=int(after))
    some = list(rows.select_related("command").order_by("pk")[: PAGE + 1])
    query = request.GET.copy()
    query.pop("seen", None)
    next_url = ""
    if len(some) > PAGE:
        query["after"] = str(some[PAGE - 1].pk)
        next_url = f"{request.path}?{query.urlencode()}"
    return _lines(kind, found, some[:PAGE], clear=allowed(request.user, Permission.PERSONAL_READ)), next_url


def _lines(kind: Kind, found: BulkRun, rows: list[BulkRow], *, clear: bool) -> list[Line]:
    records = services.records_of(kind.noun, [row.record_id for row in rows])
    show = NOUNS[kind.noun].show
    lines = []
    for row in rows:
        record = records.get(row.record_id)
        will = str(kind.will(record, found.parameters)) if record and row.will else ""
        result = (row.get_state_display(), *RESULTS[row.state])
        why = row.get_why_display() if row.why else ""
        words = why or (row.message if clear or row.state != RowState.REFUSED else DOTS if row.message else "")
        lines.append(Line(row, show(record, clear) if record else None, will, why, result, words))
    return lines


def _columns() -> list[ExportColumn]:
    def verdict(line: Line) -> str:
        return {True: _("will be changed"), False: _("left as it is")}.get(line.row.will, "")  # type: ignore[arg-type]

    return [
        ExportColumn("Record", lambda line: line.row.record),
        ExportColumn("Number", lambda line: line.row.record_id),
        ExportColumn("Name", lambda line: line.record.name if line.record else ""),
        ExportColumn("Whose", lambda line: line.record.whose if line.record else ""),
        ExportColumn("Dry run", verdict),
        ExportColumn("Result", lambda line: line.result[0]),
        ExportColumn("Words", lambda line: line.words),
        ExportColumn("Command", lambda line: str(line.row.command_id or "")),
        ExportColumn("At", lambda line: timezone.localtime(line.row.at).isoformat() if line.row.at else ""),
    ]
