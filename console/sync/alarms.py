"""Tells administrators when something that nobody looks at has gone wrong: each episode once."""

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from console.access import Permission
from console.days import span
from console.notices import services as notices
from console.notices.kinds import Kind
from console.provider.observing import last_refusal
from console.sync import silence

STOOD_STILL = timedelta(minutes=5)


def ring() -> None:
    """What holds now and was not told yet."""
    if quiet := silence.webhook_silence():
        last = silence.newest()
        since = last.isoformat() if last else "never"
        words = format_lazy(_("No webhook has come for {time}."), time=span(quiet.quiet))
        _tell(words, reverse("home"), f"silence:{since}")
    if refusal := last_refusal():
        words = format_lazy(_("The provider turns the console away ({status})."), status=refusal.status)
        _tell(words, reverse("provider:provider"), f"refused:{refusal.status}:{timezone.now():%Y-%m-%d}")


def resumed(before: datetime | None) -> None:
    """The worker runs, and did last at `before`: while it stands still it can tell nobody."""
    gap = timezone.now() - before if before else timedelta()
    if before and gap > STOOD_STILL:
        words = format_lazy(_("Background work stood still for {time} and runs again."), time=span(gap))
        _tell(words, reverse("home"), f"stood:{before.isoformat()}")


def _tell(words: Promise, url: str, key: str) -> None:
    notices.tell(notices.able(Permission.STAFF_MANAGE), Kind.HEALTH, words=words, url=url, key=key)
