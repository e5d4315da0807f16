"""E-mails in the partner's name and colour. A template extends `email/base.html`; its plain-text half is read out of it, so
that the two never say different things."""

import re
from collections.abc import Mapping
from email.utils import formataddr, parseaddr
from html.parser import HTMLParser
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.http import HttpRequest
from django.template.loader import render_to_string

from console.branding import brand, colour
from console.branding.colour import WHITE

BLOCKS = frozenset({"p", "div", "tr", "table", "h1", "h2", "h3", "ul", "ol", "blockquote"})
UNSEEN = frozenset({"head", "style", "title"})


def send(to: str, subject: object, template: str, context: Mapping[str, Any]) -> None:
    """`template` as "email/notice.html". Links in it are made whole with `{{ site }}`, the address of this console."""
    message(to, subject, template, context).send()


def message(
    to: str, subject: object, template: str, context: Mapping[str, Any], request: HttpRequest | None = None
) -> EmailMultiAlternatives:
    html = render_to_string(template, {**context, **_signed(), "subject": str(subject)}, request).strip()
    reply_to = [brand().support_email] if brand().support_email else None
    made = EmailMultiAlternatives(str(subject), text_of(html), sender(), [to], reply_to=reply_to)
    made.attach_alternative(html, "text/html")
    return made


def sender() -> str:
    """The brand's name before the address that this console sends from."""
    return formataddr((brand().name, parseaddr(settings.DEFAULT_FROM_EMAIL)[1]))


def text_of(html: str) -> str:
    """The words of a page, one paragraph a line, with the address of each link beside it."""
    reader = _Reader()
    reader.feed(html)
    lines = (re.sub(r"[ \t\xa0]+", " ", line).strip() for line in "".join(reader.words).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _signed() -> dict[str, Any]:
    """What every template may use of the brand: colours that can be read on white, the logo where it will be drawn."""
    now = brand()
    logo = now.logo if now.logo and now.logo.drawn_in_mail else None
    return {
        "brand": now,
        "shades": colour.shades(now.accent, WHITE),
        "logo_url": settings.PUBLIC_URL + logo.url if logo else "",
        "site": settings.PUBLIC_URL,
        "environment": settings.CODEGO_ENVIRONMENT,
    }


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[tuple[str, int]] = []  # the address, and where its words begin
        self.unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.unseen += tag in UNSEEN
        if tag in BLOCKS:
            self.words.append("\n\n" if tag in {"p", "h1", "h2", "h3"} else "\n")
        elif tag == "br":
            self.words.append("\n")
        elif tag == "li":
            self.words.append("\n- ")
        elif tag == "td":
            self.words.append(" ")
        elif tag == "img":
            self.words.append(given.get("alt") or "")
        elif tag == "a":
            self.links.append((given.get("href") or "", len(self.words)))

    def handle_endtag(self, tag: str) -> None:
        self.unseen -= tag in UNSEEN
        if tag == "a" and self.links:
            address, start = self.links.pop()
            said = "".join(self.words[start:]).strip()
            if address.removeprefix("mailto:") != said:
                self.words.append(f": {address}")
        elif tag in BLOCKS:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.words.append(re.sub(r"\s+", " ", data))
