"""The doorbell of e-mails about notices."""

from celery import shared_task

from console.notices import mailing


@shared_task(name="deckhand.mail")
def mail() -> None:
    mailing.send_due()
