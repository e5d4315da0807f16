"""How the lists of people, companies and reviews are filtered and sorted, on the screen and in their exports.

Names and e-mails filter and sort only for those who may read them: else a list would tell who is who, guess by guess.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cardholders.forms import NO_ACTION
from cardholders.models import APPROVED, NEEDS_SOMEBODY, Cardholder, Company
from console.audit.events import Action
from console.audit.models import Entry
from console.days import DaysFilter
from console.filtering import FilterForm
from console.templatetags.console import STATUSES

UNKNOWN = "unknown"
STATES = {word: status.label for (kind, word), status in STATUSES.items() if kind == "application"}
NEWEST = "-added"
NOT_BEGUN = ("", "notstarted", "tosnotaccepted")
STAGE_LABELS = {
    "applied": _("Applied for a card"),
    "approved": _("Approved"),
    "card": _("Has a card"),
    "active": _("Has an active card"),
}


def stages() -> dict[str, Q]:
    """How far a person came; each is a part of the one before."""
    approved = Q(state=APPROVED)
    cards = Cardholder._meta.get_field("cards").related_model._default_manager.filter(cardholder=OuterRef("pk"))
    return {
        "applied": ~Q(state__in=NOT_BEGUN),
        "approved": approved,
        "card": approved & Q(Exists(cards)),
        "active": approved & Q(Exists(cards.filter(state="active"))),
    }


AGES: dict[str, tuple[Any, int, int | None]] = {
    "day": (_("Under a day"), 0, 1),
    "days": (_("1 to 3 days"), 1, 3),
    "week": (_("3 to 7 days"), 3, 7),
    "older": (_("Over 7 days"), 7, None),
}


def of_age(key: str, now: datetime) -> Q:
    """In this state since so long; what has no such time is not counted as old."""
    _label, least, most = AGES[key]
    young = Q(state_since__gt=now - timedelta(days=most)) if most else Q()
    if not least:
        return young | Q(state_since=None)
    return young & Q(state_since__lte=now - timedelta(days=least))


class ApplicantFilter(FilterForm):
    """`clear`: whether the person may read personal data. Those who may not find by whole ids only."""

    searched: Sequence[str] = ()
    q = forms.CharField(label=_("Find"), max_length=120, widget=forms.TextInput(attrs={"type": "search"}))
    state = forms.ChoiceField(
        label=_("Application"),
        choices=[("", _("Any")), *STATES.items(), (UNKNOWN, _("Unknown to the provider"))],
    )

    def __init__(self, *args: Any, clear: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.clear = clear
        hint = self.hint if clear else _("Whole id")
        self.fields["q"].widget.attrs["placeholder"] = hint

    hint: Any = ""

    def apply(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if state := self.cleaned_data["state"]:
            queryset = queryset.filter(state="" if state == UNKNOWN else state)
        if q := self.cleaned_data["q"].strip():
            ids = Q(codego_id=q) | Q(external_id=q)
            queryset = queryset.filter(ids | self._mentions(q) if self.clear else ids)
        return queryset

    def _mentions(self, q: str) -> Q:
        """Every word stands somewhere in what is searched."""
        found = Q()
        for word in q.split():
            anywhere = Q()
            for name in self.searched:
                anywhere |= Q(**{f"{name}__icontains": word})
            found &= anywhere
        return found


class CardholderFilter(ApplicantFilter, DaysFilter):
    searched: Sequence[str] = ("first_name", "last_name", "email")
    hint = _("Name, e-mail or id")
    lacks = forms.ChoiceField(
        label=_("Approved but without"),
        choices=[("", _("Anything")), ("card", _("A card")), ("contract", _("A collateral contract"))],
    )
    reached = forms.ChoiceField(label=_("Came as far as"), choices=[("", _("Anything")), *STAGE_LABELS.items()])
    company = forms.ModelChoiceField(
        label=_("Company"), queryset=Company.objects.only("name", "codego_id", "external_id"), widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["from"].label, self.fields["to"].label = _("First seen from"), _("First seen to")

    def apply(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        queryset = super().apply(queryset).filter(**self.within("created_at"))
        if reached := self.cleaned_data["reached"]:
            queryset = queryset.filter(stages()[reached])
        if company := self.cleaned_data["company"]:
            queryset = queryset.filter(company=company)
        match self.cleaned_data["lacks"]:
            case "card":
                return queryset.filter(state=APPROVED, cards=None)
            case "contract":
                return queryset.filter(state=APPROVED, company=None, contracts=None)
        return queryset


class CompanyFilter(ApplicantFilter):
    """A company's name is nobody's secret; its e-mail is often a person's."""

    searched: Sequence[str] = ("name", "email")
    hint = _("Name, e-mail or id")

    def apply(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.clear:
            self.searched, self.clear = ("name",), True
        return super().apply(queryset)


class ReviewFilter(FilterForm):
    """What needs somebody. What compliance settled with “no action needed” since the state began is left out."""

    state = forms.ChoiceField(
        label=_("Status"), choices=[("", _("Any that needs somebody")), *((s, STATES[s]) for s in NEEDS_SOMEBODY)]
    )
    age = forms.ChoiceField(
        label=_("Waiting for"), choices=[("", _("Any time")), *((key, age[0]) for key, age in AGES.items())]
    )
    show = forms.ChoiceField(label=_("Show"), choices=[("", _("Open")), ("all", _("Open and settled"))])

    def __init__(self, *args: Any, noun: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.noun = noun

    def apply(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        state = self.cleaned_data["state"]
        queryset = queryset.filter(state=state) if state else queryset.filter(state__in=NEEDS_SOMEBODY)
        if self.cleaned_data["age"]:
            queryset = queryset.filter(of_age(self.cleaned_data["age"], timezone.now()))
        return queryset if self.cleaned_data["show"] else queryset.filter(~settled(self.noun))


def settled(noun: str) -> Exists:
    """Whether compliance said that this state needs nothing."""
    return Exists(
        Entry.objects.filter(
            action=Action.REVIEW_DECIDE,
            record=noun,
            record_id=OuterRef("pk"),
            detail__decision=NO_ACTION,
            at__gte=OuterRef("state_since"),
        )
    )
