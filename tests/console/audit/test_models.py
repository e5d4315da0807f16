"""Audit entries cannot be changed or deleted, not even by a stray query."""

import pytest
from django.db import DatabaseError, connection, transaction

from console.access import SYSTEM
from console.audit import services
from console.audit.events import LABELS, OUTCOME_LABELS, Action, Outcome
from console.audit.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry() -> Entry:
    return services.record(Action.NOTE_ADD, actor=SYSTEM, record="card", record_id=1)


def test_neither_the_row_nor_the_query_can_be_changed(entry):
    for attempt in (entry.save, entry.delete, Entry.objects.all().delete, lambda: Entry.objects.update(reason="x")):
        with pytest.raises(TypeError):
            attempt()


@pytest.mark.parametrize("statement", ["UPDATE audit_entry SET reason = 'x'", "DELETE FROM audit_entry"])
def test_the_database_itself_refuses(entry, statement):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_every_action_and_outcome_has_a_label():
    assert set(LABELS) == set(Action)
    assert set(OUTCOME_LABELS) == set(Outcome)
