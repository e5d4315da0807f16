"""One reconciliation: what it was given and what it came to, its proofs, its files, and who stands for it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from console.access import Actor, Permission, allowed, requires
from console.columns import Column
from console.htmx import page_or_fragment, redirect, toast, wants_fragment
from console.listing import paginate
from console.provider.commands import CannotDo
from console.reconciliation import exports, overview, signing
from console.reconciliation.filters import ProofFilter
from console.reconciliation.forms import DigestForm
from console.reconciliation.models import Reconciliation, ReconciliationState
from console.reconciliation.views import WITH_PEOPLE, transactions_of
from console.reconciliation.wording import standing
from console.reconciliation.work import proofs_of
from console.templatetags.console import signed

MOVEMENTS = 50
RUNNING = ReconciliationState.RUNNING


@requires(Permission.RECONCILIATION_READ)
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The page, or its list of proofs. While it runs, a poll is told to wait, then to load the whole page."""
    found = get_object_or_404(WITH_PEOPLE, pk=pk)
    if "seen" in request.GET and wants_fragment(request):
        return HttpResponse(status=204, headers={} if found.state == RUNNING else {"HX-Refresh": "true"})
    page = paginate(
        request, _proofs(found), form=ProofFilter(request.GET), columns=_columns(),
        default_sort="balance", sortable={"balance": "balance_id", "difference": "difference"},
    )  # fmt: skip
    context: dict[str, Any] = {"title": _("Reconciliation"), "reconciliation": found, "page": page}
    if wants_fragment(request):
        return page_or_fragment(request, "reconciliation/detail.html", "reconciliation/_proofs.html", context)
    movements = list(
        found.movements.select_related("about__cardholder", "about__company", "by")
        .defer("about__cardholder__raw", "about__company__raw")
        .order_by("pk")[: MOVEMENTS + 1]
    )
    context |= {
        "standing": standing(found),
        "balances": sum(found.counts.values()),
        "forward": overview.roll_forward(found),
        "movements": movements[:MOVEMENTS],
        "more_movements": len(movements) > MOVEMENTS,
        "reopened_by": transactions_of(found),
        "running": found.state == RUNNING,
        "is_mine": found.prepared_by_id == request.user.pk,
        "may_export": allowed(request.user, Permission.LIST_EXPORT),
    }
    return page_or_fragment(request, "reconciliation/detail.html", "reconciliation/_proofs.html", context)


def _proofs(reconciliation: Reconciliation) -> Any:
    rows = proofs_of(reconciliation).select_related("balance__cardholder", "balance__company")
    return rows.defer("extra", "balance__raw", "balance__cardholder__raw", "balance__company__raw")


def _columns() -> tuple[Column, ...]:
    return (
        Column("holder", _("Holder"), "balance", fixed=True),
        Column("state", _("State")),
        Column("theirs", _("Spending power, provider"), numeric=True),
        Column("ours", _("Ours"), numeric=True),
        Column("difference", _("Difference"), "difference", numeric=True),
        Column("unexplained", _("Unexplained"), numeric=True),
        Column("cut_off", _("Cut-off")),
    )


@requires(Permission.RECONCILIATION_SIGN)
def prepare(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(WITH_PEOPLE, pk=pk)
    refusal = ""
    if request.method == "POST":
        try:
            signing.prepare(found, actor=Actor.of(request))
        except CannotDo as why:
            refusal = str(why)
        else:
            toast(request, _("Prepared. A second person can sign it off now."))
            return redirect(request, found)
    context = _asked(found, refusal) | {
        "title": _("Prepare for sign-off"),
        "what": _("You say that you have worked through its breaks. A second person then signs it off."),
        "verb": _("Prepare"),
        "action_url": reverse("reconciliation:prepare", args=[pk]),
    }
    return _confirm(request, context, refusal)


@requires(Permission.RECONCILIATION_SIGN)
def sign(request: HttpRequest, pk: int) -> HttpResponse:
    """The form carries the digest that was shown, so that nobody signs anything else."""
    found = get_object_or_404(WITH_PEOPLE, pk=pk)
    refusal = ""
    if request.method == "POST":
        try:
            signing.sign(found, request.POST.get("digest", ""), actor=Actor.of(request))
        except CannotDo as why:
            refusal = str(why)
        else:
            toast(request, _("Signed off."))
            return redirect(request, found)
    elif found.prepared_by_id == request.user.pk:
        refusal = _("You prepared it. A second person has to sign it off.")
    context = _asked(found, refusal) | {
        "title": _("Sign off"),
        "what": _("You stand for these figures, beside the person who prepared them."),
        "verb": _("Sign off"),
        "action_url": reverse("reconciliation:sign", args=[pk]),
        "form": DigestForm(initial={"digest": found.digest}),
    }
    return _confirm(request, context, refusal)


def _asked(found: Reconciliation, refusal: str) -> dict[str, Any]:
    closing = found.forward.get("balances", {}).get("closing", {"count": 0, "amount": 0})
    return {
        "facts": [
            (_("As of"), exports.exactly(found.as_of)),
            (_("Balances"), exports.counts_in_words(found)),
            (_("Open breaks"), f"{closing['count']}, {signed(closing['amount'])}"),
            (_("Prepared by"), str(found.prepared_by or "")),
            (_("Digest"), found.digest),
        ],
        "notice": refusal,
        "local": True,
        "back_url": found.get_absolute_url(),
    }


def _confirm(request: HttpRequest, context: dict[str, Any], refusal: str) -> HttpResponse:
    if refusal:
        context |= {"verb": "", "form": None}
    status = 422 if refusal and request.method == "POST" else 200
    return page_or_fragment(request, "ui/confirm.html", "ui/_confirm.html", context, status=status)


@requires(Permission.RECONCILIATION_READ, Permission.LIST_EXPORT)
@require_safe
def export(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Its proofs as CSV; its movements with `?what=breaks`."""
    found = get_object_or_404(WITH_PEOPLE, pk=pk)
    return exports.movements(request, found) if request.GET.get("what") == "breaks" else exports.proofs(request, found)
