"""Lists of any length: filter form, sort, and keyset pages that never count and never skip rows (no OFFSET)."""

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol, TypeVar

from django import forms
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.signing import BadSignature, Signer
from django.db.models import F, Field, Model, Q, QuerySet
from django.db.models.expressions import Col
from django.db.models.lookups import GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual
from django.http import HttpRequest, QueryDict
from django.utils import formats
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.columns import ALL, COLUMNS, MOVE, Arrangement, Column, arrange, asked
from console.watching import MOST, NEW, SHOWN, SINCE, NothingChanged, every, watch_of

PAGE_SIZE = 50
CHOSEN, TYPED, TICKED = "chosen", "typed", "ticked"
SORT, CURSOR, VIEW = "sort", "cursor", "view"
UPPER_BOUNDS = {LessThan: operator.lt, LessThanOrEqual: operator.le}
LOWER_BOUNDS = {GreaterThan: operator.gt, GreaterThanOrEqual: operator.ge}


class Saved(Protocol):
    """What the reader keeps of this list; console.saved hangs it on the request of a view that is `listed`."""

    @property
    def columns(self) -> list[str]: ...
    @property
    def current(self) -> object: ...
    @property
    def opens(self) -> object: ...
    def differs(self, query: str) -> bool: ...
    def new_url(self, query: str) -> str: ...


_View = TypeVar("_View", bound=Callable[..., Any])


def listed(title: Any) -> Callable[[_View], _View]:
    """Marks the view of a list, so that people can save views of it under this title."""

    def mark(view: _View) -> _View:
        view.list_title = title  # type: ignore[attr-defined]
        return view

    return mark


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force, and the address of the list without it."""

    label: str
    value: str
    remove_url: str
    kind: str = ""

    @property
    def words(self) -> SafeString:
        """As a sentence: “Status is Active”, “Limit from $100.00”, “Expires within 60 days”."""
        label = format_html("<span>{}</span>", self.label.partition(", ")[0])  # the unit stands with the amount
        value = format_html("<strong>{}</strong>", self.value)
        patterns = {
            CHOSEN: _("{label} is {value}"),
            TYPED: _("{label} “{value}”"),
            TICKED: "{label}",
        }
        return format_html(patterns.get(self.kind, "{label} {value}"), label=label, value=value)


class Days(NamedTuple):
    """A span of days that can be asked for at once."""

    label: str
    url: str
    current: bool


class Head(NamedTuple):
    """A column's heading as `ui/_list_head.html` draws it; `aria_sort` is empty where the list is not sorted by it."""

    label: str
    url: str
    aria_sort: str
    numeric: bool


class FilterForm(forms.Form):
    """Every field is optional and comes by GET. What cannot be understood filters nothing and shows its error."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for each in self.fields.values():
            each.required = False

    def spans(self) -> list[tuple[str, date, date]]:
        """Days that can be asked for at once, where `from` and `to` are among the fields. For subclasses."""
        return []

    def apply(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that match `cleaned_data`; every field is in it. For subclasses."""
        return queryset

    def filtered(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that match what was asked; all of them on an unbound form."""
        if not self.is_bound:
            return queryset
        for name in self.errors:
            if name in self.fields:
                self.cleaned_data[name] = self.fields[name].clean(None)
        return self.apply(queryset)

    def in_force(self) -> Iterator[tuple[forms.BoundField, Any]]:
        """The fields that filter, with their cleaned values."""
        if self.is_bound:
            for bound in self:
                if bound.name not in self.errors and _says_something(value := self.cleaned_data.get(bound.name)):
                    yield bound, value

    def chips(self, request: HttpRequest) -> list[Chip]:
        return [
            Chip(
                str(bound.label),
                _in_words(bound, value),
                _address(request, _without(request, bound)),
                _kind(bound.field),
            )
            for bound, value in self.in_force()
        ]


@dataclass(frozen=True)
class ListPage:
    arrangement: Arrangement
    rows: list[Any]
    form: FilterForm
    chips: list[Chip]
    sort: str  # as in the address: "-created"
    next_url: str = ""
    previous_url: str = ""
    export_url: str = ""
    query: str = ""  # the query string that names this list, without the place in it
    clear_url: str = ""
    notice: str = ""  # why this is not the page that was asked for
    first_sorts: dict[str, str] = field(default_factory=dict)
    path: str = ""
    saved: Saved | None = None
    watched: str = ""  # the ids that the page shows, with commas between them
    watch_url: str = ""  # where an open page asks what has changed; empty where it does not ask
    new: int = 0  # rows that its first page would show and that a page which asked does not

    @property
    def first_url(self) -> str:
        """The first page of this list."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def watch_every(self) -> str:
        return every()

    @property
    def columns(self) -> list[Column]:
        """Those that are shown, in order."""
        return self.arrangement.shown

    @property
    def sort_key(self) -> str:
        return self.sort.removeprefix("-")

    @property
    def direction(self) -> str:
        return "desc" if self.sort.startswith("-") else "asc"

    @property
    def is_filtered(self) -> bool:
        return bool(self.chips)

    def sort_url(self, column: Column) -> str:
        """Sorted by this column, the other way round if it already is; empty where the column does not sort."""
        if not column.sort or column.sort not in self.first_sorts:
            return ""
        turned = column.sort if self.sort.startswith("-") else f"-{column.sort}"
        wanted = turned if column.sort == self.sort_key else self.first_sorts[column.sort]
        query = QueryDict(self.query, mutable=True)
        query[SORT] = wanted
        return f"{self.path}?{written(query)}"

    @property
    def carried(self) -> list[tuple[str, str]]:
        """What a filter form must carry along: how the list is sorted and arranged, and the view it came from."""
        query = QueryDict(self.query)
        return [(name, query[name]) for name in (SORT, COLUMNS, VIEW) if name in query]

    @property
    def without_columns(self) -> list[tuple[str, str]]:
        """What the form that chooses columns must carry along."""
        known = {SORT, VIEW, *self.form.fields}
        return [
            (name, value)
            for name, values in QueryDict(self.query).lists()
            if name in known or name.rpartition("_")[0] in known
            for value in values
        ]

    @property
    def days(self) -> list[Days]:
        found = []
        for label, first, last in self.form.spans():
            query = QueryDict(self.query, mutable=True)
            asked = (query.get("from"), query.get("to"))
            query["from"], query["to"] = f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}"
            current = asked == (query["from"], query["to"])
            found.append(Days(label, f"{self.path}?{written(query)}", current))
        return found

    @property
    def to_save(self) -> str:
        """What a view of this screen keeps: with its columns, where they are not the reader's usual ones."""
        query = QueryDict(self.query, mutable=True)
        query.pop(VIEW, None)
        if self.arrangement.own:
            query[COLUMNS] = self.arrangement.words
        return written(query)

    @property
    def is_unsaved(self) -> bool:
        return self.saved is not None and self.saved.differs(self.to_save)

    @property
    def save_url(self) -> str:
        return self.saved.new_url(self.to_save) if self.saved else ""

    @property
    def export_choices(self) -> list[tuple[str, str]]:
        """Addresses of the file, with what is on the screen and with all there is, in words."""
        if not self.export_url:
            return []
        query = QueryDict(self.query, mutable=True)
        query[COLUMNS] = self.arrangement.words
        path = self.export_url.partition("?")[0]
        shown = f"{path}?{written(query)}"
        query[COLUMNS] = ALL
        return [(_("Columns as shown"), shown), (_("All columns"), f"{path}?{written(query)}")]

    @property
    def query_without_columns(self) -> str:
        query = QueryDict(self.query, mutable=True)
        query.pop(COLUMNS, None)
        return written(query)

    @property
    def own_columns_url(self) -> str:
        """This list with the columns it comes with."""
        query = self.query_without_columns
        return f"{self.path}?{query}" if query else self.path

    @property
    def heads(self) -> list[Head]:
        spoken = {"asc": "ascending", "desc": "descending"}[self.direction]
        return [
            Head(column.label, self.sort_url(column), spoken if column.sort == self.sort_key else "", column.numeric)
            for column in self.columns
        ]


def paginate(
    request: HttpRequest,
    queryset: QuerySet[Any],
    *,
    form: FilterForm,
    columns: Sequence[Column],
    default_sort: str,
    sortable: dict[str, str],
    export_url: str = "",
) -> ListPage:
    """One page of `queryset` under `form`'s filters: pass it unfiltered. `sortable` maps the word in the address to one
    field (`{"amount": "amount"}`), and `default_sort` is such a word, with a minus for newest or largest first."""
    sort = request.GET.get(SORT, default_sort)
    if sort.removeprefix("-") not in sortable:
        sort = default_sort
    order = _Order.of(queryset.model, sortable[sort.removeprefix("-")], descending=sort.startswith("-"))
    watch, place = watch_of(request), request.GET.get(CURSOR, "")
    if watch and watch.shown is not None:
        rows, new = _since(queryset, form.filtered(queryset), order, watch.shown, watch.changed)
        before = after = notice = ""
    else:
        rows, before, after, notice = _page(form.filtered(queryset), order, sort, place)
        new = 0
    kept = _without(request)
    shown = [row.pk for row in rows] if watch is None or watch.shown is None else watch.shown
    is_watched = watch is not None and sort == default_sort and not place
    query = written(kept)
    bare = QueryDict(mutable=True)
    for name, value in ((SORT, sort), (COLUMNS, kept.get(COLUMNS))):
        if value and name in kept:
            bare[name] = value
    saved: Saved | None = getattr(request, "saved", None)
    if VIEW in kept or (saved and saved.opens):
        bare[VIEW] = ALL
    arrangement = arrange(columns, asked(request.GET), saved.columns if saved else ())
    notice = notice or _not_columns(arrangement.unknown)
    if saved and saved.current and not notice:
        notice = _stale(kept, form, sortable)
    return ListPage(
        arrangement=arrangement,
        rows=rows,
        form=form,
        chips=form.chips(request),
        sort=sort,
        next_url=_address(request, kept, after),
        previous_url=_address(request, kept, before),
        export_url=f"{export_url}?{query}" if export_url and query else export_url,
        query=query,
        clear_url=_address(request, bare),
        notice=notice,
        first_sorts={key: _first_sort(queryset.model, key, path, default_sort) for key, path in sortable.items()},
        path=request.path,
        saved=saved,
        watched=",".join(map(str, shown)) if is_watched else "",
        watch_url=_address(request, watch.asked(kept, shown, new)) if watch and is_watched else "",
        new=new,
    )


def _since(
    rows: QuerySet[Any], filtered: QuerySet[Any], order: "_Order", shown: Sequence[int], changed: Sequence[int]
) -> tuple[list[Any], int]:
    """The shown rows that changed, also those that the filter would not show any more, and how many the first page has
    that are not shown. Raises NothingChanged where none did."""
    first = _take(filtered.values_list("pk", flat=True), order, None)[:PAGE_SIZE]
    new = min(len(set(first) - set(shown)), MOST)
    found = {row.pk: row for row in rows.filter(pk__in=changed)} if changed else {}
    if not found:
        raise NothingChanged(new)
    return [found[pk] for pk in changed if pk in found], new


def _not_columns(names: Sequence[str]) -> str:
    words = ngettext("This list has no column %(names)s.", "This list has no columns %(names)s.", len(names))
    return words % {"names": ", ".join(names)} if names else ""


def _stale(query: QueryDict, form: FilterForm, sortable: dict[str, str]) -> str:
    """What a saved view asks for that its list no longer has, or the reader may not use."""
    known = {SORT, COLUMNS, VIEW, *form.fields}
    gone = [name for name in query if name not in known and name.rpartition("_")[0] not in known]
    gone += [str(form.fields[name].label) for name in form.errors if name in form.fields]
    if SORT in query and str(query[SORT]).removeprefix("-") not in sortable:
        gone.append(SORT)
    words = _("Part of this view no longer applies and was left out: %(names)s.")
    return words % {"names": ", ".join(gone)} if gone else ""


def ordered(request: HttpRequest, rows: QuerySet[Any], sortable: dict[str, str], default_sort: str) -> QuerySet[Any]:
    """All rows in the order the list shows them: those without a value last either way."""
    sort = request.GET.get(SORT, default_sort)
    if sort.removeprefix("-") not in sortable:
        sort = default_sort
    field = F(sortable[sort.removeprefix("-")])
    if sort.startswith("-"):
        return rows.order_by(field.desc(nulls_last=True), "-pk")
    return rows.order_by(field.asc(nulls_last=True), "pk")


# --- Keyset pages -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Order:
    """One field and the id behind it. Rows without a value come last either way, as a segment of their own: databases
    disagree on where NULL sorts, and only a segment keeps the plain index in use."""

    path: str
    descending: bool
    nullable: bool
    column: "Field[Any, Any] | None"  # None for an annotation

    @classmethod
    def of(cls, model: type[Model], path: str, *, descending: bool) -> "_Order":
        column, nullable = _field(model, path)
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


def _page(rows: QuerySet[Any], order: _Order, sort: str, cursor: str) -> tuple[list[Any], str, str, str]:
    """Rows, the cursors of the page before and after, and a notice."""
    if not cursor:
        return *_first_page(rows, order, sort), ""
    try:
        place = _read(cursor, sort, order)
    except (BadSignature, ValueError, TypeError, ValidationError, ArithmeticError):
        return *_first_page(rows, order, sort), _("That page can no longer be opened. This is the first page.")
    found = _take(rows, order, place)
    if place.backwards and len(found) <= PAGE_SIZE:  # the beginning: a full first page is worth more than an exact one
        return *_first_page(rows, order, sort), ""
    more = len(found) > PAGE_SIZE
    found = found[:PAGE_SIZE]
    if not found:
        return *_first_page(rows, order, sort), _("There is nothing on that page any more. This is the first page.")
    if place.backwards:
        found.reverse()
    before = _write(found[0], order, sort, backwards=True)
    after = _write(found[-1], order, sort) if more or place.backwards else ""
    return found, before, after, ""


def _first_page(rows: QuerySet[Any], order: _Order, sort: str) -> tuple[list[Any], str, str]:
    found = _take(rows, order, None)
    more = len(found) > PAGE_SIZE
    return found[:PAGE_SIZE], "", _write(found[PAGE_SIZE - 1], order, sort) if more else ""


class _Place(NamedTuple):
    value: Any
    pk: Any
    backwards: bool


def _take(rows: QuerySet[Any], order: _Order, place: _Place | None) -> list[Any]:
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


def _write(row: Any, order: _Order, sort: str, *, backwards: bool = False) -> str:
    value = order.value_of(row)
    if isinstance(value, datetime | date):
        value = value.isoformat()
    elif not isinstance(value, str | int | None):
        value = str(value)
    return _signer().sign_object([sort, value, str(row.pk), int(backwards)])


def _read(cursor: str, sort: str, order: _Order) -> _Place:
    """ValueError for a cursor of another sort: its place means nothing in this one."""
    made_for, value, pk, backwards = _signer().unsign_object(cursor)
    if made_for != sort:
        raise ValueError(made_for)
    if value is not None and order.column is not None:
        value = order.column.to_python(value)
    return _Place(value, pk, bool(backwards))


# --- Fields, addresses, words -----------------------------------------------------------------------------------------


def _field(model: type[Model], path: str) -> "tuple[Field[Any, Any] | None, bool]":
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


def _first_sort(model: type[Model], key: str, path: str, default_sort: str) -> str:
    """Which way a first click sorts: as the default does, else text from A, times and numbers from the largest."""
    if key == default_sort.removeprefix("-"):
        return default_sort
    column, _nullable = _field(model, path)
    textual = column is not None and column.get_internal_type() in {"CharField", "TextField", "EmailField"}
    return key if textual else f"-{key}"


def _without(request: HttpRequest, bound: forms.BoundField | None = None) -> QueryDict:
    """The query without the place in the list, and without one filter. Empty parameters are left out."""
    query = QueryDict(mutable=True)
    gone = {CURSOR, COLUMNS, MOVE, SINCE, SHOWN, NEW, *([bound.html_name] if bound else [])}
    for name, values in request.GET.lists():
        if kept := [value for value in values if value]:
            split = bound is not None and name.rpartition("_")[0] == bound.html_name and name[-1:].isdigit()
            if name not in gone and not split:
                query.setlist(name, kept)
    if columns := asked(request.GET):
        query[COLUMNS] = ",".join(columns)
    return query


def _address(request: HttpRequest, query: QueryDict, cursor: str | None = None) -> str:
    if cursor is not None:
        if not cursor:
            return ""
        query = query.copy()
        query[CURSOR] = cursor
    return f"{request.path}?{written(query)}" if query else request.path


def written(query: QueryDict) -> str:
    """A query as people read it: commas between columns stay commas."""
    return query.urlencode(safe=",")


def _says_something(value: Any) -> bool:
    return (
        value is not None and value is not False and value != "" and (not hasattr(value, "__len__") or len(value) > 0)
    )


def _kind(field: forms.Field) -> str:
    kinds = {forms.ModelChoiceField: "", forms.ChoiceField: CHOSEN, forms.BooleanField: TICKED, forms.RegexField: ""}
    named = next((kinds[kind] for kind in kinds if isinstance(field, kind)), None)
    return named if named is not None else TYPED if type(field) is forms.CharField else ""


def _in_words(bound: forms.BoundField, value: Any) -> str:
    choices: Any = getattr(bound.field, "choices", None)
    if choices is not None and not isinstance(bound.field, forms.ModelChoiceField):
        labels = {str(key): str(label) for key, label in _flat(choices)}
        several = value if isinstance(value, list | tuple) else [value]
        return ", ".join(labels.get(str(each), str(each)) for each in several)
    if value is True:
        return _("yes")
    if isinstance(value, QuerySet | list | tuple):
        return ", ".join(str(each) for each in value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return formats.date_format(value, "j M Y")
    return str(formats.localize(value, use_l10n=True))


def _flat(choices: Any) -> Iterator[tuple[Any, Any]]:
    for key, label in choices:
        if isinstance(label, list | tuple):
            yield from _flat(label)
        else:
            yield key, label
