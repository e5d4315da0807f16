"""What the lists of people, companies and reviews have in common: who sees names, and how they are exported."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from console import privacy
from console.access import Permission, allowed
from console.audit import exporting
from console.branding import signature
from console.exports import ExportColumn
from console.filtering import FilterForm


def sees_names(request: HttpRequest) -> bool:
    return allowed(request.user, Permission.PERSONAL_READ)


def may_export(request: HttpRequest, route: str) -> str:
    """Where the list is exported; empty for those who may not."""
    return reverse(route) if allowed(request.user, Permission.LIST_EXPORT) else ""


def exported(
    request: HttpRequest,
    name: str,
    form: FilterForm,
    columns: Sequence[ExportColumn],
    rows: QuerySet[Any],
    sortable: dict[str, str],
    default_sort: str,
) -> StreamingHttpResponse:
    preamble = [
        signature(),
        _("%(list)s, made %(now)s.") % {"list": name, "now": timezone.localtime().isoformat(timespec="seconds")},
        _("Times are in UTC. There are no amounts of money in this file."),
        *(f"{chip.label}: {chip.value}" for chip in form.chips(request)),
    ]
    if not sees_names(request):
        preamble.append(_("Names, e-mails and reasons are masked: your role does not read personal data."))
    return exporting.exported(
        request, rows, name=name, form=form, columns=columns, sortable=sortable, default_sort=default_sort,
        preamble=preamble,
    )  # fmt: skip


def country_of(applicant: Any, *, clear: bool) -> str:
    """Of the address, as sent; masked like the rest of it."""
    address = applicant.address if isinstance(applicant.address, dict) else {}
    country = str(address.get("countryCode") or "")
    return country if clear or not country else privacy.mask_address(country)


def applicant_columns(*, clear: bool) -> list[ExportColumn]:
    return [
        ExportColumn("id", lambda row: row.codego_id, "id"),
        ExportColumn("external_id", lambda row: row.external_id, "external"),
        ExportColumn("name", lambda row: privacy.name(row, clear=clear), "name"),
        ExportColumn(
            "email", lambda row: row.email if clear else privacy.mask_email(row.email) if row.email else "", "email"
        ),
        ExportColumn("application_status", lambda row: row.application_status, "state"),
        ExportColumn("application_status_since", lambda row: row.state_since, "since"),
        ExportColumn("application_reason", lambda row: row.application_reason if clear else "", "reason"),
        ExportColumn("kyc_status", lambda row: row.kyc_status, "kyc"),
        ExportColumn("first_seen", lambda row: row.created_at, "added"),
    ]
