"""What goes over the wire small, and what as it is."""

import gzip

import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db
GZIP = {"accept-encoding": "gzip"}


def test_a_page_is_compressed(client_as):
    answer = client_as("viewer").get(reverse("help"), headers=GZIP)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert b"</html>" in gzip.decompress(answer.content)
    assert "Accept-Encoding" in answer.headers["Vary"]


def test_a_file_and_the_answer_to_a_post_are_not(client_as):
    client = client_as("operations")
    export = client.get(reverse("cards:export"), headers=GZIP)
    form = client_as("admin").post(reverse("staff:new"), {"name": "Rita"}, headers=GZIP)
    assert "Content-Encoding" not in export.headers
    assert "Content-Encoding" not in form.headers
    assert (export.status_code, form.status_code) == (200, 422)
