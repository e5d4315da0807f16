"""What staff give: a fee to charge, the text of a dispute and the files for it, what support said of one, and what a report should hold."""

import uuid
import zoneinfo
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Model
from django.utils import timezone
from django.utils.formats import localize
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cardholders.models import Cardholder, Company
from cards.forms import MoneyField
from cards.models import Card
from console.days import EARLIEST, LATEST
from console.privacy import refuse_card_numbers
from transactions.dispute_changes import alike
from transactions.evidence import MOST, Evidence, kind_of, safe_name
from transactions.filters import ANY, STATES, TYPES
from transactions.models import Report, Transaction

LONGEST = 4000
FORMATS = [
    ("csv", lazy("CSV: any number of rows")),
    ("xlsx", lazy("XLSX: up to 1,048,575 rows, with a sheet of totals")),
]


class DayField(forms.DateField):
    """A day, as the browser's own calendar gives it."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    default_validators = [MinValueValidator(EARLIEST), MaxValueValidator(LATEST)]  # noqa: RUF012 - as Django writes it


class DisputeForm(forms.Form):
    text = forms.CharField(
        label=lazy("What happened"),
        min_length=20,
        max_length=LONGEST,
        widget=forms.Textarea({"rows": 7}),
        validators=[refuse_card_numbers],
        error_messages={
            "required": lazy("Say what happened: this text is all that the provider gets."),
            "min_length": lazy("Say a little more: this text is all that the provider gets."),
        },
    )


class StatementForm(DisputeForm):
    """The whole statement anew. `before` is how it read when the form was given out."""

    before = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ("text", "before")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].label = _("The whole statement")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if "text" in given and alike(given["text"], given["before"]):
            self.add_error("text", _("This is what the provider has already."))
        return given


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label=lazy("Reason"),
        max_length=500,
        widget=forms.Textarea({"rows": 2}),
        error_messages={"required": lazy("Say why: it is kept with the dispute.")},
    )


class EvidenceForm(forms.Form):
    """A file, judged by its content."""

    file = forms.FileField(
        label=lazy("File"),
        help_text=lazy("PDF, PNG or JPEG, at most 20 MB. It must show no whole card number, security code or PIN."),
        widget=forms.FileInput({"accept": "application/pdf,image/png,image/jpeg"}),
        error_messages={
            "required": lazy("Choose a file."),
            "invalid": lazy("Choose a file."),
            "empty": lazy("This file is empty. Choose another."),
        },
    )

    def clean_file(self) -> Evidence:
        given = self.cleaned_data["file"]
        if given.size > MOST:
            raise ValidationError(_("This file is larger than 20 MB, which is the most that the provider takes."))
        content = given.read()
        kind = kind_of(content)
        if kind is None:
            raise ValidationError(_("This is no PDF, PNG or JPEG inside, whatever its name says. Choose another."))
        return Evidence(safe_name(given.name, kind.ending), kind, content)


class ChargeForm(forms.Form):
    """A fee. `once` is what its sender is known by; `reviewed` is the amount, in cents, that was shown to be read over."""

    amount = MoneyField(
        label=lazy("Amount, US$"), least=1, error_messages={"required": lazy("Say how much is to be charged.")}
    )
    description = forms.CharField(
        label=lazy("Description"),
        max_length=140,
        help_text=lazy("Stands with the fee wherever it is shown, also to the holder."),
        validators=[refuse_card_numbers],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": lazy("Say what the fee is for.")},
    )
    reason = forms.CharField(
        label=lazy("Reason"),
        max_length=500,
        help_text=lazy("For your colleagues; it is not sent."),
        validators=[refuse_card_numbers],
        widget=forms.Textarea({"rows": 2}),
        error_messages={"required": lazy("Say why: it is kept with the request.")},
    )
    once = forms.UUIDField(required=False, widget=forms.HiddenInput)
    reviewed = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean_once(self) -> uuid.UUID:
        return self.cleaned_data["once"] or uuid.uuid4()

    def is_reviewed(self) -> bool:
        return bool(self.cleaned_data["reviewed"] == self.cleaned_data["amount"])

    def again(self, **changed: str) -> None:
        """Given out once more with what was typed."""
        self.data = {name: self.data[name] for name in self.data} | changed

    def hide(self, **changed: str) -> None:
        """The same, to be sent as it is."""
        self.again(**changed)
        for field in self.fields.values():
            field.widget = forms.HiddenInput()


class WhichFeeForm(forms.Form):
    """Which of the new fees came of a charge, or that none did."""

    NONE = "none"
    which = forms.ChoiceField(
        label=lazy("The fee that was asked for"),
        widget=forms.RadioSelect,
        error_messages={"required": lazy("Choose one.")},
    )

    def __init__(self, *args: Any, fees: Sequence[Transaction], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fees = {str(fee.codego_id): fee for fee in fees}
        field: Any = self.fields["which"]
        field.choices = [
            *((key, f"{fee} · {localize(localtime(fee.occurred_at))} · {key}") for key, fee in self.fees.items()),
            (self.NONE, _("None of them: it was not charged")),
        ]

    def fee(self) -> Transaction | None:
        return self.fees.get(self.cleaned_data["which"])


class AnswerForm(forms.Form):
    """What the provider's support said of a dispute that nothing else can show."""

    opened = forms.ChoiceField(
        label=lazy("Is there a dispute?"),
        choices=[("yes", lazy("Yes, the provider has it")), ("no", lazy("No, it was never opened"))],
        widget=forms.RadioSelect,
        error_messages={"required": lazy("Say what support answered.")},
    )
    dispute_id = forms.CharField(
        label=lazy("Its id"),
        max_length=128,
        required=False,
        help_text=lazy("Support gives it. Without the id the console cannot follow the dispute."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    reason = forms.CharField(
        label=lazy("Who said so, when, in which words"),
        max_length=LONGEST,
        widget=forms.Textarea({"rows": 3}),
        error_messages={"required": lazy("Say where this comes from: it is kept as evidence.")},
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("opened") == "yes" and not given.get("dispute_id"):
            self.add_error("dispute_id", _("Enter the id of the dispute."))
        return given


class RecordField(forms.CharField):
    """A record by the provider's id, or by the number that stands in the address of its page."""

    def __init__(self, model: type[Model], **kwargs: Any) -> None:
        super().__init__(
            max_length=128, required=False,
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}), **kwargs,
        )  # fmt: skip
        self.rows = model._default_manager

    def clean(self, value: Any) -> Any:
        text = super().clean(value).strip()
        if not text:
            return None
        found = self.rows.filter(codego_id=text).first()
        if found is None and text.isdecimal() and len(text) < 19:
            found = self.rows.filter(pk=int(text)).first()
        if found is None:
            raise ValidationError(_("No record has the id “%(id)s”.") % {"id": text})
        return found


class ReportForm(forms.Form):
    start = DayField(label=lazy("From the beginning of"))
    end = DayField(
        label=lazy("Up to the beginning of"),
        help_text=lazy("This day itself is not in the report. For November: from 1 November up to 1 December."),
    )
    time_zone = forms.ChoiceField(
        label=lazy("Days are days of this zone"), help_text=lazy("Times in the file are written in it too.")
    )
    by = forms.ChoiceField(
        label=lazy("Which time counts"),
        choices=[
            ("posted", lazy("Posted: when the money moved. What has not settled is left out.")),
            ("authorized", lazy("Authorised: when it was tried, whatever became of it.")),
        ],
        widget=forms.RadioSelect,
        initial="posted",
    )
    format = forms.ChoiceField(label=lazy("File"), choices=FORMATS, widget=forms.RadioSelect, initial="csv")
    status = forms.ChoiceField(label=lazy("Status"), choices=[ANY, *STATES], required=False)
    type = forms.ChoiceField(label=lazy("Type"), choices=[ANY, *TYPES], required=False)
    card = RecordField(Card, label=lazy("Card id"))
    cardholder = RecordField(Cardholder, label=lazy("Cardholder id"))
    company = RecordField(Company, label=lazy("Company id"))

    PERIOD = ("start", "end", "time_zone", "by")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone: Any = self.fields["time_zone"]
        mine = timezone.get_current_timezone_name()
        first = [mine, *(["UTC"] if mine != "UTC" else [])]
        zone.choices = [(name, name) for name in [*first, *sorted(zoneinfo.available_timezones() - set(first))]]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("start") and given.get("end") and given["start"] >= given["end"]:
            self.add_error("end", _("This has to be later than the first day."))
        return given

    def period_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.PERIOD]

    def filter_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ("status", "type", "card", "cardholder", "company")]

    def report(self) -> Report:
        given = self.cleaned_data
        zone = zoneinfo.ZoneInfo(given["time_zone"])
        words = {name: given[name] for name in ("status", "type") if given[name]}
        records = {name: given[name].pk for name in ("card", "cardholder", "company") if given[name]}
        return Report(
            format=given["format"],
            by=given["by"],
            start=datetime.combine(given["start"], time.min, tzinfo=zone),
            end=datetime.combine(given["end"], time.min, tzinfo=zone),
            time_zone=given["time_zone"],
            filters=words | records,
        )


def last_month() -> dict[str, Any]:
    """What a report's form begins with: the last whole month, in the viewer's zone."""
    end = timezone.localdate().replace(day=1)
    start = (end - timedelta(days=1)).replace(day=1)
    return {
        "start": start,
        "end": end,
        "time_zone": timezone.get_current_timezone_name(),
        "by": "posted",
        "format": "csv",
    }
