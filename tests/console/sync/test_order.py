"""Any order and any duplication of deliveries gives the same rows, once the hints are read."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cardholders.models import Cardholder, Company
from cards.models import Card
from console.codego.errors import NoSuchObject
from console.codego.records import CardRecord, TransactionRecord, UserRecord
from console.sync import inbox
from console.sync.models import Delivery
from console.sync.routes import READS
from transactions.models import Transaction

T0 = datetime(2026, 11, 1, 12, tzinfo=UTC)


def _at(minute: int) -> str:
    return (T0 + timedelta(minutes=minute)).isoformat()


def _event(kind: str, body: dict) -> bytes:
    return json.dumps({"type": kind, "body": body}).encode()


USER = {"id": "u1", "externalUserId": "dh_1", "firstName": "Ana", "lastName": "Test", "email": "a@b.test"}
CARD = {"id": "c1", "userId": "u1", "type": "virtual", "last4": "4242"}
SPEND = {"cardId": "c1", "userId": "u1", "currency": "usd", "merchantName": "SHOP   ", "authorizedAt": _at(5)}

SETTLED = {"amount": 1400, "status": "completed", "postedAt": _at(9)}

STORY = [
    _event("user.updated", {**USER, "applicationStatus": "needsVerification", "updatedAt": _at(0)}),
    _event("user.updated", {**USER, "applicationStatus": "pending", "updatedAt": _at(1)}),
    _event("user.updated", {**USER, "applicationStatus": "approved", "updatedAt": _at(2)}),
    _event("card.created", {**CARD, "status": "active", "updatedAt": _at(3)}),
    _event("card.updated", {**CARD, "status": "locked", "updatedAt": _at(6)}),
    _event("card.updated", {**CARD, "status": "active", "updatedAt": _at(7)}),
    _event("transaction.created", {"id": "t1", "type": "spend", "spend": {**SPEND, "amount": 1000, "status": "pending"}}),
    _event("transaction.updated", {"id": "t1", "type": "spend", "spend": {**SPEND, "amount": 1500, "status": "pending"}}),
    _event("transaction.completed", {"id": "t1", "type": "spend", "spend": {**SPEND, **SETTLED}}),
    _event("wallet.blessed", {"id": "w1"}),
]  # fmt: skip

# what the provider says when asked, at the end of the story
TRUTH = {
    "cardholders": {"u1": UserRecord.parse({**USER, "applicationStatus": "approved", "updatedAt": _at(2)})},
    "cards": {"c1": CardRecord.parse({**CARD, "status": "active", "updatedAt": _at(7)})},
    "transactions": {"t1": TransactionRecord.parse(json.loads(STORY[8])["body"])},
}


class Provider:
    """Answers reads from the truth: the client's side of the wire is tested elsewhere, over HTTP."""

    def user(self, i: str) -> UserRecord:
        return _of("cardholders", i)

    def card(self, i: str) -> CardRecord:
        return _of("cards", i)

    def transaction(self, i: str) -> TransactionRecord:
        return _of("transactions", i)


def _of(resource: str, i: str):
    try:
        return TRUTH[resource][i]
    except KeyError:
        raise NoSuchObject("no such object") from None


def settle_hints() -> None:
    """What the reading worker does, until nothing is dirty."""
    for _ in range(5):
        for name in TRUTH:
            for row in READS[name].model._default_manager.filter(dirty_at__isnull=False):
                READS[name].run(Provider(), row, datetime.now(UTC))


def digest() -> dict:
    """Every column that a person could see, of every mirrored row."""
    passing = {"id", "created_at", "read_at", "heard_at", "dirty_at", "reading_at", "state_since", "raw", "cardholder_id",
               "company_id", "card_id", "read_failures", "read_error"}  # fmt: skip
    found = {}
    for model in (Cardholder, Company, Card, Transaction):
        for row in model._default_manager.all():
            values = {
                f.attname: getattr(row, f.attname) for f in model._meta.concrete_fields if f.attname not in passing
            }
            found[model.__name__, row.codego_id] = values
    links = Transaction.objects.values_list("codego_id", "card__codego_id", "cardholder__codego_id")
    return {**found, "links": sorted(links)}


def deliver(bodies: list[bytes], *, batch: int) -> None:
    for n, body in enumerate(bodies):
        inbox.accept(body, {"Idempotency-Key": f"k{STORY.index(body)}"}, "127.0.0.1")
        if n % batch == 0:
            inbox.drain()
    while inbox.drain():
        pass
    settle_hints()


def clear() -> None:
    for model in (Delivery, Transaction, Card, Cardholder, Company):
        model._default_manager.all().delete()


@pytest.fixture
def expected(db) -> dict:
    deliver(STORY, batch=1)
    wanted = digest()
    clear()
    return wanted


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.permutations(range(len(STORY))),
    again=st.lists(st.sampled_from(range(len(STORY))), max_size=12),
    batch=st.integers(1, 9),
)
def test_any_order_and_any_duplication_end_in_the_same_rows(expected, order, again, batch):
    clear()
    deliver([STORY[i] for i in [*order, *again]], batch=batch)
    assert digest() == expected
    assert expected["Cardholder", "u1"]["state"] == "approved"
    assert expected["Transaction", "t1"]["amount"] == 1400
