"""What is believed of a request before anything else reads it: exactly TRUSTED_PROXIES hops of X-Forwarded-For and -Proto,
and no files but where a page takes one."""

import io
import ipaddress
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NoReturn

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload
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


class OneFile(FileUploadHandler):
    """For the page that takes one: held in memory up to `most` bytes. What is beyond them is counted and let go, so that
    the page can say that it was too much; a second file is passed over."""

    def __init__(self, request: HttpRequest, most: int) -> None:
        super().__init__(request)
        self.most = most
        self.held, self.taken = io.BytesIO(), False

    def new_file(self, *given: Any, **more: Any) -> None:
        if self.taken:
            raise SkipFile
        self.taken = True
        super().new_file(*given, **more)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) <= self.most:
            self.held.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        self.held.seek(0)
        return InMemoryUploadedFile(
            self.held, self.field_name, self.file_name, self.content_type, file_size, self.charset
        )


class NamedFiles(OneFile):
    """The same for a page with several fields: the first file of each, up to so many bytes; any other is passed over."""

    def __init__(self, request: HttpRequest, most: Mapping[str, int]) -> None:
        super().__init__(request, 0)
        self.left = dict(most)

    def new_file(self, field_name: str, *given: Any, **more: Any) -> None:
        if field_name not in self.left:
            raise SkipFile
        self.most = self.left.pop(field_name)
        self.held, self.taken = io.BytesIO(), False
        super().new_file(field_name, *given, **more)
