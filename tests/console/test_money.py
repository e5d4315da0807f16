"""Money: shown, typed and signed without ever losing a minor unit."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from console.money import exponent, format_minor, major, parse_major, signed_amount

VECTORS = json.loads(Path(__file__).parent.parent.joinpath("vectors.json").read_text())["money"]
SHOWN = [vector for vector in VECTORS if "shown" in vector]
CURRENCIES = st.sampled_from(["usd", "EUR", "jpy", "KWD", "usdc", "clf", "iqd"])
AMOUNTS = st.integers(-(2**63) + 1, 2**63 - 1)


def test_there_are_vectors_to_check():
    assert len(SHOWN) >= 4


@pytest.mark.parametrize("vector", SHOWN, ids=lambda vector: vector["shown"])
def test_an_amount_is_shown_as_the_vectors_say(vector):
    assert format_minor(vector["minor"], vector["currency"]).replace("\u00a0", " ") == vector["shown"]


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (0, "usd", "$0.00"),
        (5, "USD", "$0.05"),
        (-5, "usd", "-$0.05"),
        (1_000, "usdc", "USDC 10.00"),
        (-1_150, "kwd", "-KWD 1.150"),
        (12_345_678, "iqd", "IQD 12,345.678"),
        (9_007_199_254_740_993, "usd", "$90,071,992,547,409.93"),
        (100, "", "1.00"),
        (None, "usd", "—"),
    ],
)
def test_amounts_at_the_edges(amount, currency, shown):
    assert format_minor(amount, currency).replace("\u00a0", " ") == shown


@pytest.mark.parametrize(("language", "shown"), [("de", "1.234,50 €"), ("fr", "1 234,50 €"), ("xx", "€1,234.50")])
def test_the_readers_language_writes_the_number(language, shown):
    with translation.override(language):
        assert format_minor(123_450, "eur").replace("\u00a0", " ").replace("\u202f", " ") == shown


@pytest.mark.parametrize(
    ("currency", "digits"), [("usd", 2), ("JPY", 0), ("kwd", 3), ("clf", 4), ("huf", 2), ("usdc", 2), ("??", 2)]
)
def test_the_exponent_is_the_iso_one(currency, digits):
    assert exponent(currency) == digits


@given(AMOUNTS, CURRENCIES)
def test_major_units_keep_every_digit(amount, currency):
    assert int(major(amount, currency).scaleb(exponent(currency))) == amount
    assert -major(amount, currency).as_tuple().exponent == exponent(currency)


@given(AMOUNTS, CURRENCIES)
def test_what_is_shown_can_be_typed_back(amount, currency):
    assert parse_major(format_minor(amount, currency), currency) == amount


@given(AMOUNTS, CURRENCIES)
def test_plain_decimals_can_be_typed(amount, currency):
    assert parse_major(str(major(amount, currency)), currency) == amount


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.50", "usd", 1_250),
        (" $1,250 ", "usd", 125_000),
        ("-$5", "usd", -500),
        ("USD 7", "usd", 700),
        ("7 usd", "USD", 700),
        ("1.150", "kwd", 1_150),
        (".5", "usd", 50),
        ("115", "jpy", 115),
    ],
)
def test_amounts_as_people_type_them(text, currency, minor):
    assert parse_major(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "sentence"),
    [
        ("", "usd", "Enter an amount, for example 1250.00."),
        ("$", "usd", "Enter an amount, for example 1250.00."),
        ("1,25", "usd", "“1,25” is not an amount."),
        ("1e3", "usd", "“1e3” is not an amount."),
        ("NaN", "usd", "“NaN” is not an amount."),
        ("--1", "usd", "“--1” is not an amount."),
        ("€5", "usd", "“€5” is not an amount."),
        ("12.505", "usd", "USD has no more than 2 decimals."),
        ("1.5", "jpy", "JPY has no more than 0 decimals."),
        ("1.00000000000000000000000000000001", "usd", "USD has no more than 2 decimals."),
        ("9" * 20, "usd", "This amount is too large."),
        ("9" * 4_000, "usd", "This amount is too large."),
    ],
)
def test_what_is_no_amount_says_so(text, currency, sentence):
    with pytest.raises(ValueError) as refused:
        parse_major(text, currency)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("type_", "status", "amount", "signed"),
    [
        ("spend", "completed", 1_250, -1_250),
        ("spend", "pending", 1_250, -1_250),
        ("SPEND", "Pending", 1_250, -1_250),
        ("spend", "completed", -400, 400),
        ("refund", "completed", 400, 400),
        ("collateral", "", 100_000, 100_000),
        ("payment", "completed", 5_000, 5_000),
        ("fee", None, 150, -150),
        ("spend", "declined", 1_250, 0),
        ("spend", "Reversed", 1_250, 0),
        ("transfer", "completed", 200, 0),
        ("somethingNew", "completed", 200, 0),
        ("spend", "completed", None, 0),
    ],
)
def test_the_sign_is_the_holders_side(type_, status, amount, signed):
    assert signed_amount(type_, status, amount) == signed


def test_major_is_exact_where_a_double_is_not():
    assert major(9_007_199_254_740_993, "usd") == Decimal("90071992547409.93")
