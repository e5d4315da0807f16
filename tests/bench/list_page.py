"""A page of the list of transactions, filtered and sorted: the first and the 10,000th at a million rows, each beside the
first and the 100th at ten thousand. What is timed is the whole answer, as a signed-in person gets it.
Questions to the database are counted too: as many for either, and none that counts."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from tests.bench.proof_world import World, write
from tests.bench.result import Result
from tests.conftest import ROOT
from tests.services import postgres

ROUNDS, TIMES = 5, 15
MOST = 1.5
OWNERS, FEW = 10_000, 100
DEEP, NOT_SO_DEEP = 10_000, 100  # pages
LISTS = {"by time": ("-time", "status=completed"), "by amount": ("-amount", "status=completed&amount_from=10")}


def measure(folder: Path) -> list[Result]:
    with postgres() as large, postgres() as small:
        for url, owners in ((large, OWNERS), (small, FEW)):
            _made(url, folder, World(owners))
        told = [(_paged(large, folder, DEEP), _paged(small, folder, NOT_SO_DEEP)) for _ in range(ROUNDS)]
    return [
        Result(
            f"{place} page, {name}",
            [one[name][place]["ms"] for one, _other in told],
            [other[name][place]["ms"] for _one, other in told],
            "ms", MOST, _note(told[0][0][name][place], told[0][1][name][place]),
        )
        for name in LISTS
        for place in ("first", "deep")
    ]  # fmt: skip


def _note(ours: dict[str, Any], other: dict[str, Any]) -> str:
    assert ours["queries"] == other["queries"], (ours, other)
    assert ours["counts"] == 0, "a page counted a table"
    return f"{ours['queries']} queries"


def _made(url: str, folder: Path, world: World) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env=_environment(url, folder),
        check=True,
    )
    with psycopg.connect(url, autocommit=True) as connection:
        write(connection.cursor(), world)
        connection.execute("VACUUM ANALYZE")


def _environment(url: str, folder: Path) -> dict[str, str]:
    return os.environ | {"DATABASE_URL": url, "VAR_DIR": str(folder), "SECRET_KEY": "bench", "DEBUG": "off"}


def _paged(url: str, folder: Path, page: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.list_page", str(page)],
        cwd=ROOT, env=_environment(url, folder), check=True, capture_output=True, text=True,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


# --- In a process of its own, with the console's settings ---------------------------------------------------------------


def _pages(page: int) -> dict[str, Any]:
    import django

    django.setup()
    from django.conf import settings
    from django.test import Client

    from console.staff.models import User

    settings.ALLOWED_HOSTS = ["*"]
    settings.SECURE_SSL_REDIRECT = False
    plain = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    settings.STORAGES = settings.STORAGES | plain  # nothing was collected for a measurement
    user, _new = User.objects.get_or_create(email="bench@demo.test", defaults={"roles": ["operations"]})
    client = Client()
    client.force_login(user)
    found: dict[str, Any] = {}
    for name, (sort, filters) in LISTS.items():
        first = f"/transactions/?{filters}&sort={sort}"
        deep = f"{first}&cursor={quote(_cursor(sort, filters, page))}"
        found[name] = {"first": _timed(client, first), "deep": _timed(client, deep)}
    return found


def _cursor(sort: str, filters: str, page: int) -> str:
    """As the pages before it would have given it; found by OFFSET, once."""
    from django.http import QueryDict

    from console.keyset import PAGE_SIZE, Order, write_cursor
    from transactions.filters import TRANSACTION_SORTS, TransactionFilters
    from transactions.models import Transaction

    path = TRANSACTION_SORTS[sort.removeprefix("-")]
    rows = TransactionFilters(QueryDict(filters)).filtered(Transaction.objects.exclude(**{path: None}))
    last = rows.order_by(f"-{path}", "-pk")[(page - 1) * PAGE_SIZE - 1]
    return write_cursor(last, Order.of(Transaction, path, descending=True), sort)


def _timed(client: Any, address: str) -> dict[str, Any]:
    """The best of so many answers, and the fewest questions: some are asked once in a while only, as for the brand."""
    from django.db import connection

    asked: list[str] = []
    taken: list[float] = []
    numbers: list[int] = []

    def listen(execute: Any, sql: str, *more: Any) -> Any:
        asked.append(sql)
        return execute(sql, *more)

    with connection.execute_wrapper(listen):
        for _ in range(TIMES):
            before, start = len(asked), time.perf_counter()
            answer = client.get(address)
            taken.append((time.perf_counter() - start) * 1000)
            numbers.append(len(asked) - before)
            assert answer.status_code == 200
            assert answer.content.count(b"<tr") > 50, "the page is not full"
    assert min(numbers) > 3, "nobody listened"
    counts = sum("COUNT(" in sql and "transactions_transaction" in sql for sql in asked)
    return {"ms": min(taken), "queries": min(numbers), "counts": counts}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    sys.stdout.write(json.dumps(_pages(int(sys.argv[1]))) + "\n")
