"""What is typed to onboard an applicant, and to record a decision."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cardholders.models import Cardholder, Company
from cardholders.nouns import Applicant

NO_ACTION = "no_action"
DECISIONS = {
    "contacted": _("Contacted the applicant"),
    "waiting": _("Waiting for the applicant"),
    "escalated": _("Escalated"),
    NO_ACTION: _("No action needed"),
}


class OnboardForm(forms.Form):
    """An e-mail that is known already is taken only after the person has said that it is another applicant."""

    model: type[Applicant]
    email = forms.EmailField(
        label=_("E-mail"), max_length=254, help_text=_("The provider writes to this address about the check.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"label_suffix": ""})
        self.known: Sequence[Applicant] = []
        if self.data.get("again"):
            self._ask_again()

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("email") and not given.pop("again", False):
            self.known = list(self.model.objects.filter(email__iexact=given["email"])[:3])
        if self.known:
            self._ask_again()
            raise forms.ValidationError(_("Somebody with this e-mail is already here. Is it the same applicant?"))
        return given

    def _ask_again(self) -> None:
        self.fields["again"] = forms.BooleanField(label=_("This is another applicant"), required=False)


class CardholderForm(OnboardForm):
    model = Cardholder
    first_name = forms.CharField(label=_("First name"), max_length=120, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=120, required=False)


class CompanyForm(OnboardForm):
    model = Company
    name = forms.CharField(label=_("Company name"), max_length=200)
    field_order = ("name", "email")


class DecideForm(forms.Form):
    """`state` is what the person saw: a decision about another state than today's is not recorded."""

    state = forms.CharField(widget=forms.HiddenInput, required=False)
    decision = forms.ChoiceField(label=_("Decision"), choices=list(DECISIONS.items()), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What was found and what follows. It is kept in the activity log and cannot be changed."),
    )

    def __init__(self, applicant: Applicant, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"label_suffix": "", "initial": {"state": applicant.state}})
        self.applicant = applicant

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("state") != self.applicant.state:
            self.data = {**self.data.dict(), "state": self.applicant.state}  # type: ignore[attr-defined]
            raise forms.ValidationError(
                _("The provider changed the state meanwhile. Look at it again, then decide."), code="changed"
            )
        return given
