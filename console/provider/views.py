"""A command as it stands now: a page of its own, the fragment that record pages poll until it is settled, and the
notice that reaches whoever asked, wherever they are by then."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from console.access import Permission, allowed, requires
from console.htmx import page_or_fragment, redirect, wants_fragment
from console.provider import commands
from console.provider.models import Command
from console.provider.pacing import meter as budget_meter
from console.provider.subjects import subject

MOST_TOLD = 5  # at once; the others come as these are put away
RECORD_ROUTES = {
    "card": "cards:detail",
    "cardholder": "cardholders:detail",
    "company": "cardholders:company",
    "transaction": "transactions:detail",
    "dispute": "transactions:dispute",
}


@requires(Permission.RECORD_READ)
def command(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """204 while it stands as the asker saw it; once it is settled, the page around it hears `settled`."""
    found = get_object_or_404(Command.objects.select_related("actor"), pk=pk)
    if found.actor_id == request.user.pk and not wants_fragment(request):
        commands.tell([found])
    if request.GET.get("seen") == f"{found.state}-{found.checks}":
        return HttpResponse(status=204)
    context: dict[str, object] = {
        "title": _("%(what)s: what became of it") % {"what": found.get_kind_display()},
        "command": found,
        "subject": subject(found, clear=allowed(request.user, Permission.PERSONAL_READ)),
        "record_route": RECORD_ROUTES.get(found.record),
        "changed": "seen" in request.GET,
    }
    response = page_or_fragment(request, "provider/command.html", "provider/_command.html", context)
    return response if found.is_open else trigger_client_event(response, "settled")


@requires(Permission.RECORD_READ)
@require_safe
def news(request: HttpRequest) -> HttpResponse:
    """What of this person's was settled since; 204 while there is nothing they have not seen on this page."""
    context = of(request)
    if request.GET.get("seen") == context["news_seen"]:
        return HttpResponse(status=204)
    return render(request, "provider/_news.html", {**context, "fresh": True})


@requires(Permission.RECORD_READ)
@require_POST
def told(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """They have seen it."""
    commands.tell([get_object_or_404(Command, pk=pk, actor_id=request.user.pk)])
    if wants_fragment(request):
        return render(request, "provider/_news.html", {**of(request), "answered": True})
    back = request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(request, back if safe else "home")


@requires(Permission.RECORD_READ)
@require_safe
def meter(request: HttpRequest) -> HttpResponse:
    """The meter in the header of an open page; 204 while it says what the page shows."""
    found = budget_meter()
    tight = found if found and found.tight else None
    if request.GET.get("seen", "") == (tight.mood if tight else ""):
        return HttpResponse(status=204)
    return render(request, "ui/_meter.html", {"meter": tight})


def of(request: HttpRequest) -> dict[str, object]:
    """For the frame of every page: what to tell this person, and whether to go on asking."""
    untold, more = commands.news_for(int(request.user.pk or 0))
    clear = allowed(request.user, Permission.PERSONAL_READ)
    told_of = [
        (command, RECORD_ROUTES.get(command.record), subject(command, clear=clear)) for command in untold[:MOST_TOLD]
    ]
    return {"news": told_of, "news_expected": more, "news_seen": "-".join(str(command.pk)[:8] for command in untold)}
