"""Failures on demand: which request is to fail, how, and how often."""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from console.sandbox.wire import Ending, Json, Problem, Request, Response, field_of, number_of, required

LONGEST_S = 3600.0
WENT_WRONG = Response(status=500, body={"error": "InternalServerError", "message": "Something went wrong"})
WEB_PAGE = Response(body=b"<!doctype html><title>Welcome</title><h1>It works!</h1>", content_type="text/html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    meaning: str
    done: bool  # whether the request takes effect
    answer: Response | Ending | None = None  # none: the proper one
    waits: str = ""  # "first" or "after": before or after taking effect
    seconds: float = 1.0


KINDS = {
    "drop_before": Kind(meaning="The connection is closed and nothing was done.", done=False, answer=Ending.CLOSED),
    "drop_after": Kind(
        meaning="It is done, but the connection is closed without an answer.", done=True, answer=Ending.CLOSED
    ),
    "reset": Kind(meaning="The connection is cut off hard and nothing was done.", done=False, answer=Ending.RESET),
    "reset_after": Kind(meaning="It is done, but the connection is cut off hard.", done=True, answer=Ending.RESET),
    "error_before": Kind(meaning="The answer is 500 and nothing was done.", done=False, answer=WENT_WRONG),
    "error_after": Kind(meaning="It is done, yet the answer is 500.", done=True, answer=WENT_WRONG),
    "unavailable": Kind(
        meaning="The answer is 503 and nothing was done.",
        done=False,
        answer=Response(status=503, body=b"upstream unavailable", content_type="text/plain"),
    ),
    "rate_limited": Kind(
        meaning="The answer is 429, too many requests, and nothing was done.",
        done=False,
        answer=Problem(429, "Rate limit exceeded").response(),
    ),
    "garbage": Kind(
        meaning="It is done, and the answer is 200 with half a document.",
        done=True,
        answer=Response(body=b'{"id": "unfinis'),
    ),
    "html": Kind(meaning="It is done, and the answer is 200 with a web page.", done=True, answer=WEB_PAGE),
    "empty": Kind(
        meaning="It is done, and the answer is 200 with nothing in it.", done=True, answer=Response(body=b"")
    ),
    "latency": Kind(meaning="The answer is slow, but right.", done=True, waits="first"),
    "hang_before": Kind(
        meaning="The request hangs longer than anybody waits, and is done then.", done=True, waits="first", seconds=60
    ),
    "hang_after": Kind(
        meaning="It is done at once, but the answer hangs longer than anybody waits.",
        done=True,
        waits="after",
        seconds=60,
    ),
}


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

    def play(self, perform: Callable[[], Response]) -> Response | Ending:
        kind = KINDS[self.fault]
        if kind.waits == "first":
            time.sleep(self.seconds)
        done = perform() if kind.done else WENT_WRONG
        if kind.waits == "after":
            time.sleep(self.seconds)
        return kind.answer or done


def _expression(template: str) -> re.Pattern[str]:
    """`*` is one part of a path, `**` any number of them."""
    escaped = re.escape(template).replace(r"\*\*", ".*").replace(r"\*", "[^/]+")
    return re.compile(escaped)


def read(wanted: Json) -> Fault:
    name = required(wanted, "fault", str)
    if name not in KINDS:
        raise Problem(400, f"fault must be one of: {', '.join(KINDS)}")
    times = field_of(wanted, "times", int) if "times" in wanted else 1
    seconds = number_of(wanted, "seconds", 0, LONGEST_S) or KINDS[name].seconds
    return Fault(match=required(wanted, "match", str), fault=name, times=times, seconds=seconds)


class Faults:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
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
