"""The provider's endpoints, one method each. Ids go in, records come out; what may go wrong is in errors.py."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Self, TypeVar
from uuid import UUID

from console.codego import paging
from console.codego.bodies import Limit, NewCard
from console.codego.errors import NoSuchObject, NoSuchRoute, OutcomeUnknown, Refused, Unreadable
from console.codego.fields import Fields, required
from console.codego.paging import Page
from console.codego.protocols import Observer, Pacer, Priority
from console.codego.records import (
    BalanceRecord,
    CardRecord,
    CompanyRecord,
    ContractRecord,
    DisputeRecord,
    Encrypted,
    KycSession,
    TransactionRecord,
    UserRecord,
    normal,
)
from console.codego.secret import Secret
from console.codego.transport import Call, Transport

R = TypeVar("R")
Key = str | UUID


class Codego:
    """Close it, or use it as a context manager. Safe to share between threads."""

    def __init__(
        self,
        api_url: str,
        kyc_url: str,
        api_key: Secret,
        kyc_api_key: Secret,
        pacer: Pacer,
        observer: Observer,
        priority: Priority,
        timeout: float = 10.0,
    ) -> None:
        self._transport = Transport(
            api_url=api_url,
            kyc_url=kyc_url,
            api_key=api_key,
            kyc_api_key=kyc_api_key,
            pacer=pacer,
            observer=observer,
            priority=priority,
            timeout=timeout,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()

    # Onboarding

    def create_kyc_session(
        self,
        *,
        external_user_id: str,
        applicant_type: str,
        email: str,
        origin: str,
        return_url: str,
        locale: str = "en",
        idempotency_key: Key,
    ) -> KycSession:
        body = {
            "externalUserId": external_user_id,
            "applicantType": applicant_type,
            "email": email,
            "origin": origin,
            "returnUrl": return_url,
            "locale": locale,
        }
        call = Call(method="POST", path="/session/create", json=body, kyc=True, idempotency_key=str(idempotency_key))
        return self._create(call, KycSession.parse)

    def resume_kyc_session(self, session_id: str, *, idempotency_key: Key) -> KycSession:
        body = {"resumeSessionId": session_id}
        call = Call(method="POST", path="/session/create", json=body, kyc=True, idempotency_key=str(idempotency_key))
        return self._create(call, KycSession.parse)

    def application(self, user_id: str) -> UserRecord:
        """The application, or where that answers 404 the user, who carries the same status."""
        try:
            return self._one("/applications/{id}", user_id, UserRecord.parse)
        except (NoSuchObject, NoSuchRoute):
            return self.user(user_id)

    def company_application(self, company_id: str) -> CompanyRecord:
        return self._one("/applications/companies/{id}", company_id, CompanyRecord.parse)

    # Holders

    def user(self, user_id: str) -> UserRecord:
        return self._one("/users/{id}", user_id, UserRecord.parse)

    def company(self, company_id: str) -> CompanyRecord:
        return self._one("/companies/{id}", company_id, CompanyRecord.parse)

    def users(self, cursor: str | None = None) -> Iterator[Page[UserRecord]]:
        return self._pages("/users", {}, UserRecord.parse, cursor=cursor)

    def companies(self, cursor: str | None = None) -> Iterator[Page[CompanyRecord]]:
        return self._pages("/companies", {}, CompanyRecord.parse, cursor=cursor)

    def user_contracts(self, user_id: str) -> list[ContractRecord]:
        return self._all("/users/{id}/contracts", user_id, ContractRecord.parse)

    def company_contracts(self, company_id: str) -> list[ContractRecord]:
        return self._all("/companies/{id}/contracts", company_id, ContractRecord.parse)

    def user_balances(self, user_id: str) -> BalanceRecord:
        """404 for a company's employee: the balance is the company's."""
        return self._one("/users/{id}/balances", user_id, BalanceRecord.parse)

    def company_balances(self, company_id: str) -> BalanceRecord:
        return self._one("/companies/{id}/balances", company_id, BalanceRecord.parse)

    # Cards

    def cards(
        self, *, user_id: str | None = None, company_id: str | None = None, cursor: str | None = None
    ) -> Iterator[Page[CardRecord]]:
        """A card that does not name the holder asked for is left out: a server may ignore the filter."""

        def keep(card: CardRecord) -> bool:
            return user_id in {None, card.user_id} and company_id in {None, card.company_id}

        return self._pages("/cards", {"userId": user_id, "companyId": company_id}, CardRecord.parse, keep, cursor)

    def card(self, card_id: str) -> CardRecord:
        return self._one("/cards/{id}", card_id, CardRecord.parse)

    def issue_card(self, user_id: str, body: NewCard, *, idempotency_key: Key) -> CardRecord:
        call = Call(
            method="POST", path="/users/{id}/cards", id=user_id, json=body.wire(), idempotency_key=str(idempotency_key)
        )
        return self._create(call, CardRecord.parse)

    def update_card(
        self, card_id: str, *, status: str | None = None, limit: Limit | None = None, idempotency_key: Key
    ) -> None:
        """Gives nothing back: the provider may echo the card as it was before. Read it again."""
        body = {"status": status, "limit": limit and limit.wire()}
        self._change("PATCH", "/cards/{id}", card_id, body, idempotency_key=str(idempotency_key))

    def card_secrets(self, card_id: str, session_id: Secret) -> tuple[Encrypted, Encrypted]:
        """The card number and the security code, encrypted to the browser's session key."""
        call = Call(method="GET", path="/cards/{id}/secrets", id=card_id, session=session_id)
        return self._object(call, _card_secrets)

    def card_pin(self, card_id: str, session_id: Secret) -> Encrypted | None:
        """None: no PIN was set, which the provider words as an error."""
        try:
            return self._object(Call(method="GET", path="/cards/{id}/pin", id=card_id, session=session_id), _card_pin)
        except Refused as error:
            if "not have pin" in f"{error.provider_message} {error.provider_error}".casefold():
                return None
            raise

    def set_card_pin(self, card_id: str, session_id: Secret, encrypted: Encrypted, *, idempotency_key: Key) -> None:
        body = {"encryptedPin": {"iv": encrypted.iv, "data": encrypted.data}}
        key = str(idempotency_key)
        self._change("PUT", "/cards/{id}/pin", card_id, body, idempotency_key=key, session=session_id)

    # Transactions

    def transactions(
        self,
        *,
        user_id: str | None = None,
        company_id: str | None = None,
        card_id: str | None = None,
        types: Sequence[str] | None = None,
        authorized_after: datetime | None = None,
        authorized_before: datetime | None = None,
        posted_after: datetime | None = None,
        posted_before: datetime | None = None,
        cursor: str | None = None,
    ) -> Iterator[Page[TransactionRecord]]:
        """Whose it is, is checked again here. When it was, is not: what a server gives besides is no less true."""
        wanted = {normal(word) for word in types or ()}

        def keep(record: TransactionRecord) -> bool:
            return (
                user_id in {None, record.user_id}
                and company_id in {None, record.company_id}
                and card_id in {None, record.card_id}
                and (not wanted or normal(record.type) in wanted)
            )

        params = {
            "userId": user_id,
            "companyId": company_id,
            "cardId": card_id,
            # How several types are written is unknown, and a misread list would lose records: they are chosen here.
            "type": types[0] if types and len(types) == 1 else None,
            "authorizedAfter": _instant(authorized_after),
            "authorizedBefore": _instant(authorized_before),
            "postedAfter": _instant(posted_after),
            "postedBefore": _instant(posted_before),
        }
        return self._pages("/transactions", params, TransactionRecord.parse, keep, cursor)

    def transaction(self, transaction_id: str) -> TransactionRecord:
        return self._one("/transactions/{id}", transaction_id, TransactionRecord.parse)

    # Charges

    def charge_user(self, user_id: str, amount: int, description: str, *, idempotency_key: Key) -> str:
        """A fee in cents. Gives the id of the charge, which need not be that of the transaction it becomes."""
        return self._charge("/users/{id}/charges", user_id, amount, description, idempotency_key)

    def charge_company(self, company_id: str, amount: int, description: str, *, idempotency_key: Key) -> str:
        """As `charge_user`."""
        return self._charge("/companies/{id}/charges", company_id, amount, description, idempotency_key)

    def _charge(self, path: str, owner_id: str, amount: int, description: str, key: Key) -> str:
        body = {"amount": amount, "description": description}
        call = Call(method="POST", path=path, id=owner_id, json=body, idempotency_key=str(key))
        return self._create(call, lambda answer: required(Fields(answer, "charge"), "charge", "id"))

    # Disputes

    def open_dispute(self, transaction_id: str, text_evidence: str, *, idempotency_key: Key) -> DisputeRecord:
        body = {"textEvidence": text_evidence} if text_evidence else {}
        call = Call(
            method="POST",
            path="/transactions/{id}/disputes",
            id=transaction_id,
            json=body,
            idempotency_key=str(idempotency_key),
        )
        return self._create(call, DisputeRecord.parse)

    def disputes(
        self, *, transaction_id: str | None = None, cursor: str | None = None
    ) -> Iterator[Page[DisputeRecord]]:
        def keep(dispute: DisputeRecord) -> bool:
            return transaction_id in {None, dispute.transaction_id}

        return self._pages("/disputes", {"transactionId": transaction_id}, DisputeRecord.parse, keep, cursor)

    def dispute(self, dispute_id: str) -> DisputeRecord:
        return self._one("/disputes/{id}", dispute_id, DisputeRecord.parse)

    def update_dispute(
        self, dispute_id: str, *, status: str | None = None, text_evidence: str | None = None, idempotency_key: Key
    ) -> None:
        body = {"status": status, "textEvidence": text_evidence}
        self._change("PATCH", "/disputes/{id}", dispute_id, body, idempotency_key=str(idempotency_key))

    def add_dispute_evidence(
        self,
        dispute_id: str,
        *,
        name: str,
        type: str,  # noqa: A002 - the wire's word
        content: bytes,
        idempotency_key: Key,
    ) -> None:
        call = Call(
            method="PUT",
            path="/disputes/{id}/evidence",
            id=dispute_id,
            form={"name": name, "type": type},
            file=(name, content, type),
            idempotency_key=str(idempotency_key),
        )
        self._transport.send(call)

    def dispute_evidence(self, dispute_id: str) -> bytes:
        return self._transport.send(Call(method="GET", path="/disputes/{id}/evidence", id=dispute_id, binary=True)).raw

    # Features

    def try_read(self, path: str, identifier: str = "") -> None:
        """Asks a reading route for one thing and lets go of the answer; raises what it raises. `path` is a template."""
        params = {} if "{id}" in path else {"limit": "1"}
        self._transport.send(Call(method="GET", path=path, id=identifier, params=params, binary=True))

    # The shapes of a call

    def _one(self, path: str, identifier: str, parse: Callable[[Any], R]) -> R:
        return self._object(Call(method="GET", path=path, id=identifier), parse)

    def _object(self, call: Call, parse: Callable[[Any], R]) -> R:
        """The object of an answer, bare or under `data`."""
        body = self._transport.send(call).body
        if isinstance(body, dict) and "id" not in body and isinstance(body.get("data"), dict):
            body = body["data"]
        return _placed(call, parse, body)

    def _create(self, call: Call, parse: Callable[[Any], R]) -> R:
        """A success that does not name what was made leaves us not knowing what was made."""
        try:
            return self._object(call, parse)
        except Unreadable as error:
            why = f"the provider's answer cannot be read: {error}"
        raise OutcomeUnknown(why, method=call.method, path=call.path)

    def _all(self, path: str, identifier: str, parse: Callable[[Any], R]) -> list[R]:
        call = Call(method="GET", path=path, id=identifier)
        body = self._list(call)
        return _placed(call, lambda body: [parse(item) for item in paging.entries(body)], body)

    def _list(self, call: Call) -> Any:
        answer = self._transport.send(call)
        if answer.status != 204 and not answer.raw.strip():
            raise Unreadable("an empty answer is not an empty list", method=call.method, path=call.path)
        return answer.body

    def _pages(
        self,
        path: str,
        params: dict[str, str | None],
        parse: Callable[[Any], R],
        keep: Callable[[R], bool] = lambda _: True,
        cursor: str | None = None,
    ) -> Iterator[Page[R]]:
        given = {name: value for name, value in params.items() if value is not None}

        def fetch(place: dict[str, str]) -> Any:
            return self._list(Call(method="GET", path=path, params={**given, **place}))

        return paging.pages(fetch, parse, keep=keep, cursor=cursor)

    def _change(
        self,
        method: str,
        path: str,
        identifier: str,
        body: dict[str, Any],
        *,
        idempotency_key: str = "",
        session: Secret | None = None,
    ) -> None:
        given = {name: value for name, value in body.items() if value is not None}
        call = Call(
            method=method, path=path, id=identifier, json=given, idempotency_key=idempotency_key, session=session
        )
        self._transport.send(call)


def _placed(call: Call, parse: Callable[[Any], R], body: Any) -> R:
    """Parses, and lets an error say which call it was."""
    try:
        return parse(body)
    except Unreadable as error:
        error.method, error.path = call.method, call.path
        raise


def _card_secrets(body: Any) -> tuple[Encrypted, Encrypted]:
    secrets = body if isinstance(body, dict) else {}
    return Encrypted.parse(secrets.get("encryptedPan")), Encrypted.parse(secrets.get("encryptedCvc"))


def _card_pin(body: Any) -> Encrypted | None:
    if not isinstance(body, dict) or "encryptedPin" not in body:
        raise Unreadable("the answer holds no PIN")
    encrypted = body["encryptedPin"]
    return Encrypted.parse(encrypted) if encrypted is not None else None


def _instant(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
