"""How the lists of transactions and disputes are filtered and sorted, on the screen and in their exports."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from cards.forms import MoneyField
from console import privacy
from console.access import Permission, allowed
from console.days import DaysFilter
from console.filtering import Chip
from console.money import major
from transactions.declines import DECLINES
from transactions.models import SPENT, Dispute, Transaction
from transactions.reports import RECORDS, TIMES

OTHER = "other"
ANY = ("", _("Any"))
TYPES = [
    ("spend", _("Purchase or refund")),
    ("collateral", _("Collateral")),
    ("payment", _("Repayment")),
    ("fee", _("Fee")),
    ("transfer", _("Transfer")),
]
STATES = [
    ("pending", _("Pending")),
    ("completed", _("Completed")),
    ("declined", _("Declined")),
    ("reversed", _("Reversed")),
    ("processing", _("Processing")),
]
DISPUTE_STATES = [
    ("pending", _("Pending")),
    ("inreview", _("In review")),
    ("accepted", _("Accepted")),
    ("rejected", _("Rejected")),
    ("canceled", _("Cancelled")),
]
USD = "USD"
TRANSACTION_SORTS = {"time": "occurred_at", "posted": "posted_at", "amount": "signed_amount"}
DISPUTE_SORTS = {"opened": "opened_at", "amount": "transaction__amount"}
NEWEST_TRANSACTIONS, NEWEST_DISPUTES = "-time", "-opened"


class RowField(forms.IntegerField):
    """A row's number, as links from its record's page give it."""

    widget = forms.HiddenInput

    def __init__(self, *, label: Any) -> None:
        super().__init__(label=label, min_value=1, max_value=2**63 - 1)


class TransactionFilters(DaysFilter):
    q = forms.CharField(
        label=_("Merchant"),
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": _("Merchant"), "type": "search"}),
    )
    status = forms.ChoiceField(label=_("Status"), choices=[ANY, *STATES, (OTHER, _("Any other word"))])
    type = forms.ChoiceField(label=_("Type"), choices=[ANY, *TYPES, (OTHER, _("Any other word"))])
    by = forms.ChoiceField(label=_("Dates are of"), choices=[("", _("Authorised time")), ("posted", _("Posted time"))])
    amount_from = MoneyField(label=_("Amount from"))
    amount_to = MoneyField(label=_("Amount to"))
    reason = forms.ChoiceField(label=_("Decline reason"))
    last4 = forms.RegexField(
        r"^\d{4}$",
        label=_("Card's last four"),
        max_length=4,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"invalid": _("Enter four digits.")},
    )
    spent = forms.BooleanField(label=_("Purchases settled or held"))
    currency = forms.CharField(label=_("Currency"), max_length=12, widget=forms.TextInput(attrs={"placeholder": "USD"}))
    card = RowField(label=_("Card"))
    cardholder = RowField(label=_("Cardholder"))
    company = RowField(label=_("Company"))
    merchant = forms.CharField(
        label=_("Merchant"), max_length=200, strip=False, widget=forms.HiddenInput
    )  # just this name

    ORDER = (
        "q", "status", "type", "by", "from", "to", "amount_from", "amount_to", "reason", "last4", "currency", "spent",
    )  # fmt: skip
    SAME: ClassVar = {
        "q": "merchant_name__icontains",
        "merchant": "merchant_name",
        "last4": "card__last4",
        "card": "card_id",
        "cardholder": "cardholder_id",
        "company": "company_id",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(self.ORDER)
        reason: Any = self.fields["reason"]
        known = sorted(((word, str(decline.label)) for word, decline in DECLINES.items()), key=lambda pair: pair[1])
        reason.choices = [ANY, *known, (OTHER, _("Any other reason"))]

    def apply(self, queryset: QuerySet[Transaction]) -> QuerySet[Transaction]:
        given = self.cleaned_data
        queryset = queryset.filter(
            **{lookup: given[name] for name, lookup in self.SAME.items() if given[name] not in {None, ""}}
        )
        queryset = _of_word(queryset, "state", given["status"], STATES)
        queryset = _of_word(queryset, "kind", given["type"], TYPES)
        queryset = queryset.filter(**self.within(TIMES[given["by"] or "authorized"]))
        if given["spent"]:
            queryset = queryset.filter(SPENT)
        if given["currency"]:
            queryset = queryset.filter(of_currency(given["currency"].strip().upper()))
        return _declined_for(queryset, given["reason"]).filter(_of_size(given["amount_from"], given["amount_to"]))

    def in_force(self) -> Iterator[tuple[forms.BoundField, Any]]:
        yield from _in_units(super().in_force())

    def chips(self, request: HttpRequest) -> list[Chip]:
        return named(request, self, super().chips(request))


def named(request: HttpRequest, form: DaysFilter, chips: list[Chip]) -> list[Chip]:
    """Records by their names, as far as the person may read them."""
    clear = allowed(request.user, Permission.PERSONAL_READ)
    said = []
    for (bound, value), chip in zip(form.in_force(), chips, strict=True):
        found = RECORDS[bound.name].filter(pk=value).first() if bound.name in RECORDS else None
        said.append(replace(chip, value=privacy.name(found, clear=clear)) if found else chip)
    return said


class DisputeFilters(DaysFilter):
    q = forms.CharField(
        label=_("Merchant"),
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": _("Merchant"), "type": "search"}),
    )
    status = forms.ChoiceField(label=_("Status"), choices=[ANY, *DISPUTE_STATES, (OTHER, _("Any other word"))])
    amount_from = MoneyField(label=_("Amount from"))
    amount_to = MoneyField(label=_("Amount to"))
    card = RowField(label=_("Card"))
    cardholder = RowField(label=_("Cardholder"))
    company = RowField(label=_("Company"))

    def chips(self, request: HttpRequest) -> list[Chip]:
        return named(request, self, super().chips(request))

    def in_force(self) -> Iterator[tuple[forms.BoundField, Any]]:
        yield from _in_units(super().in_force())

    def apply(self, queryset: QuerySet[Dispute]) -> QuerySet[Dispute]:
        given = self.cleaned_data
        of = {f"transaction__{noun}_id": given[noun] for noun in ("card", "cardholder", "company") if given[noun]}
        queryset = queryset.filter(**of)
        if given["q"]:
            queryset = queryset.filter(transaction__merchant_name__icontains=given["q"])
        queryset = _of_word(queryset, "state", given["status"], DISPUTE_STATES)
        queryset = queryset.filter(**self.within("opened_at"))
        return queryset.filter(_of_size(given["amount_from"], given["amount_to"], "transaction__amount"))


def currency_of(word: str) -> str:
    """Where none is named, it is dollars."""
    return word.upper() or USD


def of_currency(currency: str) -> Q:
    same = Q(currency__iexact=currency)
    return same | Q(currency="") if currency == USD else same


def reason_of(words: str) -> str:
    """The reason under which the filter finds a decline of these words."""
    return _REASONS.get(words.lower(), OTHER)


_REASONS = {decline.words.lower(): key for key, decline in DECLINES.items()}


def _in_units(found: Iterator[tuple[forms.BoundField, Any]]) -> Iterator[tuple[forms.BoundField, Any]]:
    """Amounts as they were typed: these lists hold several currencies, so none is named."""
    for bound, value in found:
        yield (
            bound,
            number_format(major(value, "USD"), force_grouping=True) if isinstance(bound.field, MoneyField) else value,
        )


def _of_word(queryset: QuerySet[Any], column: str, word: str, known: list[Any]) -> QuerySet[Any]:
    if word == OTHER:
        return queryset.exclude(**{f"{column}__in": ["", *(each for each, _label in known)]})
    return queryset.filter(**{column: word}) if word else queryset


def _declined_for(queryset: QuerySet[Transaction], reason: str) -> QuerySet[Transaction]:
    """Reasons are stored as sent, in any case and spelling: the words of the table match in theirs."""
    if not reason:
        return queryset
    declined = queryset.filter(state="declined")
    said = Q()
    for words in DECLINES.values() if reason == OTHER else [DECLINES[reason]]:
        said |= Q(declined_reason__iexact=words.words)
    return declined.exclude(said) if reason == OTHER else declined.filter(said)


def _of_size(least: int | None, most: int | None, column: str = "amount") -> Q:
    """Between the two in size, whichever way the money went: a refund is a negative purchase over the wire."""
    outgoing, incoming = Q(), Q()
    if least is not None:
        outgoing &= Q(**{f"{column}__gte": least})
        incoming &= Q(**{f"{column}__lte": -least})
    if most is not None:
        outgoing &= Q(**{f"{column}__gte": -most, f"{column}__lte": most})
        incoming &= Q(**{f"{column}__gte": -most, f"{column}__lte": most})
    return outgoing | incoming
