"""Rows to test with: plain functions with sensible defaults."""

import itertools
import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from cardholders.models import BALANCE_FIELDS, Balance, Cardholder, Company, Contract
from cards.models import Card
from console.provider.models import Command
from console.reconciliation.models import Break, Movement, Proof, Reconciliation
from console.staff.models import User
from console.sync.models import Cursor, Delivery, Run
from console.sync.schedule import SCHEDULE
from transactions.models import Dispute, Transaction

_numbers = itertools.count(1)


def _id() -> str:
    return str(uuid.uuid4())


def make_staff(*roles: str, **fields: Any) -> User:
    number = next(_numbers)
    fields = {"email": f"{'-'.join(roles) or 'nobody'}{number}@staff.test", "name": f"Staff {number}"} | fields
    return User.objects.create_user(fields.pop("email"), "made up pass phrase", roles=list(roles), **fields)


def make_company(**fields: Any) -> Company:
    defaults = {
        "codego_id": _id(), "name": "Harbour Trading SA", "email": "office@harbour.test", "application_status": "approved",
        "state": "approved", "state_since": timezone.now() - timedelta(days=3), "read_at": timezone.now(),
    }  # fmt: skip
    return Company.objects.create(**defaults | fields)


def make_cardholder(**fields: Any) -> Cardholder:
    defaults = {
        "codego_id": _id(), "first_name": "Ana", "last_name": "Marinho", "email": "ana@holder.test",
        "phone_country_code": "351", "phone_number": "910000000", "application_status": "approved", "state": "approved",
        "state_since": timezone.now() - timedelta(days=3), "read_at": timezone.now(),
        "address": {"line1": "1 Main St", "city": "Lisbon", "region": "", "postalCode": "1000", "countryCode": "PT"},
    }  # fmt: skip
    return Cardholder.objects.create(**defaults | fields)


def make_contract(owner: Cardholder | Company, **fields: Any) -> Contract:
    defaults = {
        "codego_id": _id(), "chain_id": 84532, "deposit_address": "0x" + "ab" * 20, "proxy_address": "0x" + "cd" * 20,
        "tokens": [{
            "address": "0x036CbD53842c5426634e7929541eC2318f3dCF7e", "balance": "250.0", "exchange_rate": "1", "advance_rate": "1",
        }], "read_at": timezone.now(),
    }  # fmt: skip
    return Contract.objects.create(**_owner(owner), **defaults | fields)


def make_balance(owner: Cardholder | Company, **fields: Any) -> Balance:
    defaults = {
        "codego_id": owner.codego_id, "credit_limit": 25000, "pending_charges": 1200, "posted_charges": 4300,
        "balance_due": 4300, "spending_power": 19500, "read_at": timezone.now(),
    }  # fmt: skip
    return Balance.objects.create(**_owner(owner), **defaults | fields)


def make_card(owner: Cardholder | Company | None = None, **fields: Any) -> Card:
    defaults = {
        "codego_id": _id(), "type": "virtual", "status": "active", "state": "active", "last4": "4242",
        "expiration_month": 3, "expiration_year": 2032, "limit_amount": 50000, "limit_frequency": "per30DayPeriod",
        "read_at": timezone.now(),
    }  # fmt: skip
    return Card.objects.create(**_owner(owner or make_cardholder()), **defaults | fields)


def make_transaction(card: Card | None = None, **fields: Any) -> Transaction:
    if card is None and "cardholder" not in fields and "company" not in fields:
        card = make_card()
    owner = {"card": card, "cardholder": card.cardholder, "company": card.company} if card else {}
    now = timezone.now()
    defaults = {
        "codego_id": _id(), "type": "spend", "kind": "spend", "status": "completed", "state": "completed", "amount": 1250,
        "signed_amount": -1250, "currency": "usd", "local_amount": 1150, "local_currency": "eur", "merchant_name": "Coffee Shop",
        "merchant_category_code": "5814", "merchant_city": "LISBON", "merchant_country": "PT",
        "authorized_amount": 1250, "authorized_at": now - timedelta(days=2), "posted_at": now - timedelta(days=1),
        "occurred_at": now - timedelta(days=2), "read_at": now,
    }  # fmt: skip
    return Transaction.objects.create(**owner | defaults | fields)


def make_dispute(transaction: Transaction | None = None, **fields: Any) -> Dispute:
    defaults = {"codego_id": _id(), "status": "pending", "state": "pending", "text_evidence": "Never arrived."}
    return Dispute.objects.create(transaction=transaction or make_transaction(), **defaults | fields)


def make_command(record: str = "card", record_id: int = 1, **fields: Any) -> Command:
    defaults = {"kind": "lock", "state": "done", "target": _id()}
    return Command.objects.create(record=record, record_id=record_id, **defaults | fields)


def make_delivery(**fields: Any) -> Delivery:
    key = _id()
    defaults = {
        "event_id": key, "body_hash": key.replace("-", "") * 2, "type": "card.updated", "object_id": "c1",
        "body": b'{"type":"card.updated","body":{"id":"c1"}}', "verdict": "applied", "due_at": None,
    }  # fmt: skip
    return Delivery.objects.create(**defaults | fields)


def make_swept(age: timedelta = timedelta(), **ages: timedelta) -> None:
    """Every resource was swept so long ago, but for those that are named."""
    for name in SCHEDULE:
        swept_at = timezone.now() - ages.get(name, age)
        Cursor.objects.update_or_create(resource=name, defaults={"swept_at": swept_at})


def make_run(**fields: Any) -> Run:
    counts = {"cards": {"seen": 2, "created": 1, "changed": 1, "unchanged": 0, "failed": 0}}
    defaults = {
        "kind": "reconcile",
        "resources": ["cards"],
        "state": "done",
        "counts": counts,
        "finished_at": timezone.now(),
    }
    return Run.objects.create(**defaults | {"due_at": None} | fields)


def make_reconciliation(**fields: Any) -> Reconciliation:
    none = {"count": 0, "amount": 0}
    forward = dict.fromkeys(("opening", "new", "changed", "reopened", "resolved", "cleared", "closing"), none)
    defaults = {
        "state": "done", "due_at": None, "finished_at": timezone.now(), "digest": "d1" * 32,
        "counts": {"tied": 1}, "forward": {"balances": forward, "contracts": forward},
        "inputs": {"changes": {"newest": 7}, "balances": {"rows": 1, "sha256": "ab" * 32}},
    }  # fmt: skip
    return Reconciliation.objects.create(**defaults | fields)


def make_proof(balance: Balance, reconciliation: Reconciliation, **fields: Any) -> Proof:
    """One that ties, unless told otherwise."""
    figures = {name: getattr(balance, name) for name in BALANCE_FIELDS}
    defaults = {
        "cut_off": balance.read_at, "state": "tied", "our_limit": balance.credit_limit, "our_pending": balance.pending_charges,
        "our_due": balance.balance_due, "difference": 0, "first": reconciliation, "last": reconciliation,
    }  # fmt: skip
    return Proof.objects.create(balance=balance, **figures | defaults | fields)


def make_break(balance: Balance | None = None, **fields: Any) -> Break:
    """Open and of a balance, with the movement that made it, unless a contract's is asked for."""
    if balance is None and "contract" not in fields:
        balance = make_balance(make_cardholder())
    of = balance or fields["contract"]
    owner = {"company": of.company} if of.company_id else {"cardholder": of.cardholder}
    by = fields.pop("reconciliation", None)
    defaults = {
        "balance": balance, "line": "pending" if balance else "contract", "cause": "timing", "key": _id(), "amount": -1250,
    }  # fmt: skip
    made = Break.objects.create(**owner | defaults | fields)
    Movement.objects.create(about=made, kind="new", amount=made.amount, reconciliation=by, at=made.first_seen)
    return made


def _owner(owner: Cardholder | Company) -> dict[str, Any]:
    return {"cardholder" if isinstance(owner, Cardholder) else "company": owner}
