"""The columns of every file of transactions and disputes, in order: lists, reports and the command share them."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from console.exports import ExportColumn
from console.money import major
from console.privacy import DOTS, name
from transactions.models import Transaction

UNITS = "Amounts in major units of the currency beside them; signed amounts are the holder's side; times with offset"


def report_columns(zone: ZoneInfo) -> list[ExportColumn]:
    """Amounts in major units of the currency beside them; times in `zone`, with their offset."""
    when = _clock(zone)
    return [
        ExportColumn("Transaction id", lambda t: t.codego_id, "id"),
        ExportColumn("Type", lambda t: t.type, "type what"),
        ExportColumn("Status", lambda t: t.status, "status"),
        ExportColumn("Authorised at", lambda t: when(t.authorized_at), "authorised"),
        ExportColumn("Posted at", lambda t: when(t.posted_at), "posted"),
        ExportColumn("Amount", _amount, "amount"),
        ExportColumn("Signed amount", lambda t: _major(t.signed_amount, t.currency)),
        ExportColumn("Currency", lambda t: t.currency.upper(), "amount"),
        ExportColumn("Local amount", lambda t: _major(t.local_amount, t.local_currency), "local amount"),
        ExportColumn("Local currency", lambda t: t.local_currency.upper(), "local amount"),
        ExportColumn("Merchant", lambda t: t.merchant_name, "what"),
        ExportColumn("Merchant category code", lambda t: t.merchant_category_code, "category"),
        ExportColumn("City", lambda t: t.merchant_city, "city"),
        ExportColumn("Country", lambda t: t.merchant_country, "country"),
        ExportColumn("Decline reason", lambda t: t.declined_reason, "reason status"),
        ExportColumn("Card id", lambda t: t.card.codego_id if t.card else "", "card"),
        ExportColumn("Last four", lambda t: t.card.last4 if t.card else "", "card"),
        ExportColumn("Cardholder id", lambda t: t.cardholder.codego_id if t.cardholder else "", "holder"),
        ExportColumn("Company id", lambda t: t.company.codego_id if t.company else "", "company"),
        ExportColumn("Transaction hash", lambda t: t.transaction_hash, "hash"),
        ExportColumn("Description", lambda t: t.description, "description what"),
    ]


def list_columns(zone: ZoneInfo, *, clear: bool) -> list[ExportColumn]:
    """As reports, and what the list on the screen shows beside that; names masked for those who do not read them."""
    when = _clock(zone)
    return [
        *report_columns(zone),
        ExportColumn("Time", lambda t: when(t.occurred_at), "time"),
        ExportColumn("Cardholder", lambda t: name(t.cardholder, clear=clear) or name(t.company, clear=clear), "holder"),
        ExportColumn("Company", lambda t: name(t.company, clear=clear), "company"),
        ExportColumn("Merchant category", lambda t: t.merchant_category, "category"),
    ]


def dispute_columns(zone: ZoneInfo, *, clear: bool) -> list[ExportColumn]:
    """A dispute and the purchase it is about, where that is known. Its text can name people, so it may be masked."""
    when = _clock(zone)

    def about(value: Callable[[Transaction], object]) -> Callable[[object], object]:
        return lambda d: value(d.transaction) if d.transaction else ""  # type: ignore[attr-defined]

    return [
        ExportColumn("Dispute id", lambda d: d.codego_id, "id"),
        ExportColumn("Status", lambda d: d.status, "status"),
        ExportColumn("Opened at", lambda d: when(d.opened_at), "opened"),
        ExportColumn("Resolved at", lambda d: when(d.resolved_at), "resolved age"),
        ExportColumn("Transaction id", about(lambda t: t.codego_id), "transaction"),
        ExportColumn("Amount", about(_amount), "amount"),
        ExportColumn("Currency", about(lambda t: t.currency.upper()), "amount"),
        ExportColumn("Merchant", about(lambda t: t.merchant_name), "merchant"),
        ExportColumn("Posted at", about(lambda t: when(t.posted_at)), "posted"),
        ExportColumn("Card id", about(lambda t: t.card.codego_id if t.card else ""), "card"),
        ExportColumn("Last four", about(lambda t: t.card.last4 if t.card else ""), "card"),
        ExportColumn("Text", lambda d: d.text_evidence if clear or not d.text_evidence else DOTS, "text"),
    ]


def _clock(zone: ZoneInfo) -> Callable[[datetime | None], str]:
    return lambda moment: moment.astimezone(zone).isoformat(timespec="seconds") if moment else ""


def _major(amount: int | None, currency: str) -> object:
    return None if amount is None else major(amount, currency or "usd")


def _amount(transaction: Transaction) -> object:
    """As sent: minor units made major, or the decimal that a transfer carries."""
    if transaction.amount is None and transaction.decimal_amount:
        return _shortest(Decimal(transaction.decimal_amount))
    return _major(transaction.amount, transaction.currency)


def _shortest(value: Decimal) -> Decimal:
    """Without the zeros the column's scale adds, but never less than two places."""
    short = value.normalize()
    return short.quantize(Decimal("0.01")) if int(short.as_tuple().exponent) > -2 else short
