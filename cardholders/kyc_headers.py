"""What a browser may do with the camera, and which page may frame the provider's: the KYC page, nothing else."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse

HEADER = "Permissions-Policy"
NOTHING = "camera=(), microphone=(), geolocation=()"


class PermissionsPolicyMiddleware:
    """No page may use the camera, save one that has said otherwise."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault(HEADER, NOTHING)
        return response


def kyc_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Lets this page, and no cache, hold the provider's frame and lend it the camera."""

    @wraps(view)
    def framed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        origins = settings.CODEGO_KYC_ORIGINS
        allow: Any = csp_update({"frame-src": list(origins)})
        response: HttpResponse = allow(view)(request, *args, **kwargs)
        lent = " ".join(["self", *(f'"{origin}"' for origin in origins)])
        response[HEADER] = f"camera=({lent}), microphone=(), geolocation=()"
        response["Cache-Control"] = "no-store"
        return response

    return framed


def origin_of(url: str) -> str:
    """Scheme, host and port, as a browser compares them; whatever else stands there makes it another origin."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def kyc_origins() -> list[str]:
    return [origin.rstrip("/").lower() for origin in settings.CODEGO_KYC_ORIGINS]
