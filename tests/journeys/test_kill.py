"""kill -9 of the worker in the middle of an import and of 500 queued deliveries: everything is applied, nothing twice."""

import hashlib
import hmac
import json
import uuid
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.journeys.conftest import Console


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A console whose webhook secret the test knows."""
    secret = f"whsec_{uuid.uuid4().hex}"
    running = Console(
        tmp_path_factory.mktemp("killed"), SANDBOX_WEBHOOK_SECRET=secret, SANDBOX_RATE="300", SANDBOX_SIZE="demo"
    )
    running.secret = secret
    running.start()
    yield running
    running.stop()


def deliver(console: Console, key: str, body: dict) -> None:
    raw = json.dumps(body).encode()
    signature = hmac.new(console.secret.encode(), raw, hashlib.sha256).hexdigest()
    headers = {"Signature": f"sha256={signature}", "Idempotency-Key": key, "Content-Type": "application/json"}
    answer = httpx.post(f"{console.url}/webhooks/codego/", content=raw, headers=headers, timeout=30)
    assert answer.status_code == 200


def test_an_import_survives_kill_9_of_the_worker(killed):
    def begun() -> bool:
        return killed.status()["resources"]["transactions"]["rows"] > 500

    killed.wait(begun, "the import did not begin")
    killed.kill_worker()
    killed.wait(
        lambda: all(r["age_s"] is not None for r in killed.status()["resources"].values()),
        "the import did not end",
        420,
    )
    resources = killed.status()["resources"]
    assert {name: resources[name]["rows"] for name in ("cards", "transactions", "cardholders", "companies")} == {
        "cards": 400, "transactions": 20_000, "cardholders": 300, "companies": 25,
    }  # fmt: skip


def test_500_deliveries_survive_kill_9_of_the_worker(killed):
    killed.kill_worker()
    before, later = killed.status()["inbox"], datetime.now(UTC) + timedelta(minutes=10)
    cards = [c for c in killed.sandbox.list("cards") if c["status"] == "active"][:100]
    for n in range(500):
        card = cards[n % len(cards)]
        body = {
            **card,
            "status": "locked" if n >= 400 else "active",
            "updatedAt": (later + timedelta(seconds=n)).isoformat(),
        }
        deliver(
            killed,
            f"kill-{n}",
            {"type": "card.updated", "body": {k: v for k, v in body.items() if not k.startswith("_")}},
        )
        if n in {150, 350}:
            killed.kill_worker()

    def settled() -> bool:
        inbox = killed.status()["inbox"]
        return not inbox.get("new") and sum(inbox.values()) - sum(before.values()) >= 500

    killed.wait(settled, "the inbox did not empty", 300)
    inbox = killed.status()["inbox"]
    assert inbox.get("failed", 0) == inbox.get("parked", 0) == inbox.get("duplicate", 0) == 0
    assert inbox["applied"] + inbox.get("stale", 0) + inbox.get("hint", 0) - sum(before.values()) >= 500
    assert killed.status()["resources"]["cards"]["rows"] == 400
