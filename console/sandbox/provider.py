"""The provider as one value: its memory, its switches, its limits and its way of telling the world."""

import base64
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from console.sandbox import clock
from console.sandbox.faults import Faults
from console.sandbox.limits import Limiter
from console.sandbox.shapes import shape
from console.sandbox.store import Store
from console.sandbox.variants import Switches
from console.sandbox.webhooks import Webhooks, new_secret
from console.sandbox.wire import Json, Problem, Request, Response

PLURALS = {
    "user": "users",
    "company": "companies",
    "contract": "contracts",
    "card": "cards",
    "transaction": "transactions",
    "dispute": "disputes",
    "session": "sessions",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    port: int = 8001
    host: str = "127.0.0.1"
    database: str = "var/sandbox.sqlite3"
    seed: int = 1
    size: str = "demo"
    base_date: str = ""
    rate: float = 50
    webhook_url: str = ""
    webhook_secret: str = ""
    api_key: str = ""
    private_key: str = ""


class Provider:
    def __init__(self, options: Options) -> None:
        self.options = options
        self.url = ""  # known once the port is
        self.store = Store(options.database)
        clock.set_ahead(float(self.store.setting("clock_ahead_s", 0)))
        self.api_key = self._kept("api_key", options.api_key, lambda: f"vcck_sbx_{secrets.token_hex(24)}")
        self.secret = self._kept("webhook_secret", options.webhook_secret, new_secret)
        self.session_key = self._kept("session_key", "", lambda: secrets.token_hex(32))
        self.private_key = _load(self._kept("private_key", options.private_key, _new_key))
        self.switches = Switches(self.store, options.rate)
        self.limiter = Limiter(self.switches)
        self.faults = Faults()
        self.webhooks = Webhooks(self.store, self.switches, options.webhook_url, self.secret)

    def _kept(self, name: str, given: str, make: Callable[[], str]) -> str:
        """What was asked for, else what the file remembers, else something new; remembered either way."""
        value = given or self.store.setting(name) or make()
        self.store.set(name, value)
        return str(value)

    @property
    def public_key(self) -> str:
        encoding, kind = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        return self.private_key.public_key().public_bytes(encoding, kind).decode()

    def need(self, noun: str, id: str) -> Json:  # noqa: A002 - the wire's word
        found = self.store.get(noun, id)
        if found is None:
            raise Problem(404, f"{noun} not found")
        return found

    def answer(self, record: Json, status: int = 200) -> Response:
        return Response(status=status, body=shape(record, self.switches))

    def created(self, record: Json) -> Response:
        """What was made; with 204 for a status it has to be found by reading."""
        return self.answer(record, int(self.switches["created_status"]))

    def emit(self, kind: str, body: Json) -> None:
        self.webhooks.emit(kind, shape(body, self.switches))

    def page(
        self, request: Request, noun: str, where: Iterable[tuple[str, Any]], public: Callable[[Json], Json]
    ) -> Response:
        """One page of a list, in whichever paging and envelope is in fashion."""
        limit, offset = _whole(request, "limit", 20), _whole(request, "offset", 0)
        bounds: dict[str, Any] = {"limit": max(1, min(limit, int(self.switches["page_cap"])))}
        if self.switches["paging"] == "cursor":
            bounds["after"] = request.one("cursor") or None
        elif self.switches["paging"] == "offset":
            bounds["offset"] = offset
        else:
            bounds = {}
        found = self.store.find(noun, list(where), **bounds)
        more = len(found) == bounds.get("limit") and "after" in bounds
        return self.listed(noun, [public(doc) for doc in found], cursor=found[-1]["id"] if more else None)

    def listed(self, noun: str, records: list[Json], cursor: str | None = None) -> Response:
        items = shape(records, self.switches)
        envelopes: dict[str, Any] = {
            "bare": items,
            "data": {"data": items},
            "items": {"items": items, "nextCursor": cursor},
            "named": {PLURALS[noun]: items},
            "nested": {"data": {"items": items, "nextCursor": cursor}},
        }
        return Response(body=envelopes[self.switches["list_envelope"]])


def _whole(request: Request, name: str, default: int) -> int:
    text = request.one(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit():
        raise Problem(400, f"querystring/{name} must be a whole number")
    return int(text)


def _new_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - the size the provider uses
    form = serialization.PrivateFormat.PKCS8
    der = key.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())
    return base64.b64encode(der).decode()


def _load(text: str) -> rsa.RSAPrivateKey:
    """PEM, or the base64 of a PKCS #8 document."""
    pem = text.lstrip().startswith("-----")
    raw = text.encode() if pem else base64.b64decode(text)
    load = serialization.load_pem_private_key if pem else serialization.load_der_private_key
    key = load(raw, password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the sandbox's private key must be RSA")
    return key
