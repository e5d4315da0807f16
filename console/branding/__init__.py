"""The partner's brand: name, marks, one colour, and everything that is coloured or signed by them."""

from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from console.branding.services import Brand


def brand() -> "Brand":
    """The brand as it stands. Imported when asked: this package is an app, and its models come after it."""
    from console.branding import services

    return services.brand()


def signature() -> str:
    """The first line of a file that leaves the console: whose it is, and whether its money is real."""
    return f"{brand().name}, {settings.CODEGO_ENVIRONMENT} environment"
