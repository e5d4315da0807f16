"""Rows of a list whose columns are chosen: the cells of one row are written once, and drawn as the page has its columns."""

from django import template
from django.template.base import FilterExpression, NodeList, Parser, TextNode, Token
from django.template.context import Context
from django.utils.safestring import SafeString, mark_safe

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
