"""Onboarding through the provider's frame, against a running provider."""

import re
from datetime import timedelta

import pytest
from django.core.serializers import serialize
from django.utils import timezone

from cardholders.kyc_headers import NOTHING, PermissionsPolicyMiddleware
from cardholders.models import Cardholder, Company, KycSession
from console.audit.models import Entry
from console.provider.models import Command
from tests.factories import make_cardholder, make_company

pytestmark = pytest.mark.django_db(transaction=True)

HTMX = {"hx-request": "true"}


def unverified(**fields) -> Cardholder:
    return make_cardholder(**{"codego_id": None, "state": "", "application_status": "", "by_reference": True} | fields)


def frame_of(answer) -> str:
    return re.search(r'<iframe[^>]*\ssrc="([^"]+)"', answer.text)[1]


def kyc(applicant) -> str:
    return f"{applicant.get_absolute_url()}kyc/"


@pytest.fixture
def operations(client_as):
    return client_as("operations")


def test_the_post_itself_shows_the_frame_and_lends_it_the_camera(sandbox, operations):
    holder = unverified()
    answer = operations.post(kyc(holder))
    assert answer.status_code == 200
    assert frame_of(answer).startswith(f"{sandbox.url}/embed?token=")
    iframe = re.search(r"<iframe[^>]*>", answer.text)[0]
    assert 'allow="camera"' in iframe
    assert 'referrerpolicy="no-referrer"' in iframe
    assert "sandbox=" not in iframe
    assert answer["Cache-Control"] == "no-store"
    assert answer["Permissions-Policy"].startswith(f'camera=(self "{sandbox.url}")')
    assert f"frame-src {sandbox.url}" in answer["Content-Security-Policy"]


def test_no_other_page_may_frame_or_use_the_camera(operations, rf):
    answer = operations.get(make_cardholder().get_absolute_url())
    assert "frame-src" not in answer["Content-Security-Policy"]
    guarded = PermissionsPolicyMiddleware(lambda request: operations.get("/healthz"))
    assert guarded(rf.get("/"))["Permissions-Policy"] == NOTHING


def test_the_link_is_in_that_answer_and_nowhere_else(sandbox, operations, caplog):
    holder = unverified()
    token = frame_of(operations.post(kyc(holder))).split("token=")[1]
    for model in (KycSession, Command, Entry, Cardholder):
        assert token not in serialize("json", model._default_manager.all())
    for url in (kyc(holder), holder.get_absolute_url()):
        assert token not in operations.get(url).text
    assert token not in caplog.text


def test_a_reload_shows_the_session_and_offers_to_resume_it(sandbox, operations):
    holder = unverified()
    first = frame_of(operations.post(kyc(holder)))
    page = operations.get(kyc(holder)).text
    assert "<iframe" not in page
    assert "Resume the session" in page
    again = operations.post(f"{kyc(holder)}resume/")
    assert frame_of(again) != first
    assert KycSession.objects.count() == 1


def test_an_address_that_is_not_the_providers_is_not_framed(sandbox, operations, settings):
    settings.CODEGO_KYC_ORIGINS = ["https://kyc.elsewhere.test"]
    answer = operations.post(kyc(unverified()))
    assert answer.status_code == 422
    assert "<iframe" not in answer.text
    assert "token=" not in answer.text
    assert "not one of the addresses this console may show" in answer.text


def test_what_the_provider_refuses_is_shown_in_its_words(sandbox, operations, settings):
    settings.CODEGO_KYC_API_KEY = "vcck_sbx_wrong"
    answer = operations.post(kyc(unverified()))
    assert answer.status_code == 422
    assert "The provider did not open a session." in answer.text
    assert "The provider says:" in answer.text
    assert "<iframe" not in answer.text


def test_a_lost_answer_is_said_to_be_lost_and_another_session_can_be_opened(sandbox, operations):
    holder = unverified()
    sandbox.fault("POST **/session/create", "drop_after")
    answer = operations.post(kyc(holder))
    assert answer.status_code == 422
    assert "The answer was lost" in answer.text
    assert frame_of(operations.post(kyc(holder)))


def test_an_approved_person_is_not_checked_again(operations):
    answer = operations.post(kyc(make_cardholder()))
    assert answer.status_code == 422
    assert "already approved" in answer.text


def test_submitted_is_not_approved_and_the_page_follows_until_decided(sandbox, operations):
    holder = unverified()
    operations.post(kyc(holder))
    panel = operations.post(f"{kyc(holder)}submitted/", headers=HTMX)
    assert "Submitted. Waiting for the provider" in panel.text
    assert "<iframe" not in panel.text
    poll = panel.context["live_url"]
    assert operations.get(poll, headers=HTMX).status_code == 204
    Cardholder.objects.update(codego_id="u1", state="denied", application_status="denied", state_since=timezone.now())
    decided = operations.get(poll, headers=HTMX)
    assert "turned this application down" in decided.text
    assert "Submitted. Waiting" not in decided.text
    Cardholder.objects.update(state="approved", application_status="approved")
    assert f"/cards/issue/{holder.pk}/" in operations.get(kyc(holder)).text


def test_an_answer_from_before_the_session_is_no_answer_to_it(sandbox, operations):
    holder = make_cardholder(state="needsinformation", application_status="needsInformation")
    operations.post(kyc(holder))
    operations.post(f"{kyc(holder)}submitted/")
    assert "Submitted. Waiting for the provider" in operations.get(kyc(holder)).text


def test_a_session_past_its_time_says_so(operations):
    holder = unverified()
    past = timezone.now() - timedelta(hours=2)
    KycSession.objects.create(session_id="s1", cardholder=holder, opened_at=past, expires_at=past + timedelta(hours=1))
    page = operations.get(kyc(holder))
    assert page.context["progress"].step == "expired"
    assert "Ended" in page.text


def test_a_new_person_is_added_and_checked_in_one_go(sandbox, operations):
    given = {"email": "new@person.test", "first_name": "Nova", "last_name": "", "start": "yes"}
    answer = operations.post("/cardholders/new/", given)
    assert frame_of(answer)
    holder = Cardholder.objects.get()
    assert (holder.email, holder.first_name, holder.by_reference) == ("new@person.test", "Nova", True)
    assert f'data-home="{kyc(holder)}"' in answer.text


def test_a_new_company_is_checked_as_one(sandbox, operations):
    answer = operations.post("/companies/new/", {"email": "office@new.test", "name": "New Ltd", "start": "yes"})
    assert frame_of(answer)
    assert KycSession.objects.get().company == Company.objects.get()


def test_a_person_can_be_added_without_a_session(operations):
    answer = operations.post("/cardholders/new/", {"email": "new@person.test"})
    assert answer.status_code == 303
    assert answer["Location"] == Cardholder.objects.get().get_absolute_url()
    assert not Command.objects.exists()


def test_somebody_who_is_here_already_is_not_added_unawares(operations):
    known = make_cardholder()
    given = {"email": "ANA@holder.test"}
    answer = operations.post("/cardholders/new/", given)
    assert answer.status_code == 422
    assert known.get_absolute_url() in answer.text
    assert Cardholder.objects.count() == 1
    operations.post("/cardholders/new/", given | {"again": "on"})
    assert Cardholder.objects.count() == 2


def test_a_wrong_address_is_given_back_with_what_is_wrong(operations):
    answer = operations.post("/companies/new/", {"email": "no mail", "name": "New Ltd"})
    assert answer.status_code == 422
    assert "Enter a valid email address." in answer.text
    assert 'value="New Ltd"' in answer.text
    assert not Company.objects.exists()


@pytest.mark.parametrize("role", ["viewer", "compliance", "finance", "admin"])
def test_only_operations_open_sessions(client_as, role):
    client, holder, company = client_as(role), unverified(), make_company(state="pending")
    for url in (kyc(holder), f"{kyc(holder)}resume/", f"{kyc(company)}submitted/", "/companies/new/"):
        assert client.post(url).status_code == 403
    assert not Command.objects.exists()
