"""THE TABLE: which event and which read belongs to which noun."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cardholders.models import Balance, Cardholder, Company, Contract
from cardholders.sync import apply_balances, apply_cardholders, apply_companies, apply_contracts
from cards.models import Card
from cards.sync import apply_cards
from console.codego.client import Codego
from console.codego.errors import Unreadable
from console.codego.records import (
    CardRecord,
    CompanyRecord,
    ContractRecord,
    DisputeRecord,
    TransactionRecord,
    UserRecord,
)
from console.codego.wire import scrub
from console.provider.mirror import Applied, Mirrored, Source
from console.sync.owners import balance_of, contracts_of, read_company, read_user
from transactions.models import Dispute, Transaction
from transactions.sync import apply_disputes, apply_transactions

# Deliveries that speak of something else than the object their prefix names, or of nothing that has happened yet.
INFORMATIONAL = frozenset({"card.notification", "transaction.requested"})


@dataclass(frozen=True, slots=True)
class Event:
    """What an event prefix stands for; `noun` names the id where the body has no `id` of its own."""

    model: type[Mirrored]
    record: Any
    apply: Callable[..., Applied]
    noun: str

    def id_of(self, body: dict[str, Any]) -> Any:
        return body.get(f"{self.noun}Id") or body.get("id")

    def parse(self, event_type: str, body: dict[str, Any]) -> Any | None:
        """The record, or None for what is only informational. Raises Unreadable where no object is named."""
        if event_type.lower() in INFORMATIONAL:
            return None
        found = self.id_of(body)
        if not found:
            raise Unreadable(f"{self.noun}: the delivery names no id")
        record = self.record.parse({**body, "id": found})
        return record if body.get("id") == found else replace(record, raw=scrub(body))  # as it was sent


EVENTS: dict[str, Event] = {
    "user": Event(Cardholder, UserRecord, apply_cardholders, "user"),
    "company": Event(Company, CompanyRecord, apply_companies, "company"),
    "contract": Event(Contract, ContractRecord, apply_contracts, "contract"),
    "card": Event(Card, CardRecord, apply_cards, "card"),
    "transaction": Event(Transaction, TransactionRecord, apply_transactions, "transaction"),
    "dispute": Event(Dispute, DisputeRecord, apply_disputes, "dispute"),
}


def event_of(event_type: str) -> Event | None:
    return EVENTS.get(event_type.split(".", maxsplit=1)[0].lower())


@dataclass(frozen=True, slots=True)
class Read:
    """How one row is read afresh: the calls, and the writer they end in."""

    model: type[Mirrored]
    fetch: Callable[[Codego, Any], Sequence[Any]]
    apply: Callable[..., Applied]

    def run(self, client: Codego, row: Any, at: datetime) -> Applied:
        records = self.fetch(client, row)
        return self.apply(records, source=Source("read", at)) if records else Applied()


READS: dict[str, Read] = {
    "cardholders": Read(Cardholder, lambda client, row: [read_user(client, row.codego_id)], apply_cardholders),
    "companies": Read(Company, lambda client, row: [read_company(client, row.codego_id)], apply_companies),
    "contracts": Read(Contract, contracts_of, apply_contracts),
    "balances": Read(Balance, lambda client, row: balance_of(client, row.cardholder or row.company), apply_balances),
    "cards": Read(Card, lambda client, row: [client.card(row.codego_id)], apply_cards),
    "transactions": Read(Transaction, lambda client, row: [client.transaction(row.codego_id)], apply_transactions),
    "disputes": Read(Dispute, lambda client, row: [client.dispute(row.codego_id)], apply_disputes),
}
