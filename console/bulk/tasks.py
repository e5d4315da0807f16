"""The doorbell of bulk runs."""

from celery import shared_task

from console.bulk import work

EXPIRES = 30  # seconds


@shared_task(name="deckhand.bulk")
def bulk() -> None:
    """Rings itself again while there is more: no task runs over ten seconds."""
    work.follow()
    claimed = work.claim()
    if claimed and work.work(claimed):
        bulk.apply_async(expires=EXPIRES, retry=False)
