"""Starts a throwaway PostgreSQL and Redis, runs a command against them, and takes them down again.

usage: services.py [--none] COMMAND…      --none: run the command on the embedded defaults (SQLite, no broker server)
"""

import os
import shutil
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


@contextmanager
def postgres() -> Iterator[str]:
    """A cluster of its own under /var/tmp, since a root-owned clone is closed to user postgres; its URL."""
    binaries = max(POSTGRES.glob("*/bin"))
    folder = Path(tempfile.mkdtemp(prefix="deckhand-pg-", dir="/var/tmp"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    port = free_port()
    init = [
        str(binaries / "initdb"),
        "-D",
        str(folder / "data"),
        "-U",
        "deckhand",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-sync",
    ]
    subprocess.run(_as_postgres(init), check=True, stdout=subprocess.DEVNULL, cwd="/")
    options = ["-p", str(port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
    server = subprocess.Popen(
        _as_postgres([str(binaries / "postgres"), "-D", str(folder / "data"), *options]),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
    )  # fmt: skip
    try:
        _listening(port)
        time.sleep(0.5)
        subprocess.run(
            [str(binaries / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "deckhand", "deckhand"],
            check=True,
            cwd="/",
        )
        yield f"postgres://deckhand@127.0.0.1:{port}/deckhand"
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


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
