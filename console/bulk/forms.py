"""The last word before a bulk run starts."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from console.bulk.models import BulkRun
from console.privacy import mask_text


class ConfirmForm(forms.Form):
    """Where it cannot be undone, how many records it changes is to be typed: nobody closes a thousand by a slip."""

    number = forms.CharField(
        label=lazy("Type how many will be cancelled, to confirm"),
        max_length=8,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, run: BulkRun, danger: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"label_suffix": ""})
        self.run = run
        if not danger:
            del self.fields["number"]

    def clean_number(self) -> str:
        typed = str(self.cleaned_data["number"]).strip().replace(",", "").replace(".", "")
        if typed != str(self.run.rows.filter(will=True).count()):
            raise ValidationError(_("This is not how many will be changed. Look at the figure above."))
        return typed


def shown_reason(reason: str, *, clear: bool) -> str:
    """Free text can name anybody."""
    return reason if clear else mask_text(reason)
