"""What a view is called and who has it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from console.privacy import refuse_card_numbers
from console.saved.models import NAME_LENGTH


class ViewForm(forms.Form):
    """`owned`: whether the person may change the view; who may not can still open the list with it."""

    name = forms.CharField(
        label=_("Name"), max_length=NAME_LENGTH, validators=[refuse_card_numbers],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    shared = forms.BooleanField(
        label=_("Share with everybody who can open this list"),
        required=False,
        help_text=_("They see its name, so name nobody in it, and change it only in a copy of their own."),
    )
    usual = forms.BooleanField(label=_("Open this list with it, for me"), required=False)

    def __init__(self, *args: Any, owned: bool = True, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        if not owned:
            del self.fields["name"], self.fields["shared"]
