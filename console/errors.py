"""Pages for what went wrong, in words that say what to do."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from console.access import public
from console.branding import brand
from console.branding.theme import theme_of


@public
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    return render(request, "403_csrf.html", status=403)


@public
def failed(request: HttpRequest) -> HttpResponse:
    """Without what the frame of a page needs: whatever failed may be part of it. The brand is known without a database."""
    context = {"brand": brand(), "environment": settings.CODEGO_ENVIRONMENT, "theme": theme_of(request)}
    return HttpResponse(render_to_string("500.html", context), status=500)
