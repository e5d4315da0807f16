"""The two moments that a history is asked for."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)


class MomentField(forms.DateTimeField):
    """An instant: as the browser's control gives it, in the person's zone, or with a zone of its own in an address."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S")
    default_error_messages = {  # noqa: RUF012 - as Django has it
        "invalid": lazy("Give a day and a time, such as 2026-11-01 14:30."),
    }

    def clean(self, value: Any) -> datetime | None:
        moment: datetime | None = super().clean(value)
        if moment and moment < EARLIEST:
            raise forms.ValidationError(_("This lies too far back."))
        if moment and moment > timezone.now() + timedelta(minutes=1):
            raise forms.ValidationError(_("This moment has not come yet."))
        return moment


class MomentsForm(forms.Form):
    at = MomentField(label=lazy("As it was at"), required=False)
    to = MomentField(label=lazy("Compared with"), required=False, help_text=lazy("Left empty: with now."))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("at") and given.get("to") and given["to"] < given["at"]:
            self.add_error("to", _("This has to be the later of the two moments."))
        return given

    @classmethod
    def of(cls, given: Any) -> "MomentsForm":
        """What was asked, written as the browser's control wants it where it was understood."""
        form = cls(given, label_suffix="")
        if form.is_valid():
            form.data = {name: _control(moment) for name, moment in form.cleaned_data.items()}
        return form


def _control(moment: datetime | None) -> str:
    """Rounded up to a second: what was written within it had happened."""
    if moment is None:
        return ""
    whole = moment if not moment.microsecond else moment.replace(microsecond=0) + timedelta(seconds=1)
    return timezone.localtime(whole).strftime("%Y-%m-%dT%H:%M:%S")
