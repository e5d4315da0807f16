"""Sends one call: waits for its slot, judges the answer, and decides whether it may be sent again.

A read is repeated after a lost answer; a write never is. Only a 429, which is a refusal, lets a write go once more.
"""

import logging
import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from random import SystemRandom
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx

from console.codego.errors import (
    BadRequest,
    CodegoError,
    Conflict,
    NoSuchObject,
    NoSuchRoute,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Unauthorized,
    Unavailable,
    Unreadable,
)
from console.codego.limits import count, provider_time, reset_ahead, reset_wait, wait_asked
from console.codego.outline import outline
from console.codego.protocols import Exchange, Observer, Pacer, Priority, Slot
from console.codego.secret import HIDDEN, Secret, redact
from console.codego.wire import clean, loads

__all__ = ["Answer", "Call", "Transport", "reset_wait"]

logger = logging.getLogger("deckhand.codego")
logging.getLogger("httpx").setLevel(logging.WARNING)  # its INFO line prints whole addresses, ids and queries included

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
RETRIES = 3
FIRST_BACKOFF = 0.25
LONGEST_WAIT = {  # that a caller is kept for
    Priority.INTERACTIVE: 10.0,
    Priority.WORKER: 8.0,  # work waits in the database, not in a process
    Priority.SWEEP: 8.0,
}
LARGEST_BODY = 64 * 1024 * 1024
REQUEST_IDS = ("X-Request-Id", "X-Correlation-Id", "CF-Ray")
TAGS = re.compile(
    r"<(style|script)\b.*?</\1>|<[^<>]*>", re.DOTALL | re.IGNORECASE
)  # of a page put in the way by a proxy
DIGITS = re.compile(r"[0-9]{3,}")  # in words about a card secret they could be one
MESSAGE_LENGTH = 200
TEXT_READ = 1 << 12  # enough that nothing is cut before its secrets are found
NEVER_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
REFUSALS: dict[int, type[Refused]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Unauthorized,
    404: NoSuchObject,
    409: Conflict,
    422: BadRequest,
    429: RateLimited,
}
_random = SystemRandom()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`path` is a template in which `{id}` stands for `id`. `kyc`: the other host, with its own key."""

    method: str
    path: str
    id: str = ""
    params: Mapping[str, str] | None = None
    json: Any = None
    form: Mapping[str, str] | None = None
    file: tuple[str, bytes, str] | None = None
    session: Secret | None = None
    idempotency_key: str = ""
    kyc: bool = False
    binary: bool = False

    @property
    def reads(self) -> bool:
        return self.method == "GET"

    @property
    def route(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`body` is the JSON, None if there was none; `readable` tells that None apart from something else than JSON."""

    status: int
    headers: Mapping[str, str]
    raw: bytes = field(repr=False)
    body: Any = field(repr=False)
    readable: bool


class _TooLarge(Exception):  # noqa: N818 - a stop sign inside this module
    pass


class Transport:
    def __init__(
        self,
        *,
        api_url: str,
        kyc_url: str,
        api_key: Secret,
        kyc_api_key: Secret,
        pacer: Pacer,
        observer: Observer,
        priority: Priority,
        timeout: float,
    ) -> None:
        self._hosts = {False: (api_url.rstrip("/"), api_key), True: (kyc_url.rstrip("/"), kyc_api_key)}
        self._pacer = pacer
        self._observer = observer
        self._priority = priority
        self._timeout = timeout
        tls, waits = _tls(), httpx.Timeout(timeout, connect=min(timeout, 5.0))
        # A proxy named in the environment is the way out to the provider, not to a sandbox on this machine.
        proxied = not {urlsplit(url).hostname for url in (api_url, kyc_url)} <= LOOPBACK
        self._reads = httpx.Client(timeout=waits, verify=tls, trust_env=proxied)
        # A kept connection may be closed by the other side just as we write: then nobody knows whether a write arrived.
        unkept = httpx.Limits(max_keepalive_connections=0)
        self._writes = httpx.Client(timeout=waits, verify=tls, limits=unkept, trust_env=proxied)

    def close(self) -> None:
        self._reads.close()
        self._writes.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, call: Call) -> Answer:
        """The answer to a call that succeeded; every other end is an exception."""
        started = time.monotonic()
        attempt = 0
        while True:
            outcome = self._exchange(call)
            if isinstance(outcome, Answer):
                return outcome
            pause = self._pause(call, outcome, attempt, time.monotonic() - started)
            if pause is None:
                raise outcome
            time.sleep(pause)
            attempt += 1

    def _pause(self, call: Call, error: CodegoError, attempt: int, elapsed: float) -> float | None:
        """Seconds before this call may be sent again; None: it may not."""
        backoff = FIRST_BACKOFF * 2**attempt * _random.uniform(0.5, 1.0)
        if isinstance(error, RateLimited):
            wait = error.wait if error.wait is not None or not call.reads else 2.0**attempt
            tries = RETRIES if call.reads else 1
            too_long = wait is None or wait > LONGEST_WAIT[self._priority]
            return None if wait is None or too_long or attempt >= tries else wait + backoff
        lost = isinstance(error, Unavailable)
        return backoff if call.reads and lost and attempt < RETRIES and elapsed < 2 * self._timeout else None

    def _exchange(self, call: Call) -> Answer | CodegoError:
        if not call.id.strip(".") and "{id}" in call.path:
            return self._error(NoSuchObject, call, "no object has an empty id")
        client = self._reads if call.reads else self._writes
        request = self._request(client, call)
        if request is None:
            return self._error(NotSent, call, "the request cannot be written for the wire")
        slot = self._await_slot(call)
        started = time.perf_counter()
        outcome = self._attempt(client, call, request)
        seconds = time.perf_counter() - started
        answer = outcome if isinstance(outcome, Answer) else None
        error = self._judge(call, outcome) if isinstance(outcome, Answer) else outcome
        self._tell(call, slot, answer, error, seconds)
        return error or outcome

    def _await_slot(self, call: Call) -> Slot:
        """Waits for a slot; whoever waits hears of a refusal of others meanwhile, and waits on. The other host has a
        limit of its own, which is not ours to know."""
        if call.kyc:
            return Slot(0.0)
        patience = LONGEST_WAIT[self._priority]
        try:
            slot = self._pacer.reserve(self._priority, patience)
            while 0 < slot.wait <= patience:
                time.sleep(slot.wait)
                patience -= slot.wait
                slot = self._pacer.arrive(slot, self._priority, patience)
        except CodegoError as error:
            error.method, error.path = error.method or call.method, error.path or call.path
            raise
        if slot.wait > 0:
            raise self._error(NotSent, call, "the provider's rate limit is used up for a moment")
        return slot

    def _attempt(self, client: httpx.Client, call: Call, request: httpx.Request) -> Answer | CodegoError:
        """Errors are made outside the handlers: one of httpx can hold a header, and must not become a cause."""
        deadline = time.monotonic() + 3 * self._timeout
        cls: type[CodegoError] = OutcomeUnknown
        try:
            response = client.send(request, stream=True)
            try:
                return _answer(response, _body(response, deadline))
            finally:
                response.close()
        except NEVER_LEFT:
            cls, what = NotSent, "no connection to the provider"
        except _TooLarge:
            return self._error(_lost(call, Unreadable), call, "the provider's answer is too large")
        except httpx.TimeoutException:
            what = "the provider did not answer in time"
        except httpx.HTTPError:
            what = "the connection to the provider broke"
        return self._error(Unavailable if call.reads else cls, call, what)

    def _request(self, client: httpx.Client, call: Call) -> httpx.Request | None:
        host, key = self._hosts[call.kyc]
        headers = {"Accept": "*/*" if call.binary else "application/json", "User-Agent": "Deckhand"}
        headers["X-Api-Key"] = key.reveal()
        if call.session is not None:
            headers["SessionId"] = call.session.reveal()
        if call.idempotency_key:
            headers["Idempotency-Key"] = call.idempotency_key
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            return None
        try:
            return client.build_request(
                call.method,
                host + call.path.replace("{id}", quote(call.id, safe="")),
                params=call.params,
                headers=headers,
                json=call.json,
                data=call.form,
                files={"evidence": call.file} if call.file else None,
            )
        except (ValueError, TypeError, httpx.InvalidURL):
            return None

    def _judge(self, call: Call, answer: Answer) -> CodegoError | None:
        status = answer.status
        if 200 <= status < 300:
            if answer.readable or (call.binary and call.reads):
                return None
            return self._error(_lost(call, Unreadable), call, "the provider's answer cannot be read", answer)
        if status == 408 or not 400 <= status < 500:
            lost = Unavailable if status >= 400 else Unreadable
            return self._error(_lost(call, lost), call, "", answer)
        cls = REFUSALS.get(status, Refused)
        if status == 404 and isinstance(answer.body, dict) and "path" in answer.body:
            cls = NoSuchRoute
        error = self._error(cls, call, "", answer)
        if isinstance(error, RateLimited):
            error.wait = wait_asked(answer.headers, provider_time(answer.headers, time.time()))
        return error

    def _error(self, cls: type[CodegoError], call: Call, message: str, answer: Answer | None = None) -> CodegoError:
        secrets = [key for _, key in self._hosts.values()] + ([call.session] if call.session else [])
        said = _said(answer) if answer else ("", "")
        readable = [DIGITS.sub(HIDDEN, text) if call.session else text for text in said]
        code, sentence = (redact(text, secrets)[:MESSAGE_LENGTH] for text in readable)
        return cls(
            message or sentence or code or (f"HTTP {answer.status}" if answer else ""),
            method=call.method,
            path=call.path,
            status=answer.status if answer else None,
            provider_error=code,
            provider_message=sentence,
        )

    def _tell(self, call: Call, slot: Slot, answer: Answer | None, error: CodegoError | None, seconds: float) -> None:
        """Log, pacer and observer. Nothing of ours that fails here may hide what the provider answered."""
        status, ms = (answer.status if answer else None), round(seconds * 1000)
        fields = {"method": call.method, "route": call.path, "status": status, "ms": ms}
        logger.info("%s %s %s %d ms", call.method, call.path, status or "no answer", ms, extra=fields)
        try:
            if not call.kyc:
                self._learn(call, slot, answer)
            self._observer.observe(
                Exchange(
                    method=call.method,
                    route=call.route,
                    object_id=call.id,
                    query=call.params or {},
                    body=outline(call.json),
                    idempotency_key=call.idempotency_key,
                    request_id=_request_id(answer),
                    status=status,
                    seconds=seconds,
                    error=str(error or ""),
                    route_missing=isinstance(error, NoSuchRoute),
                ),
            )
        except Exception:
            logger.exception("an exchange could not be recorded", extra=fields)

    def _learn(self, call: Call, slot: Slot, answer: Answer | None) -> None:
        if answer is None:
            self._pacer.learn(slot, route=call.route, status=None, limit=None, remaining=None, reset_seconds=None)
            return
        now, headers = provider_time(answer.headers, time.time()), answer.headers
        refused = answer.status == 429
        self._pacer.learn(
            slot,
            route=call.route,
            status=answer.status,
            limit=count(headers, "X-RateLimit-Limit"),
            remaining=count(headers, "X-RateLimit-Remaining"),
            reset_seconds=wait_asked(headers, now) if refused else reset_ahead(headers.get("X-RateLimit-Reset"), now),
        )


@cache
def _tls() -> ssl.SSLContext:
    """Reading the certificate store takes longer than a call, and clients are made for every piece of work."""
    return httpx.create_ssl_context()


def _request_id(answer: Answer | None) -> str:
    """The provider's own id of the exchange, which its support will ask for."""
    given = (answer.headers.get(name) for name in REQUEST_IDS) if answer else ()
    return next((clean(value)[:80] for value in given if value), "")


def _lost(call: Call, cls: type[CodegoError]) -> type[CodegoError]:
    return cls if call.reads else OutcomeUnknown


def _body(response: httpx.Response, deadline: float) -> bytes:
    """The whole body; httpx bounds each wait, this bounds their sum and the size."""
    chunks, size = [], 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > LARGEST_BODY:
            raise _TooLarge
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("the answer trickles")
        chunks.append(chunk)
    return b"".join(chunks)


def _answer(response: httpx.Response, raw: bytes) -> Answer:
    try:
        body, readable = (loads(raw) if raw.strip() else None), True
    except ValueError:
        body, readable = None, False
    return Answer(status=response.status_code, headers=response.headers, raw=raw, body=body, readable=readable)


def _said(answer: Answer) -> tuple[str, str]:
    """The provider's code and sentence. Seen: `{error, message}`, either alone, lists, plain text."""
    body = answer.body
    if isinstance(body, dict):
        inner = body["error"] if isinstance(body.get("error"), dict) else {}
        code = inner.get("code") or (body.get("error") if not inner else "") or body.get("code")
        return _line(code), _line(body.get("message") or inner.get("message"))
    text = body if isinstance(body, str) else answer.raw[:TEXT_READ].decode("utf-8", "replace")
    return "", _line(TAGS.sub(" ", text) if text.lstrip().startswith("<") else text)


def _line(value: object) -> str:
    text = "; ".join(str(part) for part in value[:20]) if isinstance(value, list) else str(value or "")
    return " ".join(clean(text[:TEXT_READ]).split())
