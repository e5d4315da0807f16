"""A list on the screen: its rows under filter and sort, columns, saved views, and what an open page asks again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar

from django.db.models import F, Model, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.columns import ALL, COLUMNS, Arrangement, Column, arrange, asked
from console.filtering import CURSOR, SORT, VIEW, Chip, FilterForm, address, without, written
from console.keyset import PAGE_SIZE, Order, field_at, page_of, take
from console.watching import MOST, NothingChanged, every, watch_of


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
    order = Order.of(queryset.model, sortable[sort.removeprefix("-")], descending=sort.startswith("-"))
    watch, place = watch_of(request), request.GET.get(CURSOR, "")
    if watch and watch.shown is not None:
        rows, new = _since(queryset, form.filtered(queryset), order, watch.shown, watch.changed)
        before = after = notice = ""
    else:
        rows, before, after, notice = page_of(form.filtered(queryset), order, sort, place)
        new = 0
    kept = without(request)
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
        next_url=address(request, kept, after),
        previous_url=address(request, kept, before),
        export_url=f"{export_url}?{query}" if export_url and query else export_url,
        query=query,
        clear_url=address(request, bare),
        notice=notice,
        first_sorts={key: _first_sort(queryset.model, key, path, default_sort) for key, path in sortable.items()},
        path=request.path,
        saved=saved,
        watched=",".join(map(str, shown)) if is_watched else "",
        watch_url=address(request, watch.asked(kept, shown, new)) if watch and is_watched else "",
        new=new,
    )


def _since(
    rows: QuerySet[Any], filtered: QuerySet[Any], order: "Order", shown: Sequence[int], changed: Sequence[int]
) -> tuple[list[Any], int]:
    """The shown rows that changed, also those that the filter would not show any more, and how many the first page has
    that are not shown. Raises NothingChanged where none did."""
    first = take(filtered.values_list("pk", flat=True), order, None)[:PAGE_SIZE]
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


def _first_sort(model: type[Model], key: str, path: str, default_sort: str) -> str:
    """Which way a first click sorts: as the default does, else text from A, times and numbers from the largest."""
    if key == default_sort.removeprefix("-"):
        return default_sort
    column, _nullable = field_at(model, path)
    textual = column is not None and column.get_internal_type() in {"CharField", "TextField", "EmailField"}
    return key if textual else f"-{key}"
