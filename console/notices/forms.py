"""How a person wants to hear of each kind that is for them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django import forms
from django.utils.translation import gettext as _

from console.access import permissions_of
from console.notices.kinds import KINDS, About, Kind, Mail
from console.notices.models import Choice
from console.staff.models import User


class Row(NamedTuple):
    about: About
    app: forms.BoundField
    mail: forms.BoundField


class SettingsForm(forms.Form):
    """Two fields for each kind: `mention_app` and `mention_mail`."""

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = permissions_of(person.roles)
        self.kinds = [kind for kind, about in KINDS.items() if about.needs in held]
        chosen = {Kind(choice.kind): choice for choice in Choice.objects.filter(person=person)}
        for kind in self.kinds:
            about, choice = KINDS[kind], chosen.get(kind)
            app = about.always or (choice.app if choice else about.app)
            label = _("%(kind)s: in the app") % {"kind": about.label}
            self.fields[f"{kind}_app"] = forms.BooleanField(
                required=False, initial=app, disabled=about.always, label=label
            )
            self.fields[f"{kind}_mail"] = forms.ChoiceField(
                choices=Mail.choices, initial=choice.mail if choice else about.mail,
                label=_("%(kind)s: by e-mail") % {"kind": about.label},
            )  # fmt: skip

    def rows(self) -> Iterator[Row]:
        for kind in self.kinds:
            yield Row(KINDS[kind], self[f"{kind}_app"], self[f"{kind}_mail"])

    def chosen(self) -> Iterator[tuple[Kind, bool, Mail]]:
        for kind in self.kinds:
            yield kind, self.cleaned_data[f"{kind}_app"], Mail(self.cleaned_data[f"{kind}_mail"])
