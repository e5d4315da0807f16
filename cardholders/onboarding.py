"""What a stranger with a link meets: a page that says what will happen, then the provider's frame, then thanks.

The address itself is the secret, so there is no cookie, no sign-in and nothing about the applicant on these pages. Loading
one opens nothing, because programs that preview links load them too: only the button does."""

from datetime import UTC
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import formats, translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cardholders import handoff as handoffs
from cardholders.kyc_headers import kyc_origins, kyc_page, origin_of
from cardholders.models import Handoff
from cardholders.nouns import noun_of
from console.access import public
from console.branding import brand


class Face(NamedTuple):
    """One state of the page; `start` is what its button says, if it has one."""

    title: str | Promise
    text: str | Promise
    status: int = 200
    start: str | Promise = ""


FACES = {
    "ready": Face(_("Confirm who you are"), _("%(brand)s needs this before it can give you a card."), 200, _("Start")),
    "ready company": Face(
        _("Confirm your company"), _("%(brand)s needs this before it can give your company cards."), 200, _("Start")
    ),
    "again": Face(
        _("Go on with your check"),
        _("It was opened before and is not finished. It starts afresh from here."),
        200,
        _("Continue"),
    ),
    "more": Face(
        _("Something is still missing"),
        _("What was sent is not enough yet. Please go through the check once more, with a document that is valid and easy to read."),
        200,
        _("Continue"),
    ),
    "submitted": Face(
        _("Thank you, that is all we need"),
        _(
            "Your details are being checked. %(brand)s will tell you the result, usually within one to two business days. "
            "You can close this page."
        ),
    ),
    "approved": Face(_("Your check is complete"), _("There is nothing more to do here. You can close this page.")),
    "closed": Face(_("This check is closed"), _("Nothing more can be sent here. %(brand)s knows how it goes on.")),
    "expired": Face(
        _("This link has expired"),
        _("If you have already finished the check, there is nothing to do. If not, ask %(brand)s for a new link."),
        410,
    ),
    "revoked": Face(
        _("This link no longer works"),
        _("You may have been sent a newer one: look for the latest message. If there is none, ask %(brand)s for a new link."),
        410,
    ),
    "used_up": Face(
        _("This link was opened too often"),
        _("To keep you safe, it opens no more. Ask %(brand)s for a new link."),
        410,
    ),
    "busy": Face(
        _("One moment, please"),
        _("This was tried many times in a short while. Wait ten minutes, then try again."),
        429,
        _("Try again"),
    ),
    "unavailable": Face(
        _("The check cannot be opened right now"),
        _("This is not your fault, and nothing was lost. Wait a few minutes, then try again."),
        503,
        _("Try again"),
    ),
    "unknown": Face(
        _("This link is not valid"),
        _("Part of it may be missing. Open it again from the message you were sent, or ask whoever sent it for a new one."),
        404,
    ),
    "thanks": Face(_("Thank you"), _("You can close this page.")),
}  # fmt: skip


@public
@csrf_exempt  # who may send this form is who knows its address: there is no cookie that another site could misuse
@require_http_methods(["GET", "HEAD", "POST"])
def door(request: HttpRequest, token: str) -> HttpResponse:
    """GET says what this is; POST opens a session at the provider and shows it, in this one answer."""
    found = handoffs.find(token)
    if found is None:
        return _page(request, "unknown")
    if request.method == "POST" and not _from_elsewhere(request):
        with translation.override(_language(request, found)):
            return _opened(request, found, token)
    handoffs.seen(found, address=_address(request))
    return _page(request, handoffs.state_of(found), found, token)


@public
@csrf_exempt
@require_POST
def submitted(request: HttpRequest, token: str) -> HttpResponse:
    """The frame said that it is done, or the person does."""
    found = handoffs.find(token)
    if found is None:
        return _page(request, "unknown")
    if not _from_elsewhere(request):
        handoffs.submitted(found, address=_address(request))
    response = HttpResponse(status=303, headers={"Location": _url(request, found, token)})
    return _private(response)


@public
@require_safe
def thanks(request: HttpRequest) -> HttpResponse:
    """Where the provider's page leads when it was not shown in ours. It knows nobody."""
    return _page(request, "thanks")


def _opened(request: HttpRequest, found: Handoff, token: str) -> HttpResponse:
    try:
        language = translation.get_language() or settings.LANGUAGE_CODE
        session = handoffs.open_check(found, address=_address(request), locale=language)
    except handoffs.Closed as closed:
        return _page(request, closed.state, found, token)
    url = session.iframe_url.reveal()
    if origin_of(url) not in kyc_origins():
        return _page(request, "unavailable", found, token)
    more = {"iframe_url": url, "origins": " ".join(kyc_origins()), "home": _url(request, found, token)}
    return _private(_framed(request, _context(request, found, token) | more), language)


@kyc_page
def _framed(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    return render(request, "onboarding/check.html", context)


def _page(request: HttpRequest, state: str, found: Handoff | None = None, token: str = "") -> HttpResponse:
    face = FACES.get(f"{state} {noun_of(found.applicant)}" if found else "", FACES[state])
    with translation.override(_language(request, found)):
        context = _context(request, found, token) | {
            "state": state,
            "face": face,
            "text": face.text % {"brand": brand().name},
        }
        return _private(render(request, "onboarding/page.html", context, status=face.status), context["language"])


def _context(request: HttpRequest, found: Handoff | None, token: str) -> dict[str, Any]:
    now = _language(request, found)
    return {
        "noun": noun_of(found.applicant) if found else "",
        "until": formats.date_format(found.expires_at.astimezone(UTC), "j F Y, H:i") if found else "",
        "language": now,
        "languages": [{"code": code, "name": name, "current": code == now} for code, name in settings.LANGUAGES],
        "here": _url(request, found, token),
        "done_url": reverse("cardholders:onboarding_submitted", args=[token]) if token else "",
    }


def _private(response: HttpResponse, language: str = "") -> HttpResponse:
    """No cache, no search engine, and no address of this page told to anybody, our own server's logs included."""
    response["Cache-Control"] = "no-store"
    if language:
        response["Content-Language"] = language
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "strict-origin"  # `no-referrer` would make browsers hide the origin of our own form
    return response


def _url(request: HttpRequest, found: Handoff | None, token: str) -> str:
    """This page again, in the language that the visitor has chosen, if one was."""
    path = reverse("cardholders:onboarding", args=[token]) if found else request.path
    chosen = _chosen(request)
    return f"{path}?lang={chosen}" if chosen else path


def _language(request: HttpRequest, found: Handoff | None) -> str:
    """What the visitor chose, else what staff chose for them, else what the browser asks for."""
    meant = found.language if found and found.language in dict(settings.LANGUAGES) else ""
    return _chosen(request) or meant or translation.get_language_from_request(request)


def _chosen(request: HttpRequest) -> str:
    wanted = request.GET.get("lang", "")
    return wanted if wanted in dict(settings.LANGUAGES) else ""


def _from_elsewhere(request: HttpRequest) -> bool:
    """Whether a page of another site sent this form; a browser that does not say is believed."""
    return request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}


def _address(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))
