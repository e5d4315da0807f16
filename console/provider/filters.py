"""The filters of the log of requests to the provider."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from console.days import DaysFilter

FAILED = Q(status__isnull=True) | Q(status=429) | Q(status__gte=500)
ANSWERS = {
    "ok": (_("Answered"), Q(status__lt=400)),
    "refused": (_("Refused"), Q(status__gte=400, status__lt=500) & ~Q(status=429)),
    "failed": (_("Failed"), FAILED),
}


class RequestFilter(DaysFilter):
    answer = forms.ChoiceField(
        label=_("Answer"), choices=[("", _("Any")), *((key, label) for key, (label, _q) in ANSWERS.items())]
    )
    route = forms.CharField(label=_("Route"), max_length=80, widget=forms.TextInput({"placeholder": "GET /cards/{id}"}))
    object_id = forms.CharField(label=_("Id of the object"), max_length=128)
    idempotency_key = forms.CharField(label=_("Idempotency key"), max_length=64)

    def apply(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.cleaned_data
        exact = {name: wanted[name] for name in ("route", "object_id", "idempotency_key") if wanted[name]}
        if wanted["answer"]:
            queryset = queryset.filter(ANSWERS[wanted["answer"]][1])
        return queryset.filter(**exact, **self.within("at"))
