"""Writes down each page that the access guard refused to a signed-in person."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from console.access import Actor
from console.audit import services
from console.audit.events import Action, Outcome


class RefusalMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if refused := getattr(request, "refused", None):
            services.record(
                Action.ACCESS_REFUSED,
                actor=Actor.of(request),
                outcome=Outcome.REFUSED,
                permission=str(refused),
                method=request.method,
                route=request.resolver_match.view_name if request.resolver_match else "",
            )
        return response
