"""What a card's state and limit mean, in plain words."""

from functools import cache
from typing import TYPE_CHECKING

from babel import Locale
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from console.money import format_minor

if TYPE_CHECKING:
    from cards.models import Card

STATES = {
    "active": lazy("Purchases go through while both the limit and the spending power allow them."),
    "locked": lazy("Every new purchase is declined until the card is unlocked. Locking can be undone."),
    "notactivated": lazy("Nothing can be bought with it until it is activated, once the holder has it in hand."),
    "canceled": lazy("Closed for good: it cannot be unlocked again. Refunds and late settlements may still come in."),
}
LIMITS = {
    "per24HourPeriod": lazy("%(amount)s in any 24 hours"),
    "per7DayPeriod": lazy("%(amount)s in any 7 days"),
    "per30DayPeriod": lazy("%(amount)s in any 30 days"),
    "perYearPeriod": lazy("%(amount)s in any year"),
    "allTime": lazy("%(amount)s over the card's whole life"),
    "perAuthorization": lazy("%(amount)s for each purchase"),
}
ROLLING = lazy(
    "Rolling: a purchase counts from the moment it is made and is free again once the window has passed. "
    "Nothing resets at midnight or on the first of the month."
)
# Frequency to how long the amount has to last, and what that means.
WINDOWS = {
    "per24HourPeriod": (lazy("In any 24 hours."), ROLLING),
    "per7DayPeriod": (lazy("In any 7 days."), ROLLING),
    "per30DayPeriod": (lazy("In any 30 days."), ROLLING),
    "perYearPeriod": (lazy("In any year."), ROLLING),
    "allTime": (
        lazy("Over the card's whole life."),
        lazy("Every purchase counts for good; once it is used up, nothing more can be bought."),
    ),
    "perAuthorization": (
        lazy("For each purchase."),
        lazy("It bounds each purchase on its own; how many there are does not matter."),
    ),
}
FREQUENCY_CHOICES = [
    ("per24HourPeriod", lazy("Any 24 hours, rolling")),
    ("per7DayPeriod", lazy("Any 7 days, rolling")),
    ("per30DayPeriod", lazy("Any 30 days, rolling")),
    ("perYearPeriod", lazy("Any year, rolling")),
    ("allTime", lazy("The card's whole life")),
    ("perAuthorization", lazy("Each purchase on its own")),
]
NOT_CREDIT = lazy(
    "A limit is not credit. It only caps this card; what can really be spent is the spending power, if that is less."
)
# Codes of the locale data that ISO 3166 gives to no country.
NOT_COUNTRIES = frozenset({"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"})


def limit(card: "Card") -> str:
    """The limit as a phrase; empty where the card has none of its own."""
    if card.limit_amount is None:
        return ""
    amount = format_minor(card.limit_amount, "USD")
    if card.limit_frequency in LIMITS:
        return str(LIMITS[card.limit_frequency]) % {"amount": amount}
    return _("%(amount)s per “%(frequency)s”") % {"amount": amount, "frequency": card.limit_frequency}


def type_of(card: "Card") -> str:
    known = {"virtual": _("Virtual"), "physical": _("Physical")}
    return known.get(card.type.lower(), card.type)


@cache
def countries() -> dict[str, str]:
    """ISO 3166 code to its English name, which is what the provider takes."""
    names = Locale("en").territories
    found = {
        code: name for code, name in names.items() if len(code) == 2 and code.isalpha() and code not in NOT_COUNTRIES
    }
    return dict(sorted(found.items(), key=lambda item: item[1]))
