"""Words of the provider that this console does not know: how they are met, kept within bounds, explained, and shown."""

import pytest
from django.core.cache import caches
from django.urls import reverse
from django.utils import timezone

from cardholders.sync import apply_cardholders
from cards.sync import apply_cards
from console.access import Role, permissions_of
from console.attention import matters
from console.audit.models import Entry
from console.codego.records import CardRecord, DisputeRecord, TransactionRecord, UserRecord
from console.notices.models import Notice
from console.provider.mirror import Source
from console.sync.inbox import drain
from console.vocabulary import services
from console.vocabulary.models import Word
from tests.factories import make_card, make_cardholder, make_delivery, make_staff, make_transaction
from transactions.sync import apply_disputes, apply_transactions

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forgetful():
    caches["local"].clear()
    yield
    caches["local"].clear()


def read() -> Source:
    return Source("read", timezone.now())


def card_told(**fields) -> None:
    apply_cards([CardRecord.parse({"id": "c1", "userId": "u1", **fields})], source=read())


def words() -> set[tuple[str, str, int]]:
    return set(Word.objects.values_list("field", "word", "seen"))


def test_each_noun_s_writer_notes_what_it_does_not_know():
    apply_cardholders([UserRecord.parse({"id": "u1", "applicationStatus": "onTheMoon"})], source=read())
    card_told(status="frosted", limit={"amount": 100, "frequency": "perBlueMoon"})
    body = {"id": "t1", "userId": "u1", "type": "spend", "status": "pondering", "declinedReason": "Do not honour"}
    apply_transactions([TransactionRecord.parse(body)], source=read())
    apply_transactions([TransactionRecord.parse({"id": "t2", "userId": "u1", "type": "barter"})], source=read())
    apply_disputes([DisputeRecord.parse({"id": "d1", "transactionId": "t1", "status": "appealed"})], source=read())
    assert words() == {
        ("application.status", "onTheMoon", 1),
        ("card.status", "frosted", 1),
        ("card.frequency", "perBlueMoon", 1),
        ("transaction.status", "pondering", 1),
        ("transaction.decline", "Do not honour", 1),
        ("transaction.type", "barter", 1),
        ("dispute.status", "appealed", 1),
    }


def test_what_is_known_in_any_spelling_is_not_noted_and_asks_nothing_of_the_table(django_assert_num_queries):
    card_told(status="NOT_ACTIVATED", limit={"amount": 100, "frequency": "allTime"})
    card_told(status="frozen")
    apply_cardholders([UserRecord.parse({"id": "u2", "applicationStatus": "needs_information"})], source=read())
    assert words() == set()
    with django_assert_num_queries(0):
        services.met_many([])


def test_a_word_met_again_is_counted_and_a_record_that_did_not_change_is_not():
    card_told(status="frosted")
    card_told(status="frosted")
    assert words() == {("card.status", "frosted", 1)}
    card_told(status="Frosted", limit={"amount": 200, "frequency": "allTime"})
    assert words() == {("card.status", "frosted", 2)}


def test_a_delivery_of_an_unknown_type_is_noted_with_itself():
    delivery = make_delivery(type="moon.landed", verdict="new", due_at=timezone.now())
    drain()
    word = Word.objects.get()
    assert (word.field, word.word, word.record, word.record_id) == (
        "event.type",
        "moon.landed",
        "delivery",
        delivery.pk,
    )


def test_free_text_cannot_flood_the_table():
    card = make_card()
    for n in range(5):
        services.met("transaction.decline", f"Do not honour, code {n}{n}", record="card", record_id=card.pk)
    assert words() == {("transaction.decline", "Do not honour, code 00", 5)}
    services.met("contract.chain", "7", record="contract", record_id=1)
    services.met("contract.chain", "8", record="contract", record_id=1)
    assert Word.objects.filter(field="contract.chain").count() == 2  # there a figure is the word
    Word.objects.bulk_create(Word(field="transaction.decline", folded=f"w{n}", word="w") for n in range(services.MOST))
    before = Word.objects.count()
    services.met("card.status", "frosted", record="card", record_id=card.pk)
    assert Word.objects.count() == before
    long = "x" * 5000
    services.met("transaction.decline", long, record="card", record_id=card.pk)
    assert Word.objects.filter(word__startswith="xxx").count() == 0


def test_the_administrator_is_told_until_somebody_wrote_down_what_it_means(client_as):
    services.met("card.status", "frosted", record="card", record_id=make_card().pk)
    admin = permissions_of([Role.ADMIN])
    told = [matter for matter in matters(admin) if matter.key == "vocabulary"]
    assert [matter.found.words for matter in told] == ["The provider used 1 new word."]
    assert [matter for matter in matters(permissions_of([Role.OPERATIONS])) if matter.key == "vocabulary"] == []
    word = Word.objects.get()
    answer = client_as("admin").post(
        reverse("vocabulary:explain", args=[word.pk]), {"meaning": "Locked by the bank.", "fixer": "provider"}
    )
    assert answer.status_code == 303
    assert [matter for matter in matters(admin) if matter.key == "vocabulary"] == []
    assert Entry.objects.get(action="word:explain").record_id == word.pk


def test_what_it_means_stands_beside_it_for_everybody_and_as_text(client_as):
    card = make_card(status="frosted<b>", state="frosted<b>")
    page = client_as("viewer").get(card.get_absolute_url()).text
    assert "a status this console does not know: “frosted&lt;b&gt;”" in page
    assert "new word" in page
    services.met("card.status", card.status, record="card", record_id=card.pk)
    client_as("admin").post(
        reverse("vocabulary:explain", args=[Word.objects.get().pk]),
        {"meaning": "Held by the <i>bank</i>.", "fixer": "us"},
    )
    page = client_as("viewer").get(card.get_absolute_url()).text
    assert "Held by the &lt;i&gt;bank&lt;/i&gt;." in page
    assert "does not know" not in page
    assert "<i>bank" not in page
    assert "Held by the &lt;i&gt;bank" in client_as("viewer").get("/cards/").text


def test_a_decline_that_was_explained_says_so(client_as):
    declined = make_transaction(state="declined", status="declined", declined_reason="Pick up card")
    services.met("transaction.decline", "PICK UP CARD", record="transaction", record_id=declined.pk)
    services.explain(Word.objects.get(), "The bank wants the card back.", "nobody", actor=services.Actor())
    page = client_as("operations").get(declined.get_absolute_url()).text
    assert "The bank wants the card back." in page
    assert "Nobody can change this" in page
    assert "“Pick up card”" in page


def test_free_text_is_hidden_from_those_who_may_not_read_personal_data(client_as):
    services.met("transaction.decline", "Ana Marinho is blocked", record="transaction", record_id=1)
    services.met("card.status", "frosted", record="card", record_id=1)
    finance = client_as("finance").get(reverse("vocabulary:list")).text
    assert "Marinho" not in finance
    assert "frosted" in finance
    assert "Write down what it means" not in finance
    admin = client_as("admin").get(reverse("vocabulary:list"), {"standing": "new"}).text
    assert "Ana Marinho is blocked" in admin
    assert "Write down what it means" in admin


def test_a_meaning_has_to_be_written(client_as):
    services.met("card.status", "frosted", record="card", record_id=1)
    answer = client_as("admin").post(reverse("vocabulary:explain", args=[Word.objects.get().pk]), {"meaning": " "})
    assert answer.status_code == 422
    assert "Write what it means, or go back." in answer.text


def test_the_list_costs_the_same_for_many(client_as, django_assert_max_num_queries):
    client = client_as("admin")
    for n in range(20):
        services.met("card.status", f"frost{n}", record="card", record_id=make_cardholder().pk)
    with django_assert_max_num_queries(10):
        assert client.get(reverse("vocabulary:list")).status_code == 200


def test_those_who_can_explain_new_words_are_told_once_a_day():
    admin, _viewer = make_staff("admin"), make_staff("viewer")
    for _again in range(2):
        card_told(status="frosted")
        card_told(status="thawed")
    told = Notice.objects.filter(kind="vocabulary")
    assert sorted(told.values_list("person", flat=True)) == [admin.pk]
    assert not [notice for notice in told if "frosted" in notice.words]  # what the provider writes may name somebody


def test_many_unknown_words_at_once_cost_as_few_statements_as_one(django_assert_max_num_queries):
    """A provider that writes decline reasons as free text sends new ones with every page of an import."""

    def page(first: int) -> list[services.Met]:
        letters = ["".join("abcdefghij"[int(figure)] for figure in str(first + n)) for n in range(250)]
        return [
            services.Met("transaction.decline", f"refused {word}", "transaction", 1) for word in letters for _ in "ab"
        ]

    for first in (0, 0, 100):  # all new, all known, some of both
        with django_assert_max_num_queries(13):
            services.met_many(page(first))
    assert Word.objects.count() == 350
    assert Word.objects.get(word="refused a").seen == 4
    assert Word.objects.get(word="refused bbb").seen == 6
    for first in (10_000, 20_000, 30_000):
        services.met_many(page(first))
    assert Word.objects.count() == services.MOST
