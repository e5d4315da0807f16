"""One budget for everybody, against made-up servers in made-up time: how much of the limit is used, how often it is overrun."""

import heapq
import itertools
import math
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from console.codego import limits
from console.codego.errors import NotSent
from console.codego.protocols import Priority, Slot
from console.provider.models import Budget
from console.provider.pacing import DOWN_AFTER, SharedPacer, meter

pytestmark = pytest.mark.django_db
T0 = datetime(2026, 11, 25, 12, 0, 0, 130_000, UTC)
PATIENCE = 8.0
UNITS = ("epoch_s", "epoch_ms", "seconds", "iso", "http_date")


@dataclass
class World:
    """Time that moves only when told, and who does what next."""

    now: datetime = T0
    due: list = field(default_factory=list)
    order: itertools.count = field(default_factory=itertools.count)

    def after(self, seconds: float, work) -> None:
        heapq.heappush(self.due, (self.now + timedelta(seconds=seconds), next(self.order), work))

    def run(self, seconds: float) -> None:
        end = self.now + timedelta(seconds=seconds)
        while self.due and self.due[0][0] <= end:
            self.now, _, work = heapq.heappop(self.due)
            work()
        self.now = end


@dataclass
class Server:
    """Allows `rate` requests in each `window`, and tells so; its own reckoning, apart from the console's."""

    world: World
    rate: int = 5
    window: float = 1.0
    bucket: bool = False
    unit: str = "epoch_s"
    answered: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.level, self.filled, self.period = float(self.rate), self.world.now.timestamp(), -1

    def ask(self) -> tuple[int, int, str]:
        now = self.world.now.timestamp()
        allowed, remaining, reset = self._bucket(now) if self.bucket else self._fixed(now)
        (self.answered if allowed else self.refused).append(now)
        return 200 if allowed else 429, remaining, self._told(reset, now)

    def _fixed(self, now: float) -> tuple[bool, int, float]:
        period = int(now // self.window)
        if period != self.period:
            self.period, self.level = period, float(self.rate)
        self.level -= 1
        return self.level >= 0, max(0, int(self.level)), (period + 1) * self.window

    def _bucket(self, now: float) -> tuple[bool, int, float]:
        speed = self.rate / self.window
        self.level, self.filled = min(self.rate, self.level + (now - self.filled) * speed), now
        allowed = self.level >= 1
        self.level -= allowed
        return allowed, int(self.level), now + ((1 if self.level < 1 else self.rate) - self.level) / speed

    def _told(self, reset: float, now: float) -> str:
        moment = datetime.fromtimestamp(reset, UTC)
        return {
            "epoch_s": str(math.ceil(reset)),
            "epoch_ms": str(math.ceil(reset * 1000)),
            "seconds": str(math.ceil(reset - now)),
            "iso": moment.isoformat(timespec="milliseconds"),
            "http_date": datetime.fromtimestamp(math.ceil(reset), UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"),
        }[self.unit]


class Caller:
    """A process that makes one call after the other, as the client does."""

    def __init__(self, world: World, server: Server, priority: Priority, *, latency, pause=lambda: 0.0) -> None:
        self.world, self.server, self.priority, self.latency, self.pause = world, server, priority, latency, pause
        self.pacer = SharedPacer(lambda: world.now)
        self.waits: list[float] = []
        self.failures = 0

    def start(self) -> None:
        try:
            slot = self.pacer.reserve(self.priority, PATIENCE)
        except NotSent:
            slot = Slot(PATIENCE + 1)
        self._keep(slot, 0.0)

    def _keep(self, slot: Slot, waited: float) -> None:
        if slot.wait > PATIENCE:
            self.failures += 1
            self.world.after(2.0, self.start)
        elif slot.wait > 0:
            self.world.after(
                slot.wait, lambda: self._keep(self.pacer.arrive(slot, self.priority, PATIENCE), waited + slot.wait)
            )
        else:
            self.waits.append(waited)
            self.world.after(self.latency() / 2, lambda: self._ask(slot))

    def _ask(self, slot: Slot) -> None:
        answer = self.server.ask()
        self.world.after(self.latency() / 2, lambda: self._heard(slot, *answer))

    def _heard(self, slot: Slot, status: int, remaining: int, told: str) -> None:
        read = limits.reset_wait if status == 429 else limits.reset_ahead
        seconds = read(told, self.world.now.timestamp())
        self.pacer.learn(
            slot, route="GET /cards", status=status, limit=self.server.rate, remaining=remaining, reset_seconds=seconds
        )
        self.world.after(self.pause(), self.start)


def steady(seconds: float):
    return lambda: seconds


def shaky(low: float, high: float, seed: int):
    chance = random.Random(seed)
    return lambda: chance.uniform(low, high)


def used(server: Server, seconds: float) -> float:
    return len(server.answered) / (server.rate / server.window * seconds)


@pytest.mark.parametrize("callers", [1, 3])
@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("bucket", [False, True], ids=["fixed window", "token bucket"])
def test_sweeps_use_the_limit_and_keep_to_it(bucket, unit, callers):
    world = World()
    server = Server(world, bucket=bucket, unit=unit)
    for n in range(callers):
        Caller(world, server, Priority.SWEEP, latency=shaky(0.003, 0.03, n)).start()
    world.run(60)
    assert used(server, 60) >= 0.9
    assert len(server.refused) <= 1


@hypothesis_settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bucket=st.booleans(), unit=st.sampled_from(UNITS), rate=st.integers(4, 60), window=st.sampled_from([1, 2, 10, 60]),
    callers=st.integers(1, 4), seed=st.integers(0, 999),
)  # fmt: skip
def test_any_limit_is_kept_to(db, bucket, unit, rate, window, callers, seed):
    Budget.objects.all().delete()
    world = World()
    server = Server(world, rate=rate, window=window, bucket=bucket, unit=unit)
    slowest = min(0.2, window / 50)  # an answer that takes a good part of the window tells of the past
    for n in range(callers):
        Caller(world, server, Priority.SWEEP, latency=shaky(0.002, slowest, seed + n)).start()
    span = max(3 * window, min(20, 250 * window / rate))
    world.run(span)
    capacity = callers / slowest * span  # a caller makes one call at a time
    assert len(server.answered) >= 0.8 * min(rate / window * span, capacity)
    assert len(server.refused) <= 1


@pytest.mark.parametrize(("rate", "window", "usual"), [(20, 2, 0.3), (5, 1, 1.1)])
@pytest.mark.parametrize("bucket", [False, True], ids=["fixed window", "token bucket"])
def test_people_overtake_sweeps_and_are_not_refused(bucket, rate, window, usual):
    world = World()
    server = Server(world, rate=rate, window=window, bucket=bucket)
    for n in range(2):
        Caller(world, server, Priority.SWEEP, latency=shaky(0.01, 0.05, n)).start()
    person = Caller(world, server, Priority.INTERACTIVE, latency=steady(0.02), pause=shaky(0.1, 3, 9))
    world.after(5, person.start)
    world.run(60)
    assert sorted(person.waits)[len(person.waits) * 9 // 10] <= usual
    assert max(person.waits) <= window + 0.3
    assert len(server.refused) <= 1
    assert used(server, 60) >= 0.85


def test_one_refusal_stops_everybody_and_costs_one_call_each():
    """Somebody else with the same key used the limit up: those already on their way hear it, nobody else is sent."""
    world = World()
    server = Server(world, rate=10, window=10)
    for _ in range(4):
        Caller(world, server, Priority.SWEEP, latency=steady(0.05)).start()
    world.run(2)
    server.level = -1000
    world.run(9)
    assert 1 <= len(server.refused) <= 4


def test_a_server_that_tells_nothing_is_asked_gently():
    world = World()
    pacer = SharedPacer(lambda: world.now)
    waits = []
    for _ in range(20):
        slot = pacer.reserve(Priority.SWEEP, PATIENCE)
        waits.append(slot.wait)
        world.now += timedelta(seconds=slot.wait)
        pacer.learn(slot, route="GET /cards", status=200, limit=None, remaining=None, reset_seconds=None)
    assert sum(waits[1:]) / 19 == pytest.approx(0.26, abs=0.02)


def test_a_slot_beyond_patience_is_not_taken():
    pacer = SharedPacer(lambda: T0)
    pacer.learn(Slot(0, 0), route="GET /cards", status=429, limit=None, remaining=0, reset_seconds=60)
    for _ in range(50):
        assert pacer.reserve(Priority.SWEEP, PATIENCE).wait > 60
    later = SharedPacer(lambda: T0 + timedelta(seconds=60.1))
    assert later.reserve(Priority.SWEEP, PATIENCE).wait == 0


def test_who_waits_hears_of_a_refusal_meanwhile():
    pacer = SharedPacer(lambda: T0)
    first, second = (pacer.reserve(Priority.SWEEP, PATIENCE) for _ in range(2))
    assert second.wait > 0
    pacer.learn(first, route="GET /cards", status=429, limit=None, remaining=0, reset_seconds=5)
    woken = SharedPacer(lambda: T0 + timedelta(seconds=second.wait))
    assert woken.arrive(second, Priority.SWEEP, PATIENCE).wait > 4


def test_a_provider_that_does_not_answer_is_tried_by_one_call_in_a_while():
    pacer = SharedPacer(lambda: T0)
    for n in range(DOWN_AFTER):
        slot = pacer.reserve(Priority.INTERACTIVE, PATIENCE)
        pacer.learn(slot, route=f"GET /{n % 2}", status=None, limit=None, remaining=None, reset_seconds=None)
    with pytest.raises(NotSent, match="does not answer"):
        pacer.reserve(Priority.INTERACTIVE, PATIENCE)
    later = SharedPacer(lambda: T0 + timedelta(seconds=5))
    probe = later.reserve(Priority.SWEEP, PATIENCE)
    with pytest.raises(NotSent):
        later.reserve(Priority.INTERACTIVE, PATIENCE)
    later.learn(probe, route="GET /cards", status=200, limit=None, remaining=None, reset_seconds=None)
    assert later.reserve(Priority.INTERACTIVE, PATIENCE).wait == 0


def test_one_route_that_always_fails_is_no_provider_that_is_down():
    pacer = SharedPacer(lambda: T0)
    for _ in range(5 * DOWN_AFTER):
        pacer.learn(
            Slot(0), route="GET /users/{id}/balances", status=503, limit=None, remaining=None, reset_seconds=None
        )
    pacer.reserve(Priority.INTERACTIVE, PATIENCE)


def test_a_pace_that_refusals_slowed_comes_back():
    pacer = SharedPacer(lambda: T0)
    for _ in range(8):
        pacer.learn(Slot(0), route="GET /cards", status=429, limit=None, remaining=None, reset_seconds=1)
    assert Budget.objects.get().interval == pytest.approx(0.375)
    for _ in range(300):
        pacer.learn(Slot(0), route="GET /cards", status=200, limit=None, remaining=40, reset_seconds=0)
    assert Budget.objects.get().interval == pytest.approx(0.25, abs=0.01)


def test_who_waits_is_not_held_by_a_clock_that_was_put_right():
    ahead = SharedPacer(lambda: T0 + timedelta(hours=2))
    ahead.learn(Slot(0), route="GET /cards", status=429, limit=10, remaining=0, reset_seconds=60)
    pacer = SharedPacer(lambda: T0)
    pacer.reserve(Priority.WORKER, PATIENCE)
    second = pacer.reserve(Priority.WORKER, PATIENCE)
    assert SharedPacer(lambda: T0 + timedelta(seconds=second.wait)).arrive(second, Priority.WORKER, PATIENCE).wait == 0


def test_a_clock_that_was_put_right_holds_nobody_up():
    ahead = SharedPacer(lambda: T0 + timedelta(hours=2))
    slot = ahead.reserve(Priority.SWEEP, PATIENCE)
    ahead.learn(slot, route="GET /cards", status=200, limit=10, remaining=0, reset_seconds=60)
    ahead.learn(slot, route="GET /cards", status=429, limit=10, remaining=0, reset_seconds=60)
    now = SharedPacer(lambda: T0)
    slot = now.reserve(Priority.SWEEP, PATIENCE)
    assert slot.wait == pytest.approx(0.4, abs=0.4)
    now.learn(slot, route="GET /cards", status=200, limit=10, remaining=9, reset_seconds=10)
    assert Budget.objects.get().left == 9


def test_a_renewal_told_for_next_week_is_not_waited_for():
    pacer = SharedPacer(lambda: T0)
    pacer.learn(
        pacer.reserve(Priority.SWEEP, PATIENCE),
        route="GET /cards",
        status=200,
        limit=10,
        remaining=0,
        reset_seconds=7 * 86_400,
    )
    assert pacer.reserve(Priority.INTERACTIVE, PATIENCE).wait == pytest.approx(120)


def test_a_slot_that_was_given_back_is_not_on_its_way():
    pacer = SharedPacer(lambda: T0)
    first, second = (pacer.reserve(Priority.SWEEP, PATIENCE) for _ in range(2))
    pacer.learn(first, route="GET /cards", status=429, limit=None, remaining=0, reset_seconds=60)
    pacer.arrive(second, Priority.SWEEP, PATIENCE)
    assert Budget.objects.get().open == []


def test_a_refusal_is_an_answer():
    pacer = SharedPacer(lambda: T0)
    for status in (500, 400, 404) * DOWN_AFTER:
        pacer.learn(Slot(0), route="GET /cards", status=status, limit=None, remaining=None, reset_seconds=None)
    pacer.reserve(Priority.INTERACTIVE, PATIENCE)


def test_the_meter_speaks_up_only_when_it_matters():
    assert meter() is None
    pacer = SharedPacer()
    slot = pacer.reserve(Priority.SWEEP, PATIENCE)
    pacer.learn(slot, route="GET /cards", status=200, limit=40, remaining=39, reset_seconds=30)
    assert (meter().tight, meter().limit, meter().left) == (False, 40, 39)
    pacer.learn(slot, route="GET /cards", status=429, limit=40, remaining=0, reset_seconds=30)
    assert meter().tight
    assert 29 < meter().wait < 31
