"""How a view answers htmx: one URL gives the page or its fragment, and the server decides which."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

TOASTS = "ui/_toasts.html"
TOAST_LEVELS = {"done": messages.SUCCESS, "refused": messages.ERROR, "unknown": messages.WARNING}


class HtmxRequest(HttpRequest):
    """A request as django-htmx's middleware leaves it."""

    htmx: HtmxDetails


def wants_fragment(request: HttpRequest) -> bool:
    """True for a swap; a boosted link and the browser's way back through history want the whole page."""
    headers = request.headers
    return headers.get("HX-Request") == "true" and not (
        headers.get("HX-Boosted") == "true" or headers.get("HX-History-Restore-Request") == "true"
    )


def page_or_fragment(
    request: HttpRequest,
    page: str,
    fragment: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    """The whole page, or the fragment of it that htmx swaps, followed by what is to be announced."""
    if wants_fragment(request):
        content = render_to_string(fragment, dict(context), request) + _toasts(request)
    else:
        content = render_to_string(page, dict(context), request)
    response = HttpResponse(content, status=status)
    patch_vary_headers(response, ("HX-Request", "HX-Boosted", "HX-History-Restore-Request"))
    return response


def redirect(request: HttpRequest, to: object, *args: object, **kwargs: object) -> HttpResponse:
    """To a model's page, a named URL or an address: a full page load under htmx, else a 303, never a second POST."""
    where = resolve_url(to, *args, **kwargs)  # type: ignore[arg-type]
    if request.headers.get("HX-Request") == "true":
        return HttpResponseClientRedirect(where)
    response = HttpResponseRedirect(where)
    response.status_code = 303
    return response


def back(request: HttpRequest, otherwise: object, *args: object) -> HttpResponse:
    """To the page of ours that the form stood on, or elsewhere where that is not known."""
    page = request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return redirect(request, page) if safe else redirect(request, otherwise, *args)


def toast(request: HttpRequest, message: object, level: str = "done") -> None:
    """A sentence on the next thing the person sees: `done`, `refused`, or `unknown` while the outcome is open."""
    messages.add_message(request, TOAST_LEVELS[level], str(message), extra_tags=level)


def _toasts(request: HttpRequest) -> str:
    """Waiting messages as an out-of-band swap into the live region; nothing when there are none."""
    waiting = messages.get_messages(request)
    return render_to_string(TOASTS, {"messages": waiting, "swap": True}) if len(waiting) else ""
