"""The fields whose words are kept: what each is called, and whether its words can be anything, even a name."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Field(NamedTuple):
    label: str | Promise
    free: bool = False  # text that somebody may have typed: shown only to those who may read personal data


FIELDS: dict[str, Field] = {
    "application.status": Field(_("Status of an application")),
    "card.frequency": Field(_("Period of a card's limit")),
    "card.status": Field(_("Status of a card")),
    "contract.chain": Field(_("Chain of a contract")),
    "dispute.status": Field(_("Status of a dispute")),
    "event.type": Field(_("Type of a delivery")),
    "transaction.decline": Field(_("Reason of a decline"), free=True),
    "transaction.status": Field(_("Status of a transaction")),
    "transaction.type": Field(_("Type of a transaction")),
}
