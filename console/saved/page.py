"""The saved views of the list that is open, as its page shows them."""

from functools import cached_property
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from console.filtering import VIEW
from console.saved import services
from console.saved.models import Habit, SavedView


class Tab(NamedTuple):
    name: str
    url: str
    shared: bool
    current: bool


class Saved:
    """Read once for each page. `columns` and `opens` are what console.listing asks for."""

    def __init__(self, request: HttpRequest, name: str) -> None:
        self.request = request
        self.list = name
        self.user: Any = request.user

    @cached_property
    def habit(self) -> Habit | None:
        return Habit.objects.filter(owner=self.user.pk, list=self.list).first()

    @cached_property
    def views(self) -> list[SavedView]:
        return services.of_list(self.list, self.user)

    @property
    def columns(self) -> list[str]:
        return self.habit.columns.split(",") if self.habit and self.habit.columns else []

    @cached_property
    def opens(self) -> SavedView | None:
        """The view that the bare address opens, as long as this person still has it."""
        wanted = self.habit.view_id if self.habit else None
        return next((view for view in self.views if view.pk == wanted), None) if wanted else None

    @cached_property
    def current(self) -> SavedView | None:
        asked = self.request.GET.get(VIEW, "")
        return next((view for view in self.views if str(view.pk) == asked), None)

    @property
    def tabs(self) -> list[Tab]:
        return [Tab(view.name, services.url_of(view), view.shared, view == self.current) for view in self.views]

    @property
    def all_url(self) -> str:
        """Every row: said aloud where the bare address would open something else."""
        return f"{self.request.path}?{VIEW}=all" if self.opens else self.request.path

    @property
    def may_change(self) -> bool:
        return self.current is not None and services.may_change(self.current, self.user)

    def differs(self, query: str) -> bool:
        """Whether the screen shows something that the current view, or no view at all, does not."""
        try:
            return services.cleaned(query) != (self.current.query if self.current else "")
        except services.CannotSave:
            return True

    def new_url(self, query: str) -> str:
        return f"{reverse('saved:new')}?{urlencode({'list': self.list, 'query': query})}"
