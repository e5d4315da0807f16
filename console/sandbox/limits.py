"""How many requests a key may make: a fixed window or a token bucket, told in X-RateLimit-* headers."""

import math
import threading
import time
from datetime import UTC, datetime
from email.utils import format_datetime

from console.sandbox import clock
from console.sandbox.variants import Switches


class Limiter:
    def __init__(self, switches: Switches) -> None:
        self.switches = switches
        self.lock = threading.Lock()
        self.window, self.used = -1, 0
        self.level, self.filled_at = float(switches["rate"]), time.time()

    def take(self) -> tuple[bool, dict[str, str]]:
        """Whether the request is within the limit, and the headers to say so."""
        with self.lock:
            bucket = self.switches["rate_algorithm"] == "token_bucket"
            allowed, remaining, reset_at = self._bucket() if bucket else self._fixed()
        return allowed, self._headers(remaining, reset_at)

    def exhausted(self) -> dict[str, str]:
        """Headers of a refusal made on purpose."""
        return self._headers(0, time.time() + float(self.switches["rate_window_s"]))

    def _fixed(self) -> tuple[bool, int, float]:
        span, rate = float(self.switches["rate_window_s"]), int(self.switches["rate"])
        window = int(time.time() // span)
        if window != self.window:
            self.window, self.used = window, 0
        self.used += 1
        return self.used <= rate, max(0, rate - self.used), (window + 1) * span

    def _bucket(self) -> tuple[bool, int, float]:
        rate, now = float(self.switches["rate"]), time.time()
        per_second = rate / float(self.switches["rate_window_s"])
        self.level = min(rate, self.level + (now - self.filled_at) * per_second)
        self.filled_at = now
        allowed = self.level >= 1
        if allowed:
            self.level -= 1
        # An empty bucket resets when its next token drops; any other when it is full again.
        missing = (1 if self.level < 1 else rate) - self.level
        return allowed, int(self.level), now + missing / per_second

    def _headers(self, remaining: int, reset_at: float) -> dict[str, str]:
        told_at = reset_at + clock.ahead_s()  # on the clock that the answer's Date is told from
        moment = datetime.fromtimestamp(math.ceil(told_at), UTC)
        spelled = {
            "epoch_s": str(math.ceil(told_at)),
            "epoch_ms": str(math.ceil(told_at * 1000)),
            "seconds": str(max(0, math.ceil(reset_at - time.time()))),
            "iso": clock.iso(datetime.fromtimestamp(told_at, UTC)),
            "http_date": format_datetime(moment, usegmt=True),
        }
        limit = {"X-RateLimit-Limit": str(int(self.switches["rate"]))} if self.switches.on("limit_header") else {}
        return limit | {
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset": spelled[self.switches["reset_unit"]],
        }
