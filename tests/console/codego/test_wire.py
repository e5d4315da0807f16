import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.codego.wire import DEEPEST, clean, loads, normal, read_moment, read_number, scrub, without_secrets

TEN = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "folded"),
    [
        (("notStarted", "not_started", "NOT STARTED", "not-started"), "notstarted"),
        (("canceled", "Cancelled", "CANCELED"), "canceled"),
        (("per30DayPeriod", "PER_30_DAY_PERIOD"), "per30dayperiod"),
        ((None, "", " "), ""),
    ],
)
def test_words_are_compared_folded(words, folded):
    assert {normal(word) for word in words} == {folded}


@pytest.mark.parametrize(
    "value",
    [
        "2026-07-01T10:00:00Z",
        "2026-07-01T10:00:00.000Z",
        "2026-07-01T10:00:00.000000000Z",
        "2026-07-01T12:00:00+02:00",
        "2026-07-01T10:00:00",
        "2026-07-01 10:00:00",
        "2026-07-01 10:00:00 UTC",
        " 2026-07-01T10:00Z ",
        "Wed, 01 Jul 2026 10:00:00 GMT",
        1782900000,
        1782900000000,
        Decimal("1782900000.0"),
        1782900000.0,
        "1782900000",
        "1782900000000",
    ],
)
def test_a_moment_in_every_spelling(value):
    assert read_moment(value) == TEN
    assert read_moment(value).tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "soon",
        True,
        5,
        -1,
        [],
        {},
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-13-01",
        "0001-01-01T00:00:00+14:00",
        "99999-01-01T00:00:00Z",
        10**30,
        Decimal("NaN"),
        Decimal("1e30"),
        float("nan"),
        "Wed, 99 Jul 2026 10:00:00 GMT",
    ],
)
def test_what_is_no_moment_is_none(value):
    assert read_moment(value) is None


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (12, Decimal(12)),
        ("12", Decimal(12)),
        (" 12.50 ", Decimal("12.50")),
        ("1e3", Decimal(1000)),
        (Decimal("0.1"), Decimal("0.1")),
        (0.5, Decimal("0.5")),
        (0, Decimal(0)),
    ],
)
def test_numbers_are_exact(value, number):
    assert read_number(value) == number


@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        None,
        "",
        "1_000",
        "1,000",
        "١٢",
        "0x10",
        "NaN",
        "Infinity",
        "1e9999",
        "12 50",
        [],
        Decimal("Infinity"),
        Decimal("sNaN"),
        Decimal("1e999999"),
        10**200,
        float("inf"),
        float(2**53),
        "9" * 99,
    ],
)
def test_what_is_no_number_is_none(value):
    assert read_number(value) is None


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[" * 100_000, b"1e99999999999999999999", b"nul"])
def test_json_fails_in_one_way(raw):
    with pytest.raises(ValueError):
        loads(raw)


def test_json_keeps_every_digit():
    assert loads(b"[0.1, 9007199254740993, 1e3]") == [Decimal("0.1"), 9007199254740993, Decimal(1000)]


def test_one_endless_number_does_not_spoil_the_rest():
    assert loads(b'[{"id": 1, "n": ' + b"1" * 5000 + b"}]")[0]["id"] == 1
    assert read_number(loads(b"1" * 5000)) is None


def test_what_is_nested_deeper_than_any_field_is_not_kept():
    value = deep = {}
    for _ in range(DEEPEST):
        deep["a"] = deep = {}
    assert scrub(value) == value
    deep["a"] = {}
    with pytest.raises(RecursionError):
        scrub(value)


@pytest.mark.parametrize(
    "raw",
    [b'{ "id": "c1",\t"status":"active" }', b"not JSON", b"", b'{"last4": "4242"}', b"[" * 100_000],
)
def test_bytes_without_card_secrets_are_kept_as_they_came(raw):
    assert without_secrets(raw) == raw


@pytest.mark.parametrize(
    "raw",
    [
        b'{"id": "c1", "n\\u0075mber": "4111111111111111"}',
        b'{"id": "c1", "card": [{"maskedPan": "4111111111111111"}]}',
        b'{"id": "c1", "cvc": "411111"}',
        b'{"id": "c1", "maskedPan": ["4111111111111111"]}',
        b'{"id": "c1", "card": {"number": "4111111111111111"}, "card": null}',
    ],
)
def test_bytes_with_card_secrets_are_written_anew_without(raw):
    kept = without_secrets(raw)
    assert json.loads(kept)["id"] == "c1"
    assert b"411111" not in kept


def test_secrets_in_what_cannot_be_taken_apart_take_everything_with_them():
    assert without_secrets(b'{"number": "4111111111111111", "deep": ' + b"[" * 200 + b"]" * 200 + b"}") == b""


def test_card_secrets_are_dropped_at_any_depth():
    kept = scrub({
        "number": "4242", "a": [{"cvv": 1, "CVC": 2, "pan": 3, "ok": 4}],
        "b": {"pin": 5, "mnemonic": 6, "private_key": 7}, "phoneNumber": "351910000000",
    })  # fmt: skip
    assert kept == {"a": [{"ok": 4}], "b": {}, "phoneNumber": "351910000000"}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("4242424242424242", "•••• 4242"),
        ("4242 4242 4242 4242", "•••• 4242"),
        ("•••• 4242", "•••• 4242"),
        ("4242", "4242"),
    ],
)
def test_a_card_number_that_should_have_been_masked_is(sent, kept):
    assert scrub({"maskedPan": sent, "last4": sent}) == {"maskedPan": kept, "last4": kept}


def test_what_no_database_stores_is_replaced():
    assert clean("a\x00b\ud800c") == "a\ufffdb\ufffdc"
    assert scrub({"a\x00": "\x00"}) == {"a\ufffd": "\ufffd"}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (Decimal("12.5"), 12.5),
        (Decimal("100000.0"), 100000.0),
        (Decimal("0.1"), 0.1),
        (Decimal("0.1000000000000000000001"), "0.1000000000000000000001"),
        (Decimal("1e999"), "1E+999"),
        (Decimal("1e23"), 10**23),
        (Decimal("NaN"), "NaN"),
        (float("inf"), "inf"),
        (9007199254740993, 9007199254740993),
    ],
)
def test_a_number_is_kept_as_json_can_hold_it_exactly(sent, kept):
    assert scrub(sent) == kept


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_what_is_kept_can_be_stored_as_json(value):
    kept = scrub(value)
    text = json.dumps(kept, allow_nan=False)
    assert "\\u0000" not in text
    json.dumps(kept, ensure_ascii=False).encode()


@given(st.text(max_size=40) | st.integers() | st.decimals() | st.floats() | st.datetimes().map(str))
def test_a_moment_is_none_or_in_utc(value):
    moment = read_moment(value)
    assert moment is None or moment.tzinfo is UTC
