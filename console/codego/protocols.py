"""What the client asks of whoever runs it: a slot for every call, and an ear for every exchange."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol


class Priority(IntEnum):
    """Who is waiting; the lower goes first."""

    INTERACTIVE = 0
    WORKER = 1
    SWEEP = 2


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the budget: how many seconds from now it lies, its number among all that were given out, and its instant
    as an epoch in seconds, which need not follow the numbers: some go first."""

    wait: float
    number: int = 0
    at: float = 0.0


class Pacer(Protocol):
    """One budget shared by every process."""

    def reserve(self, priority: Priority, patience: float) -> Slot:
        """A slot for one call. One that lies further than `patience` seconds ahead is told and not taken.
        Raises errors.NotSent when the call must not be made at all."""

    def arrive(self, slot: Slot, priority: Priority, patience: float) -> Slot:
        """Its time has come: `wait` is 0 to go, or more where the provider asked for a pause meanwhile."""

    def learn(
        self,
        slot: Slot,
        *,
        route: str,
        status: int | None,
        limit: int | None,
        remaining: int | None,
        reset_seconds: float | None,
    ) -> None:
        """What an answer said of the budget; None where it said nothing readable. Status None: no answer came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One attempt. `route` is a template such as "GET /cards/{id}"; status None: no answer came. `body` is an outline:
    keys, numbers and known words, no names, secrets or free text."""

    method: str
    route: str
    object_id: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    idempotency_key: str = ""
    status: int | None
    seconds: float
    error: str
    route_missing: bool
    request_id: str = ""


class Observer(Protocol):
    def observe(self, exchange: Exchange) -> None: ...
