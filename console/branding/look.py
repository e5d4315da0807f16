"""What a colour comes to in the console, in plain words: where it is used as it is, and what is taken in its place."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from console.branding import colour
from console.branding.colour import BLACK, DARK_SURFACE, LIGHT_SURFACE, READABLE, VISIBLE, contrast


@dataclass(frozen=True, slots=True)
class Use:
    """One use of the colour in one scheme."""

    what: str
    shade: str  # what the console uses
    on: str  # the surface or the text it is seen with
    as_is: bool
    words: str


def uses(accent: str) -> list[tuple[str, list[Use]]]:
    return [(_("Light"), _in_scheme(accent, LIGHT_SURFACE)), (_("Dark"), _in_scheme(accent, DARK_SURFACE))]


def _in_scheme(accent: str, surface: str) -> list[Use]:
    shades = colour.shades(accent, surface)
    darker = contrast(surface, BLACK) > contrast(surface, colour.WHITE)
    seen = {"ratio": ratio(accent, surface), "least": READABLE, "shade": shades.ink, "new": ratio(shades.ink, surface)}
    if shades.ink == accent:
        link = _("Your colour as it is: %(ratio)s to 1 on the page.")
    elif contrast(accent, surface) >= READABLE:
        link = _(
            "Your colour is %(ratio)s to 1 on the page but fainter on its own tint, so %(shade)s is written: %(new)s to 1."
        )
    elif darker:
        link = _(
            "Your colour is %(ratio)s to 1 on the page; text needs %(least)s. It is darkened to %(shade)s: %(new)s to 1."
        )
    else:
        link = _(
            "Your colour is %(ratio)s to 1 on the page; text needs %(least)s. It is lightened to %(shade)s: %(new)s to 1."
        )
    filled = {"ratio": ratio(accent, surface), "least": VISIBLE, "shade": shades.fill}
    if shades.fill == accent:
        button = _("Your colour as it is.")
    elif darker:
        button = _("Your colour hardly shows on the page (%(ratio)s to 1). It is darkened to %(shade)s.")
    else:
        button = _("Your colour hardly shows on the page (%(ratio)s to 1). It is lightened to %(shade)s.")
    on = {"ratio": ratio(shades.text, shades.fill)}
    text = _("White: %(ratio)s to 1.") if shades.text == colour.WHITE else _("Black: %(ratio)s to 1.")
    return [
        Use(_("Links and marks"), shades.ink, surface, shades.ink == accent, link % seen),
        Use(_("Buttons"), shades.fill, surface, shades.fill == accent, button % filled),
        Use(_("Text on buttons"), shades.text, shades.fill, as_is=True, words=text % on),
    ]


def ratio(one: str, other: str) -> str:
    """Cut, not rounded: 4.49 is not said to be 4.5."""
    return f"{int(contrast(one, other) * 10) / 10:.1f}"
