"""A note as it is typed."""

from django import forms
from django.utils.translation import gettext_lazy as _

from console.notes.models import Note


class NoteForm(forms.ModelForm[Note]):
    class Meta:
        model = Note
        fields = ("text",)
        error_messages = {  # noqa: RUF012 - Django's own way of writing a form
            "text": {
                "required": _("Write something first."),
                "max_length": _("A note has at most %(limit_value)d characters; this one has %(show_value)d."),
            }
        }
