"""Who may enter and as what: the list, adding, changing, and each person's own time zone."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_safe

from console.access import Actor, Permission, requires
from console.columns import Column
from console.htmx import page_or_fragment, redirect, toast
from console.listing import listed, paginate
from console.staff import services
from console.staff.filters import StaffFilter
from console.staff.forms import NewStaffForm, PreferencesForm, StaffForm
from console.staff.models import User

SORTABLE = {"name": "name", "email": "email", "added": "date_joined", "seen": "last_login"}


@listed(lazy("Staff"))
@requires(Permission.STAFF_MANAGE)
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    columns = (
        Column("name", _("Name"), "name", fixed=True),
        Column("email", _("E-mail"), "email"),
        Column("roles", _("Roles")),
        Column("may", _("May sign in")),
        Column("seen", _("Last sign-in"), "seen"),
        Column("added", _("Added"), "added"),
        Column("zone", _("Time zone"), shown=False),
    )
    page = paginate(
        request, User.objects.all(), form=StaffFilter(request.GET), columns=columns, default_sort="name",
        sortable=SORTABLE,
    )  # fmt: skip
    return page_or_fragment(request, "staff/list.html", "staff/_table.html", {"page": page, "title": _("Staff")})


@requires(Permission.STAFF_MANAGE)
def new(request: HttpRequest) -> HttpResponse:
    form = NewStaffForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        try:
            user = services.create(**form.cleaned_data, actor=Actor.of(request))
        except ValidationError as error:
            form.add_error("email", error)  # the form has already held the password against its rules
        else:
            toast(request, _("%(name)s can sign in now. Give them the password in person.") % {"name": user.name})
            return redirect(request, "staff:list")
    context = {"form": form, "title": _("Add staff member")}
    return render(request, "staff/new.html", context, status=422 if form.errors else 200)


@requires(Permission.STAFF_MANAGE)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    held = {"name": user.name, "roles": user.roles, "time_zone": user.time_zone, "is_active": user.is_active}
    form = StaffForm(request.POST or None, initial=held, label_suffix="")
    if request.method == "POST" and form.is_valid():
        try:
            services.update(user, **form.cleaned_data, actor=Actor.of(request))
        except ValidationError as error:
            form.add_error(None, error)
        else:
            toast(request, _("Saved."))
            return redirect(request, "staff:list")
    context = {"form": form, "member": user, "title": _("Change staff member")}
    return render(request, "staff/edit.html", context, status=422 if form.errors else 200)


@requires(Permission.RECORD_READ)
def me(request: HttpRequest) -> HttpResponse:
    user = get_object_or_404(User, pk=request.user.pk)
    held = {"time_zone": user.time_zone, "language": user.language, "shortcuts": user.shortcuts}
    form = PreferencesForm(request.POST or None, initial=held, label_suffix="")
    if request.method == "POST" and form.is_valid():
        services.set_preferences(user, **form.cleaned_data, actor=Actor.of(request))
        with translation.override(form.cleaned_data["language"] or translation.get_language()):
            toast(request, _("Saved. Times are shown in %(zone)s.") % {"zone": form.cleaned_data["time_zone"]})
        return redirect(request, "staff:me")
    context = {"form": form, "member": user, "title": _("Your account")}
    return render(request, "staff/me.html", context, status=422 if form.errors else 200)
