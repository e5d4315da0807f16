"""What the provider has and lacks: learned from answers, remembered with when and why, tried again when asked."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from console.audit.models import Entry
from console.codego.errors import CodegoError, NoSuchObject, NoSuchRoute
from console.codego.protocols import Priority
from console.provider import features
from console.provider.factory import client
from console.provider.features import Presence
from console.provider.models import Capability, RequestLog
from console.provider.observing import lacks

pytestmark = pytest.mark.django_db(transaction=True)


def presence(key: str) -> Presence:
    return next(standing.presence for standing in features.standings() if standing.feature.key == key)


def standing(key: str) -> features.Standing:
    return next(standing for standing in features.standings() if standing.feature.key == key)


def company_of(sandbox) -> str:
    return next(c["id"] for c in sandbox.list("companies") if c["applicationStatus"] == "approved")


def read_balance(company: str) -> None:
    with client(Priority.INTERACTIVE) as provider:
        provider.company_balances(company)


def test_nothing_is_known_before_anything_is_asked():
    assert {standing.presence for standing in features.standings()} == {Presence.UNKNOWN}
    assert not lacks("PUT /cards/{id}/pin")


def test_an_answer_shows_that_a_feature_is_there(sandbox):
    read_balance(company_of(sandbox))
    found = standing("company_balances")
    assert (found.presence, found.known[0].environment, found.known[0].why) == (Presence.PRESENT, "sandbox", "HTTP 200")
    assert found.since == found.seen_at


def test_a_route_that_is_not_there_shows_when_and_why(sandbox):
    sandbox.switch(company_finance="off")
    with pytest.raises(NoSuchRoute):
        read_balance(company_of(sandbox))
    found = standing("company_balances")
    assert found.presence == Presence.ABSENT
    assert "404 that names a path" in found.known[0].why
    assert lacks("GET /companies/{id}/balances")


def test_a_missing_object_says_nothing_of_its_route(sandbox):
    with pytest.raises(NoSuchObject):
        read_balance("nobody")
    assert presence("company_balances") == Presence.UNKNOWN


def test_a_404_that_names_a_path_does_not_undo_what_was_seen_to_answer(sandbox):
    read_balance(company_of(sandbox))
    sandbox.switch(company_finance="off")
    with pytest.raises(NoSuchRoute):
        read_balance("somebody-else")
    assert presence("company_balances") == Presence.PRESENT


def test_a_list_that_goes_away_is_noticed(sandbox):
    with client(Priority.INTERACTIVE) as provider:
        list(provider.disputes())
        sandbox.switch(disputes_api="create_only")
        with pytest.raises(NoSuchRoute):
            list(provider.disputes())
    assert presence("dispute_list") == Presence.ABSENT


def test_an_absence_is_believed_for_a_day():
    Capability.objects.create(environment="sandbox", route="GET /disputes", present=False)
    assert lacks("GET /disputes")
    Capability.objects.update(seen_at=timezone.now() - timedelta(days=1, minutes=1))
    assert not lacks("GET /disputes")


def test_the_other_environment_is_another_matter():
    Capability.objects.create(environment="live", route="GET /disputes", present=False)
    assert not lacks("GET /disputes")


def test_an_administrator_tries_a_reading_feature_again(sandbox, client_as):
    company = company_of(sandbox)
    sandbox.switch(company_finance="off")
    with pytest.raises(CodegoError):
        read_balance(company)
    admin = client_as("admin")
    url = reverse("provider:try-feature", args=["company_balances"])
    assert "lacks it" in admin.post(url, follow=True).content.decode()
    sandbox.switch(company_finance="on")
    assert "the provider has it" in admin.post(url, follow=True).content.decode()
    assert presence("company_balances") == Presence.PRESENT
    assert [entry.detail["routes"]["GET /companies/{id}/balances"] for entry in Entry.objects.filter(action="feature:test")] == [
        "absent", "present",
    ]  # fmt: skip


def test_trying_a_writing_feature_sends_nothing_and_offers_it_again(sandbox, client_as):
    Capability.objects.create(environment="sandbox", route="PUT /cards/{id}/pin", present=False)
    page = client_as("admin").post(reverse("provider:try-feature", args=["pin_set"]), follow=True)
    assert "its next use will show" in page.content.decode()
    assert not lacks("PUT /cards/{id}/pin")
    assert not RequestLog.objects.exists()


def test_only_administrators_try(client_as):
    url = reverse("provider:try-feature", args=["pin_set"])
    assert client_as("finance").post(url).status_code == 403
    assert client_as("admin").post(reverse("provider:try-feature", args=["nonsense"])).status_code == 404
