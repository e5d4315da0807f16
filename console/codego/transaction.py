"""The transaction record: spend, collateral, payment, fee, transfer, and whatever the provider adds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from console.codego.fields import Fields, Record, required
from console.codego.wire import normal

TRANSACTION_TYPES = frozenset({"spend", "collateral", "payment", "fee", "transfer"})
IN_MINOR_UNITS = TRANSACTION_TYPES - {"transfer"}
LONGEST_DECIMAL = 64  # characters of a transfer's amount
TRANSACTION_STATUSES = {
    "spend": frozenset({"pending", "reversed", "declined", "completed"}),
    "payment": frozenset({"pending", "completed"}),
    "transfer": frozenset({"processing", "pending", "completed"}),
}
ANY_TRANSACTION_STATUS = frozenset().union(*TRANSACTION_STATUSES.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionRecord(Record):
    """Amounts in minor units as sent, save `decimal_amount`: a transfer's, which the provider writes in whole units."""

    id: str
    type: str | None
    status: str | None
    amount: int | None
    currency: str | None
    local_amount: int | None
    local_currency: str | None
    authorized_amount: int | None
    authorization_update_amount: int | None
    authorization_method: str | None
    declined_reason: str | None
    completion_reason: str | None
    is_force_posted: bool | None
    closed_authorization_id: str | None
    merchant_name: str | None
    merchant_category: str | None
    merchant_category_code: str | None
    merchant_city: str | None
    merchant_country: str | None
    merchant_id: str | None
    card_id: str | None
    user_id: str | None
    company_id: str | None
    chain_id: int | None
    wallet_address: str | None
    transaction_hash: str | None
    description: str | None
    memo: str | None
    authorized_at: datetime | None
    posted_at: datetime | None
    created_at: datetime | None
    updated_at: datetime | None
    decimal_amount: Decimal | None

    @classmethod
    def parse(cls, data: Any) -> Self:
        fields = Fields(data, "transaction")
        kind = _unnest(fields)
        amount, currency, decimal_amount = _amounts(fields, kind)
        return cls(
            id=required(fields, "transaction", "id", "transactionId"),
            type=fields.word("type", known=TRANSACTION_TYPES),
            status=fields.word("status", known=TRANSACTION_STATUSES.get(kind, ANY_TRANSACTION_STATUS)),
            amount=amount,
            currency=currency,
            local_amount=_minor(fields, kind, "localAmount"),
            local_currency=fields.text("localCurrency"),
            authorized_amount=_minor(fields, kind, "authorizedAmount"),
            authorization_update_amount=_minor(fields, kind, "authorizationUpdateAmount"),
            authorization_method=fields.text("authorizationMethod"),
            declined_reason=fields.text("declinedReason"),
            completion_reason=fields.text("completionReason"),
            is_force_posted=fields.yes_no("isForcePosted"),
            closed_authorization_id=fields.identifier("closedAuthorizationTransactionId"),
            merchant_name=fields.filled("enrichedMerchantName", "merchantName"),
            merchant_category=fields.filled("merchantCategory", "enrichedMerchantCategory"),
            merchant_category_code=fields.digits("merchantCategoryCode", width=4),
            merchant_city=fields.text("merchantCity"),
            merchant_country=fields.text("merchantCountry"),
            merchant_id=fields.text("merchantId"),
            card_id=fields.identifier("cardId"),
            user_id=fields.identifier("userId"),
            company_id=fields.identifier("companyId"),
            chain_id=fields.whole("chainId", within=range(2**63)),
            wallet_address=fields.text("walletAddress"),
            transaction_hash=fields.text("transactionHash"),
            description=fields.text("description"),
            memo=fields.text("memo"),
            authorized_at=fields.moment("authorizedAt"),
            posted_at=fields.moment("postedAt"),
            created_at=fields.moment("createdAt"),
            updated_at=fields.moment("updatedAt"),
            decimal_amount=decimal_amount,
            raw=fields.raw,
            flags=tuple(fields.flags),
        )


def _unnest(fields: Fields) -> str:
    """Lays the payload kept under the type's own name over the outer object; gives the type for comparison."""
    outer = fields.data
    kind = normal(fields.text("type"))
    fields.flags.clear()
    if not kind:
        fields.flag("type", "missing")
    inner = [value for key, value in outer.items() if normal(str(key)) == kind and value is not None]
    payload = next((value for value in inner if isinstance(value, Mapping)), {})
    if inner and not payload:
        fields.flag(kind, "not an object")
    own = {key: outer[key] for key in ("id", "type", "transactionId") if outer.get(key) is not None}
    fields.data = {**outer, **{key: value for key, value in payload.items() if value is not None}, **own}
    return kind


def _amounts(fields: Fields, kind: str) -> tuple[int | None, str | None, Decimal | None]:
    """A transfer is written in decimal units, everything else in minor ones."""
    if kind != "transfer":
        return _minor(fields, kind, "amount"), fields.text("currency"), None
    source = fields.inner("source")
    whole = source if source.data else fields
    amount, currency = whole.decimal("amount"), whole.text("currency")
    if amount is not None and len(format(amount, "f")) > LONGEST_DECIMAL:
        whole.flag("amount", "too long")
        amount = None
    for flag in source.flags:
        fields.flag("source", flag)
    return None, currency, amount


def _minor(fields: Fields, kind: str, name: str) -> int | None:
    """Minor units, where the type is known to use them; under an unknown one only a plain whole number can be read so."""
    sent = fields.data.get(name)
    plain = isinstance(sent, int) and kind != "transfer"
    if sent is not None and not plain and kind not in IN_MINOR_UNITS:
        fields.flag(name, "unit unknown for this type")
        return None
    return fields.minor(name)
