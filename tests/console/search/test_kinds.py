"""What a typed text is taken for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.search.kinds import understand

UUID = "3f2b8c1e-9d4a-4c66-8f5d-0a1b2c3d4e5f"
HASH = "0xAB" + "12" * 31


@pytest.mark.parametrize(
    ("text", "learned"),
    [
        ("4242", {"last_four": "4242", "number": None}),
        ("#4242", {"last_four": "", "number": 4242}),
        ("42424", {"last_four": "", "number": 42424}),
        ("•••• 4242", {"last_four": "4242"}),
        ("*4242", {"last_four": "4242"}),
        ("4242 Ann", {"last_four": "4242", "words": ["ann"]}),
        ("ann rossi", {"words": ["ann", "rossi"]}),
        ("José  Łukasz", {"words": ["jose", "lukasz"]}),
        ("O'Neil", {"words": ["oneil"]}),
        ("Ann.Rossi@Holder.test", {"words": ["ann.rossi@holder.test"]}),
        ("#17", {"number": 17}),
        (UUID, {"ids": (UUID,)}),
        (UUID.upper(), {"ids": (UUID.upper(), UUID)}),
        (HASH, {"ids": (HASH, HASH.lower()), "address": HASH.lower()}),
        ("+39 333 123-4567", {"phone": "393331234567"}),
        ("Studio 54", {"names": ["studio", "54"]}),
        ("99999999999999999999", {"number": None}),
    ],
)
def test_a_text_is_every_kind_it_can_be(text, learned):
    asked = understand(text)
    assert {name: getattr(asked, name) for name in learned} == learned


@pytest.mark.parametrize("text", ["4111 1111 1111 1111", "lock 4111111111111111", "4111-1111-1111-1111 ann"])
def test_of_a_card_number_only_the_last_four_are_used(text):
    asked = understand(text)
    assert asked.was_card_number
    assert (asked.last_four, asked.ids, asked.phone) == ("1111", (), "")
    assert not any("4111" in word for word in [*asked.words, *asked.names])


@pytest.mark.parametrize("text", ["", "   ", "\0\n", "•", "…"])
def test_nothing_is_asked_for_by_nothing(text):
    assert not understand(text)


@given(st.text(max_size=300))
def test_any_text_is_understood(text):
    asked = understand(text)
    assert "\0" not in "".join([*asked.ids, *asked.words, *asked.names, asked.address])
    assert len(asked.text) <= 4 * 200 * 5
