"""The filters of the activity list, and the words for what an entry is about."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from console.audit.events import LABELS, OUTCOME_LABELS
from console.days import DaysFilter

RECORDS = {
    "balance": _("Balance"),
    "bulk": _("Bulk action"),
    "card": _("Card"),
    "cardholder": _("Cardholder"),
    "company": _("Company"),
    "contract": _("Contract"),
    "delivery": _("Delivery"),
    "dispute": _("Dispute"),
    "report": _("Report"),
    "run": _("Run"),
    "staff": _("Staff member"),
    "transaction": _("Transaction"),
}


def _actions() -> list[tuple[str, Any]]:
    return [("", _("Anything")), *sorted(((a.value, str(label)) for a, label in LABELS.items()), key=lambda c: c[1])]


def _outcomes() -> list[tuple[str, Any]]:
    return [("", _("Any")), *((o.value, label) for o, label in OUTCOME_LABELS.items())]


class ActivityFilter(DaysFilter):
    action = forms.ChoiceField(label=_("What"), choices=_actions)
    outcome = forms.ChoiceField(label=_("Outcome"), choices=_outcomes)
    person: Any = forms.ModelChoiceField(label=_("Person"), queryset=None, empty_label=_("Anybody"))
    record = forms.ChoiceField(label=_("Kind of record"), choices=[("", _("Any")), *RECORDS.items()])
    record_id = forms.IntegerField(label=_("Number of the record"), min_value=1, max_value=2**63 - 1)

    def __init__(self, *args: Any, everybody: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        person: Any = self.fields["person"]
        person.queryset = get_user_model().objects.order_by("name", "email")
        if not everybody:
            del self.fields["person"]

    def apply(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = {
            "actor" if n == "person" else n: v for n, v in self.cleaned_data.items() if v and n not in {"from", "to"}
        }
        return queryset.filter(**wanted, **self.within("at"))
