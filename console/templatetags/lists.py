"""Rows of a list whose columns are chosen: the cells of one row are written once, and drawn as the page has its columns."""

from django import template
from django.template.base import FilterExpression, NodeList, Parser, TextNode, Token
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from console.templatetags.console import ui_icon

register = template.Library()


class CellsNode(template.Node):
    child_nodelists = ()

    def __init__(self, page: FilterExpression, drawn: dict[str, NodeList]) -> None:
        self.page = page
        self.drawn = drawn

    def render(self, context: Context) -> SafeString:
        drawn = self.drawn
        cells = [drawn[column.key].render(context) for column in self.page.resolve(context).columns]
        return mark_safe("".join(cells))  # noqa: S308 - what nodes render is escaped already


@register.simple_tag
def peek(url: str, name: object) -> SafeString:
    """{% peek card.get_absolute_url card %}: in a row's name cell, what shows the record beside the list."""
    label = _("Preview %(what)s") % {"what": name}
    return format_html(
        '<a class="peek" href="{}preview/" data-peek aria-label="{}" title="{}">{}</a>', url, label, _("Preview"),
        ui_icon("eye"),
    )  # fmt: skip


@register.tag
def cells(parser: Parser, token: Token) -> CellsNode:
    """{% cells page %}{% cell "limit" %}<td>…</td>{% endcell %}…{% endcells %}: hidden ones are never rendered."""
    try:
        _name, page = token.split_contents()
    except ValueError:
        raise template.TemplateSyntaxError("cells takes the page of the list, nothing else.") from None
    drawn: dict[str, NodeList] = {}
    while True:
        between = parser.parse(("cell", "endcells"))
        if any(not isinstance(node, TextNode) or node.s.strip() for node in between):
            raise template.TemplateSyntaxError("Only cells stand inside cells.")
        opening = parser.next_token()
        if opening.contents == "endcells":
            return CellsNode(parser.compile_filter(page), drawn)
        key = opening.split_contents()[-1].strip("\"'")
        drawn[key] = parser.parse(("endcell",))
        parser.delete_first_token()
