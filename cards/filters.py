"""How the list of cards is filtered, on the screen and in its export."""

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cards.forms import MoneyField
from cards.models import CANCELED, Card
from console.days import DaysFilter
from console.money import LARGEST, format_minor

TYPES = [("virtual", _("Virtual")), ("physical", _("Physical"))]
STATES = [
    ("active", _("Active")),
    ("locked", _("Locked")),
    ("notactivated", _("Not activated")),
    (CANCELED, _("Cancelled")),
]
OTHER = "other"


class CardFilters(DaysFilter):
    """Names filter only for those who may read them: else the list would say who is who, guess by guess."""

    q = forms.CharField(
        label=_("Cardholder or last four"),
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": _("Cardholder, company or last four"), "type": "search"}),
    )
    last4 = forms.RegexField(
        r"^\d{4}$",
        label=_("Last four"),
        max_length=4,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"invalid": _("Enter four digits.")},
    )
    status = forms.ChoiceField(label=_("Status"), choices=[("", _("Any")), *STATES, (OTHER, _("Any other word"))])
    type = forms.ChoiceField(label=_("Type"), choices=[("", _("Any")), *TYPES])
    limit_from = MoneyField(label=_("Limit from, US$"))
    limit_to = MoneyField(label=_("Limit to, US$"))
    expiring = forms.BooleanField(label=_("Expires within 60 days"))
    cardholder = forms.IntegerField(label=_("Cardholder no."), min_value=1, max_value=LARGEST, widget=forms.HiddenInput)
    company = forms.IntegerField(label=_("Company no."), min_value=1, max_value=LARGEST, widget=forms.HiddenInput)

    SAME: ClassVar = {
        "last4": "last4",
        "type": "type__iexact",
        "limit_from": "limit_amount__gte",
        "limit_to": "limit_amount__lte",
        "cardholder": "cardholder",
    }

    def __init__(self, *args: Any, personal: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["from"].label, self.fields["to"].label = _("Issued from"), _("Issued to")
        if not personal:
            del self.fields["q"]

    def in_force(self) -> Iterator[tuple[forms.BoundField, Any]]:
        for bound, value in super().in_force():
            yield bound, format_minor(value, "USD") if isinstance(bound.field, MoneyField) else value

    def apply(self, queryset: QuerySet[Card]) -> QuerySet[Card]:
        given = self.cleaned_data
        same = {lookup: given[name] for name, lookup in self.SAME.items() if given[name] not in {None, ""}}
        queryset = queryset.filter(**same, **self.within("codego_created_at"))
        if given["company"]:
            queryset = queryset.filter(Q(company=given["company"]) | Q(cardholder__company=given["company"]))
        if given["status"] == OTHER:
            queryset = queryset.exclude(state__in=[word for word, _label in STATES])
        elif given["status"]:
            queryset = queryset.filter(state=given["status"])
        if given["expiring"]:
            queryset = queryset.filter(pk__in=Card.objects.expiring(timezone.now().date()))
        for word in given.get("q", "").split():
            queryset = queryset.filter(_mentions(word))
        return queryset


def _mentions(word: str) -> Q:
    if re.fullmatch(r"\d{4}", word):
        return Q(last4=word)
    return (
        Q(cardholder__first_name__icontains=word)
        | Q(cardholder__last_name__icontains=word)
        | Q(cardholder__email__icontains=word)
        | Q(company__name__icontains=word)
        | Q(cardholder__company__name__icontains=word)
        | Q(display_name__icontains=word)
    )
