"""What a row was at any moment follows from what it is and what each write replaced."""

from datetime import UTC, datetime, timedelta

import pytest
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
from console.history.patches import undo, undone
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
