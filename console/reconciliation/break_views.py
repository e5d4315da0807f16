"""Breaks on screen: the list and its file, one of them with what shows it, and what people do about it."""

import hashlib
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST, require_safe

from console.access import Actor, Permission, allowed, requires
from console.columns import Column
from console.htmx import page_or_fragment, redirect, toast, wants_fragment
from console.listing import listed, paginate
from console.notes import services as notes
from console.provider.commands import CannotDo
from console.reconciliation import desk, exports, rows
from console.reconciliation.filters import BreakFilter
from console.reconciliation.forms import AssignForm, ReopenForm, WordsForm
from console.reconciliation.models import Break, BreakState
from console.reconciliation.wording import age_of, is_waiting, sign_in_words
from console.sync.models import Delivery
from console.templatetags.console import signed

OLDEST, SORTS = "seen", {"seen": "first_seen", "amount": "amount"}
DELIVERIES = 10
ROWS = Break.objects.select_related("cardholder", "company", "assignee", "balance", "contract").defer(
    "cardholder__raw", "company__raw", "balance__raw", "contract__raw"
)


@listed(lazy("Breaks"))
@requires(Permission.RECONCILIATION_READ)
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    columns = (
        *((Column("pick", "", fixed=True),) if allowed(request.user, Permission.BREAK_WORK) else ()),
        Column("cause", _("Cause"), fixed=True),
        Column("amount", _("Amount"), "amount", numeric=True),
        Column("line", _("Line")),
        Column("holder", _("Holder")),
        Column("age", _("First seen"), "seen"),
        Column("state", _("State")),
        Column("owner", _("Whose")),
        Column("words", _("Explanation"), shown=False),
        Column("until", _("Expected to go until"), shown=False),
        Column("number", _("Number"), shown=False),
    )
    page = paginate(
        request, ROWS.all(), form=_filter(request), columns=columns, default_sort=OLDEST, sortable=SORTS,
        export_url=reverse("reconciliation:breaks-export") if allowed(request.user, Permission.LIST_EXPORT) else "",
    )  # fmt: skip
    now = timezone.now()
    found = [(each, age_of(each.first_seen, now), is_waiting(each, now)) for each in page.rows]
    context: dict[str, object] = {"title": _("Breaks"), "page": page, "rows": found}
    return page_or_fragment(request, "reconciliation/breaks.html", "reconciliation/_breaks.html", context)


@requires(Permission.RECONCILIATION_READ, Permission.LIST_EXPORT)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    return exports.breaks(request, _filter(request), ROWS.all(), SORTS, OLDEST)


def _filter(request: HttpRequest) -> BreakFilter:
    user: Any = request.user
    return BreakFilter(request.GET, user=user)


@requires(Permission.RECONCILIATION_READ)
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """204 to a poll that has nothing new to show."""
    found = get_object_or_404(ROWS.select_related("resolved_by"), pk=pk)
    shown = (found.state, found.amount, found.assignee_id, found.evidence, found.resolved_at, found.last_seen)
    version = hashlib.sha256(repr(shown).encode()).hexdigest()[:12]
    if wants_fragment(request) and request.GET.get("v") == version:
        return HttpResponse(status=204)
    now = timezone.now()
    evidence = rows.of_breaks([found])[found.pk]
    context = {
        "title": found.get_cause_display(),
        "break": found,
        "age": age_of(found.first_seen, now),
        "waits": is_waiting(found, now),
        "overdue": bool(found.expected_until and found.expected_until < now),
        "sign_words": sign_in_words(found),
        "evidence": evidence,
        "gone": len(found.evidence) - len(evidence),
        "deliveries": _deliveries(request, evidence),
        "movements": list(found.movements.select_related("reconciliation", "by").order_by("-at", "-pk")),
        "proof": found.balance.proofs.order_by("-pk").first() if found.balance else None,
        "noun": "company" if found.company_id else "cardholder",
        "is_mine": found.assignee_id == request.user.pk,
        "live_url": f"{request.path}?v={version}",
    }
    if not wants_fragment(request):
        context |= notes.of_record("break", found.pk)
    return page_or_fragment(request, "reconciliation/break.html", "reconciliation/_break.html", context)


def _deliveries(request: HttpRequest, evidence: list[rows.Row]) -> QuerySet[Delivery] | None:
    """Webhooks about its transactions, for those who may open the inbox."""
    if not allowed(request.user, Permission.INBOX_READ):
        return None
    ids = [one.codego_id for one in evidence if one.noun == "transaction"]
    return Delivery.objects.defer("body").filter(object_id__in=ids).order_by("-received_at", "-pk")[:DELIVERIES]


# --- What people do ---------------------------------------------------------------------------------------------------


@requires(Permission.BREAK_WORK)
@require_POST
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """It is mine from now on."""
    user: Any = request.user
    found = get_object_or_404(Break, pk=pk)
    try:
        desk.assign(found, user, actor=Actor.of(request))
    except CannotDo as why:
        toast(request, why, "refused")
    else:
        toast(request, _("This break is yours now."))
    return redirect(request, found)


@requires(Permission.BREAK_WORK)
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(ROWS, pk=pk)
    initial = {"to": str(found.assignee_id or "")}
    return _asked(
        request, found, AssignForm(request.POST or None, initial=initial, label_suffix=""),
        lambda given, actor: desk.assign(found, given["to"], actor=actor),
        {"title": _("Assign break"), "verb": _("Assign"), "done": _("Assigned.")},
    )  # fmt: skip


@requires(Permission.BREAK_WORK)
def resolve(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(ROWS, pk=pk)
    words = {
        "title": _("Resolve break"),
        "what": _("It leaves the open sum, with your explanation. If its amount changes, it is open again by itself."),
        "verb": _("Resolve"),
        "done": _("Resolved."),
    }
    form = WordsForm(request.POST or None, label_suffix="")
    return _asked(request, found, form, lambda given, actor: desk.resolve(found, given["words"], actor=actor), words)


@requires(Permission.BREAK_WORK)
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(ROWS, pk=pk)
    words = {
        "title": _("Open break again"),
        "what": _("It goes back onto the open sum."),
        "verb": _("Open again"),
        "done": _("Open again."),
    }
    form = ReopenForm(request.POST or None, label_suffix="")
    return _asked(request, found, form, lambda given, actor: desk.reopen(found, given["words"], actor=actor), words)


def _asked(
    request: HttpRequest, found: Break, form: Form, act: Callable[[dict[str, Any], Actor], object],
    words: dict[str, Any],
) -> HttpResponse:  # fmt: skip
    refusal = "" if found.state != BreakState.CLEARED else _("It is gone: nothing is left to do about it.")
    asked = request.method == "POST"
    if asked and form.is_valid():
        try:
            act(form.cleaned_data, Actor.of(request))
        except CannotDo as why:
            refusal = str(why)
        else:
            toast(request, words["done"])
            return redirect(request, found)
    context = {
        **words,
        "facts": [
            (_("Break"), f"{found.get_cause_display()}, {found.get_line_display()}"),
            (_("Amount"), signed(found.amount)),
        ],
        "form": form,
        "notice": refusal,
        "local": True,
        "action_url": request.path,
        "back_url": found.get_absolute_url(),
    }
    if refusal:
        context |= {"verb": "", "form": None}
    status = 422 if asked else 200
    return page_or_fragment(request, "ui/confirm.html", "ui/_confirm.html", context, status=status)
