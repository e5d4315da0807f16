"""People: the list, its export, and the page of one cardholder."""

from django.db.models import Count
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_safe

from cardholders.filters import NEWEST, CardholderFilter
from cardholders.lists import applicant_columns, country_of, exported, may_export, sees_names
from cardholders.models import Cardholder
from cardholders.record import record_page
from console import privacy
from console.access import Permission, requires
from console.arrivals import watched
from console.columns import Column
from console.exports import ExportColumn
from console.htmx import page_or_fragment
from console.listing import listed, paginate

PEOPLE = Cardholder.objects.select_related("company").defer("raw", "company__raw")


@listed(lazy("Cardholders"))
@requires(Permission.RECORD_READ)
@require_safe
@watched("cardholder")
def listing(request: HttpRequest) -> HttpResponse:
    page = paginate(
        request,
        PEOPLE.all(),
        form=CardholderFilter(request.GET, clear=sees_names(request)),
        columns=_columns(),
        default_sort=NEWEST,
        sortable=_sortable(request),
        export_url=may_export(request, "cardholders:export"),
    )
    cards = _cards_of(page.rows)
    rows = [(holder, cards[holder.pk]) for holder in page.rows]
    context: dict[str, object] = {"page": page, "rows": rows, "title": _("Cardholders")}
    return page_or_fragment(request, "cardholders/list.html", "cardholders/_table.html", context)


@requires(Permission.LIST_EXPORT)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    clear = sees_names(request)
    form = CardholderFilter(request.GET, clear=clear)
    columns = [
        *applicant_columns(clear=clear),
        ExportColumn("company_id", lambda row: row.company and row.company.codego_id, "company"),
        ExportColumn("company", lambda row: privacy.name(row.company, clear=clear), "company"),
        ExportColumn("phone", lambda row: _phone(row, clear=clear), "phone"),
        ExportColumn("country", lambda row: country_of(row, clear=clear), "country"),
        ExportColumn("cards", lambda row: row.card_count, "cards"),
    ]
    rows = PEOPLE.annotate(card_count=Count("cards"))
    return exported(request, "cardholders", form, columns, rows, _sortable(request), NEWEST)


@requires(Permission.RECORD_READ)
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    holder = get_object_or_404(Cardholder.objects.select_related("company"), pk=pk)
    return record_page(request, holder, "cardholders/detail.html", "cardholders/_record.html")


def _phone(holder: Cardholder, *, clear: bool) -> str:
    number = f"{holder.phone_country_code} {holder.phone_number}".strip()
    return number if clear or not number else privacy.mask_phone(number)


def _columns() -> tuple[Column, ...]:
    return (
        Column("name", _("Name"), "name", fixed=True),
        Column("email", _("E-mail")),
        Column("state", _("Application")),
        Column("company", _("Company")),
        Column("cards", _("Cards"), numeric=True),
        Column("added", _("First seen"), "added"),
        Column("phone", _("Phone"), shown=False),
        Column("country", _("Country"), shown=False),
        Column("since", _("In this state since"), shown=False),
        Column("kyc", _("KYC"), shown=False),
        Column("reason", _("Reason"), shown=False),
        Column("external", _("External id"), shown=False),
        Column("id", _("Cardholder id"), shown=False),
    )


def _sortable(request: HttpRequest) -> dict[str, str]:
    added = {"added": "created_at"}
    return added | {"name": "last_name"} if sees_names(request) else added


def _cards_of(rows: list[Cardholder]) -> dict[int, int]:
    """How many cards each person on this page has: one query, whatever the size of the tables."""
    people = Cardholder.objects.filter(pk__in=[row.pk for row in rows])
    return dict(people.annotate(n=Count("cards")).values_list("pk", "n"))
