"""The sandbox's memory: one sqlite file, one connection, one lock. Objects are JSON documents of a noun.

Keys that begin with an underscore are the sandbox's own and never leave it. A row's number tells its age: lists are
newest first. A world too large to be written down has the numbers below zero: its objects are made when they are asked
for, and become rows, under the same number, once they change.
"""

import json
import sqlite3
import threading
import uuid
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from console.sandbox import clock, conditions
from console.sandbox.conditions import FIELDS, Where, meets
from console.sandbox.unwritten import Nothing, Unwritten
from console.sandbox.wire import Json

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
CREATE TABLE IF NOT EXISTS past (n INTEGER PRIMARY KEY, noun TEXT NOT NULL, id TEXT NOT NULL, owner TEXT, at TEXT NOT NULL, doc TEXT);
CREATE INDEX IF NOT EXISTS past_owner ON past (noun, owner, at);
"""

REMEMBERED = ("contract", "transaction")  # what balances are made of: as they were before each change
COLUMNS = {"id": "id"} | FIELDS
# What an aggregate counts: the rows that meet a condition, and those like them that nobody ever wrote.
FOUND = """
WITH found AS (SELECT {columns} FROM object WHERE noun = ?{tests}
               UNION ALL SELECT {made} FROM json_each(?))
"""


class Store:
    def __init__(self, path: str) -> None:
        self.lock = threading.RLock()
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).touch(mode=0o600)
        self.connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + SCHEMA)
        self.unwritten: Unwritten = Nothing()
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
        if rows:
            return _read(rows[0][0])
        number = self.unwritten.number(noun, id)
        return None if number is None else self.unwritten.make(number)

    def add(self, noun: str, doc: Json) -> Json:
        with self.write():
            self._remember(noun, doc, None)
            self.add_many([(noun, doc)])
        return doc

    def add_many(self, docs: Iterable[tuple[str, Json]]) -> None:
        rows = [(noun, doc["id"], json.dumps(doc)) for noun, doc in docs]
        with self.write():
            last = max(0, self.rows("SELECT coalesce(max(n), 0) FROM object")[0][0])
            numbered = [(last + i, *row) for i, row in enumerate(rows, 1)]
            self.connection.executemany("INSERT INTO object (n, noun, id, doc) VALUES (?, ?, ?, ?)", numbered)

    def save(self, noun: str, doc: Json) -> Json:
        text = json.dumps(doc)
        with self.write():
            self._remember(noun, doc, self.get(noun, doc["id"]))
            if not self.run("UPDATE object SET doc = ? WHERE noun = ? AND id = ?", text, noun, doc["id"]):
                number = self.unwritten.number(noun, doc["id"])
                if number is not None:
                    self.run("INSERT INTO object (n, noun, id, doc) VALUES (?, ?, ?, ?)", number, noun, doc["id"], text)
        return doc

    def _remember(self, noun: str, doc: Json, before: Json | None) -> None:
        if noun in REMEMBERED:
            sql = "INSERT INTO past (noun, id, owner, at, doc) VALUES (?, ?, ?, ?, ?)"
            self.run(sql, noun, doc["id"], doc.get("_owner"), clock.stamp(), before and json.dumps(before))

    def changed_since(self, noun: str, owner: str, at: str) -> dict[str, Json | None]:
        """What an owner's objects were at an instant, of those that changed after it; None: not there yet."""
        sql = "SELECT id, doc FROM past WHERE noun = ? AND owner = ? AND at > ? ORDER BY n DESC"
        return {
            one: doc and _read(doc) for one, doc in self.rows(sql, noun, owner, at)
        }  # the first change is read last

    def find(
        self, noun: str, where: Where = (), *, after: str | None = None, limit: int = -1, offset: int = 0
    ) -> list[Json]:
        """Newest first. `after` is the id of the last object of the page before."""
        where = [*where, ("n < ?", self._number(noun, after))] if after is not None else where
        tests, values = conditions.clauses([*where, ("n > ?", 0)])
        sql = f"SELECT doc FROM object WHERE noun = ?{tests} ORDER BY n DESC LIMIT ? OFFSET ?"  # noqa: S608 - conditions are our own
        found = [_read(doc) for (doc,) in self.rows(sql, noun, *values, limit, offset)]
        if len(found) == limit or noun not in self.unwritten.counts():
            return found
        sql = f"SELECT count(*) FROM object WHERE noun = ?{tests}"  # noqa: S608 - as above
        passed = self.rows(sql, noun, *values)[0][0] if offset else 0
        older = self._older(noun, where, max(0, offset - passed))
        return found + list(islice(older, None if limit < 0 else limit - len(found)))

    def _number(self, noun: str, id: str) -> int:  # noqa: A002 - the wire's word
        """Where an object stands among all; below all of them when there is none."""
        rows = self.rows("SELECT n FROM object WHERE noun = ? AND id = ?", noun, id)
        number = rows[0][0] if rows else self.unwritten.number(noun, id)
        return -(10**18) if number is None else int(number)

    def _older(self, noun: str, where: Where, skip: int) -> Iterator[Json]:
        """What was there before the first row was written, as it is now."""
        changed = self._changed(noun)
        numbers, rest = self.unwritten.choose(noun, conditions.read(where), changed)
        as_it_is = partial(self._as_it_is, frozenset(changed))
        if rest:
            return islice((doc for doc in map(as_it_is, numbers(0)) if meets(doc, rest)), skip, None)
        return map(as_it_is, numbers(skip))

    def _as_it_is(self, changed: Collection[int], number: int) -> Json:
        if number not in changed:
            return self.unwritten.make(number)
        return _read(self.rows("SELECT doc FROM object WHERE n = ?", number)[0][0])

    def _changed(self, noun: str) -> list[int]:
        return [n for (n,) in self.rows("SELECT n FROM object WHERE noun = ? AND n <= 0 ORDER BY n DESC", noun)]

    def select(self, sql: str, *values: Any, noun: str, where: Where) -> list[tuple[Any, ...]]:
        """Rows of a statement over `found`, which holds the objects of a noun that meet a condition."""
        tests, wanted = conditions.clauses(where)
        changed = self._changed(noun)
        numbers, rest = self.unwritten.choose(noun, conditions.read(where), changed)
        never_written = set(numbers(0)).difference(changed)
        made = [doc for doc in map(self.unwritten.make, never_written) if meets(doc, rest)]
        named = [name for name in COLUMNS if name in sql]
        slim = json.dumps([[doc.get(COLUMNS[name]) for name in named] for doc in made])
        read = ", ".join(f"json_extract(value, '$[{i}]')" for i in range(len(named)))
        found = FOUND.format(columns=", ".join(named), tests=tests, made=read)
        return self.rows(found + sql, noun, *wanted, slim, *values)

    def counts(self) -> dict[str, int]:
        """How many objects there are of each noun."""
        written = dict(self.rows("SELECT noun, count(*) FROM object WHERE n > 0 GROUP BY noun"))
        unwritten = self.unwritten.counts()
        return {noun: written.get(noun, 0) + unwritten.get(noun, 0) for noun in written.keys() | unwritten.keys()}

    def first(self, noun: str, condition: str, value: Any) -> Json | None:
        return next(iter(self.find(noun, [(condition, value)], limit=1)), None)


def _read(text: str) -> Json:
    doc: Json = json.loads(text)
    return doc


def new_id() -> str:
    return str(uuid.uuid4())
