"""The shared budget: every process reserves its slot in one row, commits, and only then waits.

What the provider allows is spread evenly: the requests it says are left, over the time until it says they are renewed.
That holds a fixed window to its end and keeps a token bucket half full, so neither runs dry under steady work. People
at a screen do not queue; what they take is taken from the others. Where nothing answers, one request in a while tries.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from console.codego.errors import NotSent
from console.codego.protocols import Priority, Slot
from console.provider.models import Budget

ROOM = 1.04  # sweeps take this much longer than they might, and leave the rest to people
SLACK = timedelta(milliseconds=20)  # after a renewal, for clocks that are not quite alike
SLOWEST, FASTEST = 60.0, 0.002  # seconds between two requests
KEPT = 50  # one in so many of the limit is kept for calls that overtook each other on their way
LONGEST = timedelta(seconds=120)  # that nothing is sent because of what the last answer told
FURTHEST = timedelta(minutes=5)  # further ahead than anything here is put off
LOST = 60.0  # seconds after which an answer will not come any more
UNTOLD = 0.25  # seconds between two requests where the provider says nothing of its limit
PAUSE = 2.0  # seconds after a 429 that does not say how long
SAME_REFUSAL = timedelta(seconds=5)  # 429s so close together are one matter
DOWN_STATUSES = frozenset({502, 503, 504})
DOWN_AFTER = 8  # attempts in a row without an answer
FIRST_PROBE, LONGEST_PROBE = 5.0, 60.0  # seconds between two tries of a provider that is down


class SharedPacer:
    """The client's pacer over the Budget row."""

    def __init__(self, clock: Callable[[], datetime] = timezone.now) -> None:
        self._clock = clock

    def reserve(self, priority: Priority, patience: float) -> Slot:
        return self._reserve(priority, patience, given_back=0)

    def arrive(self, slot: Slot, priority: Priority, patience: float) -> Slot:
        now = self._clock()
        if not Budget.objects.filter(pk=1, blocked_until__range=(now, now + FURTHEST)).exists():
            return Slot(0.0, slot.number, slot.at)
        return self._reserve(priority, patience, given_back=slot.number)

    def _reserve(self, priority: Priority, patience: float, *, given_back: int) -> Slot:
        now = self._clock()
        with transaction.atomic():
            budget = _locked(now)
            budget.open = [place for place in budget.open if place[0] != given_back]
            _refuse_while_down(budget, now)
            gap = timedelta(seconds=budget.interval * (ROOM if priority is Priority.SWEEP else 1))
            free = _free(budget, now)
            at = free if priority is Priority.INTERACTIVE else max(free, budget.last_at + gap)
            wait = (at - now).total_seconds()
            if wait > patience:
                budget.save()
                return Slot(wait)
            budget.issued += 1
            budget.open = [*_unanswered(budget, now), [budget.issued, at.timestamp()]]
            if budget.left is not None and budget.resets_at and at < budget.resets_at:
                budget.left -= 1
            budget.last_at = _put_off(budget, gap, now) if priority is Priority.INTERACTIVE else at
            budget.save()
        return Slot(wait, budget.issued, at.timestamp())

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
        now = self._clock()
        with transaction.atomic():
            budget = _locked(now)
            budget.open = [place for place in _unanswered(budget, now) if place[0] != slot.number]
            if status is None or status in DOWN_STATUSES:
                _note_silence(budget, now, route)
            else:
                budget.failures, budget.failing, budget.down_since, budget.probe_at = 0, [], None, None
            budget.limit = limit or budget.limit
            if status == 429:
                _pause(budget, now, PAUSE if reset_seconds is None else reset_seconds)
            elif remaining is None or not reset_seconds:
                if status is not None:
                    budget.interval += (UNTOLD - budget.interval) / 100
            elif slot.at >= budget.heard:  # an answer to something sent earlier knows less
                _spread(budget, slot, now, remaining, reset_seconds)
            budget.learned_at = now
            budget.save()


def _put_off(budget: Budget, gap: timedelta, now: datetime) -> datetime:
    """What a person took moves the next slot of the others by one."""
    return min(max(budget.last_at + gap, now), now + timedelta(seconds=SLOWEST))


def _unanswered(budget: Budget, now: datetime) -> list[list[float]]:
    """Slots on their way; one that was never heard of again belonged to a process that died."""
    return [place for place in budget.open if place[1] > now.timestamp() - LOST]


def _spread(budget: Budget, slot: Slot, now: datetime, remaining: int, reset_seconds: float) -> None:
    """Those left over the time until the renewal; what is still on its way there is among them."""
    budget.heard = slot.at
    budget.resets_at = _renewal(budget, now, remaining, reset_seconds)
    ahead = (budget.resets_at - now).total_seconds()
    under_way = sum(slot.at < at < budget.resets_at.timestamp() for _number, at in budget.open)
    budget.remaining = remaining
    budget.left = remaining - under_way - (budget.limit or 0) // KEPT
    if remaining > 0 and ahead > 0:
        budget.interval = min(SLOWEST, max(FASTEST, ahead / (remaining + 1)))


def _renewal(budget: Budget, now: datetime, remaining: int, seconds: float) -> datetime:
    """Told in whole seconds it may come up to one sooner; what was told before in the same window bounds it further."""
    told, before = now + timedelta(seconds=seconds), budget.resets_at
    whole = seconds == round(seconds) or told.microsecond // 1000 in {0, 999}
    same_window = before is not None and now < before and remaining < (budget.remaining or 0)
    if whole and same_window and before and told - timedelta(seconds=1) < before < told:
        return before
    return told


def _free(budget: Budget, now: datetime) -> datetime:
    """The earliest instant at which anybody may send."""
    free = max(now, budget.blocked_until or now)
    if budget.left is not None and budget.left <= 0 and budget.resets_at and now < budget.resets_at:
        free = max(free, min(budget.resets_at + SLACK, (budget.learned_at or now) + LONGEST))
    return free


def _pause(budget: Budget, now: datetime, seconds: float) -> None:
    """A refusal stops everybody at once, and slows the pace in case nothing else is ever told."""
    until = now + timedelta(seconds=seconds) + SLACK
    budget.blocked_until = max(until, budget.blocked_until or until)
    if not budget.refused_at or now > budget.refused_at + SAME_REFUSAL:
        budget.interval = min(SLOWEST, budget.interval * 1.5)
    budget.refused_at, budget.left, budget.resets_at = now, None, None


def _note_silence(budget: Budget, now: datetime, route: str) -> None:
    """One route that always fails is no provider that is down."""
    budget.failures += 1
    budget.failing = sorted({*budget.failing, route})[:2]
    if budget.failures >= DOWN_AFTER and len(budget.failing) > 1:
        tries = 0 if budget.down_since is None else budget.probes + 1
        pause = min(LONGEST_PROBE, FIRST_PROBE * 2.0 ** min(tries, 10))
        budget.probes = tries
        budget.down_since = budget.down_since or now
        budget.probe_at = now + timedelta(seconds=pause)


def _refuse_while_down(budget: Budget, now: datetime) -> None:
    """One request at a time tries a provider that is down; the others are told at once."""
    if budget.down_since is None:
        return
    if budget.probe_at and budget.probe_at > now:
        raise NotSent("the provider does not answer")
    budget.probe_at = now + timedelta(seconds=FIRST_PROBE * 2)


def _locked(now: datetime) -> Budget:
    budget = Budget.objects.select_for_update().filter(pk=1).first()
    if budget is None:
        Budget.objects.bulk_create([Budget(last_at=now - timedelta(seconds=UNTOLD))], ignore_conflicts=True)
        budget = Budget.objects.select_for_update().get(pk=1)
    _forget_the_future(budget, now)
    return budget


def _forget_the_future(budget: Budget, now: datetime) -> None:
    """Instants that lie too far ahead come from a clock that has been put right since."""
    furthest = now + FURTHEST
    if max(budget.last_at, budget.blocked_until or now, budget.probe_at or now, budget.learned_at or now) > furthest:
        budget.last_at, budget.blocked_until, budget.probe_at, budget.learned_at = now, None, None, None
        budget.resets_at, budget.left, budget.open, budget.heard = None, None, [], 0


@dataclass(frozen=True, slots=True)
class Meter:
    """How the budget stands. `tight` when it holds people up or lately refused; seconds and instants as of now."""

    wait: float
    refused_at: datetime | None
    down_since: datetime | None
    limit: int | None
    left: int | None

    @property
    def mood(self) -> str:
        """What there is to say of it: silent, waiting, refused, or nothing."""
        if self.down_since is not None:
            return "silent"
        return "waiting" if self.wait >= 1 else "refused" if self.refused_at is not None else ""

    @property
    def tight(self) -> bool:
        return bool(self.mood)


LATELY = timedelta(minutes=2)


def meter() -> Meter | None:
    """None before the first request."""
    budget = Budget.objects.filter(pk=1).first()
    if budget is None:
        return None
    now = timezone.now()
    lately = budget.refused_at and budget.refused_at > now - LATELY
    current = budget.resets_at and now < budget.resets_at
    return Meter(
        wait=(_free(budget, now) - now).total_seconds(),
        refused_at=budget.refused_at if lately else None,
        down_since=budget.down_since,
        limit=budget.limit,
        left=max(budget.left, 0) if current and budget.left is not None else None,
    )
