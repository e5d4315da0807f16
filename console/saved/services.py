"""Keeping views of lists: for oneself, or for everybody who can open the list."""

from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import QueryDict
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils.translation import gettext as _

from console.access import Actor, Permission, allowed, permissions_of, rule_for
from console.audit import services as audit
from console.audit.events import Action
from console.columns import COLUMNS
from console.filtering import CURSOR, SORT, VIEW, written
from console.saved.models import QUERY_LENGTH, Habit, SavedView

SEARCH = "q"  # the one filter that holds whatever somebody typed


class CannotSave(ValueError):  # noqa: N818 - reads as the sentence it carries
    """In a sentence for the person."""


class Found(NamedTuple):
    """A saved view as it is offered outside its list."""

    name: str
    list_title: str
    url: str
    shared: bool


def title_of(name: str, user: Any) -> str | None:
    """What a list is called; None where there is no such list, or this person may not open it."""
    try:
        view = resolve(reverse(name)).func
    except (NoReverseMatch, Resolver404):
        return None
    rule = rule_for(view, name)
    may = isinstance(rule, tuple) and set(rule) <= permissions_of(user.roles)
    title = getattr(view, "list_title", None)
    return str(title) if may and title is not None else None


def url_of(view: SavedView) -> str:
    query = QueryDict(view.query, mutable=True)
    query[VIEW] = str(view.pk)
    return f"{reverse(view.list)}?{written(query)}"


def of_list(name: str, user: Any) -> list[SavedView]:
    """One's own, then what others share. A search for somebody's name is shown to those only who may read names."""
    found = list(SavedView.objects.filter(Q(owner=user.pk) | Q(shared=True), list=name))
    clear = allowed(user, Permission.PERSONAL_READ)
    seen = [view for view in found if view.owner_id == user.pk or clear or SEARCH not in QueryDict(view.query)]
    return sorted(seen, key=lambda view: view.owner_id != user.pk)


def of(user: Any) -> list[Found]:
    """All that this person can open, over all lists."""
    lists = SavedView.objects.filter(Q(owner=user.pk) | Q(shared=True)).values_list("list", flat=True).distinct()
    titles = {name: title for name in sorted(lists) if (title := title_of(name, user))}
    return [
        Found(view.name, title, url_of(view), view.shared)
        for name, title in titles.items()
        for view in of_list(name, user)
    ]


def may_change(view: SavedView, user: Any) -> bool:
    """Its owner; of a shared one also whoever manages the staff."""
    return view.owner_id == user.pk or (view.shared and allowed(user, Permission.STAFF_MANAGE))


def cleaned(query: str) -> str:
    """What of an address makes a view: no place in the list, no empty filters, the same order every time."""
    given = QueryDict(query, mutable=True)
    kept = QueryDict(mutable=True)
    for name in sorted(given):
        if name not in {CURSOR, VIEW} and (values := [value for value in given.getlist(name) if value]):
            kept.setlist(name, values)
    text = written(kept)
    if len(text) > QUERY_LENGTH:
        raise CannotSave(_("This view is too long to be kept. Take some filters away, then save it."))
    return text


def save(user: Any, name: str, title: str, query: str, *, shared: bool, actor: Actor) -> SavedView:
    """A new view of the list `name`, called `title`."""
    try:
        with transaction.atomic():
            view = SavedView.objects.create(owner=user, list=name, name=title, query=cleaned(query), shared=shared)
            if shared:
                _record(Action.VIEW_SHARE, view, actor)
    except IntegrityError:
        raise CannotSave(_("You have a view of this name here already. Choose another name.")) from None
    return view


def change(view: SavedView, title: str, *, shared: bool, actor: Actor) -> None:
    """Its name, and whether others have it."""
    was = view.shared
    view.name, view.shared = title, shared
    try:
        with transaction.atomic():
            view.save(update_fields=["name", "shared"])
            if was or shared:
                _record(Action.VIEW_SHARE if shared and not was else Action.VIEW_CHANGE, view, actor)
    except IntegrityError:
        raise CannotSave(_("You have a view of this name here already. Choose another name.")) from None


def replace(view: SavedView, query: str, *, actor: Actor) -> None:
    """It shows from now on what is on the screen."""
    view.query = cleaned(query)
    with transaction.atomic():
        view.save(update_fields=["query"])
        if view.shared:
            _record(Action.VIEW_CHANGE, view, actor)


def delete(view: SavedView, *, actor: Actor) -> None:
    with transaction.atomic():
        if view.shared:
            _record(Action.VIEW_DELETE, view, actor)
        view.delete()


def open_with(user: Any, name: str, view: SavedView | None) -> None:
    """The view that the bare address of a list opens for this person; None for all rows."""
    Habit.objects.update_or_create(owner=user, list=name, defaults={"view": view})


def opens_with(user: Any, view: SavedView) -> bool:
    return Habit.objects.filter(owner=user, list=view.list, view=view).exists()


def keep_columns(user: Any, name: str, columns: str) -> None:
    """The columns that a list has for this person where its address names none; empty for the list's own."""
    kept = columns.replace("\0", "")[:QUERY_LENGTH]
    Habit.objects.update_or_create(owner=user, list=name, defaults={"columns": kept})


def _record(action: Action, view: SavedView, actor: Actor) -> None:
    """Which filters and columns; never a typed word, for that may be somebody's name, and so may be the view's."""
    query = QueryDict(view.query)
    filters = [name for name in query if name not in {SORT, COLUMNS}]
    audit.record(
        action, actor=actor, view=view.pk, list=view.list, shared=view.shared, filters=filters,
        columns=query.get(COLUMNS, ""),
    )  # fmt: skip
