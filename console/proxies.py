"""What is believed of a request before anything else reads it: exactly TRUSTED_PROXIES hops of X-Forwarded-For and -Proto,
and no files."""

import ipaddress
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest, HttpResponse


class ForwardedMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        hops = settings.TRUSTED_PROXIES
        if hops:
            addresses = [a.strip() for a in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if a.strip()]
            if len(addresses) >= hops:
                with suppress(ValueError):
                    request.META["REMOTE_ADDR"] = str(ipaddress.ip_address(addresses[-hops]))
            if request.META.get("HTTP_X_FORWARDED_PROTO", "").split(",")[-1].strip() == "https":
                request.META["wsgi.url_scheme"] = "https"
        return self.get_response(request)


class NoUploads(FileUploadHandler):
    """No page takes files: a body with one in it is not read to its end. A page that will take them sets its own."""

    def new_file(self, *_: Any, **__: Any) -> NoReturn:
        raise StopUpload(connection_reset=True)

    def receive_data_chunk(self, *_: Any) -> None:
        return None

    def file_complete(self, *_: Any) -> None:
        return None
