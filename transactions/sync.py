"""The one writer of transactions and disputes."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction

from cardholders.models import Cardholder, Company
from cardholders.sync import touch_balances, touch_contracts
from cards.declines import UNKNOWN, decline_of
from cards.models import Card
from console.codego.records import DisputeRecord, TransactionRecord, normal
from console.provider.mirror import Applied, Incoming, Source, Verdict, mark_dirty, refer, write
from console.provider.observing import lacks
from console.templatetags.console import status_of
from console.terms.services import meet_merchants
from console.vocabulary import services as vocabulary
from transactions.models import Dispute, Transaction

LONGEST_NAME = 200  # of a merchant, as its column cuts it
TYPES = frozenset({"spend", "collateral", "payment", "fee", "transfer"})
WORDS: tuple[vocabulary.Ask, ...] = (
    ("transaction.status", "status", lambda word: status_of(word, "transaction")),
    ("transaction.type", "type", lambda word: normal(word) in TYPES),
    ("transaction.decline", "declined_reason", lambda word: decline_of(word) is not UNKNOWN),
)
DISPUTE_WORDS: tuple[vocabulary.Ask, ...] = (("dispute.status", "status", lambda word: status_of(word, "dispute")),)
# Columns that carry the record's field of the same name.
_SAME = (
    "type", "status", "amount", "currency", "local_amount", "local_currency", "authorized_amount",
    "authorization_method", "declined_reason", "completion_reason", "is_force_posted", "closed_authorization_id",
    "merchant_name", "merchant_category", "merchant_category_code", "merchant_city", "merchant_country", "merchant_id",
    "chain_id", "wallet_address", "transaction_hash", "description", "memo", "authorized_at", "posted_at",
)  # fmt: skip


def apply_transactions(records: Sequence[TransactionRecord], *, source: Source) -> Applied:
    holders = refer(Cardholder, (r.user_id for r in records if r.user_id))
    companies = refer(Company, (r.company_id for r in records if r.company_id))
    with transaction.atomic():
        cards = refer(Card, (r.card_id for r in records if r.card_id))
        owners: dict[int, tuple[int | None, int | None]] = {
            pk: (holder, company)
            for pk, holder, company in Card.objects.filter(pk__in=cards.values()).values_list(
                "pk", "cardholder_id", "company_id"
            )
        }
        incoming = [_transaction(r, holders, companies, cards, owners) for r in records]
        placed = [i for i in incoming if i.values["cardholder_id"] or i.values["company_id"]]
        unplaced = {i.codego_id for i in incoming} - {i.codego_id for i in placed}
        refer(Transaction, unplaced)
        mark_dirty(Transaction, unplaced, source.news_at)
        applied = write(Transaction, placed, source)
        vocabulary.listen(Transaction, placed, applied, source, WORDS)
        meet_merchants(name[:LONGEST_NAME] for i in placed if (name := i.values["merchant_name"]))
        if not (source.is_read or source.again):
            touch_balances(_owner_ids(records), source.at)
            touch_contracts(_owner_ids(r for r in records if normal(r.type) == "collateral"), source.at)
    verdicts = iter(applied.verdicts)
    return Applied([Verdict.HINT if i.codego_id in unplaced else next(verdicts) for i in incoming], applied.changes)


def _owner_ids(records: Iterable[TransactionRecord]) -> list[str]:
    return [i for r in records for i in (r.user_id, r.company_id) if i]


def apply_disputes(records: Sequence[DisputeRecord], *, source: Source) -> Applied:
    if not source.is_read and lacks("GET /disputes/{id}"):
        source = replace(source, last_word=True)  # the delivery is the only news there will ever be
    with transaction.atomic():
        known = refer(Transaction, (r.transaction_id for r in records if r.transaction_id))
        incoming = [_dispute(r, known) for r in records]
        applied = write(Dispute, incoming, source)
        vocabulary.listen(Dispute, incoming, applied, source, DISPUTE_WORDS)
    return applied


def _transaction(
    record: TransactionRecord,
    holders: dict[str, int],
    companies: dict[str, int],
    cards: dict[str, int],
    owners: dict[int, tuple[int | None, int | None]],
) -> Incoming:
    card = cards.get(record.card_id or "")
    holder, company = owners.get(card or 0, (None, None))
    values: dict[str, Any] = {name: getattr(record, name) for name in _SAME}
    values |= {
        "cardholder_id": holders.get(record.user_id or "") or holder,
        "company_id": companies.get(record.company_id or "") or company,
        "card_id": card,
        "decimal_amount": None if record.decimal_amount is None else format(record.decimal_amount, "f"),
        "occurred_at": record.authorized_at,
    }
    first = {"occurred_at": record.authorized_at or record.posted_at or record.created_at}
    return Incoming(record.id, record.updated_at, values, record.raw, record.flags, first)


def _dispute(record: DisputeRecord, known: dict[str, int]) -> Incoming:
    values = {
        "transaction_id": known.get(record.transaction_id or ""),
        "status": record.status,
        "state": None if record.status is None else normal(record.status),
        "text_evidence": record.text_evidence,
        "has_file_evidence": record.has_file_evidence,
        "opened_at": record.created_at,
        "resolved_at": record.resolved_at,
    }
    return Incoming(record.id, record.updated_at, values, record.raw, record.flags)
