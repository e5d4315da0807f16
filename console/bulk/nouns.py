"""The records that bulk actions act on: how they are read, and how a row of a run shows them."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cardholders.models import Cardholder, Company
from cards.models import Card
from console import privacy
from console.sync.models import Delivery
from console.templatetags.console import short_time, status


class Shown(NamedTuple):
    """A record as a row shows it. `state` is markup."""

    name: str
    url: str
    whose: str
    state: SafeString


class Noun(NamedTuple):
    """`name` and `show` take the record, and whether personal data is clear."""

    rows: Callable[[], QuerySet[Any]]
    name: Callable[[Any, bool], str]
    show: Callable[[Any, bool], Shown]


def _card(card: Card, clear: bool) -> Shown:
    owners = [card.cardholder, card.company or (card.cardholder and card.cardholder.company)]
    whose = " · ".join(privacy.name(owner, clear=clear) for owner in owners if owner)
    return Shown(str(card), card.get_absolute_url(), whose, status(card.status, "card"))


def _applicant(row: Cardholder | Company, clear: bool) -> Shown:
    company = getattr(row, "company", None)
    name = privacy.name(row, clear=clear)
    return Shown(name, row.get_absolute_url(), str(company or ""), status(row.application_status, "application"))


def _delivery_name(row: Delivery, _clear: bool) -> str:
    when = short_time(timezone.localtime(row.received_at))
    return _("%(type)s, %(when)s") % {"type": row.type or _("Delivery without a type"), "when": when}


def _delivery(row: Delivery, clear: bool) -> Shown:
    url = reverse("sync:delivery", args=[row.pk])
    return Shown(_delivery_name(row, clear), url, row.object_id, status(row.verdict, "delivery"))


def _applicant_name(row: Cardholder | Company, clear: bool) -> str:
    return privacy.name(row, clear=clear)


NOUNS: dict[str, Noun] = {
    "card": Noun(
        lambda: Card.objects.select_related("cardholder__company", "company").defer(
            "raw", "cardholder__raw", "company__raw", "cardholder__company__raw"
        ),
        lambda card, _clear: str(card),
        _card,
    ),
    "cardholder": Noun(
        lambda: Cardholder.objects.select_related("company").defer("raw", "company__raw"), _applicant_name, _applicant
    ),
    "company": Noun(lambda: Company.objects.defer("raw"), _applicant_name, _applicant),
    "delivery": Noun(lambda: Delivery.objects.defer("body"), _delivery_name, _delivery),
}
