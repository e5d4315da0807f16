"""Accounts: the balances that have a credit limit, those with the least left to spend first."""

from django import forms
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_safe

from cardholders.models import LOW_POWER, LOW_SHARE, Balance
from console.access import Permission, requires
from console.columns import Column
from console.filtering import FilterForm
from console.htmx import page_or_fragment
from console.listing import listed, paginate

LEAST = "power"


class AccountFilter(FilterForm):
    low = forms.BooleanField(label=lazy("Low on spending power"))
    spent = forms.BooleanField(label=lazy("Nothing left to spend"))

    def apply(self, queryset: QuerySet[Balance]) -> QuerySet[Balance]:
        if self.cleaned_data["low"]:
            queryset = queryset.filter(LOW)
        return queryset.filter(spending_power__lte=0) if self.cleaned_data["spent"] else queryset


LOW = Q(spending_power__lt=LOW_POWER) | Q(credit_limit__gt=F("spending_power") * LOW_SHARE)


def accounts() -> QuerySet[Balance]:
    return Balance.objects.filter(credit_limit__gt=0)


def low_power() -> QuerySet[Balance]:
    """Under $50, or under a twentieth of the limit."""
    return accounts().filter(LOW).order_by("spending_power")


@listed(lazy("Accounts"))
@requires(Permission.RECORD_READ)
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    page = paginate(
        request,
        accounts().select_related("cardholder", "company").defer("raw", "cardholder__raw", "company__raw"),
        form=AccountFilter(request.GET),
        columns=(
            Column("holder", _("Account"), fixed=True),
            Column("limit", _("Credit limit"), numeric=True),
            Column("owed", _("Owed"), numeric=True),
            Column("held", _("Held"), numeric=True),
            Column("power", _("Spending power"), "power", numeric=True),
            Column("at", _("As of")),
        ),
        default_sort=LEAST,
        sortable={"power": "spending_power"},
    )
    context: dict[str, object] = {"title": _("Accounts"), "page": page}
    return page_or_fragment(request, "cardholders/accounts.html", "cardholders/_accounts_table.html", context)
