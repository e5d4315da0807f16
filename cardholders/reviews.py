"""The queue of applications that need somebody, oldest first, and what compliance makes of each."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_safe

from cardholders import services
from cardholders.filters import ReviewFilter
from cardholders.forms import DECISIONS, DecideForm
from cardholders.lists import applicant_columns, exported, may_export, sees_names
from cardholders.nouns import MODELS, applicant_or_404
from cardholders.outcomes import meaning
from console.access import Actor, Permission, requires
from console.audit.events import Action
from console.audit.models import Entry
from console.columns import Column
from console.exports import ExportColumn
from console.htmx import page_or_fragment, redirect, toast
from console.listing import listed, paginate

ROUTES = {"cardholder": "cardholders:reviews", "company": "cardholders:company_reviews"}
RESOURCES = {"cardholder": "cardholders", "company": "companies"}
SORTABLE, OLDEST = {"since": "state_since"}, "since"
SOME = 100  # a tab counts no further


@listed(lazy("Reviews"))
@requires(Permission.REVIEW_READ)
@require_safe
def queue(request: HttpRequest, noun: str) -> HttpResponse:
    page = paginate(
        request,
        MODELS[noun].objects.defer("raw"),
        form=ReviewFilter(request.GET, noun=noun),
        columns=_columns(),
        default_sort=OLDEST,
        sortable=SORTABLE,
        export_url=may_export(request, f"{ROUTES[noun]}_export"),
    )
    context = {"page": page, "rows": _with_decisions(noun, page.rows), "tabs": _tabs(noun), "title": _("Reviews")}
    context |= {"resource": RESOURCES[noun], "noun": noun}
    return page_or_fragment(request, "cardholders/reviews.html", "cardholders/_reviews_table.html", context)


@requires(Permission.REVIEW_READ, Permission.LIST_EXPORT)
@require_safe
def export(request: HttpRequest, noun: str) -> StreamingHttpResponse:
    form = ReviewFilter(request.GET, noun=noun)
    name = "reviews-people" if noun == "cardholder" else "reviews-companies"
    columns = [
        *applicant_columns(clear=sees_names(request)),
        ExportColumn("whose_turn", lambda row: meaning(row).who, "turn"),
    ]
    return exported(request, name, form, columns, MODELS[noun].objects.defer("raw"), SORTABLE, OLDEST)


@requires(Permission.REVIEW_DECIDE)
def decide(request: HttpRequest, noun: str, pk: int) -> HttpResponse:
    applicant = applicant_or_404(noun, pk)
    back = reverse(ROUTES[noun]) if request.GET.get("from") == "queue" else applicant.get_absolute_url()
    form = DecideForm(applicant, request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        services.decide(applicant, given["decision"], actor=Actor.of(request), reason=given["reason"])
        toast(request, _("Decision recorded: %(decision)s.") % {"decision": DECISIONS[given["decision"]]})
        return redirect(request, back)
    context: dict[str, object] = {
        "form": form,
        "applicant": applicant,
        "back_url": back,
        "title": _("Record a decision"),
    }
    status = 422 if form.errors else 200
    return page_or_fragment(request, "cardholders/decide.html", "cardholders/_decide.html", context, status=status)


def _columns() -> tuple[Column, ...]:
    return (
        Column("name", _("Applicant"), fixed=True),
        Column("state", _("Status")),
        Column("since", _("For"), "since"),
        Column("reason", _("Reason")),
        Column("turn", _("Whose turn")),
        Column("decision", _("Last decision")),
        Column("email", _("E-mail"), shown=False),
        Column("kyc", _("KYC"), shown=False),
        Column("added", _("First seen"), shown=False),
        Column("id", _("Id"), shown=False),
        Column("act", "", fixed=True),
    )


def _with_decisions(noun: str, rows: list[Any]) -> list[dict[str, Any]]:
    """Each applicant with its age in this state and what was decided last: one query for the page."""
    entries = Entry.objects.filter(action=Action.REVIEW_DECIDE, record=noun, record_id__in=[row.pk for row in rows])
    last = {entry.record_id: entry for entry in entries.select_related("actor").order_by("at", "pk")}
    now = timezone.now()
    return [
        {
            "applicant": row,
            "meaning": meaning(row),
            "decide_url": reverse(f"cardholders:{noun}_decide", args=[row.pk]),
            "age": timesince(row.state_since, now, depth=1) if row.state_since else "",
            "decision": DECISIONS.get(str(entry.detail.get("decision")), "") if (entry := last.get(row.pk)) else "",
            "entry": entry,
        }
        for row in rows
    ]


def _tabs(noun: str) -> list[dict[str, Any]]:
    labels = {"cardholder": _("People"), "company": _("Companies")}
    return [
        {"label": label, "url": reverse(ROUTES[each]), "current": each == noun, "count": _count(each)}
        for each, label in labels.items()
    ]


def _count(noun: str) -> str:
    """How many are open, to a hundred: no more is read to say so."""
    waiting: QuerySet[Any] = ReviewFilter({}, noun=noun).filtered(MODELS[noun].objects.all())
    found = len(waiting.order_by().values_list("pk")[: SOME + 1])
    return f"{SOME}+" if found > SOME else str(found)
