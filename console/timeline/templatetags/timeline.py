"""The timeline on a record's page: the page need not know how it comes about."""

from typing import Any

from django import template

from console.timeline.items import timeline as page_of
from console.timeline.streams import KIND_LABELS

register = template.Library()


@register.inclusion_tag("timeline/_timeline.html", takes_context=True)
def timeline(context: dict[str, Any], row: Any, *, swap: bool = False, link: bool = True) -> dict[str, Any]:
    """{% timeline card %}: its newest changes and what was done to it; `swap` beside a fragment that was swapped, `link`
    to the page that has all of it."""
    page = page_of(context["request"], row)
    return {
        "page": page,
        "kinds": [(kind, label, kind == page.kind) for kind, label in KIND_LABELS.items()],
        "noun": row._meta.model_name,
        "row": row,
        "swap": swap,
        "link": link,
        "can": context["can"],
        "request": context["request"],
    }
