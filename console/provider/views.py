"""A command as it stands now: a page of its own, and the fragment that record pages poll until it is settled."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django_htmx.http import trigger_client_event

from console.access import Permission, allowed, requires
from console.htmx import page_or_fragment, wants_fragment
from console.provider import commands
from console.provider.models import Command
from console.provider.subjects import subject

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
    if found.actor_id and found.actor_id == request.user.pk and not wants_fragment(request):
        commands.seen(found, found.actor_id)
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
