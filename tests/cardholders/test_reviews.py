"""The queue: who is in it, in which order, and what deciding leaves behind."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from console.audit.events import Action
from console.audit.models import Entry
from tests.factories import make_cardholder, make_company, make_swept

pytestmark = pytest.mark.django_db


def waiting(days: int = 1, state: str = "manualReview", **fields):
    since = timezone.now() - timedelta(days=days)
    return make_cardholder(application_status=state, state=state.lower(), state_since=since, **fields)


def decide(client, holder, **changes):
    given = {"state": holder.state, "decision": "contacted", "reason": "Asked for a passport."} | changes
    return client.post(reverse("cardholders:cardholder_decide", args=[holder.pk]), given)


def test_who_waits_longest_comes_first(client_as):
    young, old, middle = waiting(1), waiting(30), waiting(5, application_reason="document expired")
    approved = make_cardholder()
    page = client_as("compliance").get("/reviews/").text
    places = [page.index(each.get_absolute_url()) for each in (old, middle, young)]
    assert places == sorted(places)
    assert approved.get_absolute_url() not in page
    assert "document expired" in page


def test_the_queue_filters_by_state_and_kind(client_as):
    denied, held = waiting(state="denied"), waiting()
    company = make_company(application_status="pending", state="pending")
    client = client_as("operations")
    page = client.get("/reviews/", {"state": "denied"}).text
    assert denied.get_absolute_url() in page
    assert held.get_absolute_url() not in page
    assert company.get_absolute_url() in client.get("/reviews/companies/").text


def test_operations_and_admin_read_the_queue_and_decide_nothing(client_as):
    holder = waiting()
    for role in ("operations", "admin"):
        client = client_as(role)
        page = client.get("/reviews/").text
        assert holder.get_absolute_url() in page
        assert reverse("cardholders:cardholder_decide", args=[holder.pk]) not in page
        assert decide(client, holder).status_code == 403


def test_a_decision_is_evidence_on_the_record_and_in_the_log(client_as):
    holder = waiting()
    client = client_as("compliance")
    assert decide(client, holder)["Location"] == holder.get_absolute_url()
    entry = Entry.objects.get(action=Action.REVIEW_DECIDE)
    assert (entry.record, entry.record_id, entry.reason) == ("cardholder", holder.pk, "Asked for a passport.")
    assert entry.detail == {"decision": "contacted", "state": "manualreview"}
    assert "Contacted the applicant" in client.get("/reviews/").text
    assert "Asked for a passport." in client.get(holder.get_absolute_url()).text
    holder.refresh_from_db()
    assert holder.state == "manualreview"  # the provider decides the application


def test_a_decision_needs_a_reason_and_keeps_what_was_chosen(client_as):
    answer = decide(client_as("compliance"), waiting(), decision="escalated", reason=" ")
    assert answer.status_code == 422
    assert 'value="escalated" ' in answer.text
    assert not Entry.objects.filter(action=Action.REVIEW_DECIDE).exists()


def test_a_decision_about_a_state_that_is_gone_is_not_recorded(client_as):
    holder = waiting()
    client = client_as("compliance")
    answer = decide(client, holder, state="pending")
    assert answer.status_code == 422
    assert "changed the state meanwhile" in answer.text
    assert "Asked for a passport." in answer.text
    assert not Entry.objects.filter(action=Action.REVIEW_DECIDE).exists()
    assert 'name="state" value="manualreview"' in answer.text  # what a second try sends


def test_what_needs_nothing_leaves_the_queue_until_the_state_changes(client_as):
    holder = waiting()
    client = client_as("compliance")
    decide(client, holder, decision="no_action")
    assert holder.get_absolute_url() not in client.get("/reviews/").text
    assert holder.get_absolute_url() in client.get("/reviews/", {"show": "all"}).text
    holder.state = holder.application_status = "denied"
    holder.state_since = timezone.now()
    holder.save()
    assert holder.get_absolute_url() in client.get("/reviews/").text


def test_a_company_is_decided_from_the_queue_and_leads_back_to_it(client_as):
    company = make_company(application_status="denied", state="denied")
    url = reverse("cardholders:company_decide", args=[company.pk]) + "?from=queue"
    answer = client_as("compliance").post(
        url, {"state": "denied", "decision": "escalated", "reason": "Board informed."}
    )
    assert answer["Location"] == "/reviews/companies/"
    assert Entry.objects.get(action=Action.REVIEW_DECIDE).record == "company"


def test_the_number_of_queries_does_not_grow_with_the_queue(client_as, django_assert_max_num_queries):
    client = client_as("compliance")
    for _ in range(4):
        decide(client, waiting())
    make_swept()
    with django_assert_max_num_queries(13):
        client.get("/reviews/")


def test_an_empty_queue_says_so(client_as):
    assert "Nobody is waiting" in client_as("compliance").get("/reviews/").text
    assert "Nobody is waiting" in client_as("compliance").get("/reviews/companies/").text
