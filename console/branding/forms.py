"""The brand as it is typed. An empty word means the environment's."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from console.branding import colour, services
from console.branding.images import ACCEPT, Picture, picture

KB = 1000
MOST = {"logo": 200 * KB, "favicon": 200 * KB, "picture": 600 * KB}  # bytes


class ImageField(forms.FileField):
    """Gives a `Picture`, found sound by its content, or None where nothing was chosen."""

    def __init__(self, name: str, label: Any, help_text: Any) -> None:
        self.most = MOST[name]
        widget = forms.FileInput({"accept": ACCEPT})
        super().__init__(label=label, help_text=help_text, required=False, widget=widget)
        self.error_messages["empty"] = lazy("This file is empty. Choose another.")

    def clean(self, data: Any, initial: object = None) -> Any:
        file = super().clean(data, initial)
        if not file:
            return None
        if file.size > self.most:
            kilobytes = {"has": -(-file.size // KB), "most": self.most // KB}
            raise ValidationError(
                _("This file has %(has)d kB; at most %(most)d kB are taken. Make it smaller.") % kilobytes
            )
        return picture(file.read())


class WordsForm(forms.Form):
    """What can be looked at before it is saved."""

    name = forms.CharField(label=lazy("Name"), max_length=60, required=False)
    accent = forms.CharField(label=lazy("Accent colour"), max_length=20, required=False)
    support_email = forms.EmailField(
        label=lazy("Support address"),
        required=False,
        error_messages={"invalid": lazy("Write one e-mail address, such as help@example.com.")},
    )

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more | {"label_suffix": ""})
        kept = {
            "name": settings.BRAND_NAME,
            "accent": settings.BRAND_ACCENT,
            "support_email": settings.BRAND_SUPPORT_EMAIL,
        }
        for word, value in kept.items():
            said = _("Empty: %(value)s, as the environment says.") % {"value": escape(value)}
            self.fields[word].help_text = said if value else _("Empty: none, as the environment says.")
            self.fields[word].widget.attrs |= {"autocomplete": "off", "placeholder": value}
        self.fields["accent"].widget.attrs |= {"spellcheck": "false", "class": "mono"}

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean_accent(self) -> str:
        typed = self.cleaned_data["accent"]
        try:
            return colour.parsed(typed) if typed else ""
        except ValueError:
            raise ValidationError(_("Write a colour as # and six figures, such as #3b5bdb.")) from None

    def words(self) -> dict[str, str]:
        return {word: self.cleaned_data[word] for word in services.WORDS}


class BrandForm(WordsForm):
    logo = ImageField(
        "logo",
        lazy("Logo"),
        lazy(
            "PNG, JPEG, WebP or SVG, at most 200 kB. It stands on white and on near-black, 24 px high. E-mails need PNG or JPEG."
        ),
    )
    favicon = ImageField(
        "favicon",
        lazy("Icon of the browser tab"),
        lazy("Square, at most 200 kB. Without one: your initials on your colour."),
    )
    picture = ImageField(
        "picture",
        lazy("Picture beside the sign-in"),
        lazy("Upright, about 1200 × 1600 px, at most 600 kB. It is cut to fit and left out on narrow screens."),
    )
    remove_logo = forms.BooleanField(label=lazy("Remove the logo"), required=False)
    remove_favicon = forms.BooleanField(label=lazy("Remove the icon"), required=False)
    remove_picture = forms.BooleanField(label=lazy("Remove the picture"), required=False)

    def images(self) -> dict[str, Picture | None]:
        """Only those that are to change."""
        given = self.cleaned_data
        return {name: given[name] for name in services.IMAGES if given[name] or given[f"remove_{name}"]}
