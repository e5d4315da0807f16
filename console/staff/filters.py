"""The filters of the staff list."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from console.listing import FilterForm
from console.staff.forms import ROLE_CHOICES


class StaffFilter(FilterForm):
    q = forms.CharField(
        label=_("Name or e-mail"), widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name or e-mail")})
    )
    role = forms.ChoiceField(label=_("Role"), choices=[("", _("Any")), *ROLE_CHOICES])
    may = forms.ChoiceField(label=_("May sign in"), choices=[("", _("Any")), ("yes", _("Yes")), ("no", _("No"))])

    def apply(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.cleaned_data
        if wanted["q"]:
            queryset = queryset.filter(Q(name__icontains=wanted["q"]) | Q(email__icontains=wanted["q"]))
        if wanted["role"]:  # as text: SQLite has no lookup into a JSON list
            queryset = queryset.alias(words=Cast("roles", TextField())).filter(words__contains=f'"{wanted["role"]}"')
        if wanted["may"]:
            queryset = queryset.filter(is_active=wanted["may"] == "yes")
        return queryset
