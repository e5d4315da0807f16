"""The filter form of a list: what is in force as chips, and the address of the list with and without it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils import formats
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from console.columns import COLUMNS, MOVE, asked
from console.watching import NEW, SHOWN, SINCE

CHOSEN, TYPED, TICKED = "chosen", "typed", "ticked"
SORT, CURSOR, VIEW = "sort", "cursor", "view"


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
                address(request, without(request, bound)),
                _kind(bound.field),
            )
            for bound, value in self.in_force()
        ]


# --- Addresses --------------------------------------------------------------------------------------------------------


def without(request: HttpRequest, bound: forms.BoundField | None = None) -> QueryDict:
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


def address(request: HttpRequest, query: QueryDict, cursor: str | None = None) -> str:
    if cursor is not None:
        if not cursor:
            return ""
        query = query.copy()
        query[CURSOR] = cursor
    return f"{request.path}?{written(query)}" if query else request.path


def written(query: QueryDict) -> str:
    """A query as people read it: commas between columns stay commas."""
    return query.urlencode(safe=",")


# --- Words ------------------------------------------------------------------------------------------------------------


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
