"""Whose address it is, and that nobody can fill the disk."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client, RequestFactory

from console.proxies import ForwardedMiddleware, OneFile


def address(settings, hops: int, forwarded: str) -> str:
    settings.TRUSTED_PROXIES = hops
    request = RequestFactory().get("/", headers={"x-forwarded-for": forwarded})
    ForwardedMiddleware(lambda _: HttpResponse())(request)
    return request.META["REMOTE_ADDR"]


@pytest.mark.parametrize(("hops", "forwarded", "wanted"), [
    (0, "6.6.6.6", "127.0.0.1"),
    (1, "6.6.6.6, 9.9.9.9", "9.9.9.9"),
    (2, "6.6.6.6, 9.9.9.9, 10.0.0.1", "9.9.9.9"),
    (1, "not an address", "127.0.0.1"),
    (2, "9.9.9.9", "127.0.0.1"),
])  # fmt: skip
def test_exactly_the_trusted_hops_are_believed(settings, hops, forwarded, wanted):
    assert address(settings, hops, forwarded) == wanted


@pytest.mark.django_db
def test_a_body_with_a_file_is_not_taken():
    answer = Client().post("/accounts/login/", {"file": SimpleUploadedFile("big.bin", b"x" * 100_000)})
    assert answer.wsgi_request.FILES == {}


@pytest.mark.parametrize(("content", "held"), [(b"x" * 100, 100), (b"x" * 101, 0), (b"x" * 500_000, 0), (b"", 0)])
def test_a_page_that_takes_a_file_holds_no_more_of_it_than_it_may(content, held):
    request = RequestFactory().post("/", {"word": "kept", "file": SimpleUploadedFile("a.bin", content)})
    request.upload_handlers = [OneFile(request, 100)]
    file = request.FILES["file"]
    assert (file.size, len(file.read()), request.POST["word"]) == (len(content), held, "kept")
