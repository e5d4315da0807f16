"""The brand as it stands, and changing it. Each field that nobody set is what the environment says."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, transaction
from django.templatetags.static import static
from django.urls import reverse

from console.access import Actor
from console.audit import services as audit
from console.audit.events import Action
from console.branding import colour
from console.branding.images import Picture
from console.branding.models import BrandSettings, Image

WORDS = ("name", "accent", "support_email")
IMAGES = ("logo", "favicon", "picture")
READ_AGAIN = 2.0  # seconds; how long another process may go on with the brand of before


@dataclass(frozen=True, slots=True)
class Mark:
    """An image as a page shows it; its size is known beforehand, so that nothing moves when it comes. 0: not known."""

    url: str
    width: int = 0
    height: int = 0
    content_type: str = ""

    @property
    def drawn_in_mail(self) -> bool:
        """Whether every mail program draws it; others would show a gap."""
        return self.content_type in {"image/png", "image/jpeg"}


@dataclass(frozen=True, slots=True)
class Brand:
    name: str
    accent: str
    support_email: str
    logo: Mark | None  # None: the initials stand in
    favicon: Mark | None  # None: a tile of the initials
    picture: Mark | None  # beside the sign-in

    @property
    def accent_text(self) -> str:
        """Readable on the accent."""
        return colour.text_on(self.accent)

    @property
    def initials(self) -> str:
        words = re.findall(r"\w+", self.name)
        return ("".join(word[0] for word in words[:2]) or "?").upper()

    @property
    def logo_url(self) -> str:
        return self.logo.url if self.logo else ""

    @property
    def sign_in_url(self) -> str:
        return self.picture.url if self.picture else ""

    @property
    def favicon_url(self) -> str:
        return self.favicon.url if self.favicon else _versioned("branding:favicon", self.favicon_svg)

    @property
    def favicon_type(self) -> str:
        return self.favicon.content_type if self.favicon else "image/svg+xml"

    @property
    def css(self) -> str:
        return colour.css(self.accent)

    @property
    def css_url(self) -> str:
        return _versioned("branding:css", self.css)

    @property
    def bars(self) -> tuple[tuple[str, str], ...]:
        """The colour of the browser's own bar in each scheme: that of ours."""
        return (("light", "#ffffff"), ("dark", "#17191e"))

    @property
    def favicon_svg(self) -> str:
        text = self.initials
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
            f'<rect width="32" height="32" rx="7" fill="{self.accent}"/>'
            f'<text x="16" y="{21.5 if len(text) > 1 else 22.5}" text-anchor="middle" font-family="system-ui, sans-serif" '
            f'font-weight="700" font-size="{15 if len(text) > 1 else 19}" fill="{self.accent_text}">{text}</text></svg>'
        )


class _Kept:
    """The row as this process last saw it."""

    def __init__(self) -> None:
        self.row: BrandSettings | None = None
        self.until = 0.0


_kept = _Kept()


def keep(row: BrandSettings | None, seconds: float) -> None:
    """Goes on with this row for so long; 0 looks again at the next call."""
    _kept.row, _kept.until = row, time.monotonic() + seconds


def look_again() -> None:
    """For the screen that sets it: it shows what was just saved, whichever process saved it."""
    keep(_kept.row, 0)


def brand() -> Brand:
    """One query every few seconds; without a database to ask, as at a page that says so, what was known last."""
    if time.monotonic() >= _kept.until:
        try:
            keep(row(), READ_AGAIN)
        except DatabaseError:
            keep(_kept.row, READ_AGAIN)
    return of(_kept.row or BrandSettings())


def row() -> BrandSettings | None:
    """What was set, without the bytes of its images."""
    images = (f"{image}__data" for image in IMAGES)
    return BrandSettings.objects.select_related(*IMAGES).defer(*images).filter(pk=1).first()


def of(row: BrandSettings) -> Brand:
    return Brand(
        name=row.name or settings.BRAND_NAME,
        accent=row.accent or from_environment(),
        support_email=row.support_email or settings.BRAND_SUPPORT_EMAIL,
        logo=mark(row.logo) or (Mark(static(settings.BRAND_LOGO)) if settings.BRAND_LOGO else None),
        favicon=mark(row.favicon),
        picture=mark(row.picture),
    )


def from_environment() -> str:
    try:
        return colour.parsed(settings.BRAND_ACCENT)
    except ValueError:
        raise ImproperlyConfigured(
            f"BRAND_ACCENT must be a colour such as #3b5bdb; it is {settings.BRAND_ACCENT!r}."
        ) from None


def save(words: Mapping[str, str], images: Mapping[str, Picture | None], *, actor: Actor) -> list[str]:
    """Sets these words, empty for the environment's, and these images, None for none. The names of what changed."""
    with transaction.atomic():
        BrandSettings.objects.get_or_create(pk=1)
        kept = BrandSettings.objects.select_for_update().get(pk=1)
        wanted: dict[str, str | None] = dict(words)
        wanted |= {name: image.name if image else None for name, image in images.items()}
        changed = [name for name, value in wanted.items() if getattr(kept, column(name)) != value]
        for image in filter(None, images.values()):
            Image.objects.get_or_create(
                name=image.name,
                defaults={
                    "content_type": image.content_type, "width": image.width, "height": image.height, "data": image.data,
                },
            )  # fmt: skip
        for name in changed:
            setattr(kept, column(name), wanted[name])
        if changed:
            kept.save()
            audit.record(Action.BRAND_EDIT, actor=actor, fields=sorted(changed))
    look_again()
    return sorted(changed)


def reset(*, actor: Actor) -> list[str]:
    """Everything as the environment says again."""
    return save(dict.fromkeys(WORDS, ""), dict.fromkeys(IMAGES), actor=actor)


def column(name: str) -> str:
    return f"{name}_id" if name in IMAGES else name


def mark(image: Image | None) -> Mark | None:
    return (
        None
        if image is None
        else Mark(reverse("branding:image", args=[image.name]), image.width, image.height, image.content_type)
    )


def _versioned(route: str, content: str) -> str:
    """An address that changes with what it gives."""
    return f"{reverse(route)}?v={version(content)}"


def version(content: str) -> str:
    return sha256(content.encode()).hexdigest()[:12]
