"""One colour of the partner's and what the console makes of it, so that everything on it and in it can be read."""

import re
from dataclasses import dataclass
from functools import lru_cache

READABLE = 4.5  # WCAG 2.2 AA for text
VISIBLE = 1.8  # a filled button against the page; its text is what must be read
WHITE, BLACK = "#ffffff", "#14161a"
LIGHT_SURFACE, DARK_SURFACE = "#f3f4f5", "#22252b"  # where app.css sets accent text


@dataclass(frozen=True, slots=True)
class Shades:
    """What one accent becomes on one surface: custom properties of app.css."""

    surface: str
    fill: str  # of a button
    text: str  # on the fill
    hover: str  # the fill under a pointer
    tint: str  # a wash behind accent text
    ink: str  # the accent as text


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
    steps = (mix(colour, pole, step / 40) for step in range(41))
    return next((shade for shade in steps if contrast(shade, surface) >= least), pole)


def mix(one: str, other: str, share: float) -> str:
    """So much of the other colour in the one: 0 is the one, 1 the other."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def parsed(text: str) -> str:
    """`#0B6`, `0b6` or `#00bb66` as `#00bb66`. ValueError for anything else."""
    found = re.fullmatch(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})", text.strip())
    if not found:
        raise ValueError(text)
    digits = found[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def shades(accent: str, surface: str) -> Shades:
    fill = readable(accent, surface, VISIBLE)
    text = text_on(fill)
    tint = mix(surface, accent, 0.1)
    return Shades(
        surface=surface,
        fill=fill,
        text=text,
        # A pressed or hovered button moves away from its text, so it only gains contrast.
        hover=mix(fill, BLACK if text == WHITE else WHITE, 0.14),
        tint=tint,
        ink=readable(readable(accent, tint), surface),
    )


@lru_cache(maxsize=32)
def css(accent: str, selector: str = ":root") -> str:
    """Custom properties that app.css builds on; which of each pair holds follows the `color-scheme` where it is used."""
    light, dark = shades(accent, LIGHT_SURFACE), shades(accent, DARK_SURFACE)
    names = {
        "accent": "fill",
        "accent-text": "text",
        "accent-hover": "hover",
        "accent-tint": "tint",
        "accent-ink": "ink",
    }
    values = (f"--{name}:light-dark({getattr(light, of)},{getattr(dark, of)})" for name, of in names.items())
    return f"{selector}{{{';'.join(values)}}}\n"


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    shares = (channel / 255 for channel in _channels(colour))
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
