"""What is done with notes: one is added to a record, and who it calls is looked up as it is typed."""

from django.apps import apps
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from console.access import Actor, Permission, requires
from console.htmx import page_or_fragment, redirect, toast, wants_fragment
from console.notes import mentions, services
from console.notes.forms import NoteForm


@requires(Permission.NOTE_WRITE)
@require_POST
def add(request: HttpRequest, record: str, record_id: int) -> HttpResponse:
    if record not in services.RECORDS:
        raise Http404
    noted = get_object_or_404(apps.get_model(services.RECORDS[record]), pk=record_id)
    form = NoteForm(request.POST)
    if form.is_valid():
        try:
            services.add_note(record, record_id, form.cleaned_data["text"], actor=Actor.of(request))
        except services.ShutOut as people:
            words = _("%(who)s cannot open this record, so a mention would tell them nothing. Take the @ away.")
            form.add_error("text", words % {"who": people})
        else:
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


@requires(Permission.NOTE_WRITE)
@require_safe
def people(request: HttpRequest, record: str) -> HttpResponse:
    """A few of those who may open such a record, by the beginning of a name or an e-mail."""
    q = request.GET.get("q", "").strip()[:60]
    found = mentions.suggested(q, record) if q else []
    return render(request, "notes/_people.html", {"people": found})
