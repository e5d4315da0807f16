"""Pages for what went wrong, in words that say what to do, and what may be written of it to a log."""

import logging
import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from console.access import public


@public
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    return render(request, "403_csrf.html", status=403)


class NoTokens(logging.Filter):
    """Django's own lines of refusals and failures name the path, and an onboarding link's path is a secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        if "/onboarding/" in (line := record.getMessage()):
            record.msg, record.args = re.sub(r"(/onboarding/)[^/\s]+", r"\1…", line), ()
        return True
