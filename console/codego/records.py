"""The provider's nouns as frozen records. Statuses are kept as sent; None means absent on the wire.

Parsing raises Unreadable only where a record is no object or lacks its id; else `raw` keeps it and `flags` doubts it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from console.codego.errors import Unreadable
from console.codego.fields import Fields, Record, required
from console.codego.secret import Secret
from console.codego.transaction import TransactionRecord
from console.codego.wire import normal, scrub

__all__ = [
    "BalanceRecord",
    "CardRecord",
    "CompanyRecord",
    "ContractRecord",
    "DisputeRecord",
    "Encrypted",
    "KycSession",
    "TokenRecord",
    "TransactionRecord",
    "UserRecord",
    "normal",
]

APPLICATION_STATUSES = frozenset({
    "approved", "pending", "needsinformation", "needsverification", "manualreview", "denied", "locked", "canceled",
    "notstarted", "tosnotaccepted", "exempt",
})  # fmt: skip
CARD_TYPES = frozenset({"virtual", "physical"})
CARD_STATUSES = frozenset({"notactivated", "active", "locked", "canceled"})
LIMIT_FREQUENCIES = frozenset({
    "per24hourperiod", "per7dayperiod", "per30dayperiod", "peryearperiod", "alltime", "perauthorization",
})  # fmt: skip
DISPUTE_STATUSES = frozenset({"pending", "inreview", "accepted", "rejected", "canceled"})
LONGEST_EXTERNAL_ID = 64
BALANCE_KEYS = ("creditLimit", "pendingCharges", "postedCharges", "balanceDue", "spendingPower")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRecord(Record):
    id: str
    external_user_id: str | None
    first_name: str | None
    last_name: str | None
    email: str | None
    phone_country_code: str | None
    phone_number: str | None
    address: dict[str, Any] | None
    application_status: str | None
    application_reason: str | None
    kyc_status: str | None
    is_active: bool | None
    company_id: str | None
    created_at: datetime | None
    updated_at: datetime | None

    @classmethod
    def parse(cls, data: Any) -> Self:
        fields = Fields(data, "user")
        return cls(
            id=required(fields, "user", "id", "userId"),
            external_user_id=fields.identifier("externalUserId", "externalId", longest=LONGEST_EXTERNAL_ID),
            first_name=fields.text("firstName"),
            last_name=fields.text("lastName"),
            email=fields.text("email"),
            phone_country_code=fields.text("phoneCountryCode"),
            phone_number=fields.text("phoneNumber"),
            address=fields.mapping("address"),
            application_status=fields.word("applicationStatus", known=APPLICATION_STATUSES),
            application_reason=fields.text("applicationReason"),
            kyc_status=fields.text("kycStatus"),
            is_active=fields.yes_no("isActive"),
            company_id=fields.identifier("companyId"),
            created_at=fields.moment("createdAt"),
            updated_at=fields.moment("updatedAt"),
            raw=fields.raw,
            flags=tuple(fields.flags),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyRecord(Record):
    """`owners` are the ultimate beneficial owners as the provider words them."""

    id: str
    external_user_id: str | None
    name: str | None
    email: str | None
    application_status: str | None
    application_reason: str | None
    kyc_status: str | None
    address: dict[str, Any] | None
    owners: tuple[dict[str, Any], ...] | None
    created_at: datetime | None
    updated_at: datetime | None

    @classmethod
    def parse(cls, data: Any) -> Self:
        fields = Fields(data, "company")
        owners = fields.objects("ultimateBeneficialOwners")
        return cls(
            id=required(fields, "company", "id", "companyId"),
            external_user_id=fields.identifier("externalUserId", "externalId", longest=LONGEST_EXTERNAL_ID),
            name=fields.text("name"),
            email=fields.text("email"),
            application_status=fields.word("applicationStatus", known=APPLICATION_STATUSES),
            application_reason=fields.text("applicationReason"),
            kyc_status=fields.text("kycStatus"),
            address=fields.mapping("address"),
            owners=None if owners is None else tuple(scrub(owner) for owner in owners),
            created_at=fields.moment("createdAt"),
            updated_at=fields.moment("updatedAt"),
            raw=fields.raw,
            flags=tuple(fields.flags),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRecord(Record):
    """`balance` in whole tokens, not minor units; symbol and decimals are not on the wire."""

    address: str | None
    balance: Decimal | None
    exchange_rate: Decimal | None
    advance_rate: Decimal | None

    @classmethod
    def parse(cls, data: Any) -> Self:
        fields = Fields(data, "token")
        return cls(
            address=fields.text("address"),
            balance=fields.decimal("balance"),
            exchange_rate=fields.decimal("exchangeRate"),
            advance_rate=fields.decimal("advanceRate"),
            raw=fields.raw,
            flags=tuple(fields.flags),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractRecord(Record):
    id: str
    chain_id: int | None
    contract_version: int | None
    controller_address: str | None
    proxy_address: str | None
    deposit_address: str | None
    admin_addresses: tuple[str, ...]
    tokens: tuple[TokenRecord, ...] | None
    user_id: str | None
    company_id: str | None

    @classmethod
    def parse(cls, data: Any) -> Self:
        fields = Fields(data, "contract")
        return cls(
            id=required(fields, "contract", "id", "contractId"),
            chain_id=fields.whole("chainId", within=range(2**63)),
            contract_version=fields.whole("contractVersion", within=range(2**31)),
            controller_address=fields.text("controllerAddress"),
            proxy_address=fields.text("proxyAddress"),
            deposit_address=fields.text("depositAddress"),
            admin_addresses=fields.words("adminAddresses") or (),
            tokens=_tokens(fields),
            user_id=fields.identifier("userId"),
            company_id=fields.identifier("companyId"),
            raw=fields.raw,
            flags=tuple(fields.flags),
        )


def _tokens(fields: Fields) -> tuple[TokenRecord, ...] | None:
    items = fields.objects("tokens")
    if items is None:
        return None
    tokens = tuple(TokenRecord.parse(item) for item in items)
    for token in tokens:
        for flag in token.flags:
            fields.flag("tokens", flag)
    return tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceRecord(Record):
    """Cents. `extra` holds whatever else the provider named."""

    credit_limit: int | None
    pending_charges: int | None
    posted_charges: int | None
    balance_due: int | None
    spending_power: int | None
    extra: dict[str, Any]

    @classmethod
    def parse(cls, data: Any) -> Self:
        fields = Fields(data, "balance")
        return cls(
            credit_limit=fields.minor("creditLimit"),
            pending_charges=fields.minor("pendingCharges"),
            posted_charges=fields.minor("postedCharges"),
            balance_due=fields.minor("balanceDue"),
            spending_power=fields.minor("spendingPower"),
            extra={key: value for key, value in fields.raw.items() if key not in BALANCE_KEYS},
            raw=fields.raw,
            flags=tuple(fields.flags),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRecord(Record):
    id: str
    user_id: str | None
    company_id: str | None
    type: str | None
    status: str | None
    last4: str | None
    expiration_month: int | None
    expiration_year: int | None
    limit_amount: int | None
    limit_frequency: str | None
    display_name: str | None
    token_wallets: tuple[str, ...] | None
    created_at: datetime | None
    updated_at: datetime | None

    @classmethod
    def parse(cls, data: Any) -> Self:
        fields = Fields(data, "card")
        limit, configuration = fields.inner("limit"), fields.inner("configuration")
        return cls(
            id=required(fields, "card", "id", "cardId"),
            user_id=fields.identifier("userId"),
            company_id=fields.identifier("companyId"),
            type=fields.word("type", "cardType", known=CARD_TYPES),
            status=fields.word("status", known=CARD_STATUSES),
            last4=_last4(fields),
            expiration_month=fields.whole("expirationMonth", "expiryMonth", within=range(1, 13)),
            expiration_year=fields.whole("expirationYear", "expiryYear", within=range(2000, 10000)),
            limit_amount=limit.minor("amount"),
            limit_frequency=limit.word("frequency", known=LIMIT_FREQUENCIES),
            display_name=configuration.text("displayName") or fields.text("displayName"),
            token_wallets=fields.words("tokenWallets"),
            created_at=fields.moment("createdAt"),
            updated_at=fields.moment("updatedAt"),
            raw=fields.raw,
            flags=(*fields.flags, *(f"limit.{flag}" for flag in limit.flags)),
        )


def _last4(fields: Fields) -> str | None:
    text = fields.digits("last4", width=4) or fields.text("maskedPan")
    if text and not (text[-4:].isascii() and text[-4:].isdigit()):
        fields.flag("last4", "not digits")
        return None
    return text[-4:] if text else text


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeRecord(Record):
    id: str
    transaction_id: str | None
    status: str | None
    text_evidence: str | None
    has_file_evidence: bool | None
    created_at: datetime | None
    resolved_at: datetime | None
    updated_at: datetime | None

    @classmethod
    def parse(cls, data: Any) -> Self:
        fields = Fields(data, "dispute")
        return cls(
            id=required(fields, "dispute", "id", "disputeId"),
            transaction_id=fields.identifier("transactionId"),
            status=fields.word("status", known=DISPUTE_STATUSES),
            text_evidence=fields.text("textEvidence"),
            has_file_evidence=fields.yes_no("hasFileEvidence"),
            created_at=fields.moment("createdAt"),
            resolved_at=fields.moment("resolvedAt"),
            updated_at=fields.moment("updatedAt"),
            raw=fields.raw,
            flags=tuple(fields.flags),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KycSession:
    """Keeps nothing raw: the answer carries a bearer token twice."""

    session_id: str
    iframe_url: Secret
    expires_at: datetime | None
    resume: str | None = field(repr=False)

    @classmethod
    def parse(cls, data: Any) -> Self:
        fields = Fields(data, "session")
        url = fields.text("iframeUrl")
        if not url:
            raise Unreadable("session: no iframeUrl")
        return cls(
            session_id=required(fields, "session", "sessionId"),
            iframe_url=Secret(url),
            expires_at=fields.moment("expiresAt"),
            resume=fields.text("resume"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Encrypted:
    """Ciphertext for the browser, relayed and never opened."""

    iv: str
    data: str = field(repr=False)

    @classmethod
    def parse(cls, data: Any) -> Self:
        fields = Fields(data, "encrypted value")
        iv, text = fields.text("iv"), fields.text("data")
        if not iv or not text:
            raise Unreadable("encrypted value: incomplete")
        return cls(iv=iv, data=text)
