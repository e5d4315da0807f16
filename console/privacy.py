"""How personal data looks to those who may not read it: enough to tell two rows apart, not to know a person."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from console.codego.secret import SECRET_LOOKING

DOTS = "•••"


def name(holder: Any, *, clear: bool) -> str:
    """The name of a cardholder, as initials where masked; a company's name always (it has no `last_name`)."""
    if holder is None:
        return ""
    if clear or not hasattr(holder, "last_name"):
        return str(holder)
    initials = [f"{part[0]}." for part in (holder.first_name, holder.last_name) if part]
    return " ".join(initials) or str(holder.codego_id or holder.external_id or DOTS)


def mask_email(value: Any) -> str:
    box, _, domain = str(value).partition("@")
    return f"{box[:1]}{DOTS}@{domain[:1]}{DOTS}" if domain else DOTS


def mask_phone(value: Any) -> str:
    return f"{DOTS}{str(value)[-2:]}"


def mask_address(value: Any) -> str:  # noqa: ARG001 - nothing of an address is shown
    return DOTS


def mask_text(value: Any) -> str:  # noqa: ARG001 - free text can name anybody
    return DOTS


MASKS: dict[str, Callable[[Any], str]] = {
    "email": mask_email,
    "phone": mask_phone,
    "address": mask_address,
    "text": mask_text,
}


def refuse_card_numbers(text: str) -> None:
    """For a field whose text is kept: raises ValidationError where it holds what looks like a card number or a key."""
    if SECRET_LOOKING.search(text):
        raise ValidationError(_("Leave card numbers and keys out of this text: it is kept."))
