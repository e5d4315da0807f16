"""What is found, as it is shown: a line that can be opened, in a group of its kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from cards import words
from console import privacy
from console.money import format_minor
from console.provider.models import Command
from console.templatetags.console import status_of
from transactions.models import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """`state` is a word and its kind, as `{% status %}` takes them. A hit with `fill` puts that into the box instead."""

    title: str
    url: str = ""
    about: str = ""
    why: str = ""
    icon: str = "right"
    state: tuple[str, str] | None = None
    dialog: bool = False
    fill: str = ""

    @property
    def spoken_state(self) -> str:
        if not self.state:
            return ""
        known = status_of(*self.state)
        return str(known.label) if known else self.state[0]


@dataclass(frozen=True, slots=True)
class Group:
    key: str
    label: str
    hits: Sequence[Hit]


def told(*parts: object) -> str:
    return " · ".join(str(part) for part in parts if part)


def _day(moment: datetime) -> str:
    return formats.date_format(timezone.localtime(moment), "j M Y")


def _minute(moment: datetime) -> str:
    return formats.date_format(timezone.localtime(moment), "j M Y, H:i")


def whose(row: Any, *, clear: bool) -> str:
    """The holder and the company of a card or transaction, as this person may see them."""
    owners = [row.cardholder, row.company or (row.cardholder and row.cardholder.company)]
    return told(*(privacy.name(owner, clear=clear) for owner in owners if owner))


def of_card(card: Any, why: str, *, clear: bool) -> Hit:
    about = told(whose(card, clear=clear), words.type_of(card))
    return Hit(
        title=str(card), url=card.get_absolute_url(), about=about, why=why, icon="cards", state=(card.status, "card")
    )


def of_applicant(owner: Any, why: str, *, clear: bool) -> Hit:
    person = hasattr(owner, "last_name")
    email = owner.email if clear else ""
    about = told(email, owner.company) if person else email
    return Hit(
        title=privacy.name(owner, clear=clear) or str(owner.pk),
        url=owner.get_absolute_url(),
        about=about,
        why=why,
        icon="cardholders" if person else "companies",
        state=(owner.application_status, "application"),
    )


def of_transaction(row: Transaction, why: str, *, clear: bool) -> Hit:
    amount = "" if row.amount is None else format_minor(row.amount, row.currency)
    return Hit(
        title=told(row, amount),
        url=row.get_absolute_url(),
        about=told(row.card, whose(row, clear=clear), _day(row.occurred_at)),
        why=why,
        icon="transactions",
        state=(row.status, "transaction"),
    )


def of_dispute(row: Any, why: str) -> Hit:
    about = told(row.transaction, _day(row.opened_at))
    title = _("Dispute %(number)s") % {"number": row.pk}
    return Hit(
        title=title, url=row.get_absolute_url(), about=about, why=why, icon="disputes", state=(row.status, "dispute")
    )


def of_contract(row: Any, why: str, *, clear: bool) -> Hit:
    owner = row.company or row.cardholder
    return Hit(
        title=str(row),
        url=owner.get_absolute_url() if owner else reverse("timeline:history", args=["contract", row.pk]),
        about=privacy.name(owner, clear=clear),
        why=why,
        icon="key",
    )


def of_merchant(name: str) -> Hit:
    url = reverse("transactions:list", query={"merchant": name})
    return Hit(title=name, url=url, about=_("All its transactions"), why=_("Merchant"), icon="transactions")


def of_delivery(row: Any, why: str) -> Hit:
    return Hit(
        title=row.type or _("Delivery"),
        url=reverse("sync:delivery", args=[row.pk]),
        about=told(_("no. %(number)s") % {"number": row.pk}, _minute(row.received_at)),
        why=why,
        icon="inbox",
        state=(row.verdict, "delivery"),
    )


def of_command(row: Command, why: str) -> Hit:
    return Hit(
        title=row.get_kind_display(),
        url=reverse("provider:command", args=[row.pk]),
        about=_minute(row.created_at),
        why=why,
        icon="refresh",
        state=(row.state, "command"),
    )


def of_request(row: Any, why: str) -> Hit:
    return Hit(
        title=row.route,
        url=reverse("provider:request", args=[row.pk]),
        about=told(row.status, _minute(row.at)),
        why=why,
        icon="provider",
    )
