"""Colleagues called in a note: who is meant, how it is kept and shown, who is told, and what stays text."""

import pytest
from django.urls import reverse

from console.notes import mentions
from console.notes.models import Note
from console.notices.models import Notice
from tests.console.notes.test_views import note_url
from tests.factories import make_break, make_card, make_cardholder, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def rui():
    return make_staff("compliance", email="rui.costa@staff.test", name="Rui Costa")


@pytest.mark.parametrize(
    "words",
    ["@rui.costa please look", "@Rui.Costa please look", "@rui.costa@staff.test please look", "@rui costa please look"],
)
def test_somebody_is_called_by_name_or_mail_kept_by_number_and_shown_by_name(client_as, rui, words):
    card = make_card()
    client = client_as("operations")
    assert client.post(note_url("card", card), {"text": f"Hm, {words}"}).status_code == 303
    note = Note.objects.get()
    assert note.text == f"Hm, @[{rui.pk}] please look"
    assert list(note.people.all()) == [rui]
    page = client.get(card.get_absolute_url()).text
    assert '<span class="mention">@Rui Costa</span> please look' in page
    assert "@[" not in page


def test_whoever_is_called_is_told_where_once_and_without_personal_data(client_as, rui):
    holder = make_cardholder()
    client_as("operations").post(
        note_url("cardholder", holder), {"text": "@rui.costa and again @rui.costa: Ana called."}
    )
    notice = Notice.objects.get()
    assert (notice.person, notice.kind) == (rui, "mention")
    assert notice.url == f"{holder.get_absolute_url()}#notes"
    assert "mentioned you in a note (cardholder)." in notice.words
    assert "Ana" not in notice.words


def test_nobody_is_told_of_their_own_note(client_as):
    me = make_staff("operations", name="Olga Ops")
    client = client_as("operations")
    client.force_login(me)
    client.post(note_url("card", make_card()), {"text": "@Olga Ops: remember."})
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    "text",
    ["@nobody here", "mail rui@staff.test", "a@rui.costa", "@rui.costal", "@[999999]", "@", "50 @ $3", "@<b>rui</b>"],
)
def test_what_calls_nobody_stays_text(client_as, rui, text):
    card = make_card()
    client = client_as("operations")
    client.post(note_url("card", card), {"text": text})
    assert Note.objects.get().text == text
    assert not Note.objects.get().people.exists()
    page = client.get(card.get_absolute_url()).text
    assert 'class="mention"' not in page
    assert "<b>rui" not in page


def test_a_name_that_two_have_calls_neither_and_one_who_left_is_not_called(rui):
    make_staff("viewer", name="Rui Costa", email="other@staff.test")
    make_staff("viewer", name="Eva Gone", is_active=False)
    assert mentions.read("@Rui Costa", "card").people == ()
    assert mentions.read("@rui.costa", "card").people == (rui,)
    assert mentions.read("@Eva Gone", "card").people == ()


def test_a_name_is_shown_as_text(client_as):
    make_staff("viewer", name="<img src=x>", email="img@staff.test")
    card = make_card()
    client = client_as("operations")
    client.post(note_url("card", card), {"text": "@img <script>alert(1)</script>"})
    page = client.get(card.get_absolute_url()).text
    assert "@&lt;img src=x&gt;" in page
    assert "<img src=x>" not in page
    assert "<script>alert(1)" not in page


def test_those_who_may_not_read_personal_data_see_neither_words_nor_whom_they_call(client_as, rui):
    card = make_card()
    client_as("operations").post(note_url("card", card), {"text": "@rui.costa Ana is in hospital"})
    page = client_as("viewer").get(card.get_absolute_url()).text
    assert "hospital" not in page
    assert "Rui Costa" not in page
    assert page.count("•••") >= 2  # in the notes and in the timeline


def test_somebody_who_cannot_open_the_record_is_not_called(client_as, rui):
    viewer = make_staff("viewer", name="Vera View")
    answer = client_as("finance").post(note_url("break", make_break()), {"text": "@Vera View look"})
    assert answer.status_code == 422
    assert "Vera View cannot open this record" in answer.text
    assert "@Vera View look" in answer.text
    assert not Note.objects.exists()
    assert mentions.suggested("vera", "break") == []
    assert [each.name for each in mentions.suggested("vera", "card")] == [viewer.name]


def test_people_are_suggested_as_they_will_be_understood(client_as, rui):
    other = make_staff("viewer", email="rui.costa@other.test", name="Ruibarbo")
    found = client_as("operations").get(reverse("notes:people", args=["card"]), {"q": "ru"}).text
    assert 'data-insert="rui.costa@staff.test"' in found  # the short form would be two people
    for insert, person in (("rui.costa@staff.test", rui), ("rui.costa@other.test", other)):
        assert mentions.read(f"@{insert} hello", "card").people == (person,)
    assert client_as("viewer").get(reverse("notes:people", args=["card"]), {"q": "ru"}).status_code == 403


def test_notes_cost_the_same_however_many_people_they_call(client_as, rui, django_assert_max_num_queries):
    card = make_card()
    client = client_as("operations")
    for n in range(8):
        eva = make_staff("viewer", name=f"Eva {n}x")
        client.post(note_url("card", card), {"text": f"@{eva.name} and @rui.costa"})
    with django_assert_max_num_queries(34):
        assert client.get(card.get_absolute_url()).text.count('class="mention"') == 32  # in the notes and the timeline
