"""Reads what the provider says of its rate limit, in every unit it may use."""

from collections.abc import Mapping
from decimal import Decimal

from console.codego.wire import NUMBER, read_moment

SHORTEST_WAIT = 1.0
LONGEST_WAIT = 120.0
FIRST_EPOCH = 10**9
ANOTHER_CLOCK = 5.0  # seconds


def reset_wait(value: str | None, now: float) -> float | None:
    """Seconds to wait, at least 1 and at most 120; None when the value cannot be read. `now` is an epoch in seconds."""
    ahead = reset_ahead(value, now)
    return None if ahead is None else min(max(ahead, SHORTEST_WAIT), LONGEST_WAIT)


def reset_ahead(value: str | None, now: float) -> float | None:
    """How many seconds ahead the reset lies, as told; never negative. What a pace is reckoned from."""
    text = (value or "").strip()
    if NUMBER.fullmatch(text) and Decimal(text) <= FIRST_EPOCH:
        return max(float(Decimal(text)), 0.0)
    moment = read_moment(text)
    return None if moment is None else max(moment.timestamp() - now, 0.0)


def wait_asked(headers: Mapping[str, str], now: float) -> float | None:
    asked = reset_wait(headers.get("Retry-After"), now)
    return asked if asked is not None else reset_wait(headers.get("X-RateLimit-Reset"), now)


def provider_time(headers: Mapping[str, str], now: float) -> float:
    """The provider's clock where its `Date` shows that ours is another; whole seconds, so nearly alike counts as alike."""
    told = read_moment(headers.get("Date", ""))
    return now if told is None or abs(told.timestamp() - now) < ANOTHER_CLOCK else told.timestamp()


def count(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None
