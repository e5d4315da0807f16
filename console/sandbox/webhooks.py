"""Deliveries: kept in the file first, then sent in the background until the receiver answers 2xx.

While a key is being rotated there are two secrets: `Signature` is made with the present one, `Secondary-Signature`
with the coming one.
"""

import hashlib
import hmac
import http.client
import json
import logging
import random
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from console.sandbox import clock
from console.sandbox.store import Store, new_id
from console.sandbox.variants import Switches
from console.sandbox.wire import Json, Problem, number_of

logger = logging.getLogger(__name__)

FIRST_RETRY_S, LONGEST_RETRY_S, TIMEOUT_S = 0.5, 60.0, 10.0
LONGEST_DELAY_S = 86400.0
MOST_LOST = 1_000_000
TRICKS = ("paused", "duplicate", "shuffle", "lose", "forge")
MEANINGS = {
    "paused": "Nothing is sent; it waits and goes out when this is taken off.",
    "duplicate": "Every delivery is sent twice, the same in every byte.",
    "shuffle": "What waits is sent in a random order, not in the order it happened.",
    "lose": "What happens now is never sent, until somebody asks for it again.",
    "forge": "Before each delivery comes a copy with a wrong signature, as from an impostor.",
}
COLUMNS = ("n", "id", "type", "body", "created_at", "state", "attempts", "last_status", "last_error", "delivered_at")


def sign(secret: str, raw: bytes) -> str:
    return hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def new_secret() -> str:
    return f"whsec_{secrets.token_hex(24)}"


def envelope(kind: str, body: Json, spelling: str) -> Json:
    if spelling == "data":
        return {"type": kind, "data": body}
    if spelling == "resource_action":
        resource, _, action = kind.partition(".")
        head = {"id": new_id(), "resource": resource, "action": action, "version": "1"}
        return head | {"body": body, "eventReceivedAt": clock.stamp()}
    return {"type": kind, "body": body}


def checked_url(url: str) -> str:
    """Where deliveries go; empty for nowhere."""
    target = urlsplit(url)
    if url and (target.scheme not in {"http", "https"} or not target.hostname or target.port == 0):
        raise ValueError(f"the webhook URL must be an http or https address, not {url}")
    return url


class Webhooks:
    def __init__(self, store: Store, switches: Switches, url: str, secret: str) -> None:
        self.store, self.switches = store, switches
        self.wake, self.stopping = threading.Event(), threading.Event()
        kept = store.setting("webhooks", {})
        self.url = checked_url(url or kept.get("url", ""))
        self.secret = self.first_secret = secret
        self.next_secret = str(store.setting("webhook_next_secret", ""))
        self.tricks: dict[str, bool] = dict.fromkeys(TRICKS, False)
        self.delay_s = 0.0
        self.lose_next = 0  # so many of the next deliveries
        self.losing = False  # what is being told
        self.thread = threading.Thread(target=self._work, name="webhooks", daemon=True)

    def configure(self, wanted: Json) -> None:
        unknown = wanted.keys() - {"url", "secret", "delay_s", "lose_next", *TRICKS}
        if unknown:
            raise Problem(400, f"unknown: {', '.join(sorted(unknown))}")
        delay_s = number_of(wanted, "delay_s", 0, LONGEST_DELAY_S)
        lose_next = number_of(wanted, "lose_next", 0, MOST_LOST)
        try:
            self.url = checked_url(str(wanted.get("url", self.url) or ""))
        except ValueError as problem:
            raise Problem(400, str(problem)) from None
        self.delay_s = self.delay_s if delay_s is None else delay_s
        self.lose_next = self.lose_next if lose_next is None else int(lose_next)
        self.secret = str(wanted.get("secret") or self.secret)
        self.tricks |= {name: bool(wanted[name]) for name in TRICKS if name in wanted}
        self.store.set("webhooks", {"url": self.url})
        self.wake.set()

    def settings(self) -> Json:
        told = {
            "url": self.url,
            "delay_s": self.delay_s,
            "lose_next": self.lose_next,
            "secret": self.secret,
            "next_secret": self.next_secret or None,
            "rotated": self.secret != self.first_secret or bool(self.next_secret),
        }
        return told | self.tricks

    def begin_rotation(self) -> None:
        """A second secret is made; both sign until the first is retired."""
        self._keep_secrets(self.secret, self.next_secret or new_secret())

    def finish_rotation(self) -> None:
        if not self.next_secret:
            raise Problem(400, "no second secret was made")
        self._keep_secrets(self.next_secret, "")

    def undo_rotation(self) -> None:
        """Back to the secret this run began with."""
        self._keep_secrets(self.first_secret, "")

    def _keep_secrets(self, present: str, coming: str) -> None:
        self.secret, self.next_secret = present, coming
        with self.store.write():
            self.store.set("webhook_secret", present)
            self.store.set("webhook_next_secret", coming)

    def reset(self) -> None:
        """As at the beginning, still going to the same address."""
        self.undo_rotation()
        self.configure(dict.fromkeys(TRICKS, False) | {"delay_s": 0, "lose_next": 0})

    def emit(self, kind: str, body: Json) -> None:
        """Part of the caller's transaction: the event exists exactly when the change does."""
        raw = json.dumps(envelope(kind, body, self.switches["envelope"]), ensure_ascii=False).encode()
        state = "lost" if self._loses() else "pending" if self.url else "held"
        sql = "INSERT INTO delivery (id, type, body, created_at, state, next_at) VALUES (?, ?, ?, ?, ?, ?)"
        self.store.run(sql, new_id(), kind, raw, clock.stamp(), state, time.time() + self.delay_s)
        self.wake.set()

    def _loses(self) -> bool:
        if self.losing or self.tricks["lose"]:
            return True
        last = self.lose_next
        self.lose_next = max(0, last - 1)
        return last > 0

    @contextmanager
    def lost(self, *, wanted: bool = True) -> Iterator[None]:
        """What is told inside is never sent. Within a transaction, so that nobody else tells anything meanwhile."""
        self.losing = wanted
        try:
            yield
        finally:
            self.losing = False

    def listed(self, limit: int = 200) -> list[Json]:
        sql = f"SELECT {', '.join(COLUMNS)} FROM delivery ORDER BY n DESC LIMIT ?"  # noqa: S608 - our own columns
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in self.store.rows(sql, limit)]
        return [row | {"body": json.loads(row["body"])} for row in rows]

    def last(self) -> int:
        return int(self.store.rows("SELECT coalesce(max(n), 0) FROM delivery")[0][0])

    def types_after(self, n: int) -> list[str]:
        return [kind for (kind,) in self.store.rows("SELECT type FROM delivery WHERE n > ? ORDER BY n", n)]

    def redeliver(self, *, since: str | None, ids: list[str] | None) -> int:
        """Everything again from an instant on, the named ones, or all that never arrived."""
        fresh = "UPDATE delivery SET state = 'pending', next_at = 0, attempts = 0, last_error = NULL"
        if ids is not None:
            count = sum(self.store.run(f"{fresh} WHERE id = ?", one) for one in ids)
        elif since is not None:
            count = self.store.run(f"{fresh} WHERE created_at >= ?", since)
        else:
            count = self.store.run(f"{fresh} WHERE state <> 'delivered'")
        self.wake.set()
        return count

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.stopping.set()
        self.wake.set()
        self.thread.join(timeout=1)

    def _work(self) -> None:
        while not self.stopping.is_set():
            self.wake.clear()
            try:
                due = self._due()
                for row in due:
                    self._send(*row)
            except Exception:
                if not self.stopping.is_set():
                    logger.exception("a delivery could not be attempted")
                due = []
            if not due:
                self.wake.wait(0.2)

    def _due(self) -> list[tuple[Any, ...]]:
        if not self.url or self.tricks["paused"]:
            return []
        sql = "SELECT n, id, body, attempts FROM delivery WHERE state = 'pending' AND next_at <= ? ORDER BY n LIMIT 50"
        rows = self.store.rows(sql, time.time())
        if self.tricks["shuffle"]:
            random.shuffle(rows)
        return rows

    def _send(self, n: int, key: str, raw: bytes, attempts: int) -> None:
        if self.stopping.is_set() or self.tricks["paused"]:
            return
        if self.tricks["forge"]:
            self._post(new_id(), raw, ["0" * 64])
        signatures = [sign(secret, raw) for secret in (self.secret, self.next_secret) if secret]
        status, error = self._post(key, raw, signatures)
        if self.tricks["duplicate"]:
            self._post(key, raw, signatures)
        done = status is not None and 200 <= status < 300
        wait = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2 ** min(attempts, 10))
        self.store.run(
            "UPDATE delivery SET state = ?, attempts = attempts + 1, next_at = ?, last_status = ?, last_error = ?,"
            " delivered_at = ? WHERE n = ? AND id = ?",
            *("delivered" if done else "pending", time.time() + wait, status, error),
            *(clock.stamp() if done else None, n, key),
        )

    def _post(self, key: str, raw: bytes, signatures: list[str]) -> tuple[int | None, str | None]:
        """The receiver's status, or why there is none."""
        target = urlsplit(self.url)
        secure = target.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        headers = {"Content-Type": "application/json", "User-Agent": "codego-sandbox"}
        before = "" if self.switches["signature"] == "bare" else "sha256="
        for name, signature in zip(("Signature", "Secondary-Signature"), signatures, strict=False):
            headers[name] = before + signature
        if self.switches.on("idempotency_header"):
            headers["Idempotency-Key"] = key
        path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        connection = kind(target.hostname or "localhost", target.port, timeout=TIMEOUT_S)
        try:
            connection.request("POST", path, raw, headers)
            answer = connection.getresponse()
            text = answer.read(200).decode(errors="replace")
        except (OSError, http.client.HTTPException) as problem:
            return None, str(problem) or type(problem).__name__
        else:
            return answer.status, None if answer.status < 300 else text
        finally:
            connection.close()
