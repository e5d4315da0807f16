"""The shared budget: every process reserves its slot in one row, commits, and only then waits."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from console.codego.protocols import Priority
from console.provider.models import Budget

HEADROOM = 0.8  # sweeps use this share of the rate; people at a screen have the rest
SLOWEST, FASTEST = 5.0, 0.002  # seconds between two requests


class SharedPacer:
    """The client's pacer over the Budget row."""

    def reserve(self, priority: Priority) -> float:
        """Seconds to wait before this request may leave; the row is released at once."""
        now = timezone.now()
        with transaction.atomic():
            budget = _locked()
            free = max(now, budget.blocked_until or now)
            if priority is Priority.INTERACTIVE:
                slot = free  # a person does not queue behind a sweep; the headroom pays for it
            else:
                slot = max(free, budget.next_at)
                gap = budget.interval / (HEADROOM if priority is Priority.SWEEP else 1)
                budget.next_at = slot + timedelta(seconds=gap)
                budget.save(update_fields=["next_at"])
        return max(0.0, (slot - now).total_seconds())

    def learn(self, *, status: int, limit: int | None, remaining: int | None, reset_seconds: float | None) -> None:
        """Follows what the provider says is left until its window ends."""
        if reset_seconds is None:
            return
        now = timezone.now()
        if status == 429 or remaining == 0:
            until = now + timedelta(seconds=reset_seconds)
            later = Q(blocked_until__isnull=True) | Q(blocked_until__lt=until)
            Budget.objects.filter(later, pk=1).update(blocked_until=until, learned_at=now)
        elif limit and remaining is not None:
            interval = min(SLOWEST, max(FASTEST, reset_seconds / remaining))
            stale = Q(learned_at__isnull=True) | Q(learned_at__lt=now - timedelta(seconds=1))
            Budget.objects.filter(stale, pk=1).update(interval=interval, learned_at=now)


def _locked() -> Budget:
    budget = Budget.objects.select_for_update().filter(pk=1).first()
    if budget is None:
        Budget.objects.bulk_create([Budget()], ignore_conflicts=True)
        budget = Budget.objects.select_for_update().get(pk=1)
    return budget
