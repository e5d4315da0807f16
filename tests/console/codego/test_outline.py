"""What is kept of a request's body: enough to see what was asked, nothing of whom."""

from hypothesis import given
from hypothesis import strategies as st

from console.codego.bodies import Limit, NewCard
from console.codego.outline import OPEN, outline
from console.codego.secret import HIDDEN

TEXT = st.text(min_size=1).filter(lambda text: text not in OPEN | {"amount"})


def test_a_card_order_shows_what_and_not_for_whom():
    shipping = {
        "firstName": "Ana",
        "line1": "1 Main St",
        "method": "express",
        "countryCode": "PT",
        "phoneNumber": "351",
    }
    order = NewCard(
        type="physical", limit=Limit(amount=500, frequency="allTime"), display_name="ANA", shipping=shipping
    )
    assert outline(order.wire()) == {
        "type": "physical", "status": "active", "limit": {"amount": 500, "frequency": "allTime"},
        "configuration": {"displayName": HIDDEN},
        "shipping": {
            "firstName": HIDDEN, "line1": HIDDEN, "method": "express", "countryCode": "PT", "phoneNumber": HIDDEN,
        },
    }  # fmt: skip


def test_ciphertext_is_not_kept():
    assert outline({"encryptedPin": {"iv": "aXY=", "data": "ZGF0YQ=="}}) == {"encryptedPin": HIDDEN}


def leaves(value: object) -> set[object]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return {value} if inner is None else set().union(*map(leaves, inner))


@given(st.dictionaries(TEXT, st.one_of(TEXT, st.integers(1000), st.lists(TEXT), st.dictionaries(TEXT, TEXT))))
def test_an_unknown_field_shows_nothing(body):
    kept = outline(body)
    assert kept.keys() == body.keys()
    assert leaves(kept) <= {HIDDEN}
