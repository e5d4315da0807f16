"""The client's test bench: a pacer and an observer that take notes, a server told what to say, the sandbox process."""

import contextlib
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from console.codego.bodies import NewCard
from console.codego.client import Codego
from console.codego.protocols import Exchange, Priority, Slot
from console.codego.secret import Secret

API_KEY = "vcck_sbx_testing_0123456789"
KYC_KEY = "vcck_sbx_kyc_9876543210"


@dataclass
class NotedPacer:
    learned: list[dict[str, Any]] = field(default_factory=list)
    reserved: list[Priority] = field(default_factory=list)
    refusal: Exception | None = None
    wait: float = 0.0
    arrived: list[Slot] = field(default_factory=list)
    moved: list[float] = field(default_factory=list)

    def reserve(self, priority: Priority, patience: float) -> Slot:
        self.reserved.append(priority)
        if self.refusal:
            raise self.refusal
        return Slot(self.wait, len(self.reserved))

    def arrive(self, slot: Slot, priority: Priority, patience: float) -> Slot:
        self.arrived.append(slot)
        return Slot(self.moved.pop(0) if self.moved else 0.0, slot.number)

    def learn(self, slot: Slot, *, route: str, **said: Any) -> None:
        self.learned.append(said)


@dataclass
class NotedObserver:
    exchanges: list[Exchange] = field(default_factory=list)
    failure: Exception | None = None

    def observe(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        if self.failure:
            raise self.failure


@dataclass
class Request:
    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes


Behaviour = Callable[[BaseHTTPRequestHandler, Request], None]


class Scripted:
    """A server that does what it is told, in order; the last instruction stays in force."""

    def __init__(self) -> None:
        self.script: list[Behaviour] = []
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16  # head and body in one packet

            def handle_any(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                scripted.serve(self, Request(self.command, parts.path, parse_qsl(parts.query), headers, body))

            do_GET = do_POST = do_PATCH = do_PUT = handle_any  # noqa: N815

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def serve(self, handler: BaseHTTPRequestHandler, request: Request) -> None:
        with self._lock:
            self.requests.append(request)
            behaviour = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        behaviour(handler, request)

    def does(self, behaviour: Behaviour) -> "Scripted":
        self.script.append(behaviour)
        return self

    def says(self, body: Any = b"", status: int = 200, **headers: str) -> "Scripted":
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.does(lambda handler, _: _reply(handler, raw, status, headers))

    def pages(self, page: Callable[[dict[str, str]], Any]) -> "Scripted":
        return self.does(lambda handler, request: _reply(handler, json.dumps(page(dict(request.query))).encode()))

    def drops(self) -> "Scripted":
        """Closes the connection without a word."""
        return self.does(_drop)

    def trickles(self, seconds: float) -> "Scripted":
        """Sends its head at once, and then a byte now and then."""

        def behaviour(handler: BaseHTTPRequestHandler, _: Request) -> None:
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            handler.wfile.flush()
            with contextlib.suppress(OSError):
                for _byte in range(1000):
                    handler.wfile.write(b" ")
                    handler.wfile.flush()
                    time.sleep(seconds)
            handler.close_connection = True

        return self.does(behaviour)

    def waits(self, seconds: float) -> "Scripted":
        def behaviour(handler: BaseHTTPRequestHandler, _: Request) -> None:
            time.sleep(seconds)
            handler.close_connection = True

        return self.does(behaviour)

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def _reply(
    handler: BaseHTTPRequestHandler, raw: bytes, status: int = 200, headers: dict[str, str] | None = None
) -> None:
    handler.send_response(status)
    for name, value in (headers or {}).items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(raw)))
    handler.end_headers()
    handler.wfile.write(raw)


def _drop(handler: BaseHTTPRequestHandler, _: Request) -> None:
    handler.close_connection = True
    handler.connection.close()


@pytest.fixture
def pacer() -> NotedPacer:
    return NotedPacer()


@pytest.fixture
def observer() -> NotedObserver:
    return NotedObserver()


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    server = Scripted()
    yield server
    server.close()


@pytest.fixture
def connect(pacer: NotedPacer, observer: NotedObserver) -> Iterator[Callable[..., Codego]]:
    """A client of any address, closed at the end."""
    opened: list[Codego] = []

    def _connect(url: str, *, kyc_url: str = "", key: str = API_KEY, kyc_key: str = KYC_KEY, **options: Any) -> Codego:
        priority = options.pop("priority", Priority.INTERACTIVE)
        client = Codego(
            url, kyc_url or f"{url}/kyc", Secret(key), Secret(kyc_key), pacer, observer, priority, **options
        )
        opened.append(client)
        return client

    yield _connect
    for client in opened:
        client.close()


@pytest.fixture
def client(scripted: Scripted, connect: Callable[..., Codego]) -> Codego:
    return connect(scripted.url, timeout=0.5)


@pytest.fixture
def live(sandbox, connect: Callable[..., Codego]) -> Codego:
    """A client of the sandbox, which runs as a process of its own."""
    return connect(sandbox.api_url, kyc_url=sandbox.kyc_url, key=sandbox.api_key, kyc_key=sandbox.api_key, timeout=5)


@pytest.fixture
def holder(sandbox):
    """An approved cardholder without a company, with collateral."""
    users = [
        user for user in sandbox.list("users") if user["applicationStatus"] == "approved" and not user.get("companyId")
    ]
    sandbox.story("fund", userId=users[0]["id"], amount=100_000)
    return users[0]["id"]


@pytest.fixture
def card(live, holder):
    return live.issue_card(holder, NewCard(type="virtual"), idempotency_key=uuid.uuid4())


@pytest.fixture
def purchase(sandbox, card):
    """A settled purchase; its id."""
    made = sandbox.story("authorise", cardId=card.id, amount=1250, currency="usd", merchantName="COFFEE SHOP")
    sandbox.story("settle", transactionId=made["id"])
    return made["id"]
