"""THE TABLE of what a record's history is told in: each noun's columns, their labels, and how a value is written."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cardholders.chains import chain_name
from cardholders.models import Balance, Cardholder, Company, Contract
from cards.models import FREQUENCIES, Card
from cards.words import type_of
from console import privacy
from console.history.services import Values
from console.money import format_minor
from console.provider.mirror import Mirrored
from console.templatetags.console import status_of
from transactions.models import Dispute, Transaction

NOUNS: dict[str, type[Mirrored]] = {
    "cardholder": Cardholder,
    "company": Company,
    "card": Card,
    "transaction": Transaction,
    "dispute": Dispute,
    "contract": Contract,
    "balance": Balance,
}
LINKS: dict[str, type[Mirrored]] = {
    "cardholder_id": Cardholder,
    "company_id": Company,
    "card_id": Card,
    "transaction_id": Transaction,
}


class Shown(NamedTuple):
    """A value as people read it; `hidden` where there is one that this person may not see."""

    text: str
    url: str = ""
    hidden: bool = False


Names = Mapping[tuple[str, int], Shown]
Show = Callable[[Any, Values], str]


@dataclass(frozen=True, slots=True)
class Field:
    column: str
    label: str | Promise
    show: Show
    personal: bool = False
    quiet: bool = False  # it follows from another column: told on the history page, no line of its own

    def shown(self, row: Values, names: Names, *, clear: bool) -> Shown:
        """The value that `row` has in it."""
        value = row.get(self.column)
        if value is None or value in ("", [], {}):
            return Shown("")
        if self.personal and not clear:
            return Shown(privacy.DOTS, hidden=True)
        if self.column in LINKS:
            return names.get((self.column, value), Shown(_("merged into another row since")))
        return Shown(self.show(value, row))


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one column."""

    label: str | Promise
    old: Shown
    new: Shown


def lines(noun: str, before: Values, after: Values, names: Names, *, clear: bool, quiet: bool = False) -> list[Line]:
    """The columns in which the two differ, in the order of the table."""
    found = []
    for field in FIELDS[noun]:
        if before.get(field.column) == after.get(field.column) or (field.quiet and not quiet):
            continue
        old, new = (field.shown(row, names, clear=clear) for row in (before, after))
        if old == new and not old.hidden:  # the provider spelt the same word another way
            old, new = (Shown(str(row.get(field.column) or "")) for row in (before, after))
        found.append(Line(field.label, old, new))
    return found


def names_of(rows: Iterable[Values], *, clear: bool) -> Names:
    """Who and what the links in these rows lead to: a query for each kind of record."""
    wanted: dict[str, set[int]] = {column: set() for column in LINKS}
    for row in rows:
        for column, ids in wanted.items():
            if row.get(column):
                ids.add(row[column])
    found = {}
    for column, ids in wanted.items():
        for each in LINKS[column]._default_manager.filter(pk__in=ids).defer("raw") if ids else ():
            words = privacy.name(each, clear=clear) if column == "cardholder_id" else str(each)
            found[column, each.pk] = Shown(words, each.get_absolute_url())  # type: ignore[attr-defined]
    return found


# --- How values are written -------------------------------------------------------------------------------------------


def text(value: Any, _row: Values) -> str:
    return str(value)


def moment(value: Any, _row: Values) -> str:
    here = timezone.localtime(datetime.fromisoformat(value))
    return formats.date_format(here, "j M Y, H:i:s")


def day(value: Any, _row: Values) -> str:
    return formats.date_format(date.fromisoformat(value), "j M Y")


def yes_no(value: Any, _row: Values) -> str:
    return _("yes") if value else _("no")


def words(value: Any, _row: Values) -> str:
    return ", ".join(map(str, value))


def frequency(value: Any, _row: Values) -> str:
    return str(FREQUENCIES.get(value, value))


def card_type(value: Any, _row: Values) -> str:
    return type_of(Card(type=value))


def chain(value: Any, _row: Values) -> str:
    return " ".join(filter(None, [chain_name(value), str(value)]))


def figures(value: Any, _row: Values) -> str:
    return " · ".join(f"{name}: {figure}" for name, figure in value.items())


def address(value: Any, _row: Values) -> str:
    return ", ".join(str(part) for part in value.values() if part)


def owners(value: Any, row: Values) -> str:
    """Each with the state of the own check, in the words of the badge."""
    said = state("application")
    return "; ".join(
        " ".join(
            filter(
                None, (owner.get("firstName"), owner.get("lastName"), said(owner.get("applicationStatus") or "", row))
            )
        )
        for owner in value
    )


def tokens(value: Any, _row: Values) -> str:
    return "; ".join(f"{token.get('balance') or '…'} ({str(token.get('address') or '')[:10]}…)" for token in value)


def state(kind: str) -> Show:
    def show(value: Any, _row: Values) -> str:
        known = status_of(value, kind)
        return str(known.label) if known else str(value)

    return show


def money(currency: str) -> Show:
    """Minor units of a currency, or of the one that this column of the row names."""
    return lambda value, row: format_minor(value, currency if currency.isupper() else str(row.get(currency) or ""))


_APPLICANT = (
    Field("application_status", lazy("Application"), state("application")),
    Field("state_since", lazy("In this state since"), moment, quiet=True),
    Field("application_reason", lazy("Provider's reason"), text, personal=True),
    Field("kyc_status", lazy("Identity check"), text),
    Field("address", lazy("Address"), address, personal=True),
    Field("codego_created_at", lazy("At the provider since"), moment),
    Field("codego_id", lazy("Provider's id"), text),
)
_OWNER = (
    Field("cardholder_id", lazy("Cardholder"), text),
    Field("company_id", lazy("Company"), text),
)

FIELDS: dict[str, tuple[Field, ...]] = {
    "cardholder": (
        Field("first_name", lazy("First name"), text, personal=True),
        Field("last_name", lazy("Last name"), text, personal=True),
        Field("email", lazy("E-mail"), text, personal=True),
        Field("phone_country_code", lazy("Phone, country"), text, personal=True),
        Field("phone_number", lazy("Phone"), text, personal=True),
        Field("company_id", lazy("Company"), text),
        Field("is_active", lazy("Active"), yes_no),
        *_APPLICANT,
    ),
    "company": (
        Field("name", lazy("Name"), text),
        Field("email", lazy("E-mail"), text, personal=True),
        Field("owners", lazy("Owners"), owners, personal=True),
        *_APPLICANT,
    ),
    "card": (
        Field("status", lazy("Status"), state("card")),
        Field("limit_amount", lazy("Limit"), money("USD")),
        Field("limit_frequency", lazy("Within"), frequency),
        *_OWNER,
        Field("type", lazy("Type"), card_type),
        Field("last4", lazy("Last four"), text),
        Field("display_name", lazy("Name on card"), text, personal=True),
        Field("expires_on", lazy("Expires"), day),
        Field("token_wallets", lazy("In wallets"), words),
        Field("codego_created_at", lazy("Issued"), moment),
    ),
    "transaction": (
        Field("status", lazy("Status"), state("transaction")),
        Field("amount", lazy("Amount"), money("currency")),
        Field("signed_amount", lazy("On the holder's side"), money("currency"), quiet=True),
        Field("currency", lazy("Currency"), text),
        Field("decimal_amount", lazy("Amount in units"), text),
        Field("local_amount", lazy("At the merchant"), money("local_currency")),
        Field("local_currency", lazy("Merchant's currency"), text),
        Field("authorized_amount", lazy("Authorised amount"), money("currency")),
        Field("authorization_method", lazy("Authorisation method"), text),
        Field("declined_reason", lazy("Declined because"), text),
        Field("completion_reason", lazy("Completed because"), text),
        Field("is_force_posted", lazy("Forced"), yes_no),
        Field("authorized_at", lazy("Authorised"), moment),
        Field("posted_at", lazy("Posted"), moment),
        Field("occurred_at", lazy("Listed under"), moment, quiet=True),
        Field("type", lazy("Type"), text),
        Field("merchant_name", lazy("Merchant"), text),
        Field("merchant_category", lazy("Category"), text),
        Field("merchant_category_code", lazy("Category code"), text),
        Field("merchant_city", lazy("Merchant's city"), text),
        Field("merchant_country", lazy("Merchant's country"), text),
        Field("merchant_id", lazy("Merchant's id"), text),
        Field("card_id", lazy("Card"), text),
        *_OWNER,
        Field("closed_authorization_id", lazy("Closed authorisation"), text),
        Field("chain_id", lazy("Chain"), chain),
        Field("wallet_address", lazy("Wallet"), text),
        Field("transaction_hash", lazy("Transaction hash"), text),
        Field("description", lazy("Description"), text, personal=True),
        Field("memo", lazy("Memo"), text, personal=True),
    ),
    "dispute": (
        Field("status", lazy("Status"), state("dispute")),
        Field("transaction_id", lazy("Purchase"), text),
        Field("text_evidence", lazy("What the provider was told"), text, personal=True),
        Field("has_file_evidence", lazy("File sent along"), yes_no),
        Field("opened_at", lazy("Opened"), moment),
        Field("resolved_at", lazy("Resolved"), moment),
    ),
    "contract": (
        *_OWNER,
        Field("chain_id", lazy("Chain"), chain),
        Field("tokens", lazy("Tokens"), tokens),
        Field("deposit_address", lazy("Deposit address"), text),
        Field("proxy_address", lazy("Proxy address"), text),
        Field("controller_address", lazy("Controller address"), text),
        Field("contract_version", lazy("Contract version"), text),
    ),
    "balance": (
        *_OWNER,
        Field("spending_power", lazy("Spending power"), money("USD")),
        Field("credit_limit", lazy("Credit limit"), money("USD")),
        Field("pending_charges", lazy("Pending charges"), money("USD")),
        Field("posted_charges", lazy("Posted charges"), money("USD")),
        Field("balance_due", lazy("Balance due"), money("USD")),
        Field("extra", lazy("Other figures, as sent"), figures),
    ),
}
