"""Activity: everybody's for some, one's own for others, on screen and in the file."""

import pytest
from django.urls import reverse

from console.access import Actor
from console.audit import services
from console.audit.events import Action, Outcome
from tests.factories import make_card, make_staff

pytestmark = pytest.mark.django_db
URL, EXPORT = "/activity/", "/activity/export/"


def actions(page):
    return [entry.action for entry, *_ in page.context["rows"]]


@pytest.fixture
def other():
    person = make_staff("operations", name="Somebody Else")
    card = make_card()
    services.record(
        Action.CARD_LOCK, actor=Actor(person.pk, ("operations",), "203.0.113.5"), record="card", record_id=card.pk,
        reason="lost in a taxi", kept={"a": [1, 2]},
    )  # fmt: skip
    return person


def test_operations_sees_its_own_only(client_as, other):
    client = client_as("operations")
    own = client.get(URL)
    assert actions(own) == [Action.SIGN_IN]
    assert "taxi" not in own.text
    assert actions(client.get(URL, {"person": other.pk})) == [Action.SIGN_IN]


def test_the_file_keeps_to_the_same_rule(client_as, other):
    own = client_as("operations").get(EXPORT, {"person": other.pk}).getvalue().decode()
    assert "card:lock" not in own
    everybody = client_as("compliance").get(EXPORT).getvalue().decode()
    assert "card:lock" in everybody
    assert "Times in UTC" in everybody


def test_compliance_sees_all_and_filters(client_as, other):
    client = client_as("compliance")
    assert Action.CARD_LOCK in actions(client.get(URL))
    assert actions(client.get(URL, {"person": other.pk})) == [Action.CARD_LOCK]
    assert actions(client.get(URL, {"action": "card:lock", "outcome": "done", "record": "card"})) == [Action.CARD_LOCK]
    assert actions(client.get(URL, {"outcome": "refused"})) == []
    assert actions(client.get(URL, {"to": "2020-01-01"})) == []


def test_a_day_no_calendar_holds_shows_its_error(client_as):
    for day in ("9999-12-31", "0001-01-01", "soon"):
        page = client_as("compliance").get(URL, {"from": day})
        assert page.status_code == 200
        assert page.context["page"].form.errors["from"]


def test_records_are_linked_where_the_role_may_open_them(client_as, other):
    services.record(Action.STAFF_UPDATE, actor=Actor(other.pk), record="staff", record_id=other.pk)
    address = reverse("staff:edit", args=[other.pk])
    assert address not in client_as("compliance").get(URL).text
    assert address in client_as("admin").get(URL).text


def test_detail_is_plain_words(client_as, other):
    assert "kept: a 1, 2" in client_as("compliance").get(URL).text


def test_a_refusal_is_there(client_as):
    client = client_as("viewer", "operations")
    assert client.get("/staff/").status_code == 403
    page = client.get(URL)
    assert actions(page)[0] == Action.ACCESS_REFUSED
    assert page.context["rows"][0][0].outcome == Outcome.REFUSED


def test_an_export_is_written_down_without_what_was_typed(client_as):
    client = client_as("finance")
    client.get(EXPORT, {"action": "card:lock", "q": "ana@holder.test"}).getvalue()
    entry = client.get(URL).context["rows"][0][0]
    assert entry.detail == {"list": "activity", "filters": ["action"], "columns": "all"}


def test_viewers_have_none(client_as):
    assert client_as("viewer").get(URL).status_code == 403
