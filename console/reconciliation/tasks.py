"""The doorbell of reconciliations: a slice of the one that is due, or the start of one that a sweep has made due."""

from celery import shared_task

from console.reconciliation import work
from console.reconciliation.models import ReconciliationState

EXPIRES = 30  # seconds


@shared_task(name="deckhand.prove")
def prove() -> None:
    """Rings itself again while there is more: no task runs over ten seconds."""
    claimed = work.claim()
    if claimed is None:
        work.start_due()
        claimed = work.claim()
    if claimed and work.work(claimed).state == ReconciliationState.RUNNING:
        prove.apply_async(expires=EXPIRES, retry=False)
