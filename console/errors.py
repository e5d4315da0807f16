"""Pages for what went wrong, in words that say what to do."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from console.access import public


@public
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    return render(request, "403_csrf.html", status=403)
