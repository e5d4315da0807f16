"""The page of results, and the fragment of it in the palette. What is typed may name a person, so it is posted: addresses
are kept in logs and histories."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.access import Permission, permissions_of, requires
from console.htmx import wants_fragment
from console.search.services import find

IN_PALETTE, ON_PAGE = 5, 20  # of a kind


@requires(Permission.RECORD_READ)
def page(request: HttpRequest) -> HttpResponse:
    permissions = permissions_of(request.user.roles)  # type: ignore[union-attr]
    answer = find(request.POST.get("q", ""), permissions, IN_PALETTE if wants_fragment(request) else ON_PAGE)
    counted = ngettext("%(count)d result", "%(count)d results", answer.count) % {"count": answer.count}
    context = {"title": _("Search"), "answer": answer, "counted": counted}
    return render(request, "search/_palette_results.html" if wants_fragment(request) else "search/page.html", context)
