"""The filters of the inbox and of the list of sweeps."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from console.days import EARLIEST, LATEST, DaysFilter
from console.filtering import FilterForm
from console.sync.models import DeliveryVerdict, Rejection, RunState

KINDS = {
    "import": _("Full import"),
    "catch_up": _("Catch-up"),
    "reconcile": _("Hourly sweep"),
    "window": _("Nightly sweep"),
}


class InboxFilter(DaysFilter):
    verdict = forms.MultipleChoiceField(
        label=_("What became of it"), choices=DeliveryVerdict.choices, widget=forms.CheckboxSelectMultiple
    )
    type = forms.CharField(
        label=_("Type"), max_length=80, widget=forms.TextInput(attrs={"placeholder": "card.updated"})
    )
    object_id = forms.CharField(label=_("Id of the object"), max_length=128)
    event_id = forms.CharField(label=_("Id of the event"), max_length=200)
    rejection = forms.ChoiceField(label=_("Why it was not verified"), choices=[("", _("Any")), *Rejection.choices])

    hour = forms.DateTimeField(
        label=_("Hour from"),
        widget=forms.HiddenInput,
        validators=[
            MinValueValidator(datetime.combine(EARLIEST, time(), UTC)),
            MaxValueValidator(datetime.combine(LATEST, time(), UTC)),
        ],
    )  # as the chart of a day links to it

    def apply(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """`card` finds every type of card event; a whole type finds that one. What was not verified is among the rest
        only where it was asked for."""
        wanted = self.cleaned_data
        exact = {name: wanted[name] for name in ("object_id", "event_id", "rejection") if wanted[name]}
        if wanted["verdict"]:
            exact["verdict__in"] = wanted["verdict"]
        if wanted["type"]:
            exact["type__istartswith"] = wanted["type"]
        if hour := wanted["hour"]:
            queryset = queryset.filter(received_at__gte=hour, received_at__lt=hour + timedelta(hours=1))
        if not wanted["verdict"] and not wanted["rejection"]:
            queryset = queryset.exclude(verdict=DeliveryVerdict.FORGED)
        return queryset.filter(**exact, **self.within("received_at"))


class RunFilter(FilterForm):
    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("Any")), *KINDS.items()])
    state = forms.ChoiceField(label=_("State"), choices=[("", _("Any")), *RunState.choices])

    def apply(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{name: value for name, value in self.cleaned_data.items() if value})


class StartForm(forms.Form):
    """Which sweep somebody wants now."""

    kind = forms.ChoiceField(
        label=_("What to read from the provider"),
        initial="reconcile",
        widget=forms.RadioSelect,
        choices=[
            ("reconcile", _("Hourly sweep: every balance and contract, then new and open transactions")),
            ("catch_up", _("Catch-up: every card, new and open transactions, and applications that are not decided")),
            ("window", _("Nightly sweep: the transactions of 45 days, every dispute, cardholder and company")),
            ("import", _("Full import: everything, from the beginning; this can take long")),
        ],
    )
