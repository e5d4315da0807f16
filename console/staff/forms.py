"""What an administrator types about a staff member, and what everybody may set for themselves."""

import zoneinfo
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from console.access import ROLE_LABELS
from console.staff.models import User

ROLE_CHOICES = [(role.value, label) for role, label in ROLE_LABELS.items()]


def zone_choices(current: str = "UTC") -> list[tuple[str, Any]]:
    """UTC, then the cities of each continent; and the zone in use, should it be an unusual one."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(zoneinfo.available_timezones()):
        continent, _slash, place = name.partition("/")
        if place and continent not in {"Etc", "SystemV", "posix", "right"}:
            groups.setdefault(continent, []).append((name, place.replace("_", " ")))
    listed = {name for places in groups.values() for name, _place in places} | {"UTC"}
    unusual = [] if current in listed else [(current, current)]
    return [("UTC", "UTC"), *unusual, *groups.items()]


class ZoneForm(forms.Form):
    time_zone = forms.ChoiceField(
        label=_("Time zone"), help_text=_("Times on every page and in every export are shown in this zone.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone: Any = self.fields["time_zone"]
        zone.choices = zone_choices(str((self.initial or {}).get("time_zone", "UTC")))


class PreferencesForm(ZoneForm):
    """What everybody may set for themselves."""

    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=lambda: [("", _("As the browser asks")), *settings.LANGUAGES],
        help_text=_(
            "Of every page, and of how dates, numbers and amounts are written. The provider's own words stay as sent."
        ),
    )
    shortcuts = forms.BooleanField(
        label=_("Single-key shortcuts"),
        required=False,
        help_text=_(
            "Keys such as j, k and x in lists. Switch them off if your keyboard or voice input presses them by mistake."
        ),
    )
    field_order = ("language", "time_zone", "shortcuts")


class NewStaffForm(forms.Form):
    email = forms.EmailField(label=_("E-mail"), help_text=_("They sign in with it."))
    name = forms.CharField(label=_("Name"), max_length=120)
    roles = forms.MultipleChoiceField(label=_("Roles"), choices=ROLE_CHOICES, widget=forms.CheckboxSelectMultiple)
    password = forms.CharField(
        label=_("First password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validators_help_text_html,
    )

    def clean(self) -> dict[str, Any]:
        """The password against the rules, with the name and e-mail it must not resemble."""
        known = super().clean() or {}
        if password := known.get("password"):
            try:
                validate_password(password, User(email=known.get("email", ""), name=known.get("name", "")))
            except ValidationError as error:
                self.add_error("password", error)
        return known


class StaffForm(ZoneForm):
    name = forms.CharField(label=_("Name"), max_length=120, required=False)
    roles = forms.MultipleChoiceField(
        label=_("Roles"), choices=ROLE_CHOICES, widget=forms.CheckboxSelectMultiple, required=False,
        help_text=_("A change counts from the person's next click. Without a role they can open nothing."),
    )  # fmt: skip
    is_active = forms.BooleanField(
        label=_("May sign in"), required=False, help_text=_("Taking this away signs them out everywhere, at once.")
    )
    field_order = ("name", "roles", "time_zone", "is_active")
