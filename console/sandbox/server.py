"""The HTTP side: reads a request, finds who answers it, writes the answer, and fails when told to."""

import json
import logging
import os
import socket
import struct
from collections.abc import Callable
from dataclasses import replace
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from console.sandbox import clock, control, kyc, routes
from console.sandbox.provider import Provider
from console.sandbox.shapes import reworded
from console.sandbox.wire import Ending, Json, Problem, Request, Response

logger = logging.getLogger(__name__)

LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")
LARGEST_BODY = 32 * 1024 * 1024


def answer(provider: Provider, request: Request) -> Response | Ending:
    if request.path.startswith(f"{routes.API}/") or request.path == routes.SESSION_PATH:
        found = _answer_api(provider, request)
        return found if isinstance(found, Ending) else reworded(found, request, provider.switches)
    if request.path.startswith("/embed"):
        return _guarded(lambda: kyc.page(provider, request))
    if request.path == "/public-key.pem":
        return Response(body=provider.public_key.encode(), content_type="application/x-pem-file")
    return Response(status=404, body={"error": "not found", "path": request.path})


def _answer_api(provider: Provider, request: Request) -> Response | Ending:
    if refusal := _unauthorized(provider, request):
        return refusal
    allowed, headers = provider.limiter.take()
    fault = provider.faults.take(request, _short(request.path)) if allowed else None
    if not allowed:
        found: Response | Ending = Problem(429, "Rate limit exceeded").response()
    elif fault is None:
        found = _perform(provider, request)
    else:
        found = fault.play(lambda: _perform(provider, request))
        headers = provider.limiter.exhausted() if fault.fault == "rate_limited" else headers
    if isinstance(found, Ending):
        return found
    return replace(found, headers={**found.headers, **headers})


def _short(path: str) -> str:
    """As the reference writes it: without the base of either API."""
    return path.removeprefix(routes.API if path.startswith(routes.API) else "/api")


def _unauthorized(provider: Provider, request: Request) -> Response | None:
    key = request.headers.get("x-api-key", "")
    if key == provider.api_key:
        return None
    other = key.startswith("vcck_live_")
    message = "This is the sandbox: a live API key does not work here" if other else "Missing or invalid API key"
    return Problem(401, message).response()


def _guarded(work: Callable[[], Response]) -> Response:
    try:
        return work()
    except Problem as problem:
        return problem.response()
    except Exception:
        logger.exception("the sandbox failed")
        return Response(status=500, body={"error": "InternalServerError", "message": "the sandbox failed"})


def _perform(provider: Provider, request: Request) -> Response:
    resolved = routes.resolve(provider, request.method, request.path)
    if resolved is None:
        path: Json = {"path": request.path} if provider.switches["not_found_path"] != "off" else {}
        return Problem(404, "not found", **path).response()
    handler, ids = resolved
    if request.method == "GET":
        return _guarded(lambda: handler(provider, request, **ids))

    def write() -> Response:
        with provider.store.write():
            done = handler(provider, request, **ids)
            _remember(provider, request, done)
            return done

    return _guarded(write)


def _remember(provider: Provider, request: Request, done: Response) -> None:
    """Every accepted write, so that a test can count what really happened."""
    made = done.body.get("id") or done.body.get("sessionId") if isinstance(done.body, dict) else None
    key = request.headers.get("idempotency-key")
    sql = "INSERT INTO effect (at, method, path, idempotency_key, status, object_id) VALUES (?, ?, ?, ?, ?, ?)"
    provider.store.run(sql, clock.stamp(), request.method, _short(request.path), key, done.status, made)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "codego-sandbox", ""
    timeout = 60
    wbufsize = 1 << 16  # one packet for head and body
    disable_nagle_algorithm = True
    server: "Server"

    def _serve(self) -> None:
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if not 0 <= length <= LARGEST_BODY:
            self.close_connection = True
            self._write(Response(status=413, body={"error": "Payload Too Large"}))
            return
        target = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=unquote(target.path),
            query=parse_qs(target.query),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
        )
        found = self._control(request) if request.path.startswith("/control") else answer(self.server.provider, request)
        if isinstance(found, Ending):
            self._end(found)
        else:
            self._write(found)

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815 - names of the base class

    def _end(self, how: Ending) -> None:
        self.close_connection = True
        if how is Ending.RESET:  # closed by its number: the reading and writing files still hold the socket
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
        else:
            self.connection.shutdown(socket.SHUT_RDWR)

    def _control(self, request: Request) -> Response:
        """The control page is for the person at this machine: no other host, no other site."""
        port = self.server.server_port
        hosts = {f"{name}:{port}" for name in ("localhost", "127.0.0.1", "[::1]")}
        origin = urlsplit(request.headers.get("origin", "")).netloc
        local = self.client_address[0] in LOOPBACK and request.headers.get("host") in hosts
        if not local or (origin and origin not in hosts):
            return Problem(403, "the control page answers this machine only").response()
        return _guarded(lambda: control.respond(self.server.provider, request))

    def _write(self, found: Response) -> None:
        payload = found.payload()
        self.send_response(found.status)
        kind = found.content_type
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
        if found.status != 204:
            self.send_header("Content-Length", str(len(payload)))
        for name, value in found.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)

    def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002 - the signature of the base class
        """The Date of every answer: the sandbox's own time, which may run ahead."""
        return format_datetime(clock.now(), usegmt=True)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of the base class
        logger.debug(format, *args)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, provider: Provider) -> None:
        super().__init__((provider.options.host, provider.options.port), Handler)
        self.provider = provider
        provider.url = f"http://localhost:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        logger.debug("connection of %s (%s) ended early", client_address, request)

    def ready_line(self) -> str:
        provider = self.provider
        facts = {
            "url": provider.url,
            "api_url": f"{provider.url}{routes.API}",
            "kyc_url": f"{provider.url}/api",
            "api_key": provider.api_key,
            "webhook_secret": provider.webhooks.secret,
            "public_key": provider.public_key,
        }
        return f"sandbox ready {json.dumps(facts)}"
