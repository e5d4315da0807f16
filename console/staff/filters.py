"""The filters of the staff list."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from console.filtering import FilterForm
from console.staff.forms import ROLE_CHOICES

QUIET = timedelta(days=90)


def quiet(now: datetime) -> Q:
    """May sign in, and has not for so long."""
    before = now - QUIET
    return Q(is_active=True) & (Q(last_login__lt=before) | Q(last_login=None, date_joined__lt=before))


class StaffFilter(FilterForm):
    q = forms.CharField(
        label=_("Name or e-mail"), widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name or e-mail")})
    )
    role = forms.ChoiceField(label=_("Role"), choices=[("", _("Any")), *ROLE_CHOICES])
    may = forms.ChoiceField(label=_("May sign in"), choices=[("", _("Any")), ("yes", _("Yes")), ("no", _("No"))])

    quiet = forms.BooleanField(label=_("Not signed in for 90 days"))

    def apply(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.cleaned_data
        if wanted["q"]:
            queryset = queryset.filter(Q(name__icontains=wanted["q"]) | Q(email__icontains=wanted["q"]))
        if wanted["role"]:  # as text: SQLite has no lookup into a JSON list
            queryset = queryset.alias(words=Cast("roles", TextField())).filter(words__contains=f'"{wanted["role"]}"')
        if wanted["quiet"]:
            queryset = queryset.filter(quiet(timezone.now()))
        if wanted["may"]:
            queryset = queryset.filter(is_active=wanted["may"] == "yes")
        return queryset
