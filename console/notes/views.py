"""The one thing to do with notes: add one to a record."""

from django.apps import apps
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from console.access import Actor, Permission, requires
from console.htmx import page_or_fragment, redirect, toast, wants_fragment
from console.notes import services
from console.notes.forms import NoteForm


@requires(Permission.NOTE_WRITE)
@require_POST
def add(request: HttpRequest, record: str, record_id: int) -> HttpResponse:
    if record not in services.RECORDS:
        raise Http404
    noted = get_object_or_404(apps.get_model(services.RECORDS[record]), pk=record_id)
    form = NoteForm(request.POST)
    if form.is_valid():
        services.add_note(record, record_id, form.cleaned_data["text"], actor=Actor.of(request))
        if not wants_fragment(request):
            toast(request, _("Note added."))
            return redirect(request, noted)
    context = services.of_record(record, record_id) | {"back_url": noted.get_absolute_url()}
    if form.is_valid():
        return page_or_fragment(
            request, "notes/add.html", "notes/_notes.html", context | {"notes_announce": _("Note added.")}
        )
    context |= {
        "notes_error": " ".join(str(error) for error in form.errors["text"]),
        "notes_text": request.POST.get("text", ""),
    }
    return page_or_fragment(request, "notes/add.html", "notes/_notes.html", context, status=422)
