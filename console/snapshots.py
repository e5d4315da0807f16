"""Many reads as of one moment."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import connection, transaction


@contextmanager
def one_snapshot() -> Iterator[None]:
    """For reads alone: whatever is written meanwhile is not seen, and no writer waits. Within a transaction it is no
    more than that one gives."""
    if connection.in_atomic_block:
        yield
        return
    with ExitStack() as stack:
        if connection.vendor == "sqlite":
            _begin_deferred(stack)
        else:
            stack.enter_context(transaction.atomic())
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _begin_deferred(stack: ExitStack) -> None:
    """The usual transaction of SQLite begins with the lock of a writer."""
    ours: Any = connection
    usual, ours.transaction_mode = ours.transaction_mode, "DEFERRED"
    try:
        stack.enter_context(transaction.atomic())
    finally:
        ours.transaction_mode = usual
