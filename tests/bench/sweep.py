"""A full import against a provider that allows N requests a second, beside the time that so many requests must take."""

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.log import requests_of
from tests.bench.result import Result
from tests.conftest import ROOT, Sandbox, start_sandbox

ROUNDS = 5
# How the provider limits, to how many a second, and how few records it gives a page, so that there are many.
LIMITS = (("fixed_window", 5, 2), ("token_bucket", 5, 2), ("fixed_window", 20, 1))


def measure(folder: Path) -> list[Result]:
    process, sandbox = start_sandbox(folder, "--size", "small", "--seed", "1", "--rate", "1000")
    rounds: dict[tuple[str, int, int], list[tuple[float, float, int]]] = {limit: [] for limit in LIMITS}
    try:
        for number in range(ROUNDS):
            for limit in LIMITS:
                rounds[limit].append(_import(folder / "-".join(map(str, (number, *limit))), sandbox, *limit))
    finally:
        sandbox.http.close()
        process.terminate()
        process.wait(10)
    return [
        Result(
            f"sweep, {algorithm.replace('_', ' ')} of {rate}/s",
            [ours for ours, _, _ in found],
            [least for _, least, _ in found],
            "s",
            1.1,
            f"429s: {', '.join(str(refused) for _, _, refused in found)}",
        )
        for (algorithm, rate, _), found in rounds.items()
    ]


def _import(folder: Path, sandbox: Sandbox, algorithm: str, rate: int, page: int) -> tuple[float, float, int]:
    """Seconds between its first request and its last, pages ÷ N, and how many were refused."""
    folder.mkdir()
    sandbox.switch(rate_algorithm=algorithm, rate=rate, page_cap=page)
    time.sleep(2)  # the limit is whole again
    environment = os.environ | {
        "VAR_DIR": str(folder), "SECRET_KEY": "bench", "CODEGO_API_URL": sandbox.api_url, "CODEGO_KYC_URL": sandbox.kyc_url,
        "CODEGO_API_KEY": sandbox.api_key, "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3",
    }  # fmt: skip
    for command in (["migrate", "--verbosity", "0"], ["sync", "--json"]):
        subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL
        )
    made = requests_of(folder / "bench.sqlite3")
    taken = (made[-1].at - made[0].at).total_seconds()
    return taken, len(made) / rate, sum(request.status == 429 for request in made)
