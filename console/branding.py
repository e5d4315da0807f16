"""The partner's name, mark and one colour: the only place that knows them, and that keeps that colour readable."""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.templatetags.static import static

from console.access import public

READABLE = 4.5  # WCAG 2.2 AA for text
VISIBLE = 1.8  # a filled button against the page; its text is what must be read
WHITE, BLACK = "#ffffff", "#14161a"
LIGHT_SURFACE, DARK_SURFACE = (
    "#f3f4f5",
    "#22252b",
)  # where app.css sets accent text


@dataclass(frozen=True, slots=True)
class Brand:
    name: str
    logo_url: str  # empty: the initials stand in
    accent: str
    accent_text: str  # readable on the accent
    support_email: str

    @property
    def initials(self) -> str:
        words = re.findall(r"\w+", self.name)
        return ("".join(word[0] for word in words[:2]) or "?").upper()


def brand() -> Brand:
    """The brand of this deployment. Read at every call, so that a change of settings shows."""
    accent = _hex(settings.BRAND_ACCENT)
    logo = settings.BRAND_LOGO
    return Brand(
        name=settings.BRAND_NAME,
        logo_url=static(logo) if logo else "",
        accent=accent,
        accent_text=text_on(accent),
        support_email=settings.BRAND_SUPPORT_EMAIL,
    )


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio of two colours, 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def text_on(colour: str) -> str:
    """White or near-black, whichever reads better on this colour; pure black where near-black falls short."""
    best = max((WHITE, BLACK), key=lambda text: contrast(text, colour))
    return best if contrast(best, colour) >= READABLE else "#000000"


def readable(colour: str, surface: str, least: float = READABLE) -> str:
    """The colour, darkened or lightened just as far as it takes to stand out from this surface."""
    pole = BLACK if _luminance(surface) > 0.2 else WHITE
    steps = (_mix(colour, pole, step / 40) for step in range(41))
    return next((shade for shade in steps if contrast(shade, surface) >= least), pole)


def brand_css() -> str:
    """Custom properties that app.css builds on: the fill, text on it, the accent as text, and a tint behind text."""
    return _css(brand().accent)


@public
def brand_css_view(request: HttpRequest) -> HttpResponse:
    """GET /brand.css, kept by the browser for five minutes and then only asked whether it changed."""
    css = brand_css()
    etag = f'"{hashlib.sha256(css.encode()).hexdigest()[:16]}"'
    if etag in request.headers.get("If-None-Match", ""):
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = HttpResponse(css, content_type="text/css; charset=utf-8")
    response["ETag"] = etag
    response["Cache-Control"] = "public, max-age=300"
    return response


@lru_cache(maxsize=8)
def _css(accent: str) -> str:
    light, dark = _properties(accent, LIGHT_SURFACE), _properties(accent, DARK_SURFACE)
    return f":root{{{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"


def _properties(accent: str, surface: str) -> str:
    fill = readable(accent, surface, VISIBLE)
    text = text_on(fill)
    # A pressed or hovered button moves away from its text, so it only gains contrast.
    hover = _mix(fill, BLACK if text == WHITE else WHITE, 0.14)
    tint = _mix(surface, accent, 0.1)
    values = {
        "accent": fill,
        "accent-text": text,
        "accent-hover": hover,
        "accent-tint": tint,
        "accent-ink": readable(readable(accent, tint), surface),
    }
    return ";".join(f"--{name}:{value}" for name, value in values.items())


def _hex(colour: str) -> str:
    found = re.fullmatch(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})", colour.strip())
    if not found:
        raise ImproperlyConfigured(f"BRAND_ACCENT must be a colour such as #3b5bdb; it is {colour!r}.")
    digits = found[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    shares = (channel / 255 for channel in _channels(colour))
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mix(one: str, other: str, share: float) -> str:
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)
