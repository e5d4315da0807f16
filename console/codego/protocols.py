"""What the client asks of whoever runs it: a slot for every call, and an ear for every exchange."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol


class Priority(IntEnum):
    """Who is waiting; the lower goes first."""

    INTERACTIVE = 0
    WORKER = 1
    SWEEP = 2


class Pacer(Protocol):
    """One budget shared by every process."""

    def reserve(self, priority: Priority) -> float:
        """Seconds to wait before sending; raises errors.NotSent when the call must not be made at all."""

    def learn(self, *, status: int, limit: int | None, remaining: int | None, reset_seconds: float | None) -> None:
        """What an answer said of the budget; None where it said nothing readable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One attempt. `route` is a template such as "GET /cards/{id}"; status None: no answer came."""

    method: str
    route: str
    status: int | None
    seconds: float
    error: str
    route_missing: bool


class Observer(Protocol):
    def observe(self, exchange: Exchange) -> None: ...
