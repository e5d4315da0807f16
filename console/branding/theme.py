"""Light, dark, or as the system says: kept by each browser, since it is a matter of the screen one sits at."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from console.access import requires

COOKIE = "theme"
THEMES = frozenset({"light", "dark"})
YEAR = 365 * 24 * 3600  # seconds


def theme_of(request: HttpRequest) -> str:
    """Empty: as the system says."""
    chosen = request.COOKIES.get(COOKIE, "")
    return chosen if chosen in THEMES else ""


@requires()
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    where = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(where, {request.get_host()}, require_https=request.is_secure()):
        where = "/"
    response = redirect(where)
    response.status_code = 303
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        response.set_cookie(COOKIE, chosen, max_age=YEAR, secure=settings.HTTPS, httponly=True, samesite="Lax")
    else:
        response.delete_cookie(COOKIE, samesite="Lax")
    return response
