"""The help page inside the console."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from console.access import Permission, requires


@requires(Permission.RECORD_READ)
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    return render(request, "help/help.html", {"title": _("Help")})
