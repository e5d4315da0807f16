"""Gives a list what its reader keeps of it, and opens their usual view where the address asks for nothing."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect

from console.saved import services
from console.saved.page import Saved


class SavedMiddleware:
    """Stands behind the access guard: who may not open a list has no views of it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:  # noqa: ARG002
        match = request.resolver_match
        if (
            match is None
            or getattr(match, "captured_kwargs", None)
            or not hasattr(view, "list_title")
            or request.method != "GET"
        ):
            return None
        saved = Saved(request, match.view_name)
        request.saved = saved  # type: ignore[attr-defined]
        if not request.GET and saved.opens:
            return HttpResponseRedirect(services.url_of(saved.opens))
        return None
