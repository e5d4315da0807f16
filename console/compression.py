"""Pages go out compressed; files that are written as they are sent do not, and neither does an answer to a POST."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class PageCompression(GZipMiddleware):
    """Only what a GET shows: the one-time address of an identity check stands in the answer to a POST, and no size of a
    compressed answer shall tell of it. Django pads every answer by a random length besides (BREACH)."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if request.method != "GET" or response.streaming:
            return response
        return super().process_response(request, response)
