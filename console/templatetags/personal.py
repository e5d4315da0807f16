"""Personal data in templates: shown to those who may read it, masked for the rest (ASVS 14.2.6)."""

from typing import Any

from django import template

from console import privacy

register = template.Library()


@register.simple_tag(takes_context=True)
def person(context: dict[str, Any], holder: Any) -> str:
    """A cardholder's or company's name; companies are no persons and stay clear."""
    return privacy.name(holder, clear=_clear(context))


@register.simple_tag(takes_context=True)
def personal(context: dict[str, Any], value: Any, kind: str) -> str:
    """`kind` is email, phone, address, or text for words that somebody typed."""
    return privacy.MASKS[kind](value) if value and not _clear(context) else str(value or "")


def _clear(context: dict[str, Any]) -> bool:
    can = context.get("can")
    return bool(can and can.personal_read)
