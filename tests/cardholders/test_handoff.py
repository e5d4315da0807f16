"""An onboarding link: made by staff, opened by a stranger on a phone, against a running provider."""

import logging
import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.serializers import serialize
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cardholders import handoff as handoffs
from cardholders import qr, telling
from cardholders.models import Cardholder, Handoff, KycSession
from console.audit.models import Entry
from console.errors import NoTokens
from console.notices.models import Notice
from console.provider.models import Command
from tests.factories import make_cardholder, make_company

pytestmark = pytest.mark.django_db(transaction=True)

HTMX = {"hx-request": "true"}


@pytest.fixture(autouse=True)
def _nothing_counted():
    cache.clear()


@pytest.fixture
def operations(client_as):
    return client_as("operations")


@pytest.fixture
def holder() -> Cardholder:
    return make_cardholder(codego_id=None, state="", application_status="", by_reference=True)


def page_of(applicant) -> str:
    return f"{applicant.get_absolute_url()}handoff/"


def made(staff, applicant, **given) -> str:
    """The path of a new link, as the page showed it."""
    answer = staff.post(page_of(applicant), {"hours": "72", "language": ""} | given)
    assert answer.status_code == 200, answer.text
    return re.search(r"https?://[^/<]+(/onboarding/[^<]+)</code>", answer.text)[1]


def frame_of(answer) -> str:
    return re.search(r'<iframe[^>]*\ssrc="([^"]+)"', answer.text)[1]


def audited(action: str) -> list[Entry]:
    return list(Entry.objects.filter(action=action).order_by("pk"))


def test_a_link_is_shown_once_with_its_code_and_only_its_hash_is_kept(operations, holder):
    answer = operations.post(page_of(holder), {"hours": "24", "language": "en"})
    url = re.search(r"<code[^>]*>(http[^<]+)</code>", answer.text)[1]
    token = url.rstrip("/").split("/")[-1]
    assert answer["Cache-Control"] == "no-store"
    assert qr.picture(url).path in answer.text
    link = Handoff.objects.get()
    assert timedelta(hours=23) < link.expires_at - timezone.now() < timedelta(hours=25)
    for model in (Handoff, Entry, Command, Cardholder):
        assert token not in serialize("json", model._default_manager.all())
    for page in (page_of(holder), holder.get_absolute_url(), f"{holder.get_absolute_url()}kyc/"):
        assert token not in operations.get(page).text
    assert audited("handoff:make")[0].detail["handoff"] == str(link.pk)


def test_a_link_belongs_to_one_person_or_one_company():
    with pytest.raises(IntegrityError):
        Handoff.objects.create(token_hash="1", expires_at=timezone.now(), created_by_id=1)


def test_looking_opens_nothing_and_says_nothing_of_the_person(sandbox, operations, holder, client):
    door = made(operations, holder)
    answer = client.get(door)
    assert answer.status_code == 200
    assert not Command.objects.exists()
    assert not {"Ana", "Marinho", "ana@holder.test"} & set(re.findall(r"[\w@.]+", answer.text))
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Robots-Tag"].startswith("noindex")
    assert answer["Referrer-Policy"] == "strict-origin"
    assert answer["Permissions-Policy"].startswith("camera=()")
    assert "frame-src" not in answer["Content-Security-Policy"]
    assert not answer.cookies
    assert handoffs.standing(holder).step == "seen"


def test_each_opening_makes_a_fresh_session(sandbox, operations, holder, client):
    door = made(operations, holder)
    one, two = client.post(door), client.post(door)
    assert frame_of(one) != frame_of(two)
    assert frame_of(one).startswith(f"{sandbox.url}/embed?token=")
    assert KycSession.objects.filter(handoff=Handoff.objects.get()).count() == 2
    iframe = re.search(r"<iframe[^>]*>", one.text)[0]
    assert 'allow="camera"' in iframe
    assert 'referrerpolicy="no-referrer"' in iframe
    assert one["Cache-Control"] == "no-store"
    assert one["Permissions-Policy"].startswith(f'camera=(self "{sandbox.url}")')
    assert f"frame-src {sandbox.url}" in one["Content-Security-Policy"]
    assert one["Referrer-Policy"] == "strict-origin"
    assert (Handoff.objects.get().openings, handoffs.standing(holder).step) == (2, "running")
    entry = audited("handoff:open")[0]
    assert (entry.actor, entry.record_id, entry.address) == (None, holder.pk, "127.0.0.1")
    assert frame_of(one).split("token=")[1] not in serialize("json", Entry.objects.all())


def test_a_forged_link_costs_no_query_and_looks_like_an_unknown_one(operations, holder, client):
    door = made(operations, holder)
    forged = door[:-3] + ("AA/" if door[-3:-1] != "AA" else "BB/")
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(forged)
    assert answer.status_code == 404
    assert [q["sql"] for q in asked if "handoff" in q["sql"]] == []
    Handoff.objects.all().delete()  # signed by us, and not there
    unknown = client.get(door)
    assert unknown.status_code == 404
    assert unknown.text == answer.text
    assert client.post(forged).status_code == 404


@pytest.mark.parametrize(("field", "words"), [
    ("expires_at", "This link has expired"), ("revoked_at", "This link no longer works"),
])  # fmt: skip
def test_a_dead_link_says_why_and_is_written_down_once(sandbox, operations, holder, client, field, words):
    door = made(operations, holder)
    Handoff.objects.update(**{field: timezone.now() - timedelta(minutes=1)})
    for answer in (client.get(door), client.get(door), client.post(door)):
        assert answer.status_code == 410
        assert words in answer.text
        assert "<iframe" not in answer.text
    assert not Command.objects.exists()
    assert len(audited("handoff:closed")) == 1


def test_another_link_ends_the_one_before(sandbox, operations, holder, client):
    first, second = made(operations, holder), made(operations, holder)
    assert client.post(first).status_code == 410
    assert frame_of(client.post(second))
    assert len(audited("handoff:revoke")) == 1


def test_revoked_between_looking_and_starting(sandbox, operations, holder, client):
    door = made(operations, holder)
    assert "Start" in client.get(door).text
    assert operations.post(f"{page_of(holder)}revoke/").status_code == 303
    assert client.post(door).status_code == 410
    assert not KycSession.objects.exists()
    assert operations.get(page_of(holder)).context["link"].step == "revoked"


def test_a_claim_does_not_go_by_what_was_read_before(sandbox, operations, holder):
    made(operations, holder)
    read_before = Handoff.objects.select_related("cardholder").get()
    Handoff.objects.update(revoked_at=timezone.now())
    with pytest.raises(handoffs.Closed, match="revoked"):
        handoffs.open_check(read_before, address="192.0.2.1", locale="en")
    assert not Command.objects.exists()


def test_it_opens_so_often_and_no_more(sandbox, operations, holder, client):
    door = made(operations, holder)
    Handoff.objects.update(openings=Handoff.MOST_OPENINGS)
    answer = client.post(door)
    assert answer.status_code == 410
    assert "opened too often" in answer.text


def test_many_openings_in_a_short_while_have_to_wait(sandbox, operations, holder, client):
    door = made(operations, holder)
    answers = [client.post(door).status_code for _ in range(handoffs.PER_LINK + 1)]
    assert answers == [200] * handoffs.PER_LINK + [429]
    assert "Wait ten minutes" in client.post(door).text


@pytest.mark.parametrize("fault", ["drop_before", "error_after"])
def test_when_the_provider_does_not_answer_nothing_is_used_up(sandbox, operations, holder, client, fault):
    door = made(operations, holder)
    sandbox.fault("POST **/session/create", fault, times=9)
    answer = client.post(door)
    assert answer.status_code == 503
    assert "try again" in answer.text
    assert Handoff.objects.get().openings == 0


def test_an_address_that_is_not_the_providers_is_not_framed(sandbox, operations, holder, client, settings):
    settings.CODEGO_KYC_ORIGINS = ["https://kyc.elsewhere.test"]
    answer = client.post(made(operations, holder))
    assert answer.status_code == 503
    assert "token=" not in answer.text


def test_another_site_cannot_press_the_button(sandbox, operations, holder, client):
    answer = client.post(made(operations, holder), headers={"sec-fetch-site": "cross-site"})
    assert "<iframe" not in answer.text
    assert not Command.objects.exists()


def test_submitted_on_the_phone_is_followed_by_staff_without_a_reload(sandbox, operations, holder, client):
    door = made(operations, holder)
    poll = operations.get(page_of(holder)).context["live_url"]
    assert operations.get(poll, headers=HTMX).status_code == 204
    client.post(door)
    opened = operations.get(poll, headers=HTMX)
    assert "Check open on their phone" in opened.text
    answer = client.post(f"{door}submitted/")
    assert (answer.status_code, answer["Location"]) == (303, door)
    assert "Thank you, that is all we need" in client.get(door).text
    assert "Submitted on their phone" in operations.get(opened.context["live_url"], headers=HTMX).text
    assert "Waiting for the provider" in operations.get(f"{holder.get_absolute_url()}kyc/").text
    assert "Submitted on their phone" in operations.get(holder.get_absolute_url()).text
    assert "Check submitted by the applicant" in operations.get(holder.get_absolute_url()).text
    assert len(audited("handoff:submit")) == 1


def test_the_phone_ends_its_own_session_and_no_other(sandbox, operations, holder, client):
    door = made(operations, holder)
    client.post(door)
    operations.post(f"{holder.get_absolute_url()}kyc/")
    client.post(f"{door}submitted/")
    on_phone, at_desk = KycSession.objects.order_by("pk")
    assert on_phone.submitted_at
    assert at_desk.submitted_at is None
    assert "Waiting for the provider" in operations.get(f"{holder.get_absolute_url()}kyc/").text


@pytest.mark.parametrize(("state", "words"), [
    ("approved", "Your check is complete"), ("denied", "This check is closed"), ("manualreview", "Thank you"),
    ("needsinformation", "Something is still missing"),
])  # fmt: skip
def test_what_is_decided_is_said_without_the_decision(sandbox, operations, holder, client, state, words):
    door = made(operations, holder)
    client.post(door)
    client.post(f"{door}submitted/")
    Cardholder.objects.update(codego_id="u1", state=state, application_status=state, state_since=timezone.now())
    page = client.get(door).text
    assert words in page
    assert "denied" not in page
    assert "Approved" not in page
    assert ("<iframe" in client.post(door).text) == (state in {"needsinformation", "manualreview"})


def test_the_visitors_language_wins_over_what_staff_chose_and_that_over_the_browsers(
    sandbox, operations, holder, client
):
    door = made(operations, holder)
    assert '<html lang="it"' in client.get(door, headers={"accept-language": "it-IT,it;q=0.9"}).text
    Handoff.objects.update(language="es")
    answer = client.get(door, headers={"accept-language": "it"})
    assert '<html lang="es"' in answer.text
    assert answer["Content-Language"] == "es"
    chosen = client.get(f"{door}?lang=en", headers={"accept-language": "it"})
    assert '<html lang="en"' in chosen.text
    assert f'action="{door}?lang=en"' in chosen.text
    client.post(f"{door}?lang=it")
    assert client.post(f"{door}submitted/?lang=it")["Location"] == f"{door}?lang=it"


def test_a_company_is_sent_its_own_words(sandbox, operations, client):
    company = make_company(codego_id=None, state="", application_status="", by_reference=True)
    door = made(operations, company)
    assert "Confirm your company" in client.get(door).text
    assert frame_of(client.post(door))
    assert handoffs.standing(company).step == "running"


def test_no_link_for_whoever_is_approved_already(operations):
    answer = operations.post(page_of(make_cardholder()), {"hours": "72"})
    assert answer.status_code == 422
    assert "already approved" in answer.text
    assert not Handoff.objects.exists()


@pytest.mark.parametrize("hours", ["0", "9999", ""])
def test_a_link_lives_as_long_as_is_offered_and_no_longer(operations, holder, hours):
    assert operations.post(page_of(holder), {"hours": hours}).status_code == 422
    assert not Handoff.objects.exists()


def test_somebody_new_is_added_and_sent_the_check_in_one_go(operations):
    answer = operations.post("/cardholders/new/", {"email": "new@person.test", "send": "yes"}, follow=True)
    assert answer.redirect_chain == [(page_of(Cardholder.objects.get()), 303)]
    assert "Make the link" in answer.text


def test_only_those_who_may_start_a_check_hand_it_over(client_as, holder):
    for role in ("viewer", "finance", "compliance", "admin"):
        staff = client_as(role)
        assert staff.post(page_of(holder), {"hours": "72"}).status_code == 403
        assert staff.post(f"{page_of(holder)}revoke/").status_code == 403
        assert "Send to their phone" not in staff.get(holder.get_absolute_url()).text


def test_thanks_know_nobody(client):
    answer = client.get("/onboarding/thanks/")
    assert answer.status_code == 200
    assert "You can close this page" in answer.text


def test_no_log_has_the_token(operations, holder, client, caplog):
    door = made(operations, holder)
    Handoff.objects.update(expires_at=timezone.now())
    caplog.handler.addFilter(hides := NoTokens())
    with caplog.at_level(logging.WARNING):
        client.get(door)
    caplog.handler.removeFilter(hides)
    assert "/onboarding/…/" in caplog.text
    assert door.split("/")[2] not in caplog.text


def test_who_made_the_link_is_told_of_the_decision(operations, holder):
    made(operations, holder)
    Cardholder.objects.update(codego_id="u1", state="approved", application_status="approved")
    telling.tell(Cardholder, ["u1"], {"u1": "pending"})
    assert [notice.person for notice in Notice.objects.all()] == [Handoff.objects.get().created_by]
