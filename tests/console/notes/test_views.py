"""Notes: who may write one, on which records, and what the log says of it."""

import pytest
from django.urls import reverse

from console.audit.events import Action
from console.audit.models import Entry
from console.notes.models import Note
from tests.factories import make_card, make_cardholder, make_dispute

pytestmark = pytest.mark.django_db


def note_url(record: str, row) -> str:
    return reverse("notes:add", args=[record, row.pk])


def test_a_note_is_kept_with_its_author_and_audited_without_its_words(client_as):
    holder = make_cardholder()
    client = client_as("operations")
    answer = client.post(note_url("cardholder", holder), {"text": "Called, will send a passport."})
    assert answer.status_code == 303
    assert answer["Location"] == holder.get_absolute_url()
    note = Note.objects.get()
    assert (note.record, note.record_id, note.text) == ("cardholder", holder.pk, "Called, will send a passport.")
    entry = Entry.objects.get(action=Action.NOTE_ADD)
    assert (entry.record, entry.record_id, entry.detail) == ("cardholder", holder.pk, {"note": note.pk})
    page = client.get(holder.get_absolute_url())
    assert "Called, will send a passport." in page.text


def test_htmx_gets_the_notes_back_in_place(client_as):
    card = make_card()
    answer = client_as("finance").post(note_url("card", card), {"text": "Checked."}, headers={"hx-request": "true"})
    assert answer.status_code == 200
    assert "Checked." in answer.text
    assert "<html" not in answer.text


def test_an_empty_note_is_not_kept(client_as):
    answer = client_as("operations").post(
        note_url("dispute", make_dispute()), {"text": "  "}, headers={"hx-request": "true"}
    )
    assert answer.status_code == 422
    assert "Write something first." in answer.text
    assert not Note.objects.exists()


def test_a_note_that_is_too_long_is_given_back_whole(client_as):
    text = "x" * 4001
    answer = client_as("operations").post(note_url("cardholder", make_cardholder()), {"text": text})
    assert answer.status_code == 422
    assert text in answer.text
    assert not Note.objects.exists()


def test_a_viewer_sees_that_there_are_notes_but_neither_reads_nor_writes_any(client_as):
    holder = make_cardholder()
    client_as("operations").post(note_url("cardholder", holder), {"text": "Seen."})
    viewer = client_as("viewer")
    assert viewer.post(note_url("cardholder", holder), {"text": "Mine."}).status_code == 403
    page = viewer.get(holder.get_absolute_url()).text
    assert "Seen." not in page
    assert "•••" in page
    assert note_url("cardholder", holder) not in page


@pytest.mark.parametrize("record", ["staff", "delivery", "nothing"])
def test_only_the_programmes_records_take_notes(client_as, record):
    assert client_as("operations").post(f"/notes/{record}/1/", {"text": "x"}).status_code == 404


def test_a_record_that_is_not_there_takes_no_note(client_as):
    assert client_as("operations").post("/notes/card/999999/", {"text": "x"}).status_code == 404


def test_notes_are_shown_as_text(client_as):
    holder = make_cardholder()
    client = client_as("operations")
    client.post(note_url("cardholder", holder), {"text": "<b>bold</b>"})
    assert "&lt;b&gt;bold&lt;/b&gt;" in client.get(holder.get_absolute_url()).text
