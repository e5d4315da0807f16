"""A world made in the same way as the large one, small enough to be looked at as a whole."""

import pytest

from console.sandbox import balances, clock, money
from console.sandbox.draft import Size
from console.sandbox.provider import Options, Provider
from console.sandbox.scale import Scale

BASE = clock.iso(clock.now().replace(minute=0, second=0, microsecond=0))
COMPACT = Size(300, 25, 400, 6_000, 30, 7, written=False)


def moment(transaction):
    return transaction.get("authorizedAt") or transaction["postedAt"]


def ids(records):
    return [one["id"] for one in records]


@pytest.fixture
def compact():
    provider = Provider(Options(database=":memory:"))
    provider.store.unwritten = Scale(1, BASE, COMPACT)
    yield provider
    provider.store.close()


def long_ago(days):
    return clock.ago(days=days)


FILTERS = {
    "nothing": [],
    "one type": [("type <> ?", kind) for kind in ("spend", "collateral", "payment", "transfer")],
    "two types": [("type <> ?", kind) for kind in ("spend", "collateral")],
    "this type": [("type = ?", "payment")],
    "authorised between": [("authorizedAt > ?", long_ago(100)), ("authorizedAt < ?", long_ago(70))],
    "authorised from and until": [("authorizedAt >= ?", long_ago(100)), ("authorizedAt <= ?", long_ago(70))],
    "posted after": [("postedAt > ?", long_ago(20))],
    "posted between": [("postedAt > ?", long_ago(50)), ("postedAt < ?", long_ago(40))],
    "posted before, of a type": [("postedAt < ?", long_ago(300)), ("type = ?", "fee")],
    "pending": [("status = ?", "pending")],
    "declined": [("status = ?", "declined")],
    "held": [("hold > ?", 0)],
}
FIELDS = {"hold": "_hold"}
SIGNS = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}


def meets(doc, where):
    parts = [(*condition.split()[:2], value) for condition, value in where]
    found = [(doc.get(FIELDS.get(name, name)), sign, value) for name, sign, value in parts]
    return all(value is not None and SIGNS[sign](value, wanted) for value, sign, wanted in found)


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_finds_what_a_look_at_everything_finds(compact, name):
    store = compact.store
    for one in store.find("transaction", [("status = ?", "pending")], limit=5, offset=3):
        money.settle(compact, one)
    old = store.find("transaction", [("status = ?", "declined")], limit=1, offset=300)[0]
    store.save("transaction", old | {"status": "pending", "_hold": 7, "postedAt": clock.stamp()})
    everything = store.find("transaction")
    assert len(everything) == len(set(ids(everything))) == COMPACT.transactions
    expected = [one for one in everything if meets(one, FILTERS[name])]
    assert expected
    assert store.find("transaction", FILTERS[name]) == expected
    middle = len(expected) // 2
    assert store.find("transaction", FILTERS[name], offset=middle, limit=30) == expected[middle : middle + 30]
    assert store.find("transaction", FILTERS[name], after=expected[middle]["id"], limit=9) == expected[middle + 1 :][:9]


@pytest.mark.parametrize(
    ("noun", "path", "field"),
    [
        ("user", "companyId", "companyId"),
        ("card", "userId", "userId"),
        ("card", "companyId", "companyId"),
        ("contract", "owner", "_owner"),
        ("transaction", "owner", "_owner"),
        ("transaction", "userId", "userId"),
        ("transaction", "companyId", "companyId"),
        ("transaction", "cardId", "cardId"),
        ("transaction", "transactionHash", "transactionHash"),
        ("dispute", "transactionId", "transactionId"),
        ("dispute", "json_extract(doc, '$._userId')", "_userId"),
        ("dispute", "json_extract(doc, '$._companyId')", "_companyId"),
        ("user", "externalUserId", "_externalUserId"),
        ("company", "externalUserId", "_externalUserId"),
    ],
)
def test_what_belongs_together_is_found_without_a_look_at_everything(compact, noun, path, field):
    everything = compact.store.find(noun)
    values = sorted({one[field] for one in everything if field in one})
    for value in values[:: max(1, len(values) // 12)]:
        expected = [one for one in everything if one.get(field) == value]
        assert compact.store.find(noun, [(f"{path} = ?", value)]) == expected
    assert compact.store.find(noun, [(f"{path} = ?", "nobody-0")]) == []


def test_everything_in_the_world_hangs_together(compact):
    """References lead somewhere, effects come after their causes, and nobody spends before being funded."""
    found = {noun: {one["id"]: one for one in compact.store.find(noun)} for noun in compact.store.counts()}
    movements = list(found["transaction"].values())
    assert [moment(one) for one in movements] == sorted((moment(one) for one in movements), reverse=True)
    funded = {one["_owner"]: one["postedAt"] for one in movements if one["type"] == "collateral"}
    for one in movements:
        assert one["_owner"] in found["user"].keys() | found["company"].keys()
        assert moment(one) <= BASE
        assert (one.get("postedAt") or BASE) <= BASE
        assert funded[one["_owner"]] <= moment(one)
    for one in (one for one in movements if one["type"] == "spend"):
        card, user = found["card"][one["cardId"]], found["user"][one["userId"]]
        assert card["userId"] == user["id"]
        assert user["applicationStatus"] == "approved"
        assert user["createdAt"] <= user["updatedAt"] <= card["createdAt"] <= one["authorizedAt"]
        assert one.get("companyId") == card.get("companyId") == user.get("companyId")
    late = [one for one in movements if "closedAuthorizationTransactionId" in one]
    closed = [found["transaction"][one["closedAuthorizationTransactionId"]] for one in late]
    assert late
    for settled, authorised in zip(late, closed, strict=True):
        assert authorised["completionReason"] == "authorization_reversal"
        assert (authorised["cardId"], authorised["merchantName"]) == (settled["cardId"], settled["merchantName"])
        assert authorised["authorizedAt"] < settled["authorizedAt"]
        assert authorised["authorizedAmount"] == settled["amount"]
    for dispute in found["dispute"].values():
        disputed = found["transaction"][dispute["transactionId"]]
        assert disputed["status"] == "completed"
        assert disputed["postedAt"] < dispute["createdAt"] < BASE


def test_what_is_charged_is_paid_for(compact):
    owners = [one["_owner"] for one in compact.store.find("contract")]
    dues = [balances.now(compact, owner) for owner in owners]
    assert all(one["spendingPower"] >= 0 for one in dues)
    paid = sum(one["amount"] for one in compact.store.find("transaction", [("type = ?", "payment")]))
    assert 0 < sum(one["balanceDue"] for one in dues) < paid / 2


def test_stale_authorisations_close_by_themselves_once(compact):
    compact.store.unwritten = Scale(1, long_ago(40), COMPACT)
    still_open = compact.store.find("transaction", [("status = ?", "pending")])
    assert still_open
    assert money.close_stale(compact) == len(still_open)
    assert money.close_stale(compact) == 0
    assert compact.store.find("transaction", [("status = ?", "pending")]) == []
    assert {compact.store.get("transaction", one["id"])["status"] for one in still_open} == {"reversed"}
    assert len(set(ids(compact.store.find("transaction")))) == COMPACT.transactions
