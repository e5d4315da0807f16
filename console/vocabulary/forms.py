"""How the list of words is narrowed, and what an administrator writes about one."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from console.filtering import FilterForm
from console.privacy import refuse_card_numbers
from console.standing import Fixer
from console.vocabulary.fields import FIELDS
from console.vocabulary.models import Word


class WordFilters(FilterForm):
    standing = forms.ChoiceField(
        label=_("Meaning"), choices=[("", _("Any")), ("new", _("Not known yet")), ("known", _("Written down"))]
    )
    field = forms.ChoiceField(
        label=_("Where"), choices=[("", _("Anywhere")), *((key, field.label) for key, field in FIELDS.items())]
    )

    def apply(self, queryset: QuerySet[Word]) -> QuerySet[Word]:
        given = self.cleaned_data
        if given["standing"]:
            queryset = queryset.filter(noted_at__isnull=given["standing"] == "new")
        return queryset.filter(field=given["field"]) if given["field"] else queryset


class MeaningForm(forms.Form):
    meaning = forms.CharField(
        label=_("What it means"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("In plain words. Everybody reads this beside the provider's word, so it must name nobody."),
        error_messages={"required": _("Write what it means, or go back.")},
    )
    fixer = forms.ChoiceField(
        label=_("Who can change it"),
        required=False,
        choices=[("", _("Not known")), *((each.name.lower(), each.value) for each in Fixer)],
    )

    def clean_meaning(self) -> Any:
        refuse_card_numbers(self.cleaned_data["meaning"])
        return self.cleaned_data["meaning"]
