"""Pages for what went wrong, in words that say what to do, and what may be written of it to a log."""

import logging
import re

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


class NoTokens(logging.Filter):
    """Django's own lines of refusals and failures name the path, and an onboarding link's path is a secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        if "/onboarding/" in (line := record.getMessage()):
            record.msg, record.args = re.sub(r"(/onboarding/)[^/\s]+", r"\1…", line), ()
        return True


@public
def failed(request: HttpRequest) -> HttpResponse:
    """Without what the frame of a page needs: whatever failed may be part of it. The brand is known without a database."""
    context = {"brand": brand(), "environment": settings.CODEGO_ENVIRONMENT, "theme": theme_of(request)}
    return HttpResponse(render_to_string("500.html", context), status=500)
