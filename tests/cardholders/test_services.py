"""KYC sessions: opened, resumed, never leaking their URL."""

import pytest
from django.core.serializers import serialize

from cardholders import services
from cardholders.models import KycSession
from console.access import Actor
from console.audit.models import Entry
from console.provider.commands import CannotDo
from console.provider.models import Command, CommandState
from tests.factories import make_cardholder, make_company, make_staff

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def actor(db) -> Actor:
    return Actor(make_staff("operations").pk, ("operations",), "10.0.0.1")


def test_a_session_is_opened_and_its_url_is_kept_nowhere(sandbox, actor):
    holder = services.add_cardholder(email="new@holder.test", first_name="", last_name="", actor=actor)
    command, opened = services.open_session(holder, actor=actor)
    assert command.state == CommandState.DONE
    url = opened.iframe_url.reveal()
    assert url.startswith(sandbox.url)
    token = url.split("token=")[1]
    for model in (KycSession, Command, Entry):
        assert token not in serialize("json", model._default_manager.all())
    assert token not in repr(opened)


def test_a_company_is_onboarded_as_a_company(sandbox, actor):
    company = services.add_company(email="office@new.test", name="New Ltd", actor=actor)
    services.open_session(company, actor=actor)
    assert KycSession.objects.get().company == company
    assert Command.objects.get().payload["applicant_type"] == "company"


def test_an_abandoned_session_is_resumed_with_a_fresh_url(sandbox, actor):
    holder = services.add_cardholder(email="new@holder.test", first_name="", last_name="", actor=actor)
    _, first = services.open_session(holder, actor=actor)
    _, second = services.resume_session(KycSession.objects.get(), actor=actor)
    assert second.iframe_url.reveal() != first.iframe_url.reveal()


def test_a_session_the_provider_will_not_resume_is_opened_anew(sandbox, actor):
    holder = services.add_cardholder(email="new@holder.test", first_name="", last_name="", actor=actor)
    services.open_session(holder, actor=actor)
    KycSession.objects.update(session_id="00000000-0000-4000-8000-000000000000")
    command, opened = services.resume_session(KycSession.objects.get(), actor=actor)
    assert command.state == CommandState.DONE
    assert opened
    assert KycSession.objects.count() == 2


def test_an_approved_applicant_needs_no_session(actor):
    with pytest.raises(CannotDo, match="already approved"):
        services.open_session(make_cardholder(), actor=actor)
    assert Entry.objects.get().outcome == "refused"


def test_a_lost_answer_leaves_no_session_and_says_so(sandbox, actor):
    sandbox.fault("POST /session/create", "drop_after")
    holder = services.add_cardholder(email="new@holder.test", first_name="", last_name="", actor=actor)
    command, opened = services.open_session(holder, actor=actor)
    assert (command.state, opened) == (CommandState.UNKNOWN, None)
    assert services.settle(command).state == CommandState.LAPSED


def test_submitted_is_progress_and_asks_for_a_read(actor):
    company = make_company(state="pending")
    from django.utils import timezone

    session = KycSession.objects.create(session_id="s1", company=company, opened_at=timezone.now())
    services.submitted(session)
    session.refresh_from_db()
    company.refresh_from_db()
    assert session.submitted_at
    assert company.dirty_at
    assert company.state == "pending"
