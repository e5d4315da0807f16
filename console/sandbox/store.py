"""The sandbox's memory: one sqlite file, one connection, one lock. Objects are JSON documents of a noun.

Keys that begin with an underscore are the sandbox's own and never leave it.
"""

import json
import sqlite3
import threading
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from console.sandbox.wire import Json

# Fields of the documents that lists are filtered by; sqlite reads them out of the JSON.
FIELDS = {
    "userId": "userId",
    "companyId": "companyId",
    "cardId": "cardId",
    "transactionId": "transactionId",
    "type": "type",
    "status": "status",
    "authorizedAt": "authorizedAt",
    "postedAt": "postedAt",
    "transactionHash": "transactionHash",
    "amount": "amount",
    "owner": "_owner",
    "hold": "_hold",
    "externalUserId": "_externalUserId",
    "idempotencyKey": "_idempotencyKey",
    "token": "_token",
    "pageKey": "_pageKey",
    "resolveAt": "_resolveAt",
}
INDEXED = ("userId", "companyId", "cardId", "transactionId", "owner", "externalUserId", "resolveAt")

SCHEMA = f"""
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS object (
  n INTEGER PRIMARY KEY, noun TEXT NOT NULL, id TEXT NOT NULL, doc TEXT NOT NULL,
  {", ".join(f"{name} GENERATED ALWAYS AS (json_extract(doc, '$.{path}')) VIRTUAL" for name, path in FIELDS.items())},
  UNIQUE (noun, id)
);
CREATE INDEX IF NOT EXISTS object_noun ON object (noun);
{"".join(f"CREATE INDEX IF NOT EXISTS object_{name} ON object (noun, {name});" for name in INDEXED)}
CREATE TABLE IF NOT EXISTS evidence (dispute_id TEXT PRIMARY KEY, name TEXT, type TEXT, content BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS effect (
  n INTEGER PRIMARY KEY, at TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
  idempotency_key TEXT, status INTEGER NOT NULL, object_id TEXT
);
CREATE TABLE IF NOT EXISTS delivery (
  n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, body BLOB NOT NULL, created_at TEXT NOT NULL,
  state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, next_at REAL NOT NULL DEFAULT 0,
  last_status INTEGER, last_error TEXT, delivered_at TEXT
);
CREATE INDEX IF NOT EXISTS delivery_state ON delivery (state, next_at);
"""

Where = Sequence[tuple[str, Any]]  # a condition with one "?" and its value


class Store:
    def __init__(self, path: str) -> None:
        self.lock = threading.RLock()
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).touch(mode=0o600)
        self.connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + SCHEMA)
        self._depth = 0

    def close(self) -> None:
        with self.lock:
            self.connection.close()

    @contextmanager
    def write(self) -> Iterator[None]:
        """All or nothing; nested blocks join the outer one."""
        with self.lock:
            if self._depth == 0:
                self.connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self.connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self.connection.execute("COMMIT")

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.lock:
            return self.connection.execute(sql, values).fetchall()

    def run(self, sql: str, *values: Any) -> int:
        with self.write():
            return self.connection.execute(sql, values).rowcount

    def setting(self, name: str, default: Any = None) -> Any:
        rows = self.rows("SELECT value FROM setting WHERE name = ?", name)
        return json.loads(rows[0][0]) if rows else default

    def set(self, name: str, value: Any) -> None:
        self.run("INSERT OR REPLACE INTO setting VALUES (?, ?)", name, json.dumps(value))

    def get(self, noun: str, id: str) -> Json | None:  # noqa: A002 - the wire's word
        rows = self.rows("SELECT doc FROM object WHERE noun = ? AND id = ?", noun, id)
        return json.loads(rows[0][0]) if rows else None

    def add(self, noun: str, doc: Json) -> Json:
        self.add_many([(noun, doc)])
        return doc

    def add_many(self, docs: Iterable[tuple[str, Json]]) -> None:
        rows = [(noun, doc["id"], json.dumps(doc)) for noun, doc in docs]
        with self.write():
            self.connection.executemany("INSERT INTO object (noun, id, doc) VALUES (?, ?, ?)", rows)

    def save(self, noun: str, doc: Json) -> Json:
        self.run("UPDATE object SET doc = ? WHERE noun = ? AND id = ?", json.dumps(doc), noun, doc["id"])
        return doc

    def find(
        self, noun: str, where: Where = (), *, after: str | None = None, limit: int = -1, offset: int = 0
    ) -> list[Json]:
        """Newest first. `after` is the id of the last object of the page before."""
        conditions = list(where)
        if after is not None:
            rows = self.rows("SELECT n FROM object WHERE noun = ? AND id = ?", noun, after)
            conditions.append(("n < ?", rows[0][0] if rows else 0))
        tests = "".join(f" AND {condition}" for condition, _ in conditions)
        sql = f"SELECT doc FROM object WHERE noun = ?{tests} ORDER BY n DESC LIMIT ? OFFSET ?"  # noqa: S608 - conditions are our own
        rows = self.rows(sql, noun, *(value for _, value in conditions), limit, offset)
        return [json.loads(doc) for (doc,) in rows]

    def first(self, noun: str, condition: str, value: Any) -> Json | None:
        return next(iter(self.find(noun, [(condition, value)], limit=1)), None)


def new_id() -> str:
    return str(uuid.uuid4())
