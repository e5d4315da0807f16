"""Our dealings with the provider: commands, the shared request budget, what it can do, and how it answered lately."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class CommandState(models.TextChoices):
    INTENT = "intent", _("Not sent yet")
    SENT = "sent", _("Waiting for the answer")
    UNKNOWN = "unknown", _("Outcome unknown")
    SEVERAL = "several", _("Needs a person")
    DONE = "done", _("Done")
    REFUSED = "refused", _("Refused")
    NOT_DONE = "not_done", _("Did not happen")
    LAPSED = "lapsed", _("Never known")


class CommandKind(models.TextChoices):
    ISSUE = "issue", _("Issue card")
    LOCK = "lock", _("Lock card")
    UNLOCK = "unlock", _("Unlock card")
    ACTIVATE = "activate", _("Activate card")
    CANCEL = "cancel", _("Cancel card")
    LIMIT = "limit", _("Change limit")
    DISPUTE = "dispute", _("Open dispute")
    KYC = "kyc", _("Open KYC session")
    PIN = "pin", _("Set PIN")
    WITHDRAW = "withdraw", _("Withdraw dispute")
    STATEMENT = "statement", _("Change statement")
    EVIDENCE = "evidence", _("Attach file to dispute")
    CHARGE = "charge", _("Charge a fee")


OPEN_STATES = (CommandState.INTENT, CommandState.SENT, CommandState.UNKNOWN, CommandState.SEVERAL)


class Command(models.Model):
    """One write to the provider, stored before it is sent. Its id goes out as `Idempotency-Key`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=12, choices=CommandKind)
    state = models.CharField(max_length=10, choices=CommandState, default=CommandState.INTENT)
    record = models.CharField(max_length=20)
    record_id = models.BigIntegerField()
    target = models.CharField(max_length=128, blank=True)  # the provider's id of what is acted on
    payload = models.JSONField(default=dict)  # what is asked for; never a secret
    known = models.JSONField(default=list)  # provider ids that existed before: what appears later may be ours
    result = models.CharField(max_length=128, blank=True)  # the provider's id of what came of it
    message = models.TextField(blank=True)  # the provider's words, or ours
    reason = models.TextField(blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    actor_roles = models.CharField(max_length=120, blank=True)
    address = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    checks = models.PositiveSmallIntegerField(default=0)
    check_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["record", "record_id", "-created_at"], name="command_of_record"),
            models.Index(
                fields=["actor", "-settled_at"],
                condition=Q(state="done", kind__in=["lock", "unlock"]),
                name="command_undoable",
            ),
            models.Index(fields=["check_at"], condition=Q(check_at__isnull=False), name="command_due"),
            models.Index(
                fields=["state"], condition=Q(state__in=["intent", "sent", "unknown", "several"]), name="command_open"
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "record", "record_id"],
                condition=Q(
                    kind__in=["issue", "dispute", "withdraw", "statement", "evidence", "charge"],
                    state__in=["intent", "sent", "unknown", "several"],
                ),
                name="one_of_a_kind_in_flight",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


class Budget(models.Model):
    """One row: when the next request of any process may leave, as learned from `X-RateLimit-*`, and whether anything
    answers at all."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    interval = models.FloatField(default=0.25)  # seconds between requests until the provider says more
    last_at = models.DateTimeField(default=timezone.now)  # the newest slot of work that nobody waits for
    issued = models.BigIntegerField(default=0)  # slots given out, ever
    open = models.JSONField(default=list)  # those without an answer yet, [number, instant as an epoch]
    heard = models.FloatField(default=0)  # the instant of the latest slot whose answer was learned from, an epoch
    remaining = models.IntegerField(null=True)  # what the provider said it still allows until `resets_at`
    left = models.IntegerField(null=True)  # the same less what is on its way
    resets_at = models.DateTimeField(null=True)
    blocked_until = models.DateTimeField(null=True)
    learned_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)  # the last 429
    limit = models.IntegerField(null=True)  # X-RateLimit-Limit as last told
    failures = models.PositiveIntegerField(default=0)  # attempts without an answer since the last one that had one
    failing = models.JSONField(default=list)  # two of the routes that gave none
    probes = models.PositiveSmallIntegerField(default=0)  # how often a provider that is down was tried in vain
    down_since = models.DateTimeField(null=True)
    probe_at = models.DateTimeField(null=True)  # while it is down: when one request may try again

    def __str__(self) -> str:
        return f"{1 / self.interval:.1f}/s"


class Capability(models.Model):
    """A route the provider was seen to have or to lack: in which environment, since when, and by which answer."""

    environment = models.CharField(max_length=10)
    route = models.CharField(max_length=80)
    present = models.BooleanField()
    since = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    why = models.CharField(max_length=200, blank=True)  # the answer that showed it

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["environment", "route"], name="capability_once")]

    def __str__(self) -> str:
        return f"{self.route}: {'yes' if self.present else 'no'}"


class RequestLog(models.Model):
    """What was asked of the provider and how it answered. Bodies are outlines: keys, numbers and known words; never
    names, secrets, session ids or keys. `error` holds the provider's words, which are masked like personal data."""

    at = models.DateTimeField(default=timezone.now)
    route = models.CharField(max_length=80)
    object_id = models.CharField(max_length=128, blank=True)
    query = models.JSONField(default=dict)
    body = models.JSONField(null=True)
    idempotency_key = models.CharField(max_length=64, blank=True)
    status = models.PositiveSmallIntegerField(null=True)
    milliseconds = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)
    request_id = models.CharField(
        max_length=80, blank=True
    )  # the provider's own id of the exchange, where it names one

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["-at", "-id"], name="request_newest"),
            models.Index(fields=["route", "-at", "-id"], name="request_of_route"),
            models.Index(fields=["idempotency_key"], condition=~Q(idempotency_key=""), name="request_by_key"),
            models.Index(fields=["request_id"], condition=~Q(request_id=""), name="request_by_their_id"),
        ]

    def __str__(self) -> str:
        return f"{self.route} {self.status or self.error}"
