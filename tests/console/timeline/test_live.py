"""The timeline of an open page: it comes anew once there is something new, is narrowed to a kind, and tells all of it."""

import re

import pytest
from django.urls import reverse

from cards.models import Card
from console.audit.models import Entry
from console.notes.models import Note
from tests.console.timeline.conftest import ago, section, tell
from tests.factories import (
    make_balance,
    make_break,
    make_card,
    make_cardholder,
    make_company,
    make_delivery,
    make_dispute,
    make_staff,
    make_transaction,
)

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def newcomer(row, noun: str, what: str):
    if what == "entry":
        return Entry.objects.create(action="card:lock", outcome="refused", record=noun, record_id=row.pk)
    if what == "note":
        return Note.objects.create(record=noun, record_id=row.pk, author=make_staff("operations"), text="Seen.")
    return make_delivery(object_id=row.codego_id, type=f"{noun}.updated", verdict="failed")


@pytest.mark.parametrize("what", ["entry", "note", "delivery"])
@pytest.mark.parametrize("make", [make_cardholder, make_company, make_card, make_transaction, make_dispute])
def test_an_open_page_is_answered_once_something_new_came(client_as, make, what):
    row = make()
    client = client_as("admin")
    url = client.get(row.get_absolute_url()).context["live_url"]
    assert client.get(url, headers=HTMX).status_code == 204
    newcomer(row, row._meta.model_name, what)
    answer = client.get(url, headers=HTMX)
    assert answer.status_code == 200
    assert 'id="timeline" hx-swap-oob="true"' in answer.text
    shown = section(answer)
    assert {"entry": "Lock card: Refused", "note": "Seen.", "delivery": "updated: Failed"}[what] in shown
    assert client.get(answer.context["live_url"], headers=HTMX).status_code == 204


def test_a_page_polls_once_and_its_poll_keeps_the_kind(client_as):
    page = client_as("viewer").get(make_card().get_absolute_url()).text
    body = page[page.index('class="columns"') :]
    assert body.count('hx-include="#timeline-kind"') == 1
    assert 'id="timeline-kind" name="timeline"' in body


def told(client, row, kind: str = "") -> str:
    address = reverse("timeline:part", args=[row._meta.model_name, row.pk])
    return section(client.get(address, {"timeline": kind}, headers=HTMX))


def test_each_kind_tells_its_own(client_as, card: Card):
    by = make_staff("operations", name="Olga Ops")
    Note.objects.create(record="card", record_id=card.pk, author=by, text="Called her.", at=ago(hours=5))
    for hours, action in ((4, "card:limit"), (3, "card:lock")):
        Entry.objects.create(
            action=action, outcome="done", record="card", record_id=card.pk, actor=by, at=ago(hours=hours)
        )
    make_delivery(object_id="c1", type="card.updated", verdict="parked", received_at=ago(hours=2))
    client = client_as("admin")
    everything = told(client, card)
    for each in ("Called her.", "Change card limit", "Lock card ", "card.updated: Parked", "Limit: $500.00"):
        assert each in everything
    money = told(client, card, "money")
    assert "Change card limit" in money
    assert "Limit: $500.00 → became $900.00" in money
    assert "Called her." not in money
    assert "First values" not in money
    assert "Parked" not in money
    people = told(client, card, "people")
    assert "Called her." in people
    assert "Lock card " in people
    assert "became" not in people
    provider = told(client, card, "provider")
    assert "Parked after failing" in provider
    assert "First values" in provider
    assert "Called her." not in provider
    assert told(client, card, "nonsense") == everything
    assert "Nothing of this kind yet." in told(client, make_card(), "money")


def test_breaks_and_sessions_stand_in_an_owner_s_timeline_for_those_who_may_see_them(client_as):
    holder = make_cardholder()
    make_break(make_balance(holder), amount=-1250)
    holder.kyc_sessions.create(session_id="s", opened_at=ago(hours=3), submitted_at=ago(hours=2))
    finance = told(client_as("finance"), holder)
    assert "Break, New: Timing -$12.50" in finance
    assert "KYC session submitted" in finance
    operations = told(client_as("operations"), holder)
    assert "Break" not in operations
    assert "KYC session submitted" in operations


def test_an_applied_delivery_is_told_by_the_change_it_made_alone(client_as, card: Card):
    assert told(client_as("admin"), card).count("card.created") == 1


def test_pages_of_a_kind_lose_nothing(client_as, card: Card):
    author = make_staff("operations")
    for n in range(40):
        Note.objects.create(
            record="card", record_id=card.pk, author=author, text=f"note {n}.", at=ago(days=4, minutes=n // 4)
        )
        tell(ago(days=3, minutes=-n), "read", status="locked", limit={"amount": 1000 + n, "frequency": "allTime"})
    client = client_as("admin")
    address = reverse("timeline:part", args=["card", card.pk]) + "?timeline=people"
    found: list[int] = []
    while address:
        answer = client.get(address, headers=HTMX).text
        found += map(int, re.findall(r"note (\d+)\.", answer))
        older = re.search(r'href="([^"]+older=[^"]+)"', answer)
        address = older[1].replace("&amp;", "&") if older else ""
    assert found == sorted(range(40), key=lambda n: (n // 4, -n))
