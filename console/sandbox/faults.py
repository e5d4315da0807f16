"""Failures on demand: which request is to fail, how, and how often."""

import re
import threading
from dataclasses import asdict, dataclass

from console.sandbox.wire import Json, Problem, Request, field_of, required

KINDS = {
    "drop_before": "close the connection, nothing done",
    "drop_after": "do it, then close the connection without an answer",
    "error_before": "answer 500, nothing done",
    "error_after": "do it, then answer 500",
    "unavailable": "answer 503, nothing done",
    "rate_limited": "answer 429, nothing done",
    "garbage": "do it, then answer 200 with half a JSON document",
    "html": "do it, then answer 200 with a web page",
    "latency": "wait, then answer as usual",
}
BEFORE = ("drop_before", "error_before", "unavailable", "rate_limited")


@dataclass(slots=True, kw_only=True)
class Fault:
    match: str
    fault: str
    times: int | None = 1  # None: until removed
    seconds: float = 1.0

    def hits(self, method: str, path: str) -> bool:
        verb, _, template = self.match.partition(" ")
        if verb not in {"*", method}:
            return False
        return not template or _expression(template).fullmatch(path) is not None


def _expression(template: str) -> re.Pattern[str]:
    """`*` is one part of a path, `**` any number of them."""
    escaped = re.escape(template).replace(r"\*\*", ".*").replace(r"\*", "[^/]+")
    return re.compile(escaped)


class Faults:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting: list[Fault] = []

    def add(self, wanted: Json) -> None:
        kind = required(wanted, "fault", str)
        if kind not in KINDS:
            raise Problem(400, f"fault must be one of: {', '.join(KINDS)}")
        times = field_of(wanted, "times", int) if "times" in wanted else 1
        fault = Fault(match=required(wanted, "match", str), fault=kind, times=times)
        fault.seconds = float(wanted.get("seconds") or 1)
        with self.lock:
            self.waiting.append(fault)

    def clear(self) -> None:
        with self.lock:
            self.waiting.clear()

    def listed(self) -> list[Json]:
        with self.lock:
            return [asdict(fault) for fault in self.waiting]

    def take(self, request: Request, path: str) -> Fault | None:
        """The first fault meant for this request, used up by one."""
        with self.lock:
            fault = next((f for f in self.waiting if f.hits(request.method, path)), None)
            if fault is not None and fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.waiting.remove(fault)
            return fault
