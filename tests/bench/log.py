"""The console's own log of requests, read from its database file."""

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import NamedTuple


class Logged(NamedTuple):
    at: datetime  # when the answer was there
    route: str
    status: int | None
    milliseconds: int


def requests_of(database: Path) -> list[Logged]:
    """Oldest first."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        sql = "SELECT at, route, status, milliseconds FROM provider_requestlog ORDER BY id"
        return [Logged(datetime.fromisoformat(at), *rest) for at, *rest in connection.execute(sql)]
