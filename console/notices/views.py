"""A person's own notices: the newest behind the bell, all of them on a page, and how they want to hear of each kind."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from console.access import Permission, requires
from console.columns import Column
from console.htmx import back, page_or_fragment, redirect, toast, wants_fragment
from console.listing import listed, paginate
from console.notices import services
from console.notices.filters import NoticeFilter
from console.notices.forms import SettingsForm
from console.notices.models import Notice
from console.staff.models import User

LATEST = 8
TOLD = "told"  # the event after which an open page asks again what it shows in its frame


@listed(lazy("Notices"))
@requires(Permission.RECORD_READ)
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    page = paginate(
        request,
        Notice.objects.filter(person_id=request.user.pk, shown=True),
        form=NoticeFilter(request.GET),
        columns=(
            Column("words", _("What"), fixed=True),
            Column("kind", _("Kind")),
            Column("made", _("When"), "made"),
            Column("seen", "", fixed=True),
        ),
        default_sort="-made",
        sortable={"made": "made_at"},
    )
    context: dict[str, object] = {"title": _("Notices"), "page": page}
    return page_or_fragment(request, "notices/list.html", "notices/_table.html", context)


@requires(Permission.RECORD_READ)
@require_safe
def latest(request: HttpRequest) -> HttpResponse:
    """The newest, for the list behind the bell."""
    newest = Notice.objects.filter(person_id=request.user.pk, shown=True).order_by("-made_at", "-id")
    return render(request, "notices/_latest.html", {"notices": newest[:LATEST]})


@requires(Permission.RECORD_READ)
@require_safe
def open_notice(request: HttpRequest, pk: int) -> HttpResponse:
    """Where it leads; from then on it is read."""
    notice = get_object_or_404(Notice, pk=pk, person_id=request.user.pk)
    services.see(notice.person_id, ids=[notice.pk])
    return redirect(request, notice.url)


@requires(Permission.RECORD_READ)
@require_POST
def seen(request: HttpRequest, pk: int) -> HttpResponse:
    notice = get_object_or_404(Notice, pk=pk, person_id=request.user.pk)
    services.see(notice.person_id, ids=[notice.pk])
    if wants_fragment(request):
        return trigger_client_event(HttpResponse(status=204), TOLD)
    return back(request, "notices:list")


@requires(Permission.RECORD_READ)
@require_POST
def all_seen(request: HttpRequest) -> HttpResponse:
    n = services.see(int(request.user.pk or 0))
    toast(request, ngettext("%(n)d notice is read now.", "%(n)d notices are read now.", n) % {"n": n})
    return redirect(request, "notices:list")


@requires(Permission.RECORD_READ)
def settings(request: HttpRequest) -> HttpResponse:
    person = get_object_or_404(User, pk=request.user.pk)
    form = SettingsForm(request.POST if request.method == "POST" else None, person=person, label_suffix="")
    if form.is_valid():
        for kind, app, mail in form.chosen():
            services.choose(person.pk, kind, app=app, mail=mail)
        toast(request, _("Saved. It counts for what happens from now on."))
        return redirect(request, "notices:settings")
    context = {"title": _("What you are told of"), "form": form, "person": person}
    return render(request, "notices/settings.html", context, status=422 if form.errors else 200)
