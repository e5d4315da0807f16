"""The provider on screen: pace, features, percentiles, the redacted log, a request as curl."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from cards import services
from console.access import Actor
from console.codego.protocols import Priority
from console.provider import measuring, observing
from console.provider.factory import client
from console.provider.measuring import percentile
from console.provider.models import Budget, RequestLog
from tests.factories import make_cardholder, make_staff

pytestmark = pytest.mark.django_db
PROVIDER, REQUESTS = "/provider/", "/provider/requests/"


def log(**fields) -> RequestLog:
    defaults = {"route": "GET /cards/{id}", "status": 200, "milliseconds": 20}
    return RequestLog.objects.create(**defaults | fields)


def test_percentiles_are_values_that_occurred():
    times = list(range(1, 101))
    assert [percentile(times, share) for share in (50, 95, 99)] == [50, 95, 99]
    assert percentile([7], 99) == 7


def test_each_route_is_measured_by_what_was_logged(client_as):
    for milliseconds in range(1, 21):
        log(milliseconds=milliseconds)
    log(status=None, milliseconds=9000, error="Unavailable: no answer")
    log(status=429)
    log(route="POST /users/{id}/cards", status=403)
    log(at=timezone.now() - timedelta(days=2), status=500)
    cards, issue = measuring.measure(measuring.DAY).routes
    assert (cards.route, cards.requests, cards.failures, cards.refusals, cards.p50, cards.p99) == (
        "GET /cards/{id}", 22, 2, 0, 11, 9000,
    )  # fmt: skip
    assert (issue.refusals, issue.failures) == (1, 0)
    page = client_as("finance").get(PROVIDER).content.decode()
    assert "9,000 ms" in page
    assert "9.1%" in page


def test_the_page_says_how_the_budget_stands(client_as):
    Budget.objects.create(
        interval=0.2, limit=5, blocked_until=timezone.now() + timedelta(seconds=12), refused_at=timezone.now()
    )
    log()
    page = client_as("admin").get(PROVIDER).content.decode()
    assert "1 request, all processes together" in page
    assert "12 s, because the provider asked for a pause" in page
    assert "Provider busy, 12 s to wait" in page


def test_the_page_of_a_provider_at_ease_raises_no_flag(client_as):
    Budget.objects.create(interval=0.2, limit=5)
    assert "Provider busy" not in client_as("admin").get(PROVIDER).content.decode()


def test_the_header_is_quiet_when_nothing_is_the_matter(client_as):
    Budget.objects.create(interval=0.2, limit=5)
    assert "Provider busy" not in client_as("operations").get("/").content.decode()


def test_a_silent_provider_is_in_everybody_s_header(client_as):
    Budget.objects.create(down_since=timezone.now())
    assert "Provider silent since" in client_as("viewer").get("/").content.decode()


def test_keys_are_shown_by_their_fingerprint(client_as, settings):
    settings.CODEGO_API_KEY = "vcck_sbx_0123456789abcdef"
    page = client_as("admin").get(PROVIDER).content.decode()
    assert "0123456789" not in page
    assert "vcck_sbx_…" in page


def test_the_log_is_filtered_and_asks_few_questions(client_as, django_assert_max_num_queries):
    finance = client_as("finance")
    failed = log(status=503)
    refused = log(status=404, object_id="cd_1")
    for _ in range(60):
        log()
    shown = lambda **query: [row.pk for row in finance.get(REQUESTS, query).context["page"].rows]  # noqa: E731
    assert shown(answer="failed") == [failed.pk]
    assert shown(answer="refused") == shown(object_id="cd_1") == [refused.pk]
    with django_assert_max_num_queries(10):
        assert len(shown(route="GET /cards/{id}")) == 50


@pytest.mark.django_db(transaction=True)
def test_what_is_logged_of_a_card_order_names_nobody(sandbox, client_as):
    approved = next(u for u in sandbox.list("users") if u["applicationStatus"] == "approved" and not u.get("companyId"))
    holder = make_cardholder(codego_id=approved["id"])
    order = services.Order(type="virtual", limit_amount=5000, limit_frequency="allTime", display_name="CANARY NAME")
    command = services.issue(holder, order, actor=Actor(make_staff("operations").pk, ("operations",), "10.0.0.1"))
    logged = RequestLog.objects.get(route="POST /users/{id}/cards")
    assert (logged.status, logged.object_id, logged.idempotency_key) == (201, holder.codego_id, str(command.pk))
    assert "CANARY" not in str(RequestLog.objects.values())
    page = client_as("compliance").get(reverse("provider:request", args=[logged.pk])).content.decode()
    assert sandbox.api_key not in page
    assert f"/api/v1/users/{holder.codego_id}/cards" in page
    assert "$CODEGO_API_KEY" in page
    assert "allTime" in page
    assert "Running it does it again" in page


@pytest.mark.django_db(transaction=True)
def test_a_session_id_is_never_logged(sandbox):
    from console.codego.secret import Secret

    card = next(c for c in sandbox.list("cards") if c["status"] == "active")
    with client(Priority.INTERACTIVE) as provider, pytest.raises(Exception, match="Session"):
        provider.card_secrets(card["id"], Secret("Y2FuYXJ5LXNlc3Npb24="))
    assert "Y2FuYXJ5" not in str(list(RequestLog.objects.values()))


def test_old_requests_are_forgotten(settings):
    settings.REQUEST_LOG_DAYS = 3
    log(at=timezone.now() - timedelta(days=4))
    kept = log()
    observing.prune()
    assert [row.pk for row in RequestLog.objects.all()] == [kept.pk]


def test_an_unknown_request_is_not_there(client_as):
    assert client_as("admin").get(reverse("provider:request", args=[1])).status_code == 404
    assert client_as("admin").get(f"/commands/{uuid.uuid4()}/").status_code == 404
