"""Where notices come from: each event tells whom it concerns, once, and not who caused it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cardholders.sync import apply_cardholders
from cards.sync import apply_cards
from console.access import Actor
from console.codego.records import CardRecord, UserRecord
from console.notices import services
from console.notices.models import Notice
from console.provider.mirror import Source
from console.provider.models import RequestLog
from console.reconciliation import desk, work
from console.sync import alarms
from tests.factories import (
    make_break,
    make_card,
    make_cardholder,
    make_command,
    make_delivery,
    make_reconciliation,
    make_staff,
)
from transactions import reports
from transactions.models import Report

pytestmark = pytest.mark.django_db


def told(person) -> list[str]:
    return list(Notice.objects.filter(person=person).order_by("pk").values_list("words", flat=True))


def read(kind="read", seconds=0, **more) -> Source:
    return Source(kind, timezone.now() + timedelta(seconds=seconds), **more)


# --- Applications --------------------------------------------------------------------------------------------------


def status_comes(holder, status, seconds=0, **more):
    body = {"id": holder.codego_id, "applicationStatus": status}
    apply_cardholders([UserRecord.parse(body)], source=read(seconds=seconds, **more))


def test_whoever_opened_an_application_hears_that_it_was_decided():
    olga, other = make_staff("operations"), make_staff("operations")
    holder = make_cardholder(application_status="pending", state="pending")
    make_command("cardholder", holder.pk, kind="kyc", actor=olga)
    status_comes(holder, "pending")
    status_comes(holder, "approved", 1)
    status_comes(holder, "approved", 2)
    assert (told(olga), told(other)) == (["Ana Marinho: Approved"], [])
    assert Notice.objects.get().url == holder.get_absolute_url()


def test_a_rebuild_tells_nobody():
    olga = make_staff("operations")
    holder = make_cardholder(application_status="pending", state="pending")
    make_command("cardholder", holder.pk, kind="kyc", actor=olga)
    status_comes(holder, "approved", again=True)
    assert told(olga) == []


# --- Cards ---------------------------------------------------------------------------------------------------------


def card_comes(card, status, seconds=1, source="read"):
    body = {"id": card.codego_id, "userId": card.cardholder.codego_id, "status": status}
    apply_cards([CardRecord.parse(body)], source=read(source, seconds))


def test_who_locked_a_card_hears_that_the_provider_unlocked_it():
    olga = make_staff("operations")
    card = make_card(status="locked", state="locked")
    make_command("card", card.pk, actor=olga, created_at=timezone.now() - timedelta(days=1))
    card_comes(card, "active")
    assert told(olga) == ["•••• 4242 is now: Active. Changed by the provider."]


def test_who_locked_a_card_hears_that_a_colleague_unlocked_it_and_the_colleague_does_not():
    olga, other = make_staff("operations"), make_staff("operations", name="Otto")
    card = make_card(status="locked", state="locked")
    make_command("card", card.pk, actor=olga, created_at=timezone.now() - timedelta(days=1))
    make_command("card", card.pk, actor=other, kind="unlock", state="sent")
    card_comes(card, "active")
    assert (told(olga), told(other)) == (["•••• 4242 is now: Active. Changed by Otto."], [])


@pytest.mark.parametrize("state", ["sent", "unknown", "done"])
def test_nobody_is_told_of_their_own_change_however_it_comes_in(state):
    olga = make_staff("operations")
    card = make_card()
    make_command("card", card.pk, actor=olga, state=state)
    card_comes(card, "locked", source="delivery")
    card_comes(card, "locked")
    assert told(olga) == []


def test_a_card_nobody_changed_here_concerns_nobody():
    make_staff("operations")
    card_comes(make_card(), "locked")
    assert not Notice.objects.exists()


def test_a_batch_without_news_costs_two_queries_more_at_most(django_assert_max_num_queries):
    card = make_card()
    card_comes(card, "active")
    with django_assert_max_num_queries(12):
        card_comes(card, "active", 2)


def test_a_batch_of_news_costs_as_many_statements_as_one_piece_of_it():
    """A sweep may bring hundreds at once, within the transaction that writes them."""
    olga = make_staff("operations")
    holder = make_cardholder()

    def locked_here(n):
        cards = [make_card(holder, status="locked", state="locked") for _ in range(n)]
        for card in cards:
            make_command("card", card.pk, actor=olga, created_at=timezone.now() - timedelta(days=1))
        return [
            CardRecord.parse({"id": card.codego_id, "userId": holder.codego_id, "status": "active"}) for card in cards
        ]

    def applicants(n):
        people = [make_cardholder(application_status="pending", state="pending") for _ in range(n)]
        for each in people:
            make_command("cardholder", each.pk, kind="kyc", actor=olga)
        return [UserRecord.parse({"id": each.codego_id, "applicationStatus": "approved"}) for each in people]

    def cost(apply, records) -> int:
        with CaptureQueriesContext(connection) as statements:
            apply(records, source=read(seconds=1))
        return len(statements)

    for write, some in ((apply_cards, locked_here), (apply_cardholders, applicants)):
        assert cost(write, some(30)) == cost(write, some(1))
    assert len(told(olga)) == 62


# --- Work ----------------------------------------------------------------------------------------------------------


def test_whoever_is_given_a_break_hears_of_it_and_who_takes_one_does_not():
    finn, fred = make_staff("finance"), make_staff("finance")
    given = make_break()
    desk.assign(given, fred, actor=Actor(finn.pk, ("finance",)))
    desk.assign(make_break(), finn, actor=Actor(finn.pk, ("finance",)))
    assert (told(finn), told(fred)) == ([], [f"Break {given.pk} is yours now."])


def test_many_breaks_given_at_once_are_one_notice(client_as):
    fred = make_staff("finance")
    breaks = [make_break() for _ in range(3)]
    client_as("finance").post("/reconciliation/breaks/assign/", {"pk": [b.pk for b in breaks], "to": fred.pk})
    assert told(fred) == ["3 breaks are yours now."]


def test_a_reconciliation_that_fails_for_good_is_told_to_finance():
    finn, olga = make_staff("finance"), make_staff("operations")
    failing = make_reconciliation(state="running", failures=work.TRIES - 1)
    work._fail(failing, ValueError("no"))
    assert (told(finn), told(olga)) == (["A reconciliation could not be finished."], [])


def test_a_report_that_is_ready_is_told_to_whoever_asked(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    finn = make_staff("finance")
    day = timezone.now().replace(microsecond=0)
    report = Report.objects.create(
        asked_by=finn, format="csv", by="posted", start=day - timedelta(days=1), end=day, time_zone="UTC", cut_off=day
    )
    reports.work()
    report.refresh_from_db()
    assert (report.state, told(finn)) == ("done", [f"The report {report} is ready."])


# --- The machinery -------------------------------------------------------------------------------------------------


def test_administrators_hear_of_a_silence_once_for_each_episode():
    ada, olga = make_staff("admin"), make_staff("operations")
    make_delivery(received_at=timezone.now() - timedelta(hours=8))
    alarms.ring()
    alarms.ring()
    assert (told(ada), told(olga)) == (["No webhook has come for 8 h."], [])
    make_delivery(received_at=timezone.now() - timedelta(hours=7))
    alarms.ring()
    assert len(told(ada)) == 2


def test_administrators_hear_that_the_key_is_refused():
    ada = make_staff("admin")
    RequestLog.objects.create(route="GET /cards", status=401)
    alarms.ring()
    alarms.ring()
    assert told(ada) == ["The provider turns the console away (401)."]


def test_a_worker_that_stood_still_says_so_when_it_runs_again():
    ada = make_staff("admin")
    alarms.resumed(None)
    alarms.resumed(timezone.now() - timedelta(seconds=8))
    assert told(ada) == []
    stopped = timezone.now() - timedelta(minutes=25)
    alarms.resumed(stopped)
    alarms.resumed(stopped)
    assert told(ada) == ["Background work stood still for 25 min and runs again."]


def test_what_is_old_is_forgotten():
    olga = make_staff("operations")
    for days in (1, 91):
        Notice.objects.create(
            person=olga, kind="mention", words=str(days), url="/", made_at=timezone.now() - timedelta(days=days)
        )
    services.prune()
    assert told(olga) == ["1"]
