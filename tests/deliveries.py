"""What the provider sends while a story is told, recorded over the wire; and what the console makes of it, as a digest."""

import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.conftest import Sandbox

SENT = ("Signature", "Secondary-Signature", "Idempotency-Key")
# Our own clocks and numbers: they tell when we heard, not what is so. `raw` is the newest record as it was put, and a
# read puts a state in other words than a delivery of the same version.
PASSING = {"id", "created_at", "read_at", "heard_at", "dirty_at", "reading_at", "state_since", "raw"}


@dataclass(frozen=True, slots=True)
class Told:
    """One delivery as it came over the wire."""

    raw: bytes
    sent: dict[str, str]  # the headers that matter


@dataclass
class Recorder:
    """A console's place: it takes every delivery and keeps its bytes."""

    told: list[Told] = field(default_factory=list)

    def __enter__(self) -> Self:
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                told.append(Told(raw, {name: self.headers[name] for name in SENT if self.headers[name]}))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def play(sandbox: Sandbox, *scenes: str) -> tuple[list[Told], list[str]]:
    """What the provider sends while the scenes are played, and the secrets it signs with."""
    secrets = {sandbox.http.get("/control/api/webhooks").json()["secret"]}
    with Recorder() as recorder:
        sandbox.webhooks(url=recorder.url, paused=False)
        for scene in scenes:
            sandbox._post(f"/control/api/scene/{scene}", {})
        until = time.monotonic() + 20
        while sandbox.http.get("/control/api/state").json()["deliveries"].keys() != {"delivered"}:
            assert time.monotonic() < until
            time.sleep(0.05)
        sandbox.webhooks(paused=True)
    after = sandbox.http.get("/control/api/webhooks").json()
    return recorder.told, sorted(secrets | {after["secret"], *filter(None, [after["next_secret"]])})


def mirrored() -> tuple[Any, ...]:
    from cardholders.models import Balance, Cardholder, Company, Contract
    from cards.models import Card
    from transactions.models import Dispute, Transaction

    return (Dispute, Transaction, Card, Balance, Contract, Cardholder, Company)


def digest() -> dict[tuple[str, str], dict[str, Any]]:
    """Every column of every mirrored row but our own clocks; links by the provider's ids."""
    found = {}
    for model in mirrored():
        links = [f.name for f in model._meta.concrete_fields if f.is_relation]
        for row in model._default_manager.select_related(*links):
            values = {f.name: getattr(row, f.name) for f in model._meta.concrete_fields if f.name not in PASSING}
            values |= {name: getattr(values[name], "codego_id", None) for name in links}
            found[model.__name__, row.codego_id] = values
    return found
