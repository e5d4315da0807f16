"""Keeps audit entries append-only in the database itself: a shell or a stray query cannot change them either."""

from typing import Any

from django.db import connection

_SQLITE = """CREATE TRIGGER IF NOT EXISTS audit_entry_no_{verb} BEFORE {VERB} ON audit_entry
BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END"""
_POSTGRES = (
    """CREATE OR REPLACE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'audit entries are append-only'; END $$""",
    "DROP TRIGGER IF EXISTS audit_entry_no_change ON audit_entry",
    """CREATE TRIGGER audit_entry_no_change BEFORE UPDATE OR DELETE ON audit_entry
FOR EACH ROW EXECUTE FUNCTION audit_entry_refuse()""",
)


def install(**_: Any) -> None:
    """Run after every migration: SQLite loses triggers when a migration rebuilds the table."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for statement in _POSTGRES:
                cursor.execute(statement)
        else:
            for verb in ("update", "delete"):
                cursor.execute(_SQLITE.format(verb=verb, VERB=verb.upper()))
