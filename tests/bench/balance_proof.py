"""Ten thousand balances proven over a million transactions, beside one SQL aggregate over the same rows: the first
reconciliation writes a proof of each, a later one carries them on. Every process is new, and what it found is checked, so
that a fast wrong answer fails. Then what the slowest step and the memory come to where very much differs."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

from tests.bench.proof_world import World, write
from tests.bench.result import Result
from tests.conftest import ROOT
from tests.services import postgres

ROUNDS = 5
MOST = 3.0
MOST_FIRST = 5.0  # it also writes a proof for each owner
MIB = 64  # what the memory may grow by from a tenth of the world to all of it
OWNERS = 10_000
SLOWEST = 8.0  # seconds a step may take: a slice of the worker, which no step may outlast
HARD = {
    "every second holder with a kept hold": World(OWNERS // 5, held_every=2),
    "50,000 transactions learned after an outage": World(OWNERS, outage=50_000),
}
DOLLARS = "('', 'usd', 'USD', 'usdc', 'USDC', 'rusd', 'RUSD', 'brusd')"
PLAIN = f"""
    SELECT company_id IS NULL, coalesce(company_id, cardholder_id),
        sum(amount) FILTER (WHERE currency IN {DOLLARS} AND kind = 'spend' AND state = 'pending' AND amount > 0),
        sum(amount) FILTER (WHERE currency IN {DOLLARS} AND (
            kind = 'spend' AND state = 'completed' OR kind = 'fee' AND state IN ('', 'completed'))),
        sum(amount) FILTER (WHERE currency IN {DOLLARS} AND kind = 'payment' AND state = 'completed'),
        count(*) FILTER (WHERE kind = 'spend' AND state IN ('pending', 'completed') AND local_currency NOT IN {DOLLARS}),
        count(*) FILTER (WHERE currency NOT IN {DOLLARS} AND (kind = 'spend' AND state = 'pending' AND amount > 0
            OR kind = 'spend' AND state = 'completed' OR kind = 'fee' AND state IN ('', 'completed')
            OR kind = 'payment' AND state = 'completed'))
    FROM transactions_transaction GROUP BY 1, 2"""  # the sums of `charges_by`


def measure(folder: Path) -> list[Result]:
    with postgres() as url:
        least = _reconciled(url, folder, world_at(url, folder, World(OWNERS // 10)))["mib"]
    with postgres() as url:
        results = _rounds(url, folder, world_at(url, folder, World(OWNERS)), least)
    for name, hard in HARD.items():
        with postgres() as url:
            results += _bounds(name, [_reconciled(url, folder, world_at(url, folder, hard))], least)
    return results


def _rounds(url: str, folder: Path, world: World, least: float) -> list[Result]:
    baseline: list[float] = []
    parallel: list[float] = []
    first: list[dict[str, Any]] = []
    later: list[dict[str, Any]] = []
    for _ in range(ROUNDS):
        _run(
            url,
            "TRUNCATE reconciliation_movement, reconciliation_break, reconciliation_proof, reconciliation_reconciliation",
        )
        parallel.append(_aggregate(url, world, workers=2))
        baseline.append(_aggregate(url, world, workers=0))
        first.append(_reconciled(url, folder, world))
        later.append(_reconciled(url, folder, world))
    assert len({one["digest"] for one in first + later}) == 1, "the rounds differ"
    shared = f"; the aggregate with two parallel workers: {min(parallel):.2f}–{max(parallel):.2f} s"
    return [
        Result(name, [one["seconds"] for one in told], baseline, "s", most, f"{told[0]['counts']}{shared}")
        for name, told, most in (("balance_proof", later, MOST), ("balance_proof_first", first, MOST_FIRST))
    ] + _bounds("a million transactions", first + later, least)


def world_at(url: str, folder: Path, world: World) -> World:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env=environment(url, folder),
        check=True,
    )
    with psycopg.connect(url, autocommit=True) as connection:
        write(connection.cursor(), world)
    return world


def environment(url: str, folder: Path) -> dict[str, str]:
    return os.environ | {"DATABASE_URL": url, "SECRET_KEY": "bench", "VAR_DIR": str(folder)}


def _run(url: str, sql: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql)


def _aggregate(url: str, world: World, *, workers: int) -> float:
    """Seconds of the aggregate, fetched whole. A slice is one process beside one of the database's: so is this."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"SET max_parallel_workers_per_gather = {workers}")
        began = time.perf_counter()
        rows = connection.execute(PLAIN).fetchall()
        taken = time.perf_counter() - began
    assert len(rows) == world.owners
    return taken


def _reconciled(url: str, folder: Path, world: World) -> dict[str, Any]:
    """What a process of its own tells of one reconciliation; it has to find just what the world is made of."""
    command = [sys.executable, "-m", "tests.bench.reconciling"]
    done = subprocess.run(command, cwd=ROOT, env=environment(url, folder), check=True, stdout=subprocess.PIPE)
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["counts"] == world.expected(), told["counts"]
    assert told["breaks"] == world.causes(), told["breaks"]
    return told


def _bounds(name: str, told: Sequence[dict[str, Any]], least: float) -> list[Result]:
    """The slowest steps beside a slice, and the peaks beside that of a tenth of the world and what it may grow by."""
    taken = ", ".join(f"{one['seconds']:.1f}" for one in told)
    return [
        Result(f"a step, {name}", [one["longest"] for one in told], [SLOWEST], "s", 1.0, f"the whole took {taken} s"),
        Result(
            f"memory, {name}", [one["mib"] for one in told], [least + MIB], "MiB", 1.0, f"a tenth took {least:.0f} MiB"
        ),
    ]
