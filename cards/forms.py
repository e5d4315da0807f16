"""What staff type about cards. Amounts are typed in dollars and come out as minor units."""

import re
import uuid
from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cardholders.models import Cardholder
from cards import words
from cards.models import Card
from cards.services import Order
from console.money import major, parse_major

USD = "USD"
MONTHLY = "per30DayPeriod"
REASON = 500
NEEDED = lazy("This is needed to ship a card.")


class MoneyField(forms.CharField):
    """Dollars as typed; minor units of USD as a value."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def __init__(self, *, least: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least = least

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            amount = parse_major(text, USD)
        except ValueError as error:
            raise ValidationError(str(error)) from error
        if amount < self.least:
            raise ValidationError(_("Enter an amount above zero.") if self.least else _("Enter zero or more."))
        return amount

    def prepare_value(self, value: Any) -> Any:
        return str(major(value, USD)) if isinstance(value, int) else value


class ActionForm(forms.Form):
    """A word about why, for the record."""

    reason = forms.CharField(
        label=lazy("Reason"), max_length=REASON, required=False, widget=forms.Textarea({"rows": 2})
    )

    def __init__(self, *args: Any, card: Card, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.card = card


class LockAllForm(forms.Form):
    reason = forms.CharField(
        label=lazy("Reason"),
        max_length=REASON,
        widget=forms.Textarea({"rows": 2}),
        error_messages={"required": lazy("Say why: it is kept with the card.")},
    )


class OwedReason(LockAllForm, ActionForm):
    """For one card."""


class LockForm(ActionForm):
    """A reason is owed: a common one by the button that says it, which sends the form, or any other in words."""

    BECAUSE: ClassVar = {
        "asked": lazy("Cardholder asked"),
        "lost": lazy("Card lost"),
        "stolen": lazy("Card stolen"),
        "fraud": lazy("Suspected fraud"),
        "leaving": lazy("Cardholder is leaving"),
    }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        common = self.BECAUSE.get(self.data.get("because", ""))
        told = ": ".join(filter(None, [str(common or ""), cleaned.get("reason")]))
        if not told and "reason" not in self.errors:
            self.add_error("reason", _("Say why: it is kept with the card."))
        return cleaned | {"reason": told[:REASON]}


class TypedLastFour(forms.Form):
    """Asks for the last four to be typed: the wrong card cannot be closed by a slip."""

    card: Card
    last4 = forms.CharField(
        label=lazy("Type the last four digits to confirm"),
        max_length=8,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def clean_last4(self) -> str:
        typed = str(self.cleaned_data["last4"]).strip()
        if typed != self.card.last4:
            raise ValidationError(_("These are not the last four digits of this card."))
        return typed


class CancelForm(TypedLastFour, OwedReason):
    field_order = ("reason", "last4")


class LimitFields(forms.Form):
    amount = MoneyField(label=lazy("Amount, US$"), least=1)
    frequency = forms.ChoiceField(
        label=lazy("Within"),
        choices=words.FREQUENCY_CHOICES,
        widget=forms.RadioSelect,
        help_text=words.ROLLING,
        error_messages={"required": lazy("Choose how long the amount has to last.")},
    )


class LimitForm(LimitFields, ActionForm):
    field_order = ("amount", "frequency", "reason")


class NameOnCard(forms.Form):
    display_name = forms.RegexField(
        r"^[a-zA-Z0-9 .-]+$",
        label=lazy("Name on card"),
        max_length=26,
        required=False,
        help_text=lazy(
            "At most 26 of: letters without accents, digits, spaces, dots and dashes. "
            "Left empty, the provider uses the holder's name."
        ),
        error_messages={"invalid": lazy("Only letters without accents, digits, spaces, dots and dashes.")},
    )


class ShippingFields(forms.Form):
    """Where a physical card goes. Checked only where there is a card to ship."""

    WIRE: ClassVar = {
        "first_name": "firstName",
        "last_name": "lastName",
        "phone": "phoneNumber",
        "line1": "line1",
        "line2": "line2",
        "city": "city",
        "region": "region",
        "postal_code": "postalCode",
        "country": "countryCode",
        "method": "method",
    }
    OPTIONAL: ClassVar = {"line2", "region"}

    first_name = forms.CharField(label=lazy("First name"), max_length=80)
    last_name = forms.CharField(label=lazy("Last name"), max_length=80)
    phone = forms.CharField(
        label=lazy("Phone"),
        max_length=30,
        help_text=lazy("With the country code, for the carrier."),
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
    )
    line1 = forms.CharField(label=lazy("Street and number"), max_length=120)
    line2 = forms.CharField(label=lazy("Flat, floor or care of"), max_length=120)
    city = forms.CharField(label=lazy("City"), max_length=80)
    region = forms.CharField(label=lazy("State or region"), max_length=80)
    postal_code = forms.CharField(label=lazy("Postal code"), max_length=20)
    country = forms.ChoiceField(label=lazy("Country"))
    method = forms.ChoiceField(
        label=lazy("Delivery"),
        choices=[
            ("standard", lazy("Standard")),
            ("express", lazy("Express")),
            ("international", lazy("International")),
        ],
        help_text=lazy("International for every address outside the United States."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        country: Any = self.fields["country"]
        country.choices = [("", _("Choose a country")), *words.countries().items()]
        for name in self.WIRE:
            self.fields[name].required = False

    def shipping_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.WIRE if name in self.fields]

    def needs_shipping(self) -> bool:
        return True

    def clean_phone(self) -> str:
        typed = str(self.cleaned_data["phone"])
        digits = re.sub(r"[\s().+-]", "", typed)
        if digits and not re.fullmatch(r"\d{6,15}", digits):
            raise ValidationError(_("Enter digits only, with the country code."))
        return digits

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.needs_shipping():
            for name in set(self.WIRE) - self.OPTIONAL - set(self.errors):
                if not cleaned.get(name):
                    self.add_error(name, str(NEEDED))
        return cleaned

    def shipping(self) -> dict[str, str] | None:
        """In the provider's names; it wants the country both as a code and as a name."""
        if not self.needs_shipping():
            return None
        given = {wire: str(self.cleaned_data[name]) for name, wire in self.WIRE.items() if self.cleaned_data[name]}
        return given | {"country": words.countries()[given["countryCode"]]}


class IssueForm(LimitFields, NameOnCard, ShippingFields):
    type = forms.ChoiceField(
        label=lazy("Type"),
        choices=[
            ("virtual", lazy("Virtual: can be used online at once")),
            ("physical", lazy("Physical: is made and shipped, then activated")),
        ],
        widget=forms.RadioSelect,
        initial="virtual",
    )
    amount = MoneyField(
        label=lazy("Limit, US$"),
        required=False,
        least=1,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "autofocus": True}),
        help_text=lazy("Left empty, the card has no limit of its own and only the spending power bounds it."),
    )
    once = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def renew(self) -> None:
        """What was refused may be corrected and sent again, as another request."""
        self.data = {name: self.data[name] for name in self.data} | {"once": str(uuid.uuid4())}

    def needs_shipping(self) -> bool:
        return self.cleaned_data.get("type") == "physical"

    def order(self) -> Order:
        given = self.cleaned_data
        amount = given["amount"]
        return Order(
            type=given["type"],
            limit_amount=amount,
            limit_frequency="" if amount is None else given["frequency"],
            display_name=given["display_name"],
            shipping=self.shipping(),
        )


class ReplaceForm(TypedLastFour, NameOnCard, ShippingFields):
    """Lost or stolen. The address is asked for only where the card is a physical one."""

    what = forms.ChoiceField(
        label=lazy("What happened"),
        choices=[("lost", lazy("Lost")), ("stolen", lazy("Stolen")), ("damaged", lazy("Damaged"))],
        widget=forms.RadioSelect,
        error_messages={"required": lazy("Say what happened: it is kept with the card.")},
    )
    details = forms.CharField(
        label=lazy("Details"), max_length=REASON - 20, required=False, widget=forms.Textarea({"rows": 2})
    )
    field_order = ("what", "details", "last4", "display_name")

    def __init__(self, *args: Any, card: Card, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.card = card
        if not self.needs_shipping():
            for name in self.WIRE:
                del self.fields[name]

    def needs_shipping(self) -> bool:
        return self.card.type.lower() == "physical"

    def reason(self) -> str:
        what = dict(self.fields["what"].choices)[self.cleaned_data["what"]]  # type: ignore[attr-defined]
        return ": ".join(filter(None, [str(what), self.cleaned_data["details"]]))

    def order(self) -> Order:
        return Order(
            type=self.card.type.lower() or "virtual",
            limit_amount=self.card.limit_amount,
            limit_frequency=self.card.limit_frequency,
            display_name=self.cleaned_data["display_name"],
            shipping=self.shipping(),
        )


class ClaimForm(forms.Form):
    card = forms.ModelChoiceField(
        queryset=Card.objects.none(),
        label=lazy("The card that was asked for"),
        empty_label=None,
        widget=forms.RadioSelect,
        error_messages={"required": lazy("Choose a card.")},
    )

    def __init__(self, *args: Any, cards: Iterable[Card], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["card"]
        field.queryset = Card.objects.filter(pk__in=[card.pk for card in cards]).order_by("pk")
        field.label_from_instance = _told_apart


def _told_apart(card: Card) -> str:
    parts = [str(card), words.type_of(card), words.limit(card), str(card.codego_id)]
    return " · ".join(part for part in parts if part)


def starting(holder: Cardholder) -> dict[str, Any]:
    """What a new card's form begins with: the holder's own name, phone and address."""
    at = holder.address
    country = str(at.get("countryCode") or "").upper()
    return {
        "first_name": holder.first_name,
        "last_name": holder.last_name,
        "phone": re.sub(r"\D", "", holder.phone_country_code + holder.phone_number),
        "line1": at.get("line1", ""),
        "line2": at.get("line2", ""),
        "city": at.get("city", ""),
        "region": at.get("region", ""),
        "postal_code": at.get("postalCode", ""),
        "country": country,
        "method": "standard" if country == "US" else "international",
        "frequency": MONTHLY,
        "once": uuid.uuid4(),
    }
