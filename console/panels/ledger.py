"""Finance: balances that tie, breaks, the month to close, and the reports last made."""

from datetime import timedelta

from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from console.charts import Chart, Mark
from console.days import midnight
from console.panels.face import Asked, Badge, Face, Line, Lines, address, figure
from console.reconciliation import overview
from console.reconciliation.causes import Cause
from console.reconciliation.models import ProofState, Reconciliation, ReconciliationState
from console.reconciliation.wording import OLD, WAITING, standing
from console.templatetags.console import signed, status_of
from transactions.models import Report, ReportState

PROOF_TONES = {"tied": "good", "explained": "info", "unexplained": "bad", "incomplete": "idle"}
BREAKS = "reconciliation:breaks"
FEW = 5
REPORT_BADGES = {
    ReportState.QUEUED: ("idle", "ring"),
    ReportState.RUNNING: ("info", "half"),
    ReportState.DONE: ("good", "dot"),
    ReportState.FAILED: ("bad", "cross"),
}


def _latest() -> Reconciliation | None:
    return Reconciliation.objects.filter(state=ReconciliationState.DONE).order_by("-pk").first()


def proofs(_asked: Asked) -> Face:
    """How the balances came out of the latest reconciliation."""
    latest = _latest()
    if latest is None:
        return Face(
            empty=_("No balance has been proven yet"),
            empty_words=_("The first reconciliation follows the first import."),
        )
    marks = [
        Mark(
            str(label),
            n,
            formats.number_format(n, force_grouping=True),
            _proofs_url(latest, word),
            n,
            PROOF_TONES[word],
        )
        for word, label in ProofState.choices
        if (n := int(latest.counts.get(word, 0)))
    ]
    at = formats.date_format(timezone.localtime(latest.as_of), "j M, H:i")
    said = _("As of %(time)s") % {"time": at}
    return Face(charts=[Chart(_("Balances proven"), marks, "stack", said, _("Outcome"))])


def _proofs_url(latest: Reconciliation, word: str) -> str:
    return f"{latest.get_absolute_url()}?state={word}"


def breaks(asked: Asked) -> Face:
    """What is open now: of balances and of contracts together."""
    found = overview.open_now(asked.now)
    if not found.total.all and _latest() is None:
        return Face(
            empty=_("No balance has been proven yet"),
            empty_words=_("The first reconciliation follows the first import."),
        )
    if not found.total.all:
        return Face(empty=_("Nothing is open"), empty_words=_("Every difference is accounted for."))
    amount = _("%(amount)s of spending power") % {"amount": signed(found.total.amount)}
    figures = [
        figure(_("Open breaks"), found.total.all, address(BREAKS), note=amount),
        figure(
            _("Unexplained"),
            found.unexplained.all,
            address(BREAKS, unexplained="on"),
            tone="bad" if found.unexplained.all else "",
        ),
    ]
    causes = [
        figure(
            each.label, each.sum.all, address(BREAKS, cause=each.cause),
            tone="bad" if each.cause == Cause.UNKNOWN else "warn" if each.cause in WAITING else "",
            note=_("waits for somebody") if each.cause in WAITING else _("passes by itself"),
        )
        for each in [*found.waiting, *found.passing]
    ]  # fmt: skip
    ages = [
        figure(
            each.age.label,
            each.sum.all,
            address(BREAKS, age=each.age.key),
            tone="bad" if each.age is OLD and each.sum.all else "",
        )
        for each in found.ages
    ]
    causes.sort(key=lambda mark: -mark.value)
    return Face(figures, [
        Chart(_("Open breaks by cause"), causes, head=_("Cause")), Chart(_("Open breaks by age"), ages, head=_("Age")),
    ])  # fmt: skip


def close(_asked: Asked) -> Face:
    """Whether the month before this one is signed off, and what was signed last."""
    today = timezone.localdate()
    month_end = midnight(today.replace(day=1))
    signed_off = Reconciliation.objects.filter(signed_at__isnull=False, reopened_at=None)
    last = signed_off.order_by("-as_of").first()
    closed = signed_off.filter(as_of__gte=month_end).order_by("as_of").first()
    month = formats.date_format(month_end - timedelta(days=1), "F Y")
    lines = [
        Line(
            closed.get_absolute_url() if closed else reverse("reconciliation:desk"), name=month,
            badge=Badge(_("Month closed"), "good", "dot") if closed else Badge(_("Not closed yet"), "warn", "triangle"),
            at=closed.as_of if closed else None,
            note="" if closed else _("No proof of a later moment is signed off."),
        )
    ]  # fmt: skip
    if last:
        badge = _badge(last)
        lines.append(Line(last.get_absolute_url(), name=_("Signed off last"), badge=badge, at=last.as_of))
    if latest := _latest():
        lines.append(Line(latest.get_absolute_url(), name=_("Proven last"), badge=_badge(latest), at=latest.as_of))
    reopened = Reconciliation.objects.filter(reopened_at__isnull=False).count()
    url = address("reconciliation:history", standing="reopened")
    figures = [figure(_("Opened again by something late"), reopened, url, tone="bad")] if reopened else []
    return Face(figures, lines=[Lines(_("Sign-off"), lines, _("What"), _("As of"))])


def _badge(found: Reconciliation) -> Badge:
    known = status_of(standing(found), "reconciliation")
    return Badge(str(known.label), known.tone, known.shape) if known else Badge(standing(found), "new", "diamond")


def reports(_asked: Asked) -> Face:
    found = list(Report.objects.order_by("-asked_at", "-pk")[:FEW])
    if not found:
        return Face(empty=_("No report has been made yet"))
    lines = [
        Line(
            reverse("transactions:report", args=[each.pk]), name=str(each), at=each.asked_at,
            badge=Badge(str(ReportState(each.state).label), *REPORT_BADGES[ReportState(each.state)]),
        )
        for each in found
    ]  # fmt: skip
    return Face(lines=[Lines(_("Reports last made"), lines, _("Report"), _("Asked for"))])
