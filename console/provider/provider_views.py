"""The provider on screen: whether it answers, what it has and lacks, how fast it is, and the log of what was asked."""

import hashlib
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from console.access import Actor, Permission, allowed, requires
from console.audit import services as audit
from console.audit.events import Action
from console.audit.exporting import exported
from console.branding import signature
from console.columns import Column
from console.exports import ExportColumn
from console.htmx import page_or_fragment, redirect, toast
from console.listing import listed, paginate
from console.privacy import DOTS
from console.provider import features, measuring
from console.provider.curl import as_curl
from console.provider.filters import RequestFilter
from console.provider.models import RequestLog
from console.provider.observing import last_refusal
from console.provider.pacing import meter
from console.templatetags.console import when

SPANS = {"hour": measuring.HOUR, "day": measuring.DAY, "week": measuring.WEEK}
SPAN_LABELS = {"hour": lazy("Last hour"), "day": lazy("Last 24 hours"), "week": lazy("Last 7 days")}
DEFAULT_SORT, SORTABLE = "-at", {"at": "at"}
MARKS = {
    features.Presence.PRESENT: (lazy("Has it"), "good", "dot"),
    features.Presence.ABSENT: (lazy("Lacks it"), "idle", "bar"),
    features.Presence.UNKNOWN: (lazy("Not asked yet"), "idle", "ring"),
}


@requires(Permission.PROVIDER_READ)
@require_safe
def provider(request: HttpRequest) -> HttpResponse:
    span = request.GET.get("span", "day")
    span = span if span in SPANS else "day"
    measured = measuring.measure(SPANS[span])
    context = {
        "title": _("Provider"),
        "facts": _facts(),
        "budget": meter(),
        "lately": measuring.sent_within(measuring.MINUTE),
        "refused": last_refusal(),
        "standings": [(standing, *MARKS[standing.presence]) for standing in features.standings()],
        "measured": measured,
        "span": span,
        "spans": SPAN_LABELS.items(),
    }
    return page_or_fragment(request, "provider/provider.html", "provider/_routes.html", context)


@listed(lazy("Requests"))
@requires(Permission.PROVIDER_READ)
@require_safe
def requests(request: HttpRequest) -> HttpResponse:
    columns = (
        Column("route", _("Request"), fixed=True),
        Column("at", _("When"), "at"),
        Column("object", _("Object")),
        Column("status", _("Answer")),
        Column("took", _("Took"), numeric=True),
        Column("error", _("What was said")),
        Column("key", _("Idempotency key"), shown=False),
        Column("request", _("Provider's request id"), shown=False),
    )
    page = paginate(
        request, RequestLog.objects.all(), form=RequestFilter(request.GET), columns=columns,
        default_sort=DEFAULT_SORT, sortable=SORTABLE,
        export_url=reverse("provider:requests-export") if allowed(request.user, Permission.LIST_EXPORT) else "",
    )  # fmt: skip
    context = {"title": _("Requests"), "page": page, "days": settings.REQUEST_LOG_DAYS}
    return page_or_fragment(request, "provider/requests.html", "provider/_requests.html", context)


@requires(Permission.PROVIDER_READ, Permission.LIST_EXPORT)
@require_safe
def export_requests(request: HttpRequest) -> StreamingHttpResponse:
    """The log as a file, without bodies; what the provider said is masked like personal data."""
    form = RequestFilter(request.GET)
    clear = allowed(request.user, Permission.PERSONAL_READ)
    return exported(
        request,
        RequestLog.objects.defer("body", "query"),
        name="requests",
        form=form,
        columns=[
            ExportColumn("At", lambda log: timezone.localtime(log.at).isoformat(timespec="milliseconds"), "at"),
            ExportColumn("Request", lambda log: log.route, "route"),
            ExportColumn("Object id", lambda log: log.object_id, "object"),
            ExportColumn("Answer", lambda log: log.status, "status"),
            ExportColumn("Took, ms", lambda log: log.milliseconds, "took"),
            ExportColumn("What was said", lambda log: log.error if clear or not log.error else DOTS, "error"),
            ExportColumn("Idempotency key", lambda log: log.idempotency_key, "key"),
            ExportColumn("Provider's request id", lambda log: log.request_id, "request"),
        ],
        sortable=SORTABLE,
        default_sort=DEFAULT_SORT,
        preamble=[
            signature(),
            _("Requests to the provider, made %(now)s.") % {"now": timezone.localtime().isoformat(timespec="seconds")},
            _("Times in %(zone)s.") % {"zone": timezone.get_current_timezone_name()},
            *(f"{chip.label}: {chip.value}" for chip in form.chips(request)),
        ],
    )


@requires(Permission.PROVIDER_READ)
@require_safe
def logged(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(RequestLog, pk=pk)
    zone = timezone.get_current_timezone_name()
    context = {"title": found.route, "logged": found, "curl": as_curl(found), "zone": zone}
    return render(request, "provider/request.html", context)


@requires(Permission.PROVIDER_TEST)
@require_POST
def try_feature(request: HttpRequest, key: str) -> HttpResponse:
    """Asks the provider again, and says what it said."""
    feature = features.BY_KEY.get(key)
    if feature is None:
        raise Http404
    found = features.try_again(feature)
    outcomes = {route: presence.value for route, presence, _words in found}
    audit.record(Action.FEATURE_TEST, actor=Actor.of(request), feature=key, routes=outcomes)
    clear = all(presence == features.Presence.PRESENT for _route, presence, _words in found)
    toast(request, _said(feature, found), "done" if clear else "unknown")
    return redirect(request, f"{reverse('provider:provider')}#features")


def _said(feature: features.Feature, found: list[tuple[str, features.Presence, str]]) -> str:
    said = {
        features.Presence.PRESENT: _("the provider has it"),
        features.Presence.ABSENT: _("the provider lacks it (%(words)s)"),
        features.Presence.UNKNOWN: _("no clear answer (%(words)s); its next use will show"),
    }
    parts = [
        f"{route}: {said[presence] % {'words': words or _('only using it can show')}}"
        for route, presence, words in found
    ]
    return f"{feature.label}. {'; '.join(parts)}."


def _facts() -> list[tuple[str, Any]]:
    """Where and as whom the console speaks to the provider; of keys and secrets only that they are there."""
    secrets = len([secret for secret in settings.CODEGO_WEBHOOK_SECRETS if secret])
    last = RequestLog.objects.order_by("-at", "-pk").first()
    own = settings.CODEGO_KYC_API_KEY != settings.CODEGO_API_KEY
    return [
        (_("Answering"), _answering(last)),
        (_("Card API"), _host(settings.CODEGO_API_URL)),
        (_("KYC host"), _host(settings.CODEGO_KYC_URL)),
        (_("API key"), _key(settings.CODEGO_API_KEY)),
        (_("KYC key"), _key(settings.CODEGO_KYC_API_KEY) if own else _("the API key")),
        (
            _("Webhook secrets"),
            ngettext("%(n)s secret verifies deliveries", "any of %(n)s secrets verifies deliveries", secrets)
            % {"n": secrets}
            if secrets
            else _("none: deliveries are refused until CODEGO_WEBHOOK_SECRETS is set"),
        ),
    ]


def _answering(last: RequestLog | None) -> Any:
    if last is None:
        return _("not asked yet")
    words = _("yes: it answered") if last.status and last.status < 500 else _("no: it did not answer well")
    return format_html('{} <span class="muted">{}</span>', words, when(last.at))


def _host(url: str) -> str:
    found = urlsplit(url)
    return f"{found.netloc}{found.path}"


def _key(key: str) -> str:
    """Enough to tell two keys apart, and no part of either."""
    if not key:
        return _("not set")
    prefix = next((p for p in ("vcck_sbx_", "vcck_live_") if key.startswith(p)), "")
    return f"{prefix}… ({_('fingerprint')} {hashlib.sha256(key.encode()).hexdigest()[:8]})"
