"""Companies: the list, its export, and the page of one company with its people and owners."""

from typing import Any, NamedTuple

from django.db.models import Count
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_safe

from cardholders.filters import NEWEST, CompanyFilter
from cardholders.lists import applicant_columns, country_of, exported, may_export, sees_names
from cardholders.models import Company
from cardholders.record import record_page
from console.access import Permission, requires
from console.arrivals import watched
from console.columns import Column
from console.exports import ExportColumn
from console.htmx import page_or_fragment
from console.listing import listed, paginate
from console.provider.observing import lacks

SORTABLE = {"added": "created_at", "name": "name"}
PEOPLE = 50


class Owner(NamedTuple):
    """An ultimate beneficial owner as the provider lists them; the names are those that `privacy.name` masks."""

    first_name: str
    last_name: str
    email: str
    status: str
    reason: str
    codego_id: str
    external_id: str = ""

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.codego_id or "…"

    @classmethod
    def of(cls, given: dict[str, Any]) -> "Owner":
        words = ("firstName", "lastName", "email", "applicationStatus", "applicationReason", "id")
        return cls(*(str(given.get(word) or "").strip() for word in words))


@listed(lazy("Companies"))
@requires(Permission.RECORD_READ)
@require_safe
@watched("company")
def listing(request: HttpRequest) -> HttpResponse:
    page = paginate(
        request,
        Company.objects.defer("raw"),
        form=CompanyFilter(request.GET, clear=sees_names(request)),
        columns=_columns(),
        default_sort=NEWEST,
        sortable=SORTABLE,
        export_url=may_export(request, "cardholders:companies_export"),
    )
    people = _people_of(page.rows)
    rows = [(company, people[company.pk]) for company in page.rows]
    context: dict[str, object] = {"page": page, "rows": rows, "title": _("Companies")}
    return page_or_fragment(request, "cardholders/companies.html", "cardholders/_companies_table.html", context)


@requires(Permission.LIST_EXPORT)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    clear = sees_names(request)
    form = CompanyFilter(request.GET, clear=clear)
    columns = [
        *applicant_columns(clear=clear),
        ExportColumn("country", lambda row: country_of(row, clear=clear), "country"),
        ExportColumn("people", lambda row: row.people_count, "people"),
    ]
    rows = Company.objects.defer("raw").annotate(people_count=Count("people"))
    return exported(request, "companies", form, columns, rows, SORTABLE, NEWEST)


@requires(Permission.RECORD_READ)
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    company = get_object_or_404(Company, pk=pk)
    people = list(company.people.defer("raw").order_by("last_name", "pk")[: PEOPLE + 1])
    more = {
        "people": people,
        "people_shown": PEOPLE,
        "owners": [Owner.of(each) for each in company.owners],
        "money_hidden": lacks("GET /companies/{id}/contracts"),
    }
    return record_page(request, company, "cardholders/company.html", "cardholders/_company.html", more)


def _columns() -> tuple[Column, ...]:
    return (
        Column("name", _("Name"), "name", fixed=True),
        Column("email", _("E-mail")),
        Column("state", _("Application")),
        Column("people", _("People"), numeric=True),
        Column("added", _("First seen"), "added"),
        Column("country", _("Country"), shown=False),
        Column("since", _("In this state since"), shown=False),
        Column("reason", _("Reason"), shown=False),
        Column("external", _("External id"), shown=False),
        Column("id", _("Company id"), shown=False),
    )


def _people_of(rows: list[Company]) -> dict[int, int]:
    companies = Company.objects.filter(pk__in=[row.pk for row in rows])
    return dict(companies.annotate(n=Count("people")).values_list("pk", "n"))
