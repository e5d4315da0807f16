"""How the lists of breaks, proofs and reconciliations are filtered, on the screen and in their exports."""

from dataclasses import replace
from typing import Any, ClassVar

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from console import privacy
from console.access import Permission
from console.filtering import Chip, FilterForm
from console.reconciliation.causes import Cause
from console.reconciliation.identity import Line
from console.reconciliation.models import Break, BreakState, ProofState, ReconciliationState
from console.reconciliation.wording import AGES, of_age, waits
from console.staff.models import User
from transactions.filters import RowField
from transactions.reports import RECORDS

ANY = ("", _("Any"))
MINE, NOBODY, ALL = "mine", "nobody", "all"


def workers() -> list[User]:
    """Who may work on breaks; few, so they are told apart here."""
    return [user for user in User.objects.filter(is_active=True).order_by("name", "email") if user.may(_WORK)]


_WORK = Permission.BREAK_WORK


class BreakFilter(FilterForm):
    """Open breaks unless another state is asked for."""

    state = forms.ChoiceField(
        label=_("State"),
        choices=[
            ("", _("Open")),
            (BreakState.RESOLVED, _("Resolved")),
            (BreakState.CLEARED, _("Cleared")),
            (ALL, _("All")),
        ],
    )
    cause = forms.ChoiceField(label=_("Cause"), choices=[ANY, *Cause.choices])
    line = forms.ChoiceField(label=_("Line"), choices=[ANY, *Line.choices])
    age = forms.ChoiceField(label=_("Age"), choices=[ANY, *((age.key, age.label) for age in AGES)])
    owner = forms.ChoiceField(label=_("Whose"))
    holder = forms.CharField(label=_("Holder's id or company's name"), max_length=128)
    unexplained = forms.BooleanField(label=_("Unexplained only"))
    waits = forms.BooleanField(label=_("Waits for somebody"))
    cardholder = RowField(label=_("Cardholder"))
    company = RowField(label=_("Company"))

    SAME: ClassVar = {"cause": "cause", "line": "line", "cardholder": "cardholder_id", "company": "company_id"}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        owner: Any = self.fields["owner"]
        people = [(str(each.pk), str(each)) for each in workers() if each.pk != user.pk]
        owner.choices = [("", _("Anybody's")), (MINE, _("Mine")), (NOBODY, _("Nobody's")), *people]

    def apply(self, queryset: QuerySet[Break]) -> QuerySet[Break]:
        given = self.cleaned_data
        now = timezone.now()
        if given["state"] != ALL:
            queryset = queryset.filter(state=given["state"] or BreakState.OPEN)
        queryset = queryset.filter(**{path: given[name] for name, path in self.SAME.items() if given[name]})
        if given["age"]:
            queryset = queryset.filter(of_age(next(age for age in AGES if age.key == given["age"]), now))
        if given["owner"]:
            queryset = queryset.filter(assignee={MINE: self.user.pk, NOBODY: None}.get(given["owner"], given["owner"]))
        if given["unexplained"]:
            queryset = queryset.filter(cause=Cause.UNKNOWN)
        if given["waits"]:
            queryset = queryset.filter(waits(now))
        return queryset.filter(_held_by(given["holder"].strip())) if given["holder"].strip() else queryset

    def chips(self, request: HttpRequest) -> list[Chip]:
        """A holder whose record the list was opened from by name, as far as the person may read it."""
        found = []
        for (bound, value), chip in zip(self.in_force(), super().chips(request), strict=True):
            row = RECORDS[bound.name].filter(pk=value).first() if bound.name in RECORDS else None
            name = privacy.name(row, clear=self.user.may(Permission.PERSONAL_READ)) if row else chip.value
            found.append(replace(chip, value=name))
        return found


def _held_by(words: str) -> Q:
    """People by whole ids only: to find them by name would tell who is who. A company's name is nobody's secret."""
    ids = Q()
    for owner in ("cardholder", "company"):
        ids |= Q(**{f"{owner}__codego_id": words}) | Q(**{f"{owner}__external_id": words})
    return ids | Q(company__name__icontains=words)


class ProofFilter(FilterForm):
    state = forms.ChoiceField(label=_("State"), choices=[ANY, *ProofState.choices])

    def apply(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(state=self.cleaned_data["state"]) if self.cleaned_data["state"] else queryset


class HistoryFilter(FilterForm):
    """By how far each is from being signed off."""

    STANDINGS: ClassVar = {
        "signed": Q(signed_at__isnull=False, reopened_at=None),
        "unsigned": Q(state=ReconciliationState.DONE, signed_at=None),
        "reopened": Q(reopened_at__isnull=False),
        "failed": Q(state=ReconciliationState.FAILED),
    }
    standing = forms.ChoiceField(
        label=_("Standing"),
        choices=[
            ANY,
            ("signed", _("Signed off")),
            ("unsigned", _("Not signed off")),
            ("reopened", _("Open again")),
            ("failed", _("Failed")),
        ],
    )

    def apply(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(self.STANDINGS.get(self.cleaned_data["standing"], Q()))
