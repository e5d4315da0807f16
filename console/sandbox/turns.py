"""Time that is moved on by hand, and what falls due when it moves: reviews end, stale holds close."""

from console.sandbox import clock, kyc, money
from console.sandbox.provider import Provider
from console.sandbox.wire import Json

LEAST_S = 1
MOST_S = 30 * 366 * 86400  # in all


def state() -> Json:
    return {"now": clock.stamp(), "ahead_s": clock.ahead_s()}


def advance(provider: Provider, seconds: float) -> Json:
    """Never backwards: records would then be older than what they follow."""
    _keep(provider, clock.ahead_s() + seconds)
    return state() | settle_due(provider)


def put_back(provider: Provider) -> Json:
    _keep(provider, 0)
    return state()


def settle_due(provider: Provider) -> Json:
    return {"resolved": kyc.resolve_due(provider), "closed": money.close_stale(provider)}


def _keep(provider: Provider, ahead_s: float) -> None:
    clock.set_ahead(ahead_s)
    provider.store.set("clock_ahead_s", ahead_s)
