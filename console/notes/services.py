"""Notes on records: which records take them, who wrote what, and the audit entry of each."""

from typing import Any

from django.db import transaction
from django.urls import reverse

from console.access import Actor
from console.audit import services as audit
from console.audit.events import Action
from console.notes.models import Note

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


def add_note(record: str, record_id: int, text: str, *, actor: Actor) -> Note:
    """The audit says that a note was added, not what it says."""
    if record not in RECORDS or actor.user_id is None:
        raise ValueError(record)
    with transaction.atomic():
        note = Note.objects.create(record=record, record_id=record_id, author_id=actor.user_id, text=text)
        audit.record(Action.NOTE_ADD, actor=actor, record=record, record_id=record_id, note=note.pk)
    return note


def of_record(record: str, record_id: int) -> dict[str, Any]:
    """What `notes/_notes.html` shows: the newest notes, and where a new one goes."""
    found = Note.objects.filter(record=record, record_id=record_id).select_related("author").order_by("-at", "-id")
    return {
        "notes": list(found[:SHOWN]),
        "notes_url": reverse("notes:add", args=[record, record_id]),
        "notes_clear": record in CLEAR,
    }
