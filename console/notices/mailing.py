"""E-mails about notices: gathered into one for each person, sent by the worker, and never sent twice.

A notice is marked as mailed before its e-mail leaves and unmarked only where the mail server surely did not take it; what
a dying process was sending may be lost, and stands in the app all the same."""

import logging
import smtplib
import time
import zoneinfo
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.access import allowed
from console.branding import brand, mail
from console.notices.models import Notice
from console.notices.services import language_of
from console.staff.models import User

MOST = 200  # notices a round
LISTED = 20  # in one e-mail; the others are counted
APART = timedelta(minutes=5)  # between two e-mails to one person
TRIES = 6
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))
SLICE = 8.0  # seconds
log = logging.getLogger("deckhand")


def send_due(seconds: float = SLICE) -> int:
    """Sends what is due, one e-mail a person; how many went out."""
    until, sent = time.monotonic() + seconds, 0
    claimed = _claim()
    if not claimed:
        return 0
    connection: BaseEmailBackend = get_connection()
    try:
        connection.open()
    except OSError as failure:  # smtplib's own errors are of this kind
        _put_back(claimed, failure)
        return 0
    try:
        for person, theirs in groupby(claimed, key=lambda notice: notice.person):
            some = list(theirs)
            if time.monotonic() >= until:
                _put_back(some, None)
            else:
                sent += _send(connection, person, some)
    finally:
        connection.close()
    return sent


def _claim() -> list[Notice]:
    """What is due and nobody else sends, marked as mailed, by person. What was read meanwhile, and what is for people who
    may not sign in or open it any more, is not mailed at all."""
    now = timezone.now()
    with transaction.atomic():
        due = Notice.objects.filter(mail_at__lte=now, mailed_at=None)
        lately = Notice.objects.filter(mailed_at__gt=now - APART).values("person")
        locked = due.exclude(person__in=lately).select_for_update(skip_locked=True, of=("self",))
        found = list(locked.select_related("person").order_by("person_id", "id")[:MOST])
        wanted = [each for each in found if _is_wanted(each)]
        Notice.objects.filter(pk__in=[each.pk for each in found]).update(mail_at=None)
        Notice.objects.filter(pk__in=[each.pk for each in wanted]).update(mailed_at=now)
    return wanted


def _is_wanted(notice: Notice) -> bool:
    person = notice.person
    return person.is_active and notice.seen_at is None and allowed(person, notice.about.needs)


def _send(connection: BaseEmailBackend, person: User, notices: Sequence[Notice]) -> int:
    message = _message(person, notices)
    message.connection = connection
    try:
        message.send()
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as refused:
        _put_back(notices, refused)
        return 0
    except OSError as failure:  # it may have been taken: sending it again could be the second time
        log.warning("An e-mail about %d notices may be lost: %s", len(notices), type(failure).__name__)
        return 0
    return 1


def _message(person: User, notices: Sequence[Notice]) -> EmailMultiAlternatives:
    """Kinds, times and links; nothing else of what happened."""
    n = len(notices)
    with translation.override(language_of(person)), timezone.override(zoneinfo.ZoneInfo(person.time_zone)):
        context = {
            "lines": [
                (each.about.label, each.made_at, settings.PUBLIC_URL + reverse("notices:open", args=[each.pk]))
                for each in notices[:LISTED]
            ],
            "more": max(n - LISTED, 0),
            "list_url": settings.PUBLIC_URL + reverse("notices:list"),
            "settings_url": settings.PUBLIC_URL + reverse("notices:settings"),
        }
        kinds = {str(each.about.label) for each in notices}
        about = kinds.pop() if len(kinds) == 1 else ngettext("%(n)d notice", "%(n)d notices", n) % {"n": n}
        subject = _("%(brand)s: %(about)s") % {"brand": brand().name, "about": about}
        message = mail.message(person.email, subject, "email/notices.html", context)
    message.extra_headers["List-Unsubscribe"] = f"<{context['settings_url']}>"
    message.extra_headers["Auto-Submitted"] = "auto-generated"
    return message


def _put_back(notices: Sequence[Notice], failure: Exception | None) -> None:
    """Later, after a pause that grows; given up after a day of trying. Without a failure it was only not its turn yet."""
    now = timezone.now()
    for each in notices:
        tries = each.mail_tries + (1 if failure else 0)
        pause = PAUSES[min(tries, len(PAUSES)) - 1] if failure else timedelta()
        Notice.objects.filter(pk=each.pk).update(
            mailed_at=None, mail_tries=tries, mail_at=None if tries >= TRIES else now + pause
        )
    if failure:
        log.warning("%d notices could not be mailed: %s", len(notices), type(failure).__name__)
