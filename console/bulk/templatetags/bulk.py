"""What a list needs so that its rows can be chosen: the bar, the box that takes a page, and the box of a row."""

import hashlib
from typing import Any

from django import template
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.access import Permission, allowed, permissions_of
from console.bulk.kinds import LISTS, of_list
from console.bulk.nouns import NOUNS
from console.filtering import CURSOR, SORT

register = template.Library()
NOT_FILTERS = {CURSOR, SORT, "columns", "move"}


@register.inclusion_tag("bulk/_bar.html", takes_context=True)
def select_bar(context: dict[str, Any], name: str) -> dict[str, Any]:
    """{% select_bar "cards" %}: before the table, once. Without anything to do for this person, there are no boxes."""
    request, page = context["request"], context["page"]
    kinds = of_list(name, permissions_of(request.user.roles)) if page.rows else []
    if not kinds:
        return {}
    context["selecting"] = name  # for the boxes after it
    n = {"n": "{n}"}
    return {
        "name": name,
        "query": page.query,
        "key": _key(request.user.pk, name, page.query),
        "at_hand": [kind for kind in kinds if kind.at_hand],
        "further": [kind for kind in kinds if not kind.at_hand],
        "one": ngettext("%(n)s selected", "%(n)s selected", 1) % n,
        "many": ngettext("%(n)s selected", "%(n)s selected", 2) % n,
        "filtered": page.is_filtered,
    }


@register.simple_tag(takes_context=True)
def select_head(context: dict[str, Any]) -> SafeString | str:
    """The first cell of the heading: takes the whole page."""
    if not context.get("selecting"):
        return ""
    box = '<td class="pick"><input type="checkbox" data-select-page autocomplete="off" aria-label="{}"></td>'
    return format_html(box, _("Select all rows on this page"))


@register.simple_tag(takes_context=True)
def select_box(context: dict[str, Any], row: Any) -> SafeString | str:
    """{% select_box card %}: the first cell of a row."""
    if not (name := context.get("selecting")):
        return ""
    clear = allowed(context["request"].user, Permission.PERSONAL_READ)
    shown = NOUNS[LISTS[name].noun].name(row, clear)
    box = '<td class="pick"><input type="checkbox" name="pk" value="{}" form="selection" aria-label="{}"></td>'
    return format_html(box, row.pk, _("Select %(what)s") % {"what": shown})


def _key(user: int, name: str, query: str) -> str:
    """Names the selection of one person under one filter, without saying what was typed into it."""
    filters = QueryDict(query, mutable=True)
    for word in NOT_FILTERS & set(filters):
        del filters[word]
    told = f"{user} {name} {sorted(filters.lists())}"
    return f"{name}:{hashlib.sha256(told.encode()).hexdigest()[:12]}"
