"""Whoever asked for something hears how it ended, also when that is known only later."""

import pytest
from django.urls import reverse

from console.access import Actor
from console.provider import commands
from console.provider.models import Command, CommandKind, CommandState
from tests.factories import make_card, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def olga(db):
    return make_staff("operations")


@pytest.fixture
def command(olga) -> Command:
    return Command.objects.create(
        kind=CommandKind.LOCK, record="card", record_id=make_card().pk, actor=olga, state=CommandState.UNKNOWN
    )


def signed_in(client, person):
    client.force_login(person)
    return client


def test_a_command_that_settles_late_is_told_to_whoever_asked(client, olga, command, client_as):
    commands.finish(command, CommandState.DONE, message="Confirmed by reading it at the provider.")
    page = signed_in(client, olga).get("/cards/").content.decode()
    assert "Lock card: Done" in page
    assert "Confirmed by reading it at the provider." in page
    assert "Confirmed by reading it at the provider." not in client_as("operations").get("/cards/").content.decode()


def test_it_says_which_card_it_was(client, olga, command):
    commands.finish(command, CommandState.DONE)
    page = signed_in(client, olga).get("/").content.decode()
    assert "•••• 4242 · Ana Marinho" in page
    about = signed_in(client, olga).get(reverse("provider:command", args=[command.pk])).content.decode()
    assert "•••• 4242 · Ana Marinho" in about


def test_putting_it_away_without_script_leads_back(client, olga, command):
    commands.finish(command, CommandState.DONE)
    told = reverse("provider:told", args=[command.pk])
    olga_s = signed_in(client, olga)
    assert olga_s.post(told, headers={"Referer": "http://testserver/cards/"}).url == "http://testserver/cards/"
    assert olga_s.post(told, headers={"Referer": "https://elsewhere.test/"}).url == "/"


def test_an_open_page_asks_and_is_told_once(client, olga, command):
    olga_s = signed_in(client, olga)
    page = olga_s.get("/").content.decode()
    assert reverse("provider:news") in page
    assert olga_s.get(reverse("provider:news"), {"seen": ""}).status_code == 204
    commands.finish(command, CommandState.NOT_DONE, message="You can try again.")
    told = olga_s.get(reverse("provider:news"), {"seen": ""}).content.decode()
    assert "Did not happen" in told
    assert "data-announce" in told


def test_it_stays_until_it_was_seen(client, olga, command):
    commands.finish(command, CommandState.DONE)
    olga_s = signed_in(client, olga)
    assert "Lock card: Done" in olga_s.get("/").content.decode()
    olga_s.post(reverse("provider:told", args=[command.pk]))
    assert "Lock card: Done" not in olga_s.get("/").content.decode()


def test_opening_its_page_is_seeing_it(client, olga, command):
    commands.finish(command, CommandState.DONE)
    signed_in(client, olga).get(reverse("provider:command", args=[command.pk]))
    command.refresh_from_db()
    assert not command.untold


def test_nobody_puts_away_what_somebody_else_has_to_hear(command, client_as):
    commands.finish(command, CommandState.DONE)
    assert client_as("operations").post(reverse("provider:told", args=[command.pk])).status_code == 404


def test_what_was_answered_at_once_is_no_news(olga):
    command = commands.begin(
        CommandKind.LOCK, record="card", record_id=1, target="c1", actor=Actor(olga.pk, ("operations",), "")
    )
    assert commands.send(command, lambda: "c1").state == CommandState.DONE
    assert commands.news_for(olga.pk) == ([], False)


def test_who_says_it_is_not_told_by_the_console(olga, command):
    commands.finish(command, CommandState.NOT_DONE, by=Actor(olga.pk, ("operations",), ""))
    assert commands.news_for(olga.pk) == ([], False)


def test_a_command_that_was_never_sent_is_told(olga):
    command = commands.begin(
        CommandKind.LOCK, record="card", record_id=1, target="c1", actor=Actor(olga.pk, ("operations",), "")
    )
    commands.give_up_unsent(command)
    assert [told.state for told in commands.news_for(olga.pk)[0]] == [CommandState.NOT_DONE]


def test_a_command_of_a_bulk_run_is_told_by_its_run(olga):
    actor = Actor(olga.pk, ("operations",), "")
    command = commands.begin(CommandKind.LOCK, record="card", record_id=1, target="c", actor=actor, payload={"bulk": 1})
    commands.finish(command, CommandState.REFUSED, message="card is canceled")
    assert commands.news_for(olga.pk)[0] == []
