"""Personas, a sandbox process, and a database of its own: what every test may ask for."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parent.parent


class Sandbox:
    """A running provider and its control page, spoken to as a person would."""

    def __init__(self, told: dict[str, str]) -> None:
        self.url, self.api_url, self.kyc_url = told["url"], told["api_url"], told["kyc_url"]
        self.api_key, self.webhook_secret, self.public_key = told["api_key"], told["webhook_secret"], told["public_key"]
        self.http = httpx.Client(base_url=self.url, timeout=30)

    def story(self, name: str, **details: object) -> dict:
        return self._post(f"/control/api/story/{name}", details)

    def switch(self, **switches: object) -> dict:
        return self._post("/control/api/switches", switches)

    def fault(self, match: str, fault: str, **more: object) -> dict:
        return self._post("/control/api/faults", {"match": match, "fault": fault, "times": 1, **more})

    def webhooks(self, **settings: object) -> dict:
        return self._post("/control/api/webhooks", settings)

    def list(self, resource: str) -> list[dict]:
        found = self.http.get(f"/control/api/list/{resource}").raise_for_status().json()
        return found if isinstance(found, list) else next(v for v in found.values() if isinstance(v, list))

    def effects(self, method: str, path: str) -> dict:
        return self.http.get("/control/api/effects", params={"method": method, "path": path}).raise_for_status().json()

    def truth(self, owner: str) -> dict:
        """What the provider's balances of a holder or company are made of, whatever it says of them."""
        return self.http.get(f"/control/api/truth/{owner}").raise_for_status().json()

    def reset(self, seed: int = 1, size: str = "small") -> None:
        self._post("/control/api/reset", {"seed": seed, "size": size})

    def _post(self, path: str, body: object) -> dict:
        answer = self.http.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()


def start_sandbox(folder: Path, *more: str) -> tuple[subprocess.Popen[str], Sandbox]:
    command = [
        sys.executable,
        "-m",
        "console.sandbox",
        "--port",
        "0",
        "--database",
        str(folder / "sandbox.sqlite3"),
        *more,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    line = process.stdout.readline()
    assert line.startswith("sandbox ready "), line
    return process, Sandbox(json.loads(line.removeprefix("sandbox ready ")))


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory) -> Iterator[Sandbox]:
    process, running = start_sandbox(
        tmp_path_factory.mktemp("sandbox"), "--size", "small", "--seed", "1", "--rate", "1000"
    )
    yield running
    running.http.close()
    process.terminate()
    process.communicate(timeout=10)


@pytest.fixture
def sandbox(sandbox_process: Sandbox, settings) -> Sandbox:
    """The provider, as new, and the console's settings pointed at it. Its webhooks go nowhere unless a test says so."""
    sandbox_process.reset()
    sandbox_process.webhooks(paused=True)
    point_at(sandbox_process, settings)
    return sandbox_process


def point_at(sandbox: Sandbox, settings) -> None:
    settings.CODEGO_API_URL = sandbox.api_url
    settings.CODEGO_KYC_URL = sandbox.kyc_url
    settings.CODEGO_KYC_ORIGINS = [sandbox.url]
    settings.CODEGO_API_KEY = settings.CODEGO_KYC_API_KEY = sandbox.api_key


@pytest.fixture
def client_as(db) -> Callable:
    """A signed-in browser of somebody with one role, or several."""
    from django.test import Client

    from tests.factories import make_staff

    def sign_in(*roles: str) -> Client:
        client = Client()
        client.force_login(make_staff(*roles))
        return client

    return sign_in


@pytest.fixture(autouse=True)
def _quick_settings(settings) -> None:
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.CELERY_BROKER_FOLDER.joinpath("queue").mkdir(parents=True, exist_ok=True)


@pytest.fixture(autouse=True)
def _brand_of_the_environment() -> None:
    """Nobody has changed the brand, and no test counts the query that looks whether somebody has."""
    from console.branding import services

    services.keep(None, 3600)


@pytest.fixture(autouse=True)
def _append_only(request) -> Iterator[None]:
    """Committing tests are emptied by DELETE on SQLite, which the audit's triggers refuse: they stand aside for that."""
    marker = request.node.get_closest_marker("django_db")
    if not (marker and marker.kwargs.get("transaction")):
        yield
        return
    from django.db import connection

    from console.audit import triggers

    request.getfixturevalue("transactional_db")
    triggers.install()
    yield
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for verb in ("update", "delete"):
                cursor.execute(f"DROP TRIGGER audit_entry_no_{verb}")
