"""What a break, its age and a reconciliation are called on screen and in files. Amounts are minor units of USD."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from console.money import format_minor
from console.reconciliation.causes import MEANINGS, Cause
from console.reconciliation.identity import SIGNS, Line
from console.reconciliation.models import Break, Reconciliation, ReconciliationState

USD = "USD"


class Age(NamedTuple):
    """How long a break has stood: from `least` on."""

    key: str
    label: Any
    least: timedelta


AGES: tuple[Age, ...] = (
    Age("day", lazy("Under 24 hours"), timedelta()),
    Age("days", lazy("1 to 3 days"), timedelta(days=1)),
    Age("week", lazy("3 to 7 days"), timedelta(days=3)),
    Age("older", lazy("Over 7 days"), timedelta(days=7)),
)
OLD = AGES[-1]
WAITING = tuple(cause for cause, meaning in MEANINGS.items() if not meaning.passes)


def age_of(since: datetime, now: datetime) -> Age:
    reached = [age for age in AGES if now - since >= age.least]
    return reached[-1] if reached else AGES[0]


def of_age(age: Age, now: datetime) -> Q:
    """Breaks first seen as long ago as this."""
    place = AGES.index(age)
    found = Q(first_seen__lte=now - age.least) if place else Q()
    return found & Q(first_seen__gt=now - AGES[place + 1].least) if place + 1 < len(AGES) else found


def waits(now: datetime) -> Q:
    """Breaks that do not go by themselves, or should have gone by now: where no time is known, when they are old."""
    stayed = Q(expected_until=None, first_seen__lte=now - OLD.least)
    return Q(cause__in=WAITING) | Q(expected_until__lt=now) | stayed


def is_waiting(each: Break, now: datetime) -> bool:
    return each.cause in WAITING or (each.expected_until or each.first_seen + OLD.least) <= now


def sign_in_words(each: Break) -> str:
    """What the amount of a break says, and in whose favour."""
    size = {"size": format_minor(abs(each.amount), USD)}
    if not each.amount:
        return _("It makes no difference to any amount.")
    if each.balance_id is None:
        return _of_contract(each) % size
    said = _ON_LINE[Line(each.line), each.amount * SIGNS[Line(each.line)] > 0] % size
    if each.amount > 0:
        power = _("So the provider gives %(size)s more spending power than our rows do.")
    else:
        power = _("So the provider gives %(size)s less spending power than our rows do.")
    return f"{said} {power % size}"


_ON_LINE = {
    (Line.LIMIT, True): lazy("The provider's credit limit is %(size)s higher than our contracts come to."),
    (Line.LIMIT, False): lazy("The provider's credit limit is %(size)s lower than our contracts come to."),
    (Line.PENDING, True): lazy("The provider holds %(size)s more as pending than our transactions do."),
    (Line.PENDING, False): lazy("The provider holds %(size)s less as pending than our transactions do."),
    (Line.DUE, True): lazy("The provider's balance due is %(size)s higher than our transactions come to."),
    (Line.DUE, False): lazy("The provider's balance due is %(size)s lower than our transactions come to."),
    (Line.SUM, True): lazy("The provider's spending power is %(size)s higher than its own other figures come to."),
    (Line.SUM, False): lazy("The provider's spending power is %(size)s lower than its own other figures come to."),
}


def _of_contract(each: Break) -> str:
    match each.cause:
        case Cause.CONTRACT_MISSING:
            return _("Collateral worth %(size)s was in it when it was last read.")
        case Cause.UNEXPECTED_TOKEN:
            return _("Collateral worth %(size)s, as the provider counts it.")
    if each.amount > 0:
        return _("The contract holds %(size)s more than the deposits on the list come to.")
    return _("The contract holds %(size)s less than the deposits on the list come to.")


def standing(reconciliation: Reconciliation) -> str:
    """The word of its state, for `status`: how far it is from being signed off, and whether it still is."""
    if reconciliation.state != ReconciliationState.DONE:
        return reconciliation.state
    if reconciliation.signed_at:
        return "reopened" if reconciliation.reopened_at else "signed"
    return "prepared" if reconciliation.prepared_at else "done"
