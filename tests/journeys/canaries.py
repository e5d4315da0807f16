"""Looks for what must be nowhere in every place a console writes to or speaks through, in each spelling it could have."""

import base64
import contextlib
import os
import re
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from tests.journeys.conftest import Console


class Tape(Protocol):
    """What a recorder heard, by place."""

    def heard(self) -> dict[str, str]: ...


CODE_WORDS = r"(?i:cvc|cvv|csc|security.?code)"


def places_of(console: Console, *, sources: Iterable[str] = (), tapes: Iterable[Tape] = ()) -> dict[str, str]:
    """Every place by name, as text: database, log, broker, files, page sources, and what was recorded."""
    places = {f"page {n}": source for n, source in enumerate(sources)}
    places["log"] = console.log.read_text()
    var = console.folder / "var"
    for path in var.rglob("*"):
        if path.is_file() and not path.name.startswith("sandbox.sqlite3"):
            with contextlib.suppress(FileNotFoundError):  # a message of the broker, taken meanwhile
                places[_name_of(path.relative_to(var))] = path.read_bytes().decode("latin-1")
    if os.environ.get("DATABASE_URL"):
        places |= _postgres_rows(console.environment["DATABASE_URL"])
        places |= _redis_keys(console.environment["CELERY_BROKER_URL"])
    for tape in tapes:
        places |= tape.heard()
    return places


def found_in(places: dict[str, str], secrets: Iterable[str]) -> set[str]:
    """The names of the places that hold any of these, however spelt."""
    wanted = {spelling for secret in secrets for spelling in spellings(secret)}
    return {name for name, text in places.items() if any(spelling in text for spelling in wanted)}


def codes_in(places: dict[str, str], codes: Iterable[str]) -> set[str]:
    """Three digits stand everywhere by chance: a code counts where it follows its own name closely."""
    near = re.compile(rf"{CODE_WORDS}[^0-9]{{0,40}}(?:{'|'.join(codes)})(?![0-9])")
    return {name for name, text in places.items() if near.search(text)}


def spellings(secret: str) -> set[str]:
    """As it is, quoted for a form, in groups of four, as hexadecimal (how PostgreSQL writes bytes), and as base64
    wherever it may begin."""
    raw = secret.encode()
    fours = [secret[n : n + 4] for n in range(0, len(secret), 4)]
    found = {
        secret,
        " ".join(fours),
        "-".join(fours),
        "+".join(fours),
        "%20".join(fours),
        raw.hex(),
        quote(secret, safe=""),
    }
    for before, skipped in ((0, 0), (1, 2), (2, 3)):
        encoded = base64.b64encode(b"\0" * before + raw).decode()
        found.add(encoded[skipped : (before + len(raw)) * 8 // 6])
    return found


def kinds_of(places: Iterable[str]) -> list[str]:
    """The places to read: pages, tables and messages by how many there are."""
    counted = re.compile(r"^(page|key|table|file|broker)\b(?! as)")
    kinds: dict[str, int] = {}
    for name in places:
        kind = f"{match[1]}s" if (match := counted.match(name)) else name
        kinds[kind] = kinds.get(kind, 0) + 1
    return [f"{kind} ({number})" if kind.endswith("s") else kind for kind, number in sorted(kinds.items())]


def provider_numbers(file: Path) -> tuple[set[str], set[str]]:
    """Card numbers, and keys, straight from the provider's own file: what the console must never have kept."""
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as provider:
        text = "\n".join(provider.iterdump())
    numbers = set(re.findall(r'"_?(?:pan|number)": ?"(\d{16})"', text))
    keys = set(re.findall(r"(?:vcck_sbx|whsec)_[0-9a-f]{16,}", text))
    assert len(numbers) > 10, "the sandbox keeps its card numbers elsewhere: this search would prove nothing"
    assert len(keys) >= 2
    return numbers, keys


def _name_of(path: Path) -> str:
    if path.name.startswith("deckhand.sqlite3"):
        return f"database {path.name}"
    return f"{'broker' if path.parts[0] == 'broker' else 'file'} {path}"


def _postgres_rows(url: str) -> dict[str, str]:
    import psycopg

    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {
            f"table {table}": "\n".join(
                row[0] for row in connection.execute(f'SELECT t::text FROM "{table}" t').fetchall()
            )
            for (table,) in tables
        }


def _redis_keys(url: str) -> dict[str, str]:
    """By type: a dump of Redis is compressed, and hides what it holds from a search."""
    import redis

    with redis.Redis.from_url(url) as broker:
        read = {
            b"string": broker.get,
            b"list": lambda key: broker.lrange(key, 0, -1),
            b"set": broker.smembers,
            b"hash": broker.hgetall,
            b"zset": lambda key: broker.zrange(key, 0, -1, withscores=True),
        }
        return {f"key {key.decode()} of redis": repr(read[broker.type(key)](key)) for key in broker.scan_iter()}
