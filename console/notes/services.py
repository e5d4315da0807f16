"""Notes on records: which records take them, who wrote what, and the audit entry of each."""

from typing import Any

from django.apps import apps
from django.db import transaction
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from console.access import Actor
from console.audit import services as audit
from console.audit.events import Action
from console.notes import mentions
from console.notes.mentions import Part, Shown
from console.notes.models import Note
from console.notices import services as notices
from console.notices.kinds import Kind
from console.privacy import DOTS

# Noun of the address → model. By name: the apps of these nouns stand above this one.
RECORDS = {
    "cardholder": "cardholders.Cardholder",
    "company": "cardholders.Company",
    "card": "cards.Card",
    "transaction": "transactions.Transaction",
    "dispute": "transactions.Dispute",
    "break": "reconciliation.Break",
}
CLEAR = frozenset({"break"})  # of money, not of people: everybody at the desk reads each other's notes
SHOWN = 50


class ShutOut(Exception):  # noqa: N818 - it says what happened
    """Somebody that the note calls may not open its record; carries their names."""


def add_note(record: str, record_id: int, text: str, *, actor: Actor) -> Note:
    """The audit says that a note was added, not what it says. Raises ShutOut."""
    if record not in RECORDS or actor.user_id is None:
        raise ValueError(record)
    written = mentions.read(text, record)
    if written.shut_out:
        raise ShutOut(", ".join(map(str, written.shut_out)))
    with transaction.atomic():
        note = Note.objects.create(record=record, record_id=record_id, author_id=actor.user_id, text=written.text)
        note.people.set(written.people)
        audit.record(Action.NOTE_ADD, actor=actor, record=record, record_id=record_id, note=note.pk)
        _tell(note, [person.pk for person in written.people if person.pk != actor.user_id])
    return note


def _tell(note: Note, people: list[int]) -> None:
    """Says who wrote and on what kind of record: who it is about is for its page to say."""
    model = apps.get_model(RECORDS[note.record])
    row = model._default_manager.filter(pk=note.record_id).first()
    if people and row is not None:
        words = format_lazy(
            _("{who} mentioned you in a note ({what})."), who=note.author, what=model._meta.verbose_name
        )
        notices.tell(people, Kind.MENTION, words=words, url=f"{row.get_absolute_url()}#notes", key=f"note:{note.pk}")


def shown(note: Note, *, clear: bool) -> Shown:
    """What it says, to somebody who may read it or may not. Give it with its `people` at hand."""
    return mentions.parts(note.text, note.people.all()) if clear else (Part(DOTS),)


def of_record(record: str, record_id: int) -> dict[str, Any]:
    """What `notes/_notes.html` shows: the newest notes, and where a new one goes."""
    found = Note.objects.filter(record=record, record_id=record_id).select_related("author").order_by("-at", "-id")
    notes = list(found.prefetch_related("people")[:SHOWN])
    return {
        "notes": [(note, shown(note, clear=True)) for note in notes],
        "notes_url": reverse("notes:add", args=[record, record_id]),
        "notes_people_url": reverse("notes:people", args=[record]),
        "notes_clear": record in CLEAR,
    }
