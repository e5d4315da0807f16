"""What a file is, by its content, and the name it travels under."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transactions.evidence import KINDS, Evidence, kind_of, safe_name


@pytest.mark.parametrize(("content", "name"), [
    (b"%PDF-1.7\n...", "PDF"),
    (b"\x89PNG\r\n\x1a\n\x00\x00", "PNG"),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF", "JPEG"),
    (b"\xff\xd8\xff\xe1\x00\x10Exif", "JPEG"),
])  # fmt: skip
def test_what_is_taken_is_known_by_its_beginning(content, name):
    assert kind_of(content).name == name


@pytest.mark.parametrize("content", [
    b"", b"%PD", b" %PDF-1.7", b"\x89PNG\n\x1a\n", b"GIF89a", b"PK\x03\x04", b"MZ\x90\x00", b"<svg onload=x>", b"<!DOCTYPE html>",
    b"RIFF\x00\x00\x00\x00WEBP", b"II*\x00%PDF-",
])  # fmt: skip
def test_everything_else_is_not(content):
    assert kind_of(content) is None


@given(st.binary(max_size=64))
def test_a_kind_is_never_guessed(content):
    kind = kind_of(content)
    assert (kind is not None) == any(content.startswith(each.start) for each in KINDS)


@pytest.mark.parametrize(("given", "sent"), [
    ("receipt.pdf", "receipt.pdf"),
    ("Reçu n° 7 (août).PDF", "Recu-n-7-aout.pdf"),
    ("page.html", "page.pdf"),
    ("evil.php.jpg", "evil-php.pdf"),
    ('a"\r\nX-Header: b.pdf', "a-X-Header-b.pdf"),
    ("..", "evidence.pdf"),
    (".pdf", "evidence.pdf"),
    ("receipt", "receipt.pdf"),
    ("領収書.pdf", "evidence.pdf"),
    ("x" * 300, "x" * 60 + ".pdf"),
])  # fmt: skip
def test_a_name_is_cleaned_and_ends_as_its_content_calls_for(given, sent):
    assert safe_name(given, ".pdf") == sent


@given(st.text(max_size=200), st.sampled_from(KINDS))
def test_no_name_whatever_gets_through_as_more_than_a_name(given, kind):
    assert re.fullmatch(rf"[A-Za-z0-9_-]{{1,60}}{re.escape(kind.ending)}", safe_name(given, kind.ending))


def test_the_content_is_in_no_text_that_is_made_of_it():
    assert "secret" not in repr(Evidence("a.pdf", KINDS[0], b"%PDF- secret"))
