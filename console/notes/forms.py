"""A note as it is typed."""

from django import forms
from django.utils.translation import gettext_lazy as _

LONGEST = 4000


class NoteForm(forms.Form):
    text = forms.CharField(max_length=LONGEST, error_messages={"required": _("Write something first.")})
