"""Every documented reason is explained, and the fix is offered to those who can make it, while it is still needed."""

import pytest

from console.access import Permission, Role, permissions_of
from tests.factories import make_card, make_transaction
from transactions.declines import DECLINES, UNKNOWN, UNSAID, Fixer, decline_of, explain

DOCUMENTED = [
    "account credit limit exceeded",
    "balance inquiry not permitted",
    "blocked entity",
    "blocked mcc",
    "blocked merchant",
    "card canceled",
    "card locked",
    "card not activated",
    "card spending limit exceeded",
    "cvv mismatch",
    "expiry mismatch",
    "invalid pin",
    "invalid pin attempt limit exceeded",
    "restricted country",
    "transaction declined by risk rules",
    "transaction declined by rules",
    "webhook declined",
    "webhook timeout",
    "agentic daily spend limit exceeded",
]
OPERATIONS, VIEWER = permissions_of([Role.OPERATIONS]), permissions_of([Role.VIEWER])


def declined(reason: str, **card):
    return make_transaction(make_card(**card), state="declined", status="declined", declined_reason=reason)


def test_the_table_holds_what_the_provider_documents_and_nothing_else():
    assert {decline.words for decline in DECLINES.values()} == set(DOCUMENTED)


@pytest.mark.parametrize(
    "words", [word for reason in DOCUMENTED for word in (reason, reason.upper(), reason.replace(" ", "_"))]
)
def test_a_reason_is_known_in_any_spelling(words):
    decline = decline_of(words)
    assert decline not in {UNKNOWN, UNSAID}
    assert decline.label
    assert decline.meaning
    assert decline.advice


def test_free_text_falls_to_a_safe_generic():
    assert decline_of("Do not honour (05) <b>") is UNKNOWN
    assert decline_of("  ") is UNSAID


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("reason", "state", "ends_with"),
    [
        ("card locked", "locked", "/unlock/"),
        ("card not activated", "notactivated", "/activate/"),
        ("card spending limit exceeded", "active", "/limit/"),
    ],
)
def test_what_we_can_fix_links_to_the_action(reason, state, ends_with):
    explained = explain(declined(reason, state=state, status=state), OPERATIONS)
    assert explained.decline.fixer is Fixer.US
    assert explained.url.endswith(ends_with)
    assert explain(declined(reason, state=state, status=state), VIEWER).url == ""


@pytest.mark.django_db
def test_missing_credit_links_to_the_account_that_is_to_be_funded():
    found = declined("account credit limit exceeded")
    assert explain(found, OPERATIONS).url == found.cardholder.get_absolute_url()


@pytest.mark.django_db
def test_a_fix_that_was_made_meanwhile_is_not_offered_again():
    explained = explain(declined("card locked", state="active"), OPERATIONS)
    assert explained.url == ""
    assert "no longer locked" in str(explained.note)
    assert not explained.for_us


@pytest.mark.django_db
def test_only_declines_are_explained(client_as):
    assert explain(make_transaction(), OPERATIONS) is None
    assert Permission.CARD_UNLOCK in OPERATIONS
    assert Permission.CARD_UNLOCK not in VIEWER


@pytest.mark.django_db
def test_the_page_shows_the_provider_s_own_words_as_text(client_as):
    page = client_as("operations").get(declined("Do not honour <b>05</b>").get_absolute_url()).content.decode()
    assert "does not know" in page
    assert "Do not honour &lt;b&gt;05&lt;/b&gt;" in page
