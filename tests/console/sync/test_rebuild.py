"""A row is what was observed of it: damage is found and mended, whatever the order in which things were observed."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cardholders.models import Balance, BalanceReading, Cardholder, Company, Contract, ContractReading
from cardholders.sync import apply_balances, apply_cardholders, apply_contracts
from cards import services
from cards.models import Card
from cards.sync import apply_cards
from console.access import SYSTEM, Actor
from console.audit.models import Entry
from console.codego.records import BalanceRecord, CardRecord, ContractRecord, TransactionRecord, UserRecord
from console.history import services as history
from console.history.models import Change
from console.provider.mirror import Source, image
from console.provider.models import Capability, CommandKind
from console.sync import inbox, reading, runs
from console.sync.models import Delivery, Run
from console.sync.rebuild import OF_ARRIVAL, RESOURCES, Verdict, check, rebuild, walk
from tests.factories import make_card, make_cardholder, make_delivery, make_staff
from transactions.models import Dispute, Transaction
from transactions.sync import apply_transactions

T0 = datetime(2026, 11, 1, 12, tzinfo=UTC)
USER = {"id": "u1", "firstName": "Ana", "lastName": "Test", "email": "a@b.test"}
CARD = {"id": "c1", "userId": "u1", "type": "virtual", "last4": "4242"}
SPEND = {"cardId": "c1", "userId": "u1", "currency": "usd", "merchantName": "SHOP"}


def at(minute: float) -> datetime:
    return T0 + timedelta(minutes=minute)


def card_body(version: int | None, **fields) -> dict:
    stamp = {} if version is None else {"updatedAt": at(version).isoformat()}
    return {**CARD, "status": "active", **stamp, **fields}


def deliver(kind: str, body: dict, minute: float) -> Delivery:
    """A delivery that came at that minute and is worked off now."""
    raw = json.dumps({"type": kind, "body": body}).encode()
    found = make_delivery(type=kind, object_id=body["id"], body=raw, verdict="new", received_at=at(minute), due_at=T0)
    while inbox.drain():
        pass
    return found


def read_card(minute: float, kind: str = "read", **fields) -> None:
    body = card_body(fields.pop("version", None), **fields)
    apply_cards([CardRecord.parse(body)], source=Source(kind, at(minute), "7" if kind == "run" else ""))


def observed(row) -> dict:
    row.refresh_from_db()
    return {name: value for name, value in image(row).items() if name not in OF_ARRIVAL}


def said(*arguments: str, code: int = 0) -> str:
    out = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("rebuild", *arguments, stdout=out, stderr=out)
    assert end.value.code == code, out.getvalue()
    return out.getvalue()


@pytest.fixture
def card(db) -> Card:
    """Told of by two deliveries and two reads, the last of which changed nothing."""
    deliver("card.created", card_body(1, limit={"amount": 500, "frequency": "allTime"}), 1)
    read_card(2, "run", version=2, status="locked", limit={"amount": 900, "frequency": "allTime"})
    deliver("card.updated", card_body(3, limit={"amount": 900, "frequency": "allTime"}), 3)
    read_card(4, version=3, limit={"amount": 900, "frequency": "allTime"})
    return Card.objects.get()


def test_a_row_that_is_what_was_observed_is_left_alone(card):
    before = Change.objects.count()
    assert check(card).verdict == Verdict.SAME
    assert rebuild(card, actor=SYSTEM).verdict == Verdict.SAME
    assert (Change.objects.count(), Entry.objects.filter(action="record:rebuild").count()) == (before, 0)


@pytest.mark.parametrize(
    "damage",
    [
        {"limit_amount": 1},
        {"status": "canceled", "state": "canceled"},
        {"last4": "", "expires_on": "2030-01-31"},
        {"version": at(99)},
        {"flags": ["x: y"]},
    ],
)
def test_damage_by_hand_is_found_and_mended(card, damage):
    right, moment = observed(card), timezone.now()
    was, dirty = history.values_at(card, moment), card.dirty_at
    pk, created_at, holder = card.pk, card.created_at, card.cardholder_id
    Card.objects.update(**damage)

    found = check(card)
    assert {each.column for each in found.differences} == damage.keys()
    assert Card.objects.filter(**damage).exists()

    assert rebuild(card, actor=SYSTEM).verdict == Verdict.DIFFERENT
    assert observed(card) == right
    assert (card.pk, card.created_at, card.cardholder_id, card.dirty_at) == (pk, created_at, holder, dirty)
    assert check(card).verdict == Verdict.SAME
    stable = {n: v for n, v in history.values_at(card, moment).items() if n not in OF_ARRIVAL}
    assert stable == {n: v for n, v in was.items() if n not in OF_ARRIVAL}
    assert [c.source for c in history.of_row(card)] == ["rebuild", "delivery", "run", "delivery"]
    assert set(Entry.objects.get(action="record:rebuild").detail["columns"]) == damage.keys()


def test_a_link_that_was_cut_is_tied_again(card):
    holder = card.cardholder
    stranger = make_cardholder(codego_id="stranger")
    Card.objects.update(cardholder=stranger)
    assert [each.column for each in check(card).differences] == ["cardholder_id"]
    rebuild(card, actor=SYSTEM)
    assert Card.objects.get().cardholder == holder


def test_the_history_gives_the_right_values_after_a_rebuild_too(card):
    moments = {change.written_at: history.values_at(card, change.written_at) for change in history.of_row(card)}
    Card.objects.update(limit_amount=1, status="odd")
    rebuild(card, actor=SYSTEM)
    card.refresh_from_db()
    for moment, was in moments.items():
        now = history.values_at(card, moment)
        assert [(n, v) for n, v in now.items() if n not in OF_ARRIVAL] == [
            (n, v) for n, v in was.items() if n not in OF_ARRIVAL
        ]


@pytest.mark.django_db
def test_a_delivery_after_the_last_read_leaves_the_row_dirty_and_an_earlier_one_does_not():
    read_card(1)
    deliver("card.updated", card_body(None, status="locked"), 2)
    card = Card.objects.get()
    assert card.dirty_at == at(2)
    Card.objects.update(dirty_at=None, last4="0000")
    rebuild(card, actor=SYSTEM)
    card.refresh_from_db()
    assert (card.last4, card.dirty_at) == ("4242", at(2))

    read_card(3, status="locked")
    Card.objects.update(last4="0000")
    rebuild(card, actor=SYSTEM)
    card.refresh_from_db()
    assert (card.last4, card.status, card.dirty_at) == ("4242", "locked", None)


@pytest.mark.django_db
def test_a_mark_that_was_lost_is_set_again_though_nothing_else_differs():
    read_card(1)
    deliver("card.updated", card_body(None, status="locked"), 2)
    Card.objects.update(dirty_at=None)
    assert rebuild(Card.objects.get(), actor=SYSTEM).verdict == Verdict.SAME
    assert Card.objects.get().dirty_at == at(2)


def test_a_mark_that_somebody_else_made_since_the_last_read_stays(card):
    Card.objects.update(dirty_at=at(9), last4="0000")
    rebuild(card, actor=SYSTEM)
    assert Card.objects.get().dirty_at == at(9)


@pytest.mark.django_db
def test_a_read_sent_since_a_delivery_came_has_seen_it_however_late_it_is_worked_off():
    read_card(1)
    late = make_delivery(
        type="card.updated", object_id="c1", verdict="new", received_at=at(2), due_at=None,
        body=json.dumps({"type": "card.updated", "body": card_body(None, status="locked")}).encode(),
    )  # fmt: skip
    read_card(3, status="locked")
    Delivery.objects.filter(pk=late.pk).update(due_at=T0)
    inbox.drain()
    assert Card.objects.get().dirty_at is None


@pytest.mark.django_db
def test_a_stale_delivery_gives_what_only_it_told():
    deliver("card.updated", {"id": "c1", "userId": "u1", "status": "locked", "updatedAt": at(5).isoformat()}, 2)
    deliver("card.created", card_body(1), 1)
    card = Card.objects.get()
    assert (card.status, card.last4) == ("locked", "")
    rebuild(card, actor=SYSTEM)
    card.refresh_from_db()
    assert (card.status, card.last4) == ("locked", "4242")


@pytest.mark.django_db
def test_a_row_older_than_the_log_keeps_what_its_last_record_does_not_name():
    holder = make_cardholder(codego_id="u1")
    raw = {"id": "c1", "userId": "u1", "status": "active"}
    card = make_card(holder, codego_id="c1", last4="1111", limit_amount=7, raw=raw)
    assert check(card).verdict == Verdict.SAME
    read_card(60 * 24 * 400, status="locked", last4="1111")
    card.refresh_from_db()
    assert check(card).verdict == Verdict.SAME
    Card.objects.update(status="canceled")
    assert [each.column for each in check(card).differences] == ["status"]
    rebuild(card, actor=SYSTEM)
    card.refresh_from_db()
    assert (card.status, card.limit_amount, card.last4) == ("locked", 7, "1111")


@pytest.mark.django_db
def test_a_row_older_than_the_log_is_in_its_state_since_then():
    raw = {"id": "u1", "firstName": "Ana", "applicationStatus": "approved", "updatedAt": at(5).isoformat()}
    holder = make_cardholder(codego_id="u1", raw=raw, version=at(5), state_since=at(-9), read_at=at(6), last_name="")
    Cardholder.objects.update(first_name="Mallory")
    assert [each.column for each in check(holder).differences] == ["first_name"]
    rebuild(holder, actor=SYSTEM)
    holder.refresh_from_db()
    assert (holder.first_name, holder.state_since, holder.email) == ("Ana", at(-9), "ana@holder.test")


@pytest.mark.django_db
def test_a_placeholder_and_a_row_that_nothing_was_told_of_are_left_alone():
    read_card(1)
    holder = Cardholder.objects.get(codego_id="u1")
    bare = make_cardholder()
    assert {check(holder).verdict, check(bare).verdict} == {Verdict.UNOBSERVED}
    assert rebuild(bare, actor=SYSTEM).verdict == Verdict.UNOBSERVED
    bare.refresh_from_db()
    assert bare.first_name == "Ana"


@pytest.mark.django_db
def test_what_staff_typed_before_two_rows_proved_to_be_one_person_stays():
    ours = make_cardholder(codego_id=None, external_id="dh_1", first_name="", email="typed@here.test", read_at=None)
    body = {"id": "u9", "firstName": "Ana", "applicationStatus": "pending"}
    for minute, more in enumerate([{}, {"externalUserId": "dh_1", "applicationStatus": "approved"}]):
        apply_cardholders([UserRecord.parse(body | more)], source=Source("run", timezone.now(), str(minute)))
    ours.refresh_from_db()
    assert check(ours).verdict == Verdict.SAME
    Cardholder.objects.update(first_name="Mallory")
    rebuild(ours, actor=SYSTEM)
    ours.refresh_from_db()
    assert (ours.first_name, ours.email, ours.state, ours.external_id) == ("Ana", "typed@here.test", "approved", "dh_1")


@pytest.mark.django_db
def test_contracts_and_balances_are_rebuilt_with_their_owner_and_no_reading_twice():
    holder = make_cardholder(codego_id="u1")
    for minute, balance in ((1, "250"), (2, "100"), (3, "250")):
        raw = {
            "id": "k1",
            "chainId": 84532,
            "depositAddress": "0xabc",
            "tokens": [{"address": "0x1", "balance": balance}],
        }
        owned = ContractRecord.parse(raw | {"userId": "u1"})
        owned.raw.pop("userId")
        apply_contracts([owned], source=Source("run", at(minute), "1"))
        told = {"creditLimit": 100 * minute, "spendingPower": 50, "bonus": 3}
        apply_balances([(holder, BalanceRecord.parse(told))], source=Source("read", at(minute)))
    contract, money = Contract.objects.get(), Balance.objects.get()
    right = observed(contract), observed(money)
    readings = ContractReading.objects.count(), BalanceReading.objects.count()
    assert readings == (3, 3)
    assert {check(contract).verdict, check(money).verdict} == {Verdict.SAME}

    Contract.objects.update(tokens=[])
    Balance.objects.update(spending_power=10**9, extra={})
    rebuild(contract, actor=SYSTEM)
    rebuild(money, actor=SYSTEM)
    assert (observed(contract), observed(money)) == right
    assert (ContractReading.objects.count(), BalanceReading.objects.count()) == readings


def test_the_command_checks_mends_and_says_so(card):
    assert "same 1" in said("cards", "--check")
    Card.objects.update(limit_amount=1, display_name="SOMEBODY")
    told = said("--check", code=1)
    assert "cards c1: limit_amount 1 → 900" in told
    assert "SOMEBODY" not in told
    found = json.loads(said("cards", "--id", "c1", "--check", "--json", code=1))
    assert found["rows"][0]["fields"] == {"limit_amount": [1, 900], "display_name": None}
    assert found["resources"]["cards"]["different"] == 1
    said()
    assert Card.objects.get().limit_amount == 900
    said("--check")


@pytest.mark.django_db
@pytest.mark.parametrize("arguments", [("nonsense",), ("cards", "--id", "nobody")])
def test_the_command_refuses_what_does_not_exist(arguments):
    assert said(*arguments, code=2)


def go(kind: str) -> Run:
    run = runs.start(kind)
    while run.state == "running":
        run = runs.work(runs.claim(run.pk))
    return run


@pytest.mark.django_db(transaction=True)
def test_a_programme_that_is_lived_in_is_what_was_observed_of_it(sandbox):
    imported = go("import")
    assert set(Change.objects.values_list("source", "ref")) == {("run", str(imported.pk))}
    card = Card.objects.filter(state="active", cardholder__isnull=False).first()
    actor = Actor(make_staff("operations").pk, ("operations",))
    for kind in (CommandKind.LOCK, CommandKind.UNLOCK):
        services.change_status(card, kind, actor=actor, reason="Lost")
        card.refresh_from_db()
    spend = sandbox.story("authorise", cardId=card.codego_id, amount=100)
    go("catch_up")
    heard = {"amount": 120, "status": "pending", "cardId": card.codego_id, "userId": card.cardholder.codego_id}
    late = make_delivery(
        type="transaction.updated", object_id=spend["id"], verdict="new", due_at=T0,
        body=json.dumps({"type": "transaction.updated", "body": {"id": spend["id"], "type": "spend", "spend": heard}}).encode(),
    )  # fmt: skip
    sandbox.story("settle", transactionId=spend["id"])
    inbox.drain()
    reading.read_dirty(seconds=60)
    late.refresh_from_db()
    assert (late.verdict, Transaction.objects.get(codego_id=spend["id"]).state) == ("hint", "completed")
    assert set(Change.objects.values_list("source", flat=True)) == {"run", "command", "read"}

    told = json.loads(said("--check", "--json"))
    assert told["rows"] == []
    assert told["resources"]["transactions"]["same"] == Transaction.objects.count() > 0
    assert all(counts["insufficient"] == counts["failed"] == 0 for counts in told["resources"].values())


@pytest.mark.django_db
def test_the_last_word_of_a_delivery_is_still_a_deliverys():
    Capability.objects.create(environment="sandbox", route="GET /disputes/{id}", present=False)
    for minute, status in enumerate(["pending", "accepted"]):
        deliver("dispute.updated", {"id": "d1", "transactionId": "t1", "status": status}, minute)
    dispute = Dispute.objects.get()
    assert dispute.status == "accepted"
    assert {c.source for c in history.of_row(dispute)} == {"delivery"}
    assert check(dispute).verdict == Verdict.SAME


# --- Any order --------------------------------------------------------------------------------------------------------


def _user(version: int, status: str, **more) -> dict:
    return {**USER, "applicationStatus": status, "updatedAt": at(version).isoformat(), **more}


def _spend(**fields) -> dict:
    return {"id": "t1", "type": "spend", "spend": {**SPEND, "authorizedAt": at(5).isoformat(), **fields}}


TOLD = [
    ("user.updated", _user(0, "needsVerification")),
    ("user.updated", _user(2, "approved", companyId="co1")),
    ("company.updated", {"id": "co1", "name": "Acme", "applicationStatus": "approved", "updatedAt": at(1).isoformat()}),
    ("card.created", card_body(3)),
    ("card.updated", card_body(6, status="locked")),
    ("card.updated", card_body(7)),
    ("card.updated", card_body(None, status="locked")),
    ("transaction.created", _spend(amount=1000, status="pending")),
    ("transaction.completed", _spend(amount=1400, status="completed", postedAt=at(9).isoformat())),
    ("dispute.created", {"id": "d1", "transactionId": "t1", "createdAt": at(8).isoformat(), "updatedAt": at(9).isoformat()}),
]  # fmt: skip
READ = [
    (apply_cardholders, UserRecord, _user(2, "approved", companyId="co1")),
    (apply_cards, CardRecord, card_body(7)),
    (apply_transactions, TransactionRecord, _spend(amount=1400, status="completed", postedAt=at(9).isoformat())),
]
MODELS = (Dispute, Transaction, Card, Cardholder, Company)


def _live(order: list[int]) -> None:
    """Each observation with its own instant, worked off in this order."""
    for i in order:
        if i < len(TOLD):
            deliver(*TOLD[i], 10 + i)
        else:
            apply, record, body = READ[i - len(TOLD)]
            apply([record.parse(body)], source=Source("read", at(30 + i)))


def _digest() -> dict:
    """Every column and every link, whatever numbers the rows have; and which rows wait to be read."""
    links = {"company_id": "company", "cardholder_id": "cardholder", "card_id": "card", "transaction_id": "transaction"}
    found = {}
    for model in MODELS:
        for row in model._default_manager.all():
            values = {n: v for n, v in observed(row).items() if n not in links}
            tied = {name: (other := getattr(row, name, None)) and other.codego_id for name in links.values()}
            heard = (
                None if row.by_reference else (row.heard_at, row.state_since if hasattr(row, "state_since") else None)
            )
            dirty = None if row.by_reference else row.dirty_at
            found[model.__name__, row.codego_id] = values | tied | {"heard": heard, "dirty": dirty}
    return found


def _clear() -> None:
    for model in (Change, Delivery, *MODELS):
        model._default_manager.all().delete()


EVERYTHING = range(len(TOLD) + len(READ))


@pytest.fixture
def expected(db) -> dict:
    _live(list(EVERYTHING))
    for model in MODELS:  # a placeholder asks to be read when it is made, whatever was observed
        model._default_manager.update(dirty_at=None)
    wanted = _digest()
    _clear()
    return wanted


@hypothesis_settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(order=st.permutations(EVERYTHING), damaged=st.sampled_from([None, "last4", "status", "cardholder"]))
def test_whatever_the_order_of_arrival_a_rebuild_ends_in_the_same_rows(expected, order, damaged):
    _clear()
    _live(order)
    if damaged:
        Card.objects.update(**{damaged: make_cardholder(codego_id="x") if damaged == "cardholder" else "0"})
    # what the order of arrival alone leaves behind is made anew as well
    for model in MODELS:
        model._default_manager.filter(by_reference=False).update(flags=["x: damaged"], dirty_at=None)
    for resource in RESOURCES:
        for row in walk(resource):
            rebuild(row, actor=SYSTEM)
    Cardholder.objects.filter(codego_id="x").delete()
    found = _digest()
    assert found.keys() == expected.keys()
    for key, columns in expected.items():
        assert {n: v for n, v in found[key].items() if v != columns[n]} == {}, key
    assert expected["Card", "c1"]["cardholder"] == expected["Transaction", "t1"]["cardholder"] == "u1"
    assert expected["Cardholder", "u1"]["company"] == "co1"
