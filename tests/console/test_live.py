"""The frame of an open page: one conditional request for all that lives in it."""

import re
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.urls import reverse
from django.utils import timezone

from console.access import Actor
from console.notices import services as notices
from console.notices.kinds import Kind
from console.provider import commands
from console.provider.models import Budget, Command, CommandKind, CommandState
from tests.factories import make_card, make_staff, make_swept

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_kept():
    caches["local"].clear()
    yield
    caches["local"].clear()


@pytest.fixture
def olga(db):
    return make_staff("operations")


@pytest.fixture
def olga_s(client, olga):
    client.force_login(olga)
    return client


@pytest.fixture
def command(olga) -> Command:
    return Command.objects.create(
        kind=CommandKind.LOCK, record="card", record_id=make_card().pk, actor=olga, state=CommandState.UNKNOWN
    )


def poll_of(answer) -> str:
    return re.search(r'hx-get="(/live/\?v=[^"]+)"', answer.content.decode())[1]


def asked_by(olga, **more) -> Command:
    actor = Actor(olga.pk, ("operations",), "")
    return commands.begin(CommandKind.LOCK, record="card", record_id=1, target="c1", actor=actor, **more)


def unseen(person) -> list[str]:
    return [notice.words for notice in notices.unseen(person.pk)]


# --- The request --------------------------------------------------------------------------------------------------


def test_an_open_page_is_told_nothing_while_nothing_changed_and_at_little_cost(olga_s, django_assert_max_num_queries):
    make_swept(timedelta(minutes=1, seconds=5))
    poll = poll_of(olga_s.get("/cards/"))
    with django_assert_max_num_queries(5):  # session and person, and three for what is asked
        assert olga_s.get(poll).status_code == 204
    with django_assert_max_num_queries(3):  # what all see alike was looked up a moment ago
        assert olga_s.get(poll).status_code == 204


def test_only_the_part_that_changed_is_sent(olga_s, olga):
    make_swept(timedelta(minutes=1, seconds=5))
    poll = poll_of(olga_s.get("/cards/"))
    notices.tell([olga.pk], Kind.MENTION, words="You were named", url="/cards/1/")
    page = olga_s.get(poll).content.decode()
    assert 'id="notices-count"' in page
    assert 'data-announce="You were named"' in page
    assert 'id="meter"' not in page
    assert 'id="freshness"' not in page
    assert olga_s.get(poll_of(olga_s.get(poll))).status_code == 204


def test_what_was_known_is_not_said_again(olga_s, olga):
    notices.tell([olga.pk], Kind.MENTION, words="You were named", url="/cards/1/")
    poll = poll_of(olga_s.get("/cards/"))
    notices.see(olga.pk)
    page = olga_s.get(poll).content.decode()
    assert 'id="notices-count"' in page
    assert "data-announce" not in page


def test_a_silent_provider_and_old_data_show_without_reload(olga_s):
    make_swept(timedelta(minutes=1, seconds=5))
    poll = poll_of(olga_s.get("/cards/"))
    Budget.objects.update_or_create(pk=1, defaults={"down_since": timezone.now()})
    make_swept(timedelta(hours=3))
    page = olga_s.get(poll).content.decode()
    assert "Provider silent since" in page
    assert "stale" in page


def test_a_version_nobody_gave_out_gets_everything(olga_s):
    page = olga_s.get("/live/", {"v": "x-y"}).content.decode()
    assert all(f'id="{part}"' in page for part in ("meter", "freshness", "notices-count", "news"))


# --- Outcomes that came late ---------------------------------------------------------------------------------------


def test_a_command_that_settles_late_is_told_to_whoever_asked(olga_s, command, client_as):
    commands.finish(command, CommandState.DONE, message="Confirmed by reading it at the provider.")
    page = olga_s.get("/cards/").content.decode()
    assert "Lock card: Done" in page
    assert "Confirmed by reading it at the provider." in page
    assert "Confirmed by reading it at the provider." not in client_as("operations").get("/cards/").content.decode()


def test_it_says_which_card_it_was(olga_s, olga, command):
    commands.finish(command, CommandState.DONE)
    assert "•••• 4242 · Ana Marinho" in olga_s.get("/").content.decode()
    about = olga_s.get(reverse("provider:command", args=[command.pk])).content.decode()
    assert "•••• 4242 · Ana Marinho" in about


def test_names_are_masked_for_whom_they_are_masked_elsewhere(client):
    finance = make_staff("finance")
    command = Command.objects.create(
        kind=CommandKind.CHARGE,
        record="cardholder",
        record_id=make_card().cardholder.pk,
        actor=finance,
        state="unknown",
    )
    commands.finish(command, CommandState.DONE)
    assert unseen(finance) == ["Charge a fee: Done · A. M."]


def test_an_open_page_is_told_once(olga_s, olga, command):
    poll = poll_of(olga_s.get("/"))
    commands.finish(command, CommandState.NOT_DONE, message="You can try again.")
    answer = olga_s.get(poll)
    assert "Did not happen" in answer.content.decode()
    assert answer.content.decode().count("data-announce") == 1
    assert olga_s.get(poll_of(answer)).status_code == 204


def test_putting_it_away_puts_the_notice_away_and_leads_back(olga_s, olga, command):
    commands.finish(command, CommandState.DONE)
    away = reverse("notices:seen", args=[notices.unseen(olga.pk).get().pk])
    assert olga_s.post(away, headers={"Referer": "http://testserver/cards/"}).url == "http://testserver/cards/"
    assert olga_s.post(away, headers={"Referer": "https://elsewhere.test/"}).url == "/notices/"
    assert "Lock card: Done" not in olga_s.get("/").content.decode()
    assert unseen(olga) == []


def test_with_script_the_page_asks_for_its_frame_again(olga_s, olga, command):
    commands.finish(command, CommandState.DONE)
    away = reverse("notices:seen", args=[notices.unseen(olga.pk).get().pk])
    answer = olga_s.post(away, headers={"HX-Request": "true"})
    assert (answer.status_code, "told" in answer["HX-Trigger"]) == (204, True)


def test_opening_its_page_is_seeing_it(olga_s, olga, command):
    commands.finish(command, CommandState.DONE)
    olga_s.get(reverse("provider:command", args=[command.pk]))
    assert unseen(olga) == []


def test_an_outcome_that_is_mended_later_is_told_again(olga, command):
    commands.finish(command, CommandState.NOT_DONE)
    notices.see(olga.pk)
    command.state = "unknown"
    Command.objects.filter(pk=command.pk).update(state="unknown")
    commands.finish(command, CommandState.DONE)
    assert unseen(olga) == ["Lock card: Done · •••• 4242 · Ana Marinho"]


def test_many_new_notices_do_not_hide_an_outcome(olga_s, olga, command):
    commands.finish(command, CommandState.DONE)
    for _ in range(12):
        notices.tell([olga.pk], Kind.MENTION, words="named", url="/")
    page = olga_s.get("/").content.decode()
    assert "Lock card: Done" in page
    assert "9+" in page


def test_nobody_puts_away_what_somebody_else_has_to_hear(olga, command, client_as):
    commands.finish(command, CommandState.DONE)
    away = reverse("notices:seen", args=[notices.unseen(olga.pk).get().pk])
    assert client_as("operations").post(away).status_code == 404


def test_what_was_answered_at_once_is_no_news(olga):
    assert commands.send(asked_by(olga), lambda: "c1").state == CommandState.DONE
    assert unseen(olga) == []


def test_who_says_it_is_not_told_by_the_console(olga, command):
    commands.finish(command, CommandState.NOT_DONE, by=Actor(olga.pk, ("operations",), ""))
    assert unseen(olga) == []


def test_a_command_that_was_never_sent_is_told(olga):
    commands.give_up_unsent(asked_by(olga))
    assert unseen(olga) == ["Lock card: Did not happen"]


def test_a_command_of_a_bulk_action_is_told_by_that(olga):
    commands.finish(asked_by(olga, payload={"bulk": 1}), CommandState.REFUSED, message="card is canceled")
    assert unseen(olga) == []
