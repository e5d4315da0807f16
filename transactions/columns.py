"""The columns of transaction exports and reports, in order: one list for every file."""

from datetime import datetime
from zoneinfo import ZoneInfo

from console.exports import ExportColumn
from console.money import major


def report_columns(zone: ZoneInfo) -> list[ExportColumn]:
    """Amounts in major units of the currency beside them; times in `zone`, with their offset."""

    def when(moment: datetime | None) -> str:
        return moment.astimezone(zone).isoformat(timespec="seconds") if moment else ""

    return [
        ExportColumn("Transaction id", lambda t: t.codego_id),
        ExportColumn("Type", lambda t: t.type),
        ExportColumn("Status", lambda t: t.status),
        ExportColumn("Authorised at", lambda t: when(t.authorized_at)),
        ExportColumn("Posted at", lambda t: when(t.posted_at)),
        ExportColumn("Amount", lambda t: _major(t.amount, t.currency)),
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


def _major(amount: int | None, currency: str) -> object:
    return None if amount is None else major(amount, currency or "usd")


