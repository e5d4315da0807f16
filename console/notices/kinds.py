"""What staff are told of: each kind with its label, who may be told, and how they hear it until they choose otherwise.
The one table; the settings page, the list and the e-mails read it."""

from enum import StrEnum
from typing import Any, NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _

from console.access import Permission


class Kind(StrEnum):
    """In the order of the settings page."""

    MENTION = "mention"
    OUTCOME = "outcome"
    REVIEW = "review"
    LOCK = "lock"
    BULK = "bulk"
    EXPORT = "export"
    BREAK = "break"
    HEALTH = "health"
    VOCABULARY = "vocabulary"


class Mail(models.TextChoices):
    NOW = "now", _("Within minutes")
    DIGEST = "digest", _("Once a day")
    NEVER = "never", _("Never")


class About(NamedTuple):
    """`needs`: what a person must be allowed to be told of it at all. `app` and `mail` hold until they choose.
    `always`: it is shown in the app whatever they choose, because something they asked for is still open."""

    label: Any
    text: Any
    needs: Permission
    icon: str = "info"
    app: bool = True
    mail: Mail = Mail.NEVER
    always: bool = False


_P = Permission
KINDS: dict[Kind, About] = {
    Kind.MENTION: About(
        _("Mentions"), _("Somebody named you in a note."), _P.RECORD_READ, "person", mail=Mail.NOW,
    ),
    Kind.OUTCOME: About(
        _("Late outcomes"), _("Something you asked of the provider ended after its answer was lost or while it waited in line."),
        _P.RECORD_READ, "provider", always=True,
    ),
    Kind.REVIEW: About(
        _("Applications"), _("An application you opened was decided, or the applicant has to do something."),
        _P.REVIEW_READ, "reviews", mail=Mail.DIGEST,
    ),
    Kind.LOCK: About(
        _("Your cards"), _("A card you changed last was locked, unlocked or cancelled by somebody else or by the provider."),
        _P.RECORD_READ, "lock",
    ),
    Kind.BULK: About(
        _("Bulk runs"), _("A change to many records that you started has ended."), _P.RECORD_READ, "good",
    ),
    Kind.EXPORT: About(
        _("Reports"), _("A report you asked for is ready, or could not be made."), _P.REPORT_READ, "reports",
    ),
    Kind.BREAK: About(
        _("Breaks"), _("A break was given to you, or a reconciliation could not be finished."),
        _P.RECONCILIATION_READ, "reconciliation", mail=Mail.DIGEST,
    ),
    Kind.HEALTH: About(
        _("Health"), _("Webhooks have gone silent, background work stands still, or the provider refuses the key."),
        _P.STAFF_MANAGE, "warn", mail=Mail.NOW,
    ),
    Kind.VOCABULARY: About(
        _("New words"), _("The provider sent a word that this console does not know."), _P.STAFF_MANAGE, "inbox",
    ),
}  # fmt: skip
CHOICES = [(kind.value, about.label) for kind, about in KINDS.items()]
