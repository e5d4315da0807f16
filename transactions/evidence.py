"""A file as evidence: what it is, by its content and never by its name, and what it is called on its way."""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import NamedTuple

MOST = 20 * 1024 * 1024  # bytes, the provider's limit (facts 1.9)
LONGEST_STEM = 60


class Kind(NamedTuple):
    name: str
    ending: str
    type: str
    start: bytes


KINDS = (
    Kind("PDF", ".pdf", "application/pdf", b"%PDF-"),
    Kind("PNG", ".png", "image/png", b"\x89PNG\r\n\x1a\n"),
    Kind("JPEG", ".jpg", "image/jpeg", b"\xff\xd8\xff"),
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A file that may be sent. Its content is in no text that is made of it."""

    name: str
    kind: Kind
    content: bytes = field(repr=False)


def kind_of(content: bytes) -> Kind | None:
    """What the content begins as; None where it is of no kind that is taken."""
    return next((kind for kind in KINDS if content.startswith(kind.start)), None)


def safe_name(given: str, ending: str) -> str:
    """Letters, digits, dashes and underscores of ASCII, with the ending that the content calls for and no other."""
    before, dot, after = given.rpartition(".")
    plain = unicodedata.normalize("NFKD", before if dot else after).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9_]+", "-", plain).strip("-_")
    return f"{stem[:LONGEST_STEM].rstrip('-_') or 'evidence'}{ending}"
