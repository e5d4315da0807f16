"""Whatever the wire carries, in the database: nothing lost, no wrong amount, no card secret, and twice is once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardholders.models import Balance, Cardholder, Company, Contract
from cardholders.sync import apply_balances, apply_cardholders, apply_companies, apply_contracts
from cards.models import Card
from cards.sync import apply_cards
from console.codego import records
from console.codego.errors import Unreadable
from console.codego.wire import loads
from console.provider.mirror import Source, Verdict
from console.sync import inbox
from console.sync.models import Delivery, DeliveryVerdict
from tests.console.codego import mutations as wire
from tests.console.codego.mutations import CODE, PAN, Number, contains, decode, encode, folded, spoiled, storable, whole
from tests.factories import make_cardholder
from transactions.models import Dispute, Transaction
from transactions.sync import apply_disputes, apply_transactions

pytestmark = pytest.mark.django_db
T0 = datetime(2026, 11, 1, 12, tzinfo=UTC)
SLOWLY = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
MINOR_TYPES = {"spend", "collateral", "payment", "fee"}
# Columns of our own clocks, which move whenever something is heard.
CLOCKS = {"read_at", "heard_at", "dirty_at"}
Tree = dict


@dataclass(frozen=True)
class Noun:
    record: type
    apply: Callable
    model: type
    amounts: Callable[[Tree], dict[str, object]]  # column -> what the wire says under the name it stands for
    type: str  # of its event


def _of_balance(tree: Tree) -> dict[str, object]:
    names = {"credit_limit": "creditLimit", "pending_charges": "pendingCharges", "posted_charges": "postedCharges",
             "balance_due": "balanceDue", "spending_power": "spendingPower"}  # fmt: skip
    return {column: tree.get(name) for column, name in names.items()}


def _of_card(tree: Tree) -> dict[str, object]:
    limit = tree.get("limit")
    return {"limit_amount": limit.get("amount") if isinstance(limit, dict) else limit}


def _payload(tree: Tree) -> tuple[str, Tree]:
    kind = folded(storable(tree["type"])) if isinstance(tree.get("type"), str) else ""
    inner = next((v for k, v in tree.items() if folded(k) == kind and isinstance(v, dict)), {})
    return kind, {**tree, **{name: value for name, value in inner.items() if value is not None}}


def _of_transaction(tree: Tree) -> dict[str, object]:
    _kind, payload = _payload(tree)
    names = {"amount": "amount", "local_amount": "localAmount", "authorized_amount": "authorizedAmount"}
    return {column: payload.get(name) for column, name in names.items()}


NOUNS = {
    "user": Noun(records.UserRecord, apply_cardholders, Cardholder, lambda tree: {}, "user.updated"),
    "company": Noun(records.CompanyRecord, apply_companies, Company, lambda tree: {}, "company.updated"),
    "contract": Noun(records.ContractRecord, apply_contracts, Contract, lambda tree: {}, "contract.created"),
    "balance": Noun(records.BalanceRecord, apply_balances, Balance, _of_balance, "balance.updated"),
    "card": Noun(records.CardRecord, apply_cards, Card, _of_card, "card.updated"),
    "dispute": Noun(records.DisputeRecord, apply_disputes, Dispute, lambda tree: {}, "dispute.updated"),
} | {
    kind: Noun(records.TransactionRecord, apply_transactions, Transaction, _of_transaction, "transaction.completed")
    for kind in wire.PAYLOADS
}


@contextmanager
def forgotten() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def put(noun: Noun, record: object, source: Source) -> Verdict:
    if noun.model is Balance:
        owner = Cardholder.objects.filter(codego_id="u1").first() or make_cardholder(codego_id="u1")
        return apply_balances([(owner, record)], source=source).verdicts[0]
    return noun.apply([record], source=source).verdicts[0]


def parsed(noun: Noun, raw: bytes) -> object | None:
    try:
        return noun.record.parse(loads(raw))
    except Unreadable:
        return None


def row_of(noun: Noun, record: object):
    return noun.model._default_manager.get(codego_id=getattr(record, "id", "u1"))


def everything() -> dict[str, list[dict]]:
    """Every column of every table of ours, bytes as text."""
    ours = [
        m
        for m in apps.get_models()
        if m.__module__.split(".")[0] in {"cardholders", "cards", "transactions", "console"}
    ]
    return {
        m.__name__: [
            {k: bytes(v).decode("utf-8", "replace") if isinstance(v, bytes | memoryview) else v for k, v in row.items()}
            for row in m._default_manager.order_by("pk").values()
        ]
        for m in ours
    }


def no_secret_is_kept() -> bool:
    text = str(everything())
    return PAN not in text and PAN[4:] not in text and CODE not in text


def settled() -> dict[str, list[dict]]:
    return {
        name: [{k: v for k, v in row.items() if k not in CLOCKS} for row in rows] for name, rows in everything().items()
    }


def meant(noun: Noun, tree: Tree, column: str, sent: object) -> int | None:
    """The one amount that may stand in this column."""
    if noun.model is Transaction and (kind := _payload(tree)[0]) not in MINOR_TYPES:
        plain = isinstance(sent, Number) and sent.lstrip("-").isdigit() and kind != "transfer"
        return whole(sent) if plain else None
    return whole(sent)


def amounts_are_right(noun: Noun, row, tree: Tree, known: dict[str, int | None]) -> bool:
    """As sent, or nothing and a flag; where nothing was sent, what was known before."""
    for column, sent in noun.amounts(tree).items():
        stored, wanted = getattr(row, column), meant(noun, tree, column, sent)
        right = (
            stored in {None, known.get(column)} if sent is None else stored == wanted or (stored is None and row.flags)
        )
        sure = isinstance(sent, Number) and sent.isdigit() and len(sent) < 18 and wanted is not None
        assert right, (column, stored, sent, row.flags)
        assert not sure or stored == int(sent), (column, stored, sent, row.flags)
    return True


def decimals_are_right(row, tree: Tree) -> bool:
    """A transfer's amount, and the balances of a contract's tokens: the same number, digit for digit."""
    kind, payload = _payload(tree)
    legs = payload.get("source") if isinstance(payload.get("source"), dict) and payload["source"] else payload
    if isinstance(row, Transaction) and kind == "transfer":
        sent = legs.get("amount") or "2.00"  # where it says nothing, what was known before
        assert row.decimal_amount == "" or Decimal(row.decimal_amount) == Decimal(sent.strip())
    if isinstance(row, Contract):
        sent = [token.get("balance") for token in tree.get("tokens") or [] if isinstance(token, dict)]
        kept = [token["balance"] for token in row.tokens]
        assert all(k is None or Decimal(k) == Decimal(s.strip()) for k, s in zip(kept, sent, strict=True)), (kept, sent)
    return True


@pytest.mark.parametrize("name", NOUNS)
@settings(max_examples=60, deadline=None, suppress_health_check=SLOWLY)
@given(data=st.data(), kind=st.sampled_from(["delivery", "read", "run"]), known=st.booleans())
def test_a_record_is_kept_whole_exact_and_once(name, data, kind, known):
    noun, raw = NOUNS[name], encode(data.draw(spoiled(wire.NOUNS[name], most=5)))
    record = parsed(noun, raw)
    if record is None:
        return
    with forgotten():
        before: dict[str, int | None] = {}
        if known:
            good = parsed(noun, encode(wire.NOUNS[name]))
            put(noun, good, Source("read", T0 - timedelta(days=200)))
            noun.model._default_manager.update(version=None)
            before = {column: getattr(row_of(noun, good), column) for column in noun.amounts({})}
        verdict = put(noun, record, Source(kind, T0))
        if verdict in {Verdict.CREATED, Verdict.CHANGED}:
            row = row_of(noun, record)
            assert contains(row.raw, decode(raw)), (row.raw, decode(raw))
            assert amounts_are_right(noun, row, decode(raw), before)
            assert decimals_are_right(row, decode(raw))
        assert no_secret_is_kept()
        after = settled()
        assert put(noun, record, Source(kind, T0 + timedelta(minutes=1))) in {
            Verdict.UNCHANGED,
            Verdict.HINT,
            Verdict.STALE,
        }
        assert settled() == after


ODD_EVENTS = ("card.notification", "transaction.requested", "card", ".", "CARD.Locked")
EVENTS = [*sorted({noun.type for noun in NOUNS.values()}), *ODD_EVENTS]
WRAPS = [
    lambda kind, body: {"type": kind, "body": body},
    lambda kind, body: {"event_type": kind, "data": body, "id": "evt"},
    lambda kind, body: {"resource": kind.split(".")[0], "action": "updated", "body": body, "version": "1"},
    lambda kind, body: {**body, "type": kind},
]
KEYS = st.sampled_from(["", "k1", "k2", "é\x00", "k" * 300]) | st.text(max_size=5)


@st.composite
def deliveries(draw) -> tuple[bytes, str]:
    name = draw(st.sampled_from(list(NOUNS)))
    kind = draw(st.sampled_from([NOUNS[name].type, NOUNS[name].type, *EVENTS]))
    body = draw(spoiled(draw(st.sampled_from(WRAPS))(kind, wire.NOUNS[name]), most=5))
    return encode(body), draw(KEYS)


@settings(max_examples=250, deadline=None, suppress_health_check=SLOWLY)
@given(told=st.lists(deliveries(), min_size=1, max_size=5))
def test_every_delivery_ends_in_a_verdict_that_is_no_failure(told):
    with forgotten():
        for raw, key in told:
            inbox.accept(raw, {"Idempotency-Key": key}, "127.0.0.1")
        inbox.drain()
        failed = Delivery.objects.filter(
            verdict__in=[DeliveryVerdict.NEW, DeliveryVerdict.FAILED, DeliveryVerdict.PARKED]
        )
        assert list(failed.values_list("type", "verdict", "error")) == []
        assert no_secret_is_kept()


@settings(max_examples=60, deadline=None, suppress_health_check=SLOWLY)
@given(raw=st.binary(max_size=60))
def test_bytes_that_are_no_json_are_kept_as_they_came(raw):
    with forgotten():
        delivery = inbox.accept(raw, {}, "")
        inbox.drain()
        assert bytes(Delivery.objects.get(pk=delivery.pk).body) == raw
        assert Delivery.objects.get(pk=delivery.pk).verdict in {"unhandled", "unmatched"}
