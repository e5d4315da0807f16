"""What the timeline of a record says, to whom, and how it is paged."""

import re

import pytest
from django.urls import reverse

from cardholders.models import Cardholder
from cardholders.sync import apply_cardholders
from cards.models import Card
from console.audit.models import Entry
from console.codego.records import UserRecord
from console.history.models import Change
from console.provider.mirror import Source
from console.sync.models import Delivery, Run
from console.timeline.items import PAGE
from tests.console.timeline.conftest import ago, section, tell, text
from tests.factories import (
    make_card,
    make_cardholder,
    make_company,
    make_dispute,
    make_staff,
    make_transaction,
)

pytestmark = pytest.mark.django_db


def lines(answer) -> list[str]:
    """The items of the timeline, as read."""
    page = answer.content.decode()
    items = page[page.index('<ol class="timeline">') :] if '<ol class="timeline">' in page else page
    return [
        text(type("Part", (), {"status_code": 200, "content": each.encode()})())
        for each in re.findall(r"<li data-tone.*?</li>", items, re.DOTALL)
    ]


def test_it_says_in_plain_words_what_changed_and_what_set_it(client_as, card):
    newest, read, command, swept, first = lines(client_as("admin").get(f"/cards/{card.pk}/"))
    assert newest.startswith("Other details art, updatedAt ")
    assert "Read from the provider" in newest
    assert "Limit: $500.00 → became $900.00" in read
    assert "Within: any 30 days → became the card's whole life" in read
    assert "Read after: Delivery card.updated" in read
    assert "Status: Active → became Locked" in command
    assert "Name on card: ANA MARINHO → became A MARINHO" in command
    assert "Lock card by Olga Ops" in command
    assert "Status: Not activated → became Active" in swept
    assert "Sweep: " in swept
    assert first.startswith("First values ")
    assert "Delivery card.created" in first


@pytest.mark.parametrize(
    ("role", "inbox", "run"), [("admin", True, True), ("compliance", True, False), ("operations", False, False)]
)
def test_what_set_it_is_linked_for_those_who_may_open_it(client_as, card, role, inbox, run):
    page = client_as(role).get(f"/cards/{card.pk}/").content.decode()
    delivery = Delivery.objects.get(type="card.created")
    assert (reverse("sync:delivery", args=[delivery.pk]) in page) is inbox
    assert (reverse("sync:run", args=[Run.objects.get().pk]) in page) is run
    assert "/commands/" in page


@pytest.mark.parametrize("role", ["viewer", "finance"])
def test_personal_data_that_changed_is_named_and_not_shown(client_as, card, role):
    page = text(client_as(role).get(f"/cards/{card.pk}/"))
    assert "Name on card: changed, hidden for your role" in page
    assert "MARINHO" not in page


def test_a_source_that_spoke_long_before_is_told_apart_from_the_writing(client_as, card):
    Change.objects.filter(source="run").update(at=ago(days=8, hours=3))
    _newest, read, _command, swept, _first = lines(client_as("admin").get(f"/cards/{card.pk}/"))
    assert "· told" in swept
    assert "· told" not in read


def test_a_word_that_is_only_spelt_another_way_is_shown_as_sent(client_as, card):
    tell(ago(days=1), "read", status="LOCKED", limit={"amount": 90000, "frequency": "allTime"})
    assert "Status: locked → became LOCKED" in lines(client_as("viewer").get(f"/cards/{card.pk}/"))[0]


def test_what_staff_did_stands_between_the_changes(client_as, card):
    Entry.objects.create(
        action="card:lock", outcome="done", record="card", record_id=card.pk, at=ago(days=6, hours=12), reason="Lost",
        actor=make_staff("operations"),
    )  # fmt: skip
    told = lines(client_as("compliance").get(f"/cards/{card.pk}/"))
    assert ["Lock card Lost" in each for each in told].index(True) == 2
    assert "Lost" not in text(client_as("operations").get(f"/cards/{card.pk}/"))


def test_every_record_page_has_one(client_as):
    transaction = make_transaction(make_card())
    rows = [make_cardholder(), make_company(), transaction.card, transaction, make_dispute(transaction)]
    client = client_as("viewer")
    for row in rows:
        page = section(client.get(row.get_absolute_url()))
        assert "Nothing has happened yet that this console knows of." in page
        assert (
            reverse("timeline:history", args=[row._meta.model_name, row.pk])
            in client.get(row.get_absolute_url()).content.decode()
        )


def test_older_pages_lose_nothing_and_repeat_nothing(client_as, card):
    for n in range(20):
        tell(ago(days=4, minutes=-2 * n), "read", status="locked", limit={"amount": 1000 + n, "frequency": "allTime"})
        Entry.objects.create(
            action="card:reveal", outcome="done", record="card", record_id=card.pk, at=ago(days=4, minutes=-2 * n - 1),
            detail={"n": n}, reason=f"reason {n}.",
        )  # fmt: skip
    client = client_as("admin")
    answer, found = client.get(f"/cards/{card.pk}/"), []
    for _ in range(10):
        page = lines(answer)
        assert len(page) <= PAGE
        found += page
        older = re.search(r'href="([^"]+older=[^"]+)"', answer.content.decode())
        if older is None:
            break
        answer = client.get(older[1], headers={"HX-Request": "true"})
        assert "<html" not in answer.content.decode()
    assert len(found) == len(set(found)) == 45
    notes = [int(re.search(r"reason (\d+)\.", each)[1]) for each in found if "reason" in each]
    assert notes == list(range(19, -1, -1))
    limits = [each for each in found if "Limit: " in each]
    assert "Limit: $10.18 → became $10.19" in limits[0]
    assert len(limits) == 21


def test_an_older_page_can_be_opened_without_script_and_a_place_that_is_none_is_the_first(client_as, card):
    client = client_as("viewer")
    assert "<html" in client.get(f"/history/card/{card.pk}/?older=1~0~0").content.decode()
    for place in ("nonsense", "9" * 19 + "~1~1", ""):
        assert "Limit: $500.00" in text(client.get(f"/history/card/{card.pk}/?older={place}"))


def test_a_page_costs_the_same_however_much_happened(client_as, card, django_assert_max_num_queries):
    client = client_as("admin")
    for n in range(40):
        tell(ago(days=4, minutes=-n), "run" if n % 2 else "read", status="active" if n % 3 else "locked")
    with django_assert_max_num_queries(27):
        client.get(f"/cards/{card.pk}/")
    with django_assert_max_num_queries(15):
        client.get(f"/history/card/{card.pk}/?at=2020-01-01T00:00:00Z")


def test_merged_rows_have_one_timeline(client_as):
    ours = make_cardholder(codego_id=None, external_id="dh_1", first_name="", last_name="", read_at=None)
    body = {"id": "u9", "firstName": "Ana", "applicationStatus": "pending"}
    apply_cardholders([UserRecord.parse(body)], source=Source("run", ago(days=2), "1"))
    known = body | {"externalUserId": "dh_1", "applicationStatus": "approved"}
    apply_cardholders([UserRecord.parse(known)], source=Source("run", ago(days=1), "2"))
    assert Cardholder.objects.get().pk == ours.pk
    told = lines(client_as("admin").get(ours.get_absolute_url()))
    assert "Application: Pending → became Approved" in told[0]
    assert any(each.startswith("Two rows proved to be one record") for each in told)
    assert told[-1].startswith("First values ")


def test_an_owner_that_was_merged_away_is_said_to_be_so(client_as, card):
    change = Change.objects.filter(record="card").latest("pk")
    Change.objects.filter(pk=change.pk).update(before={"cardholder_id": 10**6})
    assert (
        "Cardholder: merged into another row since → became" in lines(client_as("admin").get(f"/cards/{card.pk}/"))[0]
    )


def test_the_timeline_of_an_open_page_follows(client_as, card):
    client = client_as("viewer")
    page = client.get(f"/cards/{card.pk}/").content.decode()
    live = re.search(r'hx-get="(/cards/\d+/\?seen=[^"]+)"', page)[1]
    tell(ago(days=1), "read", status="canceled")
    fragment = client.get(live, headers={"HX-Request": "true"}).content.decode()
    assert 'id="timeline" hx-swap-oob="true"' in fragment
    assert "Cancelled" in fragment
    assert Card.objects.get().state == "canceled"
