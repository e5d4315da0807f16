"""The sandbox's time, which may run ahead of the real one; instants as the provider writes them.

Instants are ISO 8601, UTC, with milliseconds and a Z. Rate limits and webhook retries keep to real time,
but an instant that is told, such as when a limit resets, is one of this time.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(slots=True)
class Clock:
    ahead: timedelta = timedelta()


CLOCK = Clock()


def now() -> datetime:
    return datetime.now(UTC) + CLOCK.ahead


def ahead_s() -> float:
    return CLOCK.ahead.total_seconds()


def set_ahead(seconds: float) -> None:
    CLOCK.ahead = timedelta(seconds=seconds)


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stamp() -> str:
    return iso(now())


def ago(**span: float) -> str:
    return iso(now() - timedelta(**span))


def read(text: str) -> datetime:
    """Raises ValueError when the text is no instant; one without a zone is taken as UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
