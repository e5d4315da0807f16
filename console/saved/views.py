"""Saving what a list shows, changing and deleting it, and one's usual columns."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from console.access import Actor, Permission, requires
from console.htmx import page_or_fragment, redirect, toast
from console.saved import services
from console.saved.forms import ViewForm
from console.saved.models import SavedView


@requires(Permission.RECORD_READ)
def new(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    name, query = request.GET.get("list", ""), request.GET.get("query", "")
    listed = _title(request, name)
    form = ViewForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            view = services.save(user, name, given["name"], query, shared=given["shared"], actor=Actor.of(request))
        except services.CannotSave as why:
            form.add_error("name", str(why))
        else:
            if given["usual"]:
                services.open_with(user, name, view)
            toast(request, _("The view is saved."))
            return redirect(request, services.url_of(view))
    context: dict[str, Any] = {
        "title": _("Save view"),
        "what": _("%(list)s as they are on the screen: filters, sort and columns.") % {"list": listed},
        "verb": _("Save view"),
        "form": form,
        "action_url": request.get_full_path(),
        "back_url": f"{reverse(name)}?{query}",
    }
    return _asked(request, context)


@requires(Permission.RECORD_READ)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    view, user = _view(request, pk), _user(request)
    owned = services.may_change(view, user)
    usual = services.opens_with(user, view)
    held = {"name": view.name, "shared": view.shared, "usual": usual}
    form = ViewForm(request.POST or None, initial=held, owned=owned)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            if owned:
                services.change(view, given["name"], shared=given["shared"], actor=Actor.of(request))
        except services.CannotSave as why:
            form.add_error("name", str(why))
        else:
            if given["usual"] != usual:
                services.open_with(user, view.list, view if given["usual"] else None)
            toast(request, _("Saved."))
            return redirect(request, services.url_of(view))
    context: dict[str, Any] = {
        "title": _("View “%(name)s”") % {"name": view.name},
        "verb": _("Save"),
        "form": form,
        "action_url": request.path,
        "back_url": services.url_of(view),
    }
    return _asked(request, context)


@requires(Permission.RECORD_READ)
@require_POST
def update(request: HttpRequest, pk: int) -> HttpResponse:
    """The view shows from now on what the screen does."""
    view = _view(request, pk, to_change=True)
    try:
        services.replace(view, request.POST.get("query", ""), actor=Actor.of(request))
    except services.CannotSave as why:
        toast(request, why, "refused")
    else:
        toast(request, _("The view is saved."))
    return redirect(request, services.url_of(view))


@requires(Permission.RECORD_READ)
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    view = _view(request, pk, to_change=True)
    if request.method == "POST":
        services.delete(view, actor=Actor.of(request))
        toast(request, _("The view is deleted. No record was touched."))
        return redirect(request, f"{reverse(view.list)}?view=all")
    context: dict[str, Any] = {
        "title": _("Delete the view “%(name)s”?") % {"name": view.name},
        "what": _("It goes for everybody who has it. No record is touched.")
        if view.shared
        else _("No record is touched."),
        "verb": _("Delete view"),
        "danger": True,
        "action_url": request.path,
        "back_url": services.url_of(view),
    }
    return _asked(request, context)


@requires(Permission.RECORD_READ)
@require_POST
def columns(request: HttpRequest) -> HttpResponse:
    """One's own columns for a list, wherever its address names none."""
    name = request.POST.get("list", "")
    _title(request, name)
    chosen = request.POST.get("columns", "")
    services.keep_columns(request.user, name, chosen)
    toast(
        request,
        _("This list opens with these columns for you.") if chosen else _("This list has its own columns again."),
    )
    query = request.POST.get("query", "")
    response = HttpResponseRedirect(f"{reverse(name)}?{query}" if query else reverse(name))
    response.status_code = 303
    return response


def _asked(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    status = 422 if request.method == "POST" else 200
    shown = context | {"local": True}
    return page_or_fragment(request, "ui/confirm.html", "ui/_confirm.html", shown, status=status)


def _user(request: HttpRequest) -> Any:
    return request.user


def _title(request: HttpRequest, name: str) -> str:
    title = services.title_of(name, request.user)
    if title is None:
        raise Http404
    return title


def _view(request: HttpRequest, pk: int, *, to_change: bool = False) -> SavedView:
    """404 for what this person does not see, and for changing what is not theirs."""
    view = get_object_or_404(SavedView, pk=pk)
    _title(request, view.list)
    if view not in services.of_list(view.list, request.user):
        raise Http404
    if to_change and not services.may_change(view, request.user):
        raise Http404
    return view
