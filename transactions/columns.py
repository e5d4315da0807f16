"""The columns of every file of transactions and disputes, in order: lists, reports and the command share them."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from console.exports import ExportColumn
from console.money import major
from console.privacy import DOTS
from transactions.models import Transaction

UNITS = "Amounts in major units of the currency beside them; signed amounts are the holder's side; times with offset"


def report_columns(zone: ZoneInfo) -> list[ExportColumn]:
    """Amounts in major units of the currency beside them; times in `zone`, with their offset."""
    when = _clock(zone)
    return [
        ExportColumn("Transaction id", lambda t: t.codego_id),
        ExportColumn("Type", lambda t: t.type),
        ExportColumn("Status", lambda t: t.status),
        ExportColumn("Authorised at", lambda t: when(t.authorized_at)),
        ExportColumn("Posted at", lambda t: when(t.posted_at)),
        ExportColumn("Amount", _amount),
        ExportColumn("Signed amount", lambda t: _major(t.signed_amount, t.currency)),
        ExportColumn("Currency", lambda t: t.currency.upper()),
        ExportColumn("Local amount", lambda t: _major(t.local_amount, t.local_currency)),
        ExportColumn("Local currency", lambda t: t.local_currency.upper()),
        ExportColumn("Merchant", lambda t: t.merchant_name),
        ExportColumn("Merchant category code", lambda t: t.merchant_category_code),
        ExportColumn("City", lambda t: t.merchant_city),
        ExportColumn("Country", lambda t: t.merchant_country),
        ExportColumn("Decline reason", lambda t: t.declined_reason),
        ExportColumn("Card id", lambda t: t.card.codego_id if t.card else ""),
        ExportColumn("Last four", lambda t: t.card.last4 if t.card else ""),
        ExportColumn("Cardholder id", lambda t: t.cardholder.codego_id if t.cardholder else ""),
        ExportColumn("Company id", lambda t: t.company.codego_id if t.company else ""),
        ExportColumn("Transaction hash", lambda t: t.transaction_hash),
        ExportColumn("Description", lambda t: t.description),
    ]


def dispute_columns(zone: ZoneInfo, *, clear: bool) -> list[ExportColumn]:
    """A dispute and the purchase it is about, where that is known. Its text can name people, so it may be masked."""
    when = _clock(zone)

    def about(value: Callable[[Transaction], object]) -> Callable[[object], object]:
        return lambda d: value(d.transaction) if d.transaction else ""  # type: ignore[attr-defined]

    return [
        ExportColumn("Dispute id", lambda d: d.codego_id),
        ExportColumn("Status", lambda d: d.status),
        ExportColumn("Opened at", lambda d: when(d.opened_at)),
        ExportColumn("Resolved at", lambda d: when(d.resolved_at)),
        ExportColumn("Transaction id", about(lambda t: t.codego_id)),
        ExportColumn("Amount", about(_amount)),
        ExportColumn("Currency", about(lambda t: t.currency.upper())),
        ExportColumn("Merchant", about(lambda t: t.merchant_name)),
        ExportColumn("Posted at", about(lambda t: when(t.posted_at))),
        ExportColumn("Text", lambda d: d.text_evidence if clear or not d.text_evidence else DOTS),
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
