"""Card number, CVC and PIN pass through: who may look, how often, what is kept of it, and what is said when it fails."""

import base64
import json
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connections
from django.utils import timezone

from cards import reveal
from cards.models import Card
from console.access import Actor
from console.audit.models import Entry
from console.codego.secret import Secret
from console.provider.models import Capability, Command
from console.sync import settle
from tests.browser import Browser
from tests.factories import make_card, make_staff

pytestmark = pytest.mark.django_db(transaction=True)
VECTORS = json.loads((Path(__file__).parents[1] / "vectors.json").read_text())["secrets"]
LOST = "Whether the new PIN was taken is not known. Set it again."


@pytest.fixture
def keyed(sandbox, settings):
    settings.CODEGO_SECRETS_PUBLIC_KEY = sandbox.public_key
    return sandbox


@pytest.fixture
def browser(keyed) -> Browser:
    return Browser(keyed.public_key)


@pytest.fixture
def card(keyed) -> Card:
    theirs = next(c for c in keyed.list("cards") if (c["status"], c["type"]) == ("active", "virtual"))
    return make_card(codego_id=theirs["id"], last4=theirs["last4"], read_at=None)


def outcomes() -> list[str]:
    return list(Entry.objects.exclude(action__startswith="staff:").order_by("pk").values_list("outcome", flat=True))


def looked(actor_id: int, times: int, ago: timedelta = timedelta(0)) -> None:
    at = timezone.now() - ago
    Entry.objects.bulk_create(
        [Entry(action="card:reveal", outcome="started", actor_id=actor_id, at=at) for _ in range(times)]
    )


def test_the_number_and_the_code_pass_through_and_only_the_asker_can_open_them(client_as, card, browser):
    answer = client_as("operations").post(f"/cards/{card.pk}/reveal/number/", browser.asks())
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    found = answer.json()
    assert {name: set(pair) for name, pair in found.items()} == {"pan": {"iv", "data"}, "cvc": {"iv", "data"}}
    pan, code = (browser.opened(found[name]) for name in ("pan", "cvc"))
    assert (len(pan), pan[-4:], len(code)) == (16, card.last4, 3)
    assert outcomes() == ["started", "done"]
    entry = Entry.objects.filter(action="card:reveal").last()
    assert (entry.record, entry.record_id, entry.reason) == ("card", card.pk, "Holder cannot read the card")


def test_a_pin_is_set_once_and_then_shown(client_as, keyed, card, browser):
    client = client_as("operations")
    assert client.post(f"/cards/{card.pk}/reveal/pin/", browser.asks()).json() == {"pin": None}
    answer = client.post(f"/cards/{card.pk}/pin/", browser.sets("482913"))
    assert (answer.status_code, answer.json()) == (200, {"said": "The new PIN is set. It counts from now on."})
    assert answer["Cache-Control"] == "no-store"
    again = Browser(keyed.public_key)
    shown = client.post(f"/cards/{card.pk}/reveal/pin/", again.asks()).json()
    assert again.opened(shown["pin"]) == "26482913FFFFFFFF"
    command = Command.objects.get()
    assert (command.kind, command.state, command.reason) == ("pin", "done", "Holder cannot read the card")
    assert (command.payload, command.message) == ({}, "")
    effects = keyed.effects("PUT", f"/cards/{card.codego_id}/pin")
    assert effects["count"] == 1
    entry = Entry.objects.get(command=command.pk)
    assert (entry.action, entry.outcome, entry.reason) == ("card:pin-set", "done", command.reason)


def test_nothing_of_it_is_kept(client_as, card, browser):
    client = client_as("operations")
    number = client.post(f"/cards/{card.pk}/reveal/number/", browser.asks()).json()
    setting = browser.sets("482913")
    client.post(f"/cards/{card.pk}/pin/", setting)
    pin = client.post(f"/cards/{card.pk}/reveal/pin/", browser.asks()).json()
    pairs = [*number.values(), *pin.values(), setting]
    passing = [browser.session, *(pair[part] for pair in pairs for part in ("iv", "data"))]
    rows = json.dumps([list(model.objects.values()) for model in apps.get_models()], default=str)
    assert "Holder cannot read the card" in rows
    assert [text for text in passing if text in rows or text.replace("/", "\\/") in rows] == []


@pytest.mark.parametrize("role", ["viewer", "compliance", "finance", "admin"])
@pytest.mark.parametrize("path", ["reveal/number", "reveal/pin", "pin"])
def test_only_operations_may(client_as, card, browser, role, path):
    assert client_as(role).post(f"/cards/{card.pk}/{path}/", browser.sets("482913")).status_code == 403
    assert not Command.objects.exists()
    assert outcomes() == ["refused"]


@pytest.mark.parametrize("path", ["reveal/number", "reveal/pin"])
def test_what_is_shown_is_asked_for_by_post_alone(client_as, card, path):
    assert client_as("operations").get(f"/cards/{card.pk}/{path}/").status_code == 405


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"reason": "  "}, "Say why"),
        ({"reason": "Read out 4141 7776 3170 6690"}, "Leave card numbers and keys out"),
        ({"session": ""}, "out of date"),
        ({"session": "not base64!"}, "out of date"),
        ({"session": base64.b64encode(b"x" * 513).decode()}, "out of date"),
        ({"session": base64.b64encode(b"x" * 63).decode()}, "out of date"),
    ],
)
def test_a_request_that_is_not_whole_goes_nowhere(client_as, keyed, card, browser, given, words):
    client = client_as("operations")
    for path in ("reveal/number", "reveal/pin", "pin"):
        answer = client.post(f"/cards/{card.pk}/{path}/", browser.sets("482913") | given)
        assert answer.status_code == 422
        assert words in answer.json()["error"]
    assert outcomes() == []
    assert keyed.effects("PUT", f"/cards/{card.codego_id}/pin")["count"] == 0


@pytest.mark.parametrize("given", [{"iv": ""}, {"data": "AAAA"}, {"data": "A" * 2000}, {"once": "1"}])
def test_a_pin_that_is_not_whole_goes_nowhere(client_as, card, browser, given):
    answer = client_as("operations").post(f"/cards/{card.pk}/pin/", browser.sets("482913") | given)
    assert answer.status_code == 422
    assert not Command.objects.exists()


def test_a_cancelled_card_has_nothing_to_show(client_as, card, browser):
    Card.objects.update(state="canceled", status="canceled")
    client = client_as("operations")
    for path in ("reveal/number", "reveal/pin", "pin"):
        answer = client.post(f"/cards/{card.pk}/{path}/", browser.sets("482913"))
        assert answer.status_code == 409
        assert "cancelled" in answer.json()["error"]
    assert outcomes() == ["refused"] * 3
    page = client.get(f"/cards/{card.pk}/reveal/").content.decode()
    assert "there is nothing left to show" in page


def test_without_the_public_key_it_is_off_and_says_what_to_set(client_as, card, browser, settings):
    settings.CODEGO_SECRETS_PUBLIC_KEY = ""
    client = client_as("operations")
    for path in ("reveal", "pin"):
        page = client.get(f"/cards/{card.pk}/{path}/").content.decode()
        assert "CODEGO_SECRETS_PUBLIC_KEY is not set" in page
        assert "data-off" in page
    answer = client.post(f"/cards/{card.pk}/reveal/number/", browser.asks())
    assert answer.status_code == 409
    assert "CODEGO_SECRETS_PUBLIC_KEY" in answer.json()["error"]


def test_the_pages_name_card_holder_and_state_and_hold_no_field_that_could_be_sent(client_as, card):
    for path in ("reveal", "pin"):
        page = client_as("operations").get(f"/cards/{card.pk}/{path}/").content.decode()
        assert f"•••• {card.last4}" in page
        assert "Ana Marinho" in page
        region = page.split('id="cards-reveal"')[1].split("</section>\n")[0]
        assert " name=" not in region
        assert "csrfmiddlewaretoken" not in region


def test_a_person_may_look_so_often_and_no_more(card, browser):
    person = make_staff("operations")
    actor = Actor(person.pk, ("operations",), "10.0.0.1")
    looked(person.pk, 19, ago=timedelta(minutes=40))
    reveal.pin(card, Secret(browser.session), actor=actor, reason="Asked")
    with pytest.raises(reveal.UsedUp, match="20 card numbers and PINs in an hour"):
        reveal.card_number(card, Secret(browser.session), actor=actor, reason="Asked")
    refused = Entry.objects.get(action="card:reveal", outcome="refused")
    assert (refused.detail, refused.reason) == ({"error": "UsedUp"}, "Asked")
    other = Actor(make_staff("operations").pk, ("operations",), "10.0.0.1")
    reveal.card_number(card, Secret(browser.session), actor=other, reason="Asked")


def test_an_hour_later_one_may_look_again_until_the_day_is_full(client_as, card, browser):
    client = client_as("operations")
    person = int(client.session["_auth_user_id"])
    looked(person, 20, ago=timedelta(minutes=61))
    assert client.post(f"/cards/{card.pk}/reveal/number/", browser.asks()).status_code == 200
    looked(person, 39, ago=timedelta(hours=23))
    answer = client.post(f"/cards/{card.pk}/reveal/number/", browser.asks())
    assert answer.status_code == 429
    assert "60 in a day" in answer.json()["error"]


def test_two_requests_at_once_cannot_both_take_the_last_place(card, keyed):
    person = make_staff("operations")
    actor = Actor(person.pk, ("operations",), "10.0.0.1")
    looked(person.pk, 18)
    line, ends = threading.Barrier(6), []

    def look() -> None:
        session = Secret(Browser(keyed.public_key).session)
        line.wait()
        try:
            reveal.card_number(card, session, actor=actor, reason="Asked")
            ends.append("shown")
        except reveal.UsedUp:
            ends.append("used up")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["shown"] * 2 + ["used up"] * 4
    assert Entry.objects.filter(outcome="started", actor=person).count() == 20


def test_the_look_is_on_record_before_the_provider_answers(card, browser, keyed):
    actor = Actor(make_staff("operations").pk, ("operations",), "10.0.0.1")
    keyed.fault("GET /cards/*/secrets", "latency", seconds=3)

    def look() -> None:
        reveal.card_number(card, Secret(browser.session), actor=actor, reason="Asked")
        connections.close_all()

    thread = threading.Thread(target=look)
    thread.start()
    until = time.monotonic() + 2.5
    while not outcomes() and time.monotonic() < until:
        time.sleep(0.05)
    assert outcomes() == ["started"]
    thread.join()
    assert outcomes() == ["started", "done"]


def test_the_look_is_on_record_although_the_provider_is_away(client_as, card, browser, settings):
    settings.CODEGO_API_URL = "http://127.0.0.1:9/api/v1"
    answer = client_as("operations").post(f"/cards/{card.pk}/reveal/number/", browser.asks())
    assert answer.status_code == 504
    assert "The provider has trouble answering" in answer.json()["error"]
    assert outcomes() == ["started", "refused"]
    assert Entry.objects.last().detail == {"error": "Unavailable", "vain": True}


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("unavailable", 504, "has trouble answering"),
        ("garbage", 502, "could not be understood"),
        ("rate_limited", 503, "no more requests at the moment"),
    ],
)
def test_each_failure_of_the_provider_has_its_sentence(client_as, card, browser, keyed, fault, status, words):
    keyed.fault("GET /cards/*/secrets", fault, times=5)
    answer = client_as("operations").post(f"/cards/{card.pk}/reveal/number/", browser.asks())
    assert answer.status_code == status
    assert words in answer.json()["error"]
    assert answer["Cache-Control"] == "no-store"
    assert outcomes() == ["started", "refused"]


def test_a_key_of_another_environment_is_named_with_the_providers_words(client_as, card):
    stranger = Browser(VECTORS["public_key_pem"])
    client = client_as("operations")
    for path in ("reveal/number", "reveal/pin", "pin"):
        answer = client.post(f"/cards/{card.pk}/{path}/", stranger.sets("482913"))
        assert answer.status_code == 502
        assert "CODEGO_SECRETS_PUBLIC_KEY is not the public key of this environment" in answer.json()["error"]
        assert "Failed to Decrypt Session ID" in answer.json()["error"]


def test_a_card_the_provider_does_not_know(client_as, card, browser, keyed):
    Card.objects.update(codego_id="00000000-0000-4000-8000-000000000009")
    answer = client_as("operations").post(f"/cards/{card.pk}/reveal/number/", browser.asks())
    assert answer.status_code == 404


def test_a_provider_that_sets_no_pins_is_not_asked_twice(client_as, card, browser, keyed):
    keyed.switch(pin_set="off")
    client = client_as("operations")
    answer = client.post(f"/cards/{card.pk}/pin/", browser.sets("482913"))
    assert answer.status_code == 501
    assert "does not let a PIN be set" in answer.json()["error"]
    assert Command.objects.get().state == "refused"
    page = client.get(f"/cards/{card.pk}/pin/").content.decode()
    assert "The provider does not let a PIN be set." in page
    assert "reveal-again" not in page
    assert client.post(f"/cards/{card.pk}/pin/", browser.sets("482913")).status_code == 409
    assert Command.objects.count() == 1


def test_what_the_provider_lacks_is_not_offered(client_as, card, settings):
    client = client_as("operations")
    page = client.get(f"/cards/{card.pk}/").content.decode()
    assert f"/cards/{card.pk}/reveal/" in page
    assert f"/cards/{card.pk}/pin/" in page
    for route in ("GET /cards/{id}/secrets", "GET /cards/{id}/pin", "PUT /cards/{id}/pin"):
        Capability.objects.create(environment=settings.CODEGO_ENVIRONMENT, route=route, present=False)
    page = client.get(f"/cards/{card.pk}/").content.decode()
    assert f"/cards/{card.pk}/reveal/" not in page
    assert f"/cards/{card.pk}/pin/" not in page
    assert "The provider does not offer this." in client.get(f"/cards/{card.pk}/reveal/").content.decode()


def test_a_refused_pin_says_why_and_changes_nothing(client_as, card, browser, keyed):
    answer = client_as("operations").post(f"/cards/{card.pk}/pin/", browser.sets("111111"))
    assert answer.status_code == 422
    assert answer.json()["error"] == "The PIN was not set, and nothing has changed. The answer was: “PIN is too weak”"
    assert Command.objects.get().state == "refused"
    assert keyed.effects("PUT", f"/cards/{card.codego_id}/pin")["count"] == 0
    assert outcomes() == ["refused"]


@pytest.mark.parametrize(("fault", "taken"), [("drop_after", 1), ("drop_before", 0)])
def test_a_lost_answer_is_never_known_and_never_sent_again(client_as, card, browser, keyed, fault, taken):
    keyed.fault("PUT /cards/*/pin", fault)
    client = client_as("operations")
    answer = client.post(f"/cards/{card.pk}/pin/", browser.sets("482913"))
    assert (answer.status_code, answer.json()) == (504, {"error": LOST})
    command = Command.objects.get()
    assert (command.state, command.message, command.check_at) == ("lapsed", LOST, None)
    assert settle.settle_due() == 0
    assert keyed.effects("PUT", f"/cards/{card.codego_id}/pin")["count"] == taken
    assert client.post(f"/cards/{card.pk}/pin/", browser.sets("482913")).status_code == 200


def test_a_process_that_died_while_setting_a_pin_leaves_a_sentence(card, keyed):
    command = Command.objects.create(
        kind="pin", record="card", record_id=card.pk, target=card.codego_id, state="sent", sent_at=timezone.now(),
        check_at=timezone.now() - timedelta(seconds=1),
    )  # fmt: skip
    settle.settle_due()
    command.refresh_from_db()
    assert (command.state, command.message) == ("lapsed", LOST)
    assert Entry.objects.filter(command=command.pk).last().outcome == "unknown"


def test_the_same_request_twice_sets_one_pin(client_as, card, browser, keyed):
    client, once = client_as("operations"), browser.sets("482913")
    assert client.post(f"/cards/{card.pk}/pin/", once).status_code == 200
    assert client.post(f"/cards/{card.pk}/pin/", once).status_code == 409
    assert keyed.effects("PUT", f"/cards/{card.codego_id}/pin")["count"] == 1


def test_a_traceback_shows_neither_session_nor_ciphertext(client_as, card, browser, settings, rf):
    from django.views.debug import SafeExceptionReporterFilter

    from cards import reveal_views

    setting = browser.sets("482913")
    request = rf.post(f"/cards/{card.pk}/pin/", setting)
    request.user = make_staff("operations")
    reveal_views.pin_page(request, card.pk)
    shown = SafeExceptionReporterFilter().get_post_parameters(request)
    assert {name for name in setting if shown[name] == setting[name]} == {"reason", "once"}


def test_a_look_that_the_provider_did_not_answer_is_none(client_as, card, browser, keyed):
    keyed.fault("GET /cards/*/secrets", "error_before", times=None)
    client = client_as("operations")
    for _ in range(22):
        assert client.post(f"/cards/{card.pk}/reveal/number/", browser.asks()).status_code == 504
    keyed.http.delete("/control/api/faults")
    assert client.post(f"/cards/{card.pk}/reveal/number/", browser.asks()).status_code == 200
