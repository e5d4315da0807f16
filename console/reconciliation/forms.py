"""What people type at the desk: an explanation, a person, a moment."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from console.days import EARLIEST, LATEST
from console.privacy import refuse_card_numbers
from console.reconciliation.filters import workers

MOST_WORDS = 1000
READ_BY_ALL = _("No names or e-mails: everybody at the desk reads this.")


class WordsForm(forms.Form):
    """An explanation, kept with the break and in the activity."""

    words = forms.CharField(
        label=_("What explains it"),
        max_length=MOST_WORDS,
        widget=forms.Textarea({"rows": 3}),
        validators=[refuse_card_numbers],
        help_text=READ_BY_ALL,
        error_messages={"required": _("Say what explains it.")},
    )


class ReopenForm(WordsForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].label = _("Why it is open again")
        self.fields["words"].error_messages["required"] = _("Say why.")


class AssignForm(forms.Form):
    """Somebody who may work on breaks, or nobody."""

    to = forms.ChoiceField(label=_("Whose it is"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(each.pk): each for each in workers()}
        to: Any = self.fields["to"]
        to.choices = [("", _("Nobody's")), *((pk, str(each)) for pk, each in self.people.items())]

    def clean_to(self) -> Any:
        return self.people.get(self.cleaned_data["to"])


class MomentForm(forms.Form):
    """A moment in the zone of the person, or with an offset as links give it."""

    at = forms.DateTimeField(
        label=_("As of"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"),
        error_messages={"invalid": _("Give a day and a time, such as 2026-11-30 18:00.")},
    )

    def clean_at(self) -> datetime | None:
        """Within what every zone can show."""
        at: datetime | None = self.cleaned_data["at"]
        if at and not EARLIEST <= at.date() <= LATEST:
            raise forms.ValidationError(self.fields["at"].error_messages["invalid"])
        return at


class DigestForm(forms.Form):
    """What the person had before their eyes when they signed."""

    digest = forms.CharField(widget=forms.HiddenInput)
