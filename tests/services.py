"""Starts a throwaway PostgreSQL and Redis, runs a command against them, and takes them down again.

usage: services.py [--none] COMMAND…      --none: run the command on the embedded defaults (SQLite, no broker server)
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

POSTGRES = Path("/usr/lib/postgresql")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listening(port: int, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit(f"nothing listens on port {port} after {seconds} s")


def _as_postgres(command: list[str]) -> list[str]:
    """initdb and postgres refuse root; elsewhere they run as whoever runs the tests."""
    return (
        ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
        if os.geteuid() == 0
        else command
    )


class Cluster:
    """A PostgreSQL of its own under /var/tmp, since a root-owned clone is closed to user postgres."""

    def __init__(self, *options: str) -> None:
        self.binaries = max(POSTGRES.glob("*/bin"))
        self.folder = Path(tempfile.mkdtemp(prefix="deckhand-pg-", dir="/var/tmp"))
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self.port = free_port()
        self.options = ["-p", str(self.port), "-k", str(self.folder), "-c", "listen_addresses=127.0.0.1", *options]
        self.url = f"postgres://deckhand@127.0.0.1:{self.port}/deckhand"
        made = ["-U", "deckhand", "-A", "trust", "-E", "UTF8", "--no-sync"]
        self._run("initdb", "-D", str(self.folder / "data"), *made)
        self.start()
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "deckhand", "deckhand")

    def start(self) -> None:
        """Returns when it takes connections, after whatever recovery it needs."""
        self.server = subprocess.Popen(
            _as_postgres([str(self.binaries / "postgres"), "-D", str(self.folder / "data"), *self.options]),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip
        ready = [str(self.binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        until = time.monotonic() + 60
        while subprocess.call(ready, cwd="/"):
            if self.server.poll() is not None or time.monotonic() > until:
                raise OSError("PostgreSQL did not start")
            time.sleep(0.1)

    def die(self, how: signal.Signals) -> None:
        """SIGQUIT as `pg_ctl stop -m immediate`, SIGKILL as a machine without memory: neither writes anything more."""
        self.server.send_signal(how)
        self.server.wait(30)

    def start_again(self) -> None:
        """After SIGKILL its children hold the memory for a moment, and it refuses to start until they have gone."""
        until = time.monotonic() + 60
        while True:
            try:
                return self.start()
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.3)

    def remove(self) -> None:
        self.server.terminate()
        self.server.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        command = _as_postgres([str(self.binaries / program), *arguments])
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")


@contextmanager
def postgres() -> Iterator[str]:
    """A cluster's URL."""
    cluster = Cluster("-c", "fsync=off")
    try:
        yield cluster.url
    finally:
        cluster.remove()


@contextmanager
def redis() -> Iterator[str]:
    port, folder = free_port(), tempfile.mkdtemp(prefix="deckhand-redis-")
    command = [
        "redis-server",
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
        "--dir",
        folder,
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _listening(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def missing() -> list[str]:
    lacks = [] if any(POSTGRES.glob("*/bin/initdb")) else ["PostgreSQL"]
    return lacks + ([] if shutil.which("redis-server") else ["Redis"])


def main(arguments: list[str]) -> int:
    embedded = arguments[:1] == ["--none"]
    command = arguments[1:] if embedded else arguments
    environment = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "CELERY_BROKER_URL"}}
    if embedded:
        return subprocess.call(command, env=environment)
    if lacks := missing():
        print(f"SKIPPED: the tests on PostgreSQL and Redis, because this machine lacks {' and '.join(lacks)}")
        return 1 if os.environ.get("REQUIRE_ALL") else 0
    with postgres() as database, redis() as broker:
        return subprocess.call(command, env=environment | {"DATABASE_URL": database, "CELERY_BROKER_URL": broker})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
