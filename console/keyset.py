"""Keyset pages: one field and the id behind it, read from an index; nothing is counted and no row is skipped (no OFFSET)."""

import operator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.signing import BadSignature, Signer
from django.db.models import Field, Model, Q, QuerySet
from django.db.models.expressions import Col
from django.db.models.lookups import GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual
from django.utils.translation import gettext as _

PAGE_SIZE = 50
UPPER_BOUNDS = {LessThan: operator.lt, LessThanOrEqual: operator.le}
LOWER_BOUNDS = {GreaterThan: operator.gt, GreaterThanOrEqual: operator.ge}


@dataclass(frozen=True, slots=True)
class Order:
    """One field and the id behind it. Rows without a value come last either way, as a segment of their own: databases
    disagree on where NULL sorts, and only a segment keeps the plain index in use."""

    path: str
    descending: bool
    nullable: bool
    column: "Field[Any, Any] | None"  # None for an annotation

    @classmethod
    def of(cls, model: type[Model], path: str, *, descending: bool) -> "Order":
        column, nullable = field_at(model, path)
        return cls(path, descending, nullable, column)

    def segment(self, rows: QuerySet[Any], *, empty: bool, backwards: bool) -> QuerySet[Any]:
        down = "-" if self.descending != backwards else ""
        by = ["pk"] if empty or self.path in {"pk", "id"} else [self.path, "pk"]
        if self.nullable:
            rows = rows.filter(**{f"{self.path}__isnull": empty})
        return rows.order_by(*(down + name for name in by))

    def beyond(self, rows: QuerySet[Any], value: Any, pk: Any, *, backwards: bool) -> QuerySet[Any]:
        """Rows past (value, pk), in the one form that both databases answer from an index (a plain OR is not)."""
        side = "lt" if self.descending != backwards else "gt"
        tie = Q(**{f"pk__{side}": pk})
        if value is None or self.path in {"pk", "id"}:
            return rows.filter(tie)
        edge = Q(**{f"{self.path}__{side}e": value})
        return _fold(rows, self.column, side, value).filter(edge & (Q(**{f"{self.path}__{side}": value}) | tie))

    def value_of(self, row: Any) -> Any:
        value = row
        for name in self.path.split("__"):
            value = getattr(value, name, None)
        return value


def page_of(rows: QuerySet[Any], order: Order, sort: str, cursor: str) -> tuple[list[Any], str, str, str]:
    """Rows, the cursors of the page before and after, and a notice."""
    if not cursor:
        return *first_page(rows, order, sort), ""
    try:
        place = read_cursor(cursor, sort, order)
    except (BadSignature, ValueError, TypeError, ValidationError, ArithmeticError):
        return *first_page(rows, order, sort), _("That page can no longer be opened. This is the first page.")
    found = take(rows, order, place)
    if place.backwards and len(found) <= PAGE_SIZE:  # the beginning: a full first page is worth more than an exact one
        return *first_page(rows, order, sort), ""
    more = len(found) > PAGE_SIZE
    found = found[:PAGE_SIZE]
    if not found:
        return *first_page(rows, order, sort), _("There is nothing on that page any more. This is the first page.")
    if place.backwards:
        found.reverse()
    before = write_cursor(found[0], order, sort, backwards=True)
    after = write_cursor(found[-1], order, sort) if more or place.backwards else ""
    return found, before, after, ""


def first_page(rows: QuerySet[Any], order: Order, sort: str) -> tuple[list[Any], str, str]:
    found = take(rows, order, None)
    more = len(found) > PAGE_SIZE
    return found[:PAGE_SIZE], "", write_cursor(found[PAGE_SIZE - 1], order, sort) if more else ""


class Place(NamedTuple):
    value: Any
    pk: Any
    backwards: bool


def take(rows: QuerySet[Any], order: Order, place: Place | None) -> list[Any]:
    """One row more than a page, from at most two segments: those with a value, then those without."""
    backwards = place is not None and place.backwards
    segments = [False, True] if order.nullable else [False]
    if backwards:
        segments.reverse()
    found: list[Any] = []
    for empty in segments:
        segment = order.segment(rows, empty=empty, backwards=backwards)
        if place is not None and empty == (order.nullable and place.value is None):
            segment = order.beyond(segment, place.value, place.pk, backwards=backwards)
        elif place is not None and empty == backwards:
            continue  # the whole segment lies behind the place
        found += segment[: PAGE_SIZE + 1 - len(found)]
        if len(found) > PAGE_SIZE:
            break
    return found


def _fold(rows: QuerySet[Any], column: "Field[Any, Any] | None", side: str, value: Any) -> QuerySet[Any]:
    """Drops the filter's own bound where the cursor is the tighter one: SQLite would seek by the wrong one of the two.
    A bound that the cursor does not lie inside, as in an address changed by hand, stays."""
    rows = rows.all()
    where, table = rows.query.where, rows.query.get_initial_alias()
    bounds = UPPER_BOUNDS if side == "lt" else LOWER_BOUNDS

    def is_looser(child: Any) -> bool:
        inside = next((holds for kind, holds in bounds.items() if isinstance(child, kind)), None)
        if inside is None or not isinstance(child.lhs, Col) or (child.lhs.target, child.lhs.alias) != (column, table):
            return False
        return isinstance(child.rhs, type(value)) and bool(inside(value, child.rhs))

    if column is not None and where.connector == "AND" and not where.negated:
        where.children = [child for child in where.children if not is_looser(child)]
    return rows


# --- Cursors ----------------------------------------------------------------------------------------------------------


def _signer() -> Signer:
    return Signer(salt="console.listing")


def write_cursor(row: Any, order: Order, sort: str, *, backwards: bool = False) -> str:
    value = order.value_of(row)
    if isinstance(value, datetime | date):
        value = value.isoformat()
    elif not isinstance(value, str | int | None):
        value = str(value)
    return _signer().sign_object([sort, value, str(row.pk), int(backwards)])


def read_cursor(cursor: str, sort: str, order: Order) -> Place:
    """ValueError for a cursor of another sort: its place means nothing in this one."""
    made_for, value, pk, backwards = _signer().unsign_object(cursor)
    if made_for != sort:
        raise ValueError(made_for)
    if value is not None and order.column is not None:
        value = order.column.to_python(value)
    return Place(value, pk, bool(backwards))


def field_at(model: type[Model], path: str) -> "tuple[Field[Any, Any] | None, bool]":
    """The model field at the end of a path, and whether the value there can be missing."""
    nullable = False
    at: Any = model
    column: Any = None
    for name in path.split("__"):
        try:
            column = at._meta.pk if name == "pk" else at._meta.get_field(name)
        except FieldDoesNotExist:
            return None, True
        nullable = nullable or column.null
        at = column.related_model
    return column, nullable
