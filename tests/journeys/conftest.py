"""The whole console as `make run` starts it, on ports and a database of its own, and a real browser."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.conftest import ROOT, Sandbox
from tests.services import free_port

CHROMIUM = shutil.which("chromium")
# what the tests set for their own process, and what the console under test must find for itself
OURS = ("CODEGO_API_KEY", "CODEGO_API_URL", "CODEGO_KYC_URL", "CODEGO_WEBHOOK_SECRETS", "SECRET_KEY", "VAR_DIR")


class Console:
    """One `manage.py run` with all its children."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.folder, self.log = folder, folder / "run.log"
        self.port, self.sandbox_port = free_port(), free_port()
        self.url = f"http://localhost:{self.port}"
        given = {k: v for k, v in os.environ.items() if k not in OURS}
        own = {
            "VAR_DIR": str(folder / "var"), "PORT": str(self.port), "SANDBOX_PORT": str(self.sandbox_port),
            "SANDBOX_SIZE": "small", "SANDBOX_RATE": "200", "LOG_LEVEL": "DEBUG", "SANDBOX_SEED": "1",
        }  # fmt: skip
        self.environment = given | own | _database() | more
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, seconds: float = 90) -> None:
        command = [sys.executable, "manage.py", "run"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        self.wait(
            lambda: httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200, "the console is not ready", seconds
        )

    def stop(self) -> None:
        if "sandbox" in self.__dict__:
            self.sandbox.http.close()
        if self.process:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)

    def manage(self, *command: str, check: bool = True, typed: str = "") -> str:
        environment = self.environment | {"SECRET_KEY": (self.folder / "var" / "secret_key").read_text()}
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=environment,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def status(self) -> dict:
        return json.loads(self.manage("status", "--json"))

    def workers(self) -> list[int]:
        """Process ids of the worker, its beat and its children."""
        found = subprocess.run(
            ["pgrep", "-f", f"celery.*{self.folder}/var/beat"], capture_output=True, text=True, check=False
        )
        return [int(pid) for pid in found.stdout.split()]

    def kill_worker(self) -> None:
        """kill -9 of the whole process group, as a machine that runs out of memory would."""
        for pid in self.workers():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def wait(self, holds, otherwise: str, seconds: float = 90) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                if holds():
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.3)
        raise AssertionError(f"{otherwise}\n{self.log.read_text()[-3000:]}")

    @cached_property
    def sandbox(self) -> Sandbox:
        """The provider that `make run` started; its keys are in its own file, not ours to print."""
        url = f"http://localhost:{self.sandbox_port}"
        told = {
            "url": url,
            "api_url": f"{url}/api/v1",
            "kyc_url": f"{url}/api",
            "api_key": "",
            "webhook_secret": "",
            "public_key": "",
        }
        return Sandbox(told)


def _database() -> dict[str, str]:
    """On PostgreSQL a database of its own, and on Redis a queue of its own."""
    given = os.environ.get("DATABASE_URL")
    if not given:
        return {}
    import psycopg

    name = f"journey_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(given, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    broker = f"{os.environ['CELERY_BROKER_URL'].rsplit('/', 1)[0]}/{uuid.uuid4().int % 15 + 1}"
    return {"DATABASE_URL": urlsplit(given)._replace(path=f"/{name}").geturl(), "CELERY_BROKER_URL": broker}


@pytest.fixture(scope="module")
def console(tmp_path_factory) -> Iterator[Console]:
    running = Console(tmp_path_factory.mktemp("console"))
    try:  # one that never became ready is ended as well
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM:
        reason = "this machine lacks Chromium (on Debian: apt-get install chromium)"
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--disable-component-update",
                "--host-resolver-rules=MAP console.test 127.0.0.1",  # a name that is not this machine to the browser
            ],
        )
        yield chromium
        chromium.close()
