"""Nothing that was answered 2xx is lost and nothing takes effect twice, whatever dies meanwhile.

Two hundred of the provider's own deliveries are sent to the real server, each many times at once, in three random
orders, each order to a console of its own. On the way the worker is killed, and then the database: PostgreSQL itself
(stopped at once, or kill -9), or with SQLite every process that has the file open. Clients send again what was not
answered 2xx, as the provider does.

LOSSLESS_COPIES=50 sends each delivery fifty times at once (`make lossless`); by default it is fewer.
"""

import hashlib
import http.client
import json
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import ROOT, Sandbox, start_sandbox
from tests.deliveries import Told, play
from tests.journeys.conftest import Console
from tests.services import Cluster

COPIES = int(os.environ.get("LOSSLESS_COPIES", "8"))
DELIVERIES, ORDERS, CLIENTS = 200, 3, 50
PATIENCE = 90.0  # seconds for which a client sends one delivery again
STILL = (
    "purchase",
    "tip",
    "partial_reversal",
    "declines",
    "dispute_won",
    "dispute_lost",
    "needs_information",
    "company_owner",
)


def two_hundred(sandbox: Sandbox) -> tuple[list[Told], list[str]]:
    """Whole scenes, so that what they tell is what the provider says when asked; of what is too many, those that only
    announce a request are left out, since no row comes of them."""
    told: list[Told] = []
    while len(told) < DELIVERIES:
        some, secrets = play(sandbox, *STILL)
        told += some
    announced = [each for each in told if b'"transaction.requested"' in each.raw]
    surplus = announced[: len(told) - DELIVERIES]
    told = [each for each in told if each not in surplus]
    assert len(told) == DELIVERIES
    return told, secrets


@dataclass
class Clients:
    """Fifty of the provider's senders: the copies of one delivery are next to each other, so that they go out at once."""

    port: int
    jobs: queue.SimpleQueue[Told] = field(default_factory=queue.SimpleQueue)
    answers: Counter[str] = field(default_factory=Counter)
    accepted: Counter[tuple[str, str]] = field(default_factory=Counter)  # (event id, body hash) → how often 2xx
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, order: Sequence[Told], at: Sequence[tuple[float, Callable[[], None]]]) -> float:
        """Sends all, and does what is due at each share of the way; how many seconds it took."""
        began, total = time.monotonic(), len(order) * COPIES
        for each in order:
            for _ in range(COPIES):
                self.jobs.put(each)
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for share, act in at:
            while self.accepted.total() < share * total and any(thread.is_alive() for thread in threads):
                time.sleep(0.02)
            act()
        for thread in threads:
            thread.join(PATIENCE * 4)
        return time.monotonic() - began

    def _work(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with closing(connection), suppress(queue.Empty):
            while True:
                self._deliver(connection, self.jobs.get_nowait())

    def _deliver(self, connection: http.client.HTTPConnection, told: Told) -> None:
        """Until it is answered 2xx, more patiently each time."""
        until, pause = time.monotonic() + PATIENCE, 0.1
        headers = {"Content-Type": "application/json", **told.sent}
        while time.monotonic() < until:
            try:
                connection.request("POST", "/webhooks/codego/", told.raw, headers)
                response = connection.getresponse()
                response.read()
                answer = str(response.status)
            except (OSError, http.client.HTTPException):
                answer = "no answer"
                connection.close()  # the next request opens it again
            with self.lock:
                self.answers[answer] += 1
                if answer.startswith("2"):
                    self.accepted[identity(told)] += 1
                    return
            time.sleep(pause)
            pause = min(pause * 2, 2)


def identity(told: Told) -> tuple[str, str]:
    return told.sent["Idempotency-Key"], hashlib.sha256(told.raw).hexdigest()


class Tried(Console):
    """A console at a provider that others share, on a database that can die."""

    def __init__(self, folder: Path, cluster: Cluster | None, sandbox: Sandbox, secrets: Sequence[str]) -> None:
        more = {
            "CODEGO_API_URL": sandbox.api_url, "CODEGO_KYC_URL": sandbox.kyc_url, "CODEGO_API_KEY": sandbox.api_key,
            "CODEGO_WEBHOOK_SECRETS": ",".join(secrets), "SECRET_KEY": "made-up", "LOG_LEVEL": "WARNING",
        }  # fmt: skip
        super().__init__(folder, **more)
        self.cluster = cluster
        if cluster:
            name = f"order_{folder.name.replace('-', '_')}"
            cluster._run("createdb", "-h", "127.0.0.1", "-p", str(cluster.port), "-U", "deckhand", name)
            self.environment["DATABASE_URL"] = urlsplit(cluster.url)._replace(path=f"/{name}").geturl()
        (folder / "var").mkdir()
        self._python("manage.py", "migrate", "--verbosity", "0")
        self._python("-m", "tests.journeys.peek", "hold_sweeps")

    def _python(self, *arguments: str) -> str:
        environment = self.environment | {"DJANGO_SETTINGS_MODULE": "console.settings"}
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def look(self) -> dict:
        return json.loads(self._python("-m", "tests.journeys.peek", "look"))

    def settled(self) -> dict:
        """What is there once nothing is waiting: neither a delivery nor a read that one asked for."""
        until = time.monotonic() + 180
        while (found := self.look())["waiting"]:
            assert time.monotonic() < until, f"deliveries or hints are left\n{self.log.read_text()[-3000:]}"
            time.sleep(3)  # each look is a process of its own
        return found

    def kill_worker(self) -> None:
        """SIGKILL of its whole group, with the beat and the children."""
        workers = self.workers()
        assert workers
        for group in {os.getpgid(pid) for pid in workers}:
            os.killpg(group, signal.SIGKILL)

    def kill_database(self, how: signal.Signals) -> None:
        if self.cluster:
            self.cluster.die(how)
            time.sleep(1)
            self.cluster.start_again()
            return
        holders = self.holders()
        assert len(holders) > 1, "nobody was writing"
        everybody = descendants(self.process.pid)
        for pid in [*holders, *everybody - holders]:
            kill(pid)
        self.process.wait(10)
        self.start()

    def holders(self) -> set[int]:
        """Who has the database's file open."""
        found = set()
        for link in Path("/proc").glob("[0-9]*/fd/*"):
            try:
                if str(link.readlink()).startswith(str(self.folder / "var" / "deckhand.sqlite3")):
                    found.add(int(link.parts[2]))
            except OSError:
                continue
        return found


def descendants(pid: int) -> set[int]:
    children = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            children.setdefault(int(stat.read_text().rsplit(")", 1)[1].split()[1]), []).append(int(stat.parts[2]))
        except OSError:
            continue
    found, new = set(), [pid]
    while new:
        found.add(one := new.pop())
        new += children.get(one, [])
    return found


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def provider(tmp_path_factory) -> Iterator[Sandbox]:
    process, running = start_sandbox(
        tmp_path_factory.mktemp("provider"), "--size", "small", "--seed", "7", "--rate", "1000"
    )
    yield running
    running.http.close()
    process.terminate()
    process.communicate(timeout=10)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster | None]:
    """A PostgreSQL that this test may kill, where the tests run on PostgreSQL at all; durable, as in earnest."""
    if "DATABASE_URL" not in os.environ:
        yield None
        return
    made = Cluster()
    yield made
    made.remove()


def test_nothing_is_lost_and_nothing_happens_twice(provider, cluster, tmp_path, capsys):
    told, secrets = two_hundred(provider)
    looks = []
    for number in range(ORDERS):
        folder = tmp_path / f"order-{number}"
        folder.mkdir()
        console = Tried(folder, cluster, provider, secrets)
        console.start()
        try:
            order = random.Random(number).sample(told, len(told))
            clients = Clients(console.port)
            how = (signal.SIGQUIT, signal.SIGKILL)[number % 2]
            seconds = clients.send(
                order, [(0.3, console.kill_worker), (0.6, lambda c=console, h=how: c.kill_database(h))]
            )
            settled = time.monotonic()
            found = console.settled()
        finally:
            console.stop()
        looks.append(found)
        with capsys.disabled():
            print(
                f"\norder {number}: {clients.answers.total()} requests in {seconds:.1f} s, "
                f"answers {dict(clients.answers)}, kept {found['verdicts']}, "
                f"settled after {time.monotonic() - settled:.1f} s, rows {found['rows']}",
                end="",
            )

        assert clients.accepted == Counter(dict.fromkeys(map(identity, told), COPIES)), "a client gave up"
        assert [tuple(each) for each in found["effective"]] == sorted(map(identity, told))
        assert sum(found["verdicts"].values()) >= clients.accepted.total(), "answered 2xx, but not kept"
        assert set(found["verdicts"]) <= {"applied", "hint", "stale", "unhandled", "duplicate"}
        assert set(clients.answers) - {"200", "no answer", "500"} == set()
    assert len({found["digest"] for found in looks}) == 1, differing(looks)


def differing(looks: Sequence[dict]) -> str:
    lines = [set(found["told"].splitlines()) for found in looks]
    return "\n".join(sorted(set.union(*lines) - set.intersection(*lines))[:10])
