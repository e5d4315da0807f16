"""What a row was at any moment follows from what it is and what each write replaced."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cardholders.models import Cardholder
from cardholders.sync import apply_cardholders
from cards.models import Card
from cards.sync import apply_cards
from console.codego.records import CardRecord, TransactionRecord, UserRecord
from console.history import services as history
from console.history.models import Change, ChangeSource
from console.history.patches import keys, undo, undone
from console.provider.mirror import Source, image
from tests.factories import make_cardholder
from transactions.models import Transaction
from transactions.sync import apply_transactions

T0 = datetime(2026, 11, 1, 12, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(max_size=3), JSON, max_size=4)


def _card(minute: int, **fields) -> CardRecord:
    body = {"id": "c1", "userId": "u1", "type": "virtual", "status": "active", "last4": "4242"}
    return CardRecord.parse(body | {"updatedAt": (T0 + timedelta(minutes=minute)).isoformat()} | fields)


def _apply(minute: int, source: str = "read", ref: str = "", **fields) -> datetime:
    """Applies a record and gives the moment just after it."""
    apply_cards([_card(minute, **fields)], source=Source(source, timezone.now(), ref))
    return timezone.now()


@given(OBJECTS, OBJECTS)
def test_a_patch_gives_back_the_old_object(new, old):
    assert undone(new, undo(new, old)) == old


def test_a_patch_tells_what_python_calls_equal_apart():
    assert undone({"a": 1}, undo({"a": 1}, {"a": True})) == {"a": True}
    assert undo({"a": {"b": 1, "c": [1, 2]}}, {"a": {"b": 2, "c": [1, 2]}}) == {"in": {"a": {"set": {"b": 2}}}}


@pytest.mark.django_db
def test_a_row_is_known_as_it_was_at_each_moment_and_by_what_it_came_so():
    before = timezone.now()
    first = _apply(0, "delivery", "17", limit={"amount": 500, "frequency": "allTime"})
    second = _apply(1, "run", "3", status="locked")
    _apply(2, "command", "abc", status="canceled", memo="new on the wire")
    card = Card.objects.get()

    assert history.values_at(card, before) is None
    at_first, at_second = history.values_at(card, first), history.values_at(card, second)
    assert (at_first["status"], at_first["limit_amount"]) == ("active", 500)
    assert (at_second["status"], at_second["limit_amount"]) == ("locked", 500)
    assert history.values_at(card, timezone.now())["raw"] == card.raw
    assert at_first["raw"] == _card(0, limit={"amount": 500, "frequency": "allTime"}).raw
    told = [(e.change.source, e.change.ref, e.old.get("status"), e.new.get("status")) for e in _entries(card)]
    assert told == [
        (ChangeSource.COMMAND, "abc", "locked", "canceled"),
        (ChangeSource.RUN, "3", "active", "locked"),
        (ChangeSource.DELIVERY, "17", None, None),
    ]
    assert [e.change.created for e in _entries(card)] == [False, False, True]


def _entries(row) -> list[history.Entry]:
    return list(history.entries(row, history.of_row(row)))


@pytest.mark.django_db
def test_what_changes_nothing_leaves_no_change():
    _apply(0)
    _apply(0)
    assert Change.objects.filter(record="card").count() == 1


@pytest.mark.django_db
def test_a_placeholder_that_comes_to_be_known_is_created_then():
    spend = {"id": "t1", "type": "spend", "spend": {"amount": 5, "status": "pending", "userId": "u1", "cardId": "c1"}}
    apply_transactions([TransactionRecord.parse(spend)], source=Source("read", timezone.now()))
    before = timezone.now()
    _apply(0)
    assert history.values_at(Card.objects.get(), before) is None
    assert Transaction.objects.count() == Change.objects.filter(record="transaction", created=True).count() == 1


@pytest.mark.django_db
def test_two_rows_that_prove_to_be_one_person_have_one_story():
    ours = make_cardholder(codego_id=None, external_id="dh_1", first_name="", email="typed@here.test")
    body = {"id": "u9", "firstName": "Ana", "applicationStatus": "pending"}
    apply_cardholders([UserRecord.parse(body)], source=Source("run", timezone.now(), "1"))
    known = body | {"externalUserId": "dh_1", "applicationStatus": "approved", "updatedAt": T0.isoformat()}
    apply_cardholders([UserRecord.parse(known)], source=Source("run", timezone.now(), "5"))

    row = Cardholder.objects.get()
    assert row.pk == ours.pk
    assert [c.source for c in history.of_row(row)] == ["run", "merge", "run"]
    assert {c.record_id for c in Change.objects.filter(record="cardholder")} == {ours.pk}


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "minute": st.integers(0, 5),
                "status": st.sampled_from(["active", "locked", "canceled", "under observation"]),
                "limit": st.none()
                | st.fixed_dictionaries({"amount": st.integers(1, 3), "frequency": st.just("allTime")}),
                "extra": st.integers(0, 2),
            }
        ),
        max_size=6,
    )
)
@pytest.mark.django_db(transaction=True)
def test_going_back_gives_exactly_the_row_that_was_there(writes):
    Card.objects.all().delete()
    Change.objects.all().delete()
    seen = []
    for write in writes:
        fields = {name: value for name, value in write.items() if name != "minute" and value is not None}
        after = _apply(write["minute"], **fields)
        if card := Card.objects.exclude(status="").first():
            seen.append((after, history.plain(image(card))))
    for at, expected in seen:
        then = history.values_at(Card.objects.get(), at)
        moving = {"read_at"}  # a read that only confirms moves it, which is no change
        assert {k: v for k, v in then.items() if k in expected.keys() - moving} == {
            k: v for k, v in expected.items() if k not in moving
        }


@pytest.mark.django_db
def test_an_instant_is_kept_to_the_microsecond():
    exact = T0.replace(microsecond=123457)
    _apply(0, createdAt=exact.isoformat())
    after = _apply(1, createdAt=T0.isoformat())
    card = Card.objects.get()
    assert _entries(card)[0].old["codego_created_at"] == exact.isoformat()
    assert history.values_at(card, after)["codego_created_at"] == T0.isoformat()


@pytest.mark.django_db
def test_what_set_each_value_is_known():
    _apply(0, "delivery", "17", limit={"amount": 500, "frequency": "allTime"})
    second = _apply(1, "run", "3", status="locked")
    third = _apply(2, "command", "abc", status="locked", limit={"amount": 900, "frequency": "allTime"})
    span = history.between(Card.objects.get(), second, third)
    assert {name: span.set_by[name].ref for name in ("status", "limit_amount", "last4")} == {
        "status": "3",
        "limit_amount": "17",
        "last4": "17",
    }
    assert (span.then["limit_amount"], span.later["limit_amount"]) == (500, 900)
    assert [entry.change.ref for entry in span.entries] == ["abc"]


def test_what_a_patch_touches():
    patch = undo({"a": 1, "b": {"c": 2, "d": 3}, "e": 0}, {"a": 1, "b": {"c": 4, "d": 3}, "f": 0})
    assert keys(patch) == ["b.c", "e", "f"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_what_another_writer_just_made_is_replaced_with_its_history():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    apply_cards([_card(0, status="odd", id="other")], source=Source("run", timezone.now()))  # the holder is there

    def overtaken() -> None:
        apply_cards([_card(1, status="locked")], source=Source("run", timezone.now(), "2"))
        connection.close()

    second = threading.Thread(target=overtaken)
    with transaction.atomic():
        apply_cards([_card(0)], source=Source("delivery", timezone.now(), "1"))
        second.start()
        second.join(1.5)  # it waits for the row that is being made here
        assert second.is_alive()
    second.join(10)
    card = Card.objects.get(codego_id="c1")
    assert card.status == "locked"
    assert [(e.change.ref, e.change.created, e.old.get("status")) for e in _entries(card)] == [
        ("2", False, "active"),
        ("1", True, None),
    ]
