"""The filters of a person's notices."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from console.filtering import FilterForm
from console.notices.kinds import CHOICES


class NoticeFilter(FilterForm):
    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("Any")), *CHOICES])
    unread = forms.ChoiceField(label=_("Read"), choices=[("", _("Any")), ("yes", _("Unread only"))])

    def apply(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if kind := self.cleaned_data["kind"]:
            queryset = queryset.filter(kind=kind)
        return queryset.filter(seen_at=None) if self.cleaned_data["unread"] else queryset
