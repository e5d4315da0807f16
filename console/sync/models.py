"""How our rows stay equal to the provider's: deliveries that came, runs that swept, and whose database this is."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class DeliveryVerdict(models.TextChoices):
    NEW = "new", _("Waiting")
    APPLIED = "applied", _("Applied")
    DUPLICATE = "duplicate", _("Duplicate")
    STALE = "stale", _("Older than what we have")
    HINT = "hint", _("Asked for a read")
    UNHANDLED = "unhandled", _("Unknown type")
    UNMATCHED = "unmatched", _("Names no object")
    FAILED = "failed", _("Failed, will be tried again")
    PARKED = "parked", _("Parked after failing")
    FORGED = "forged", _("Not verified")


INERT = (DeliveryVerdict.DUPLICATE, DeliveryVerdict.FORGED)


class Rejection(models.TextChoices):
    """Why a delivery could not be verified."""

    WRONG = "bad signature", _("Wrong signature")
    NO_SIGNATURE = "no signature", _("No signature")
    MALFORMED = "malformed signature", _("Malformed signature")
    NOT_JSON = "not JSON", _("No whole JSON")
    TOO_LARGE = "too large", _("Over 1 MB")


class Deliveries(models.QuerySet["Delivery"]):
    def verified(self) -> "Deliveries":
        """All that is believed: whoever counts, claims or compares deliveries starts here."""
        return self.exclude(verdict=DeliveryVerdict.FORGED)

    def effective(self) -> "Deliveries":
        """Those that have, or had, an effect of their own."""
        return self.exclude(verdict__in=INERT)


class Delivery(models.Model):
    """One webhook as it came. The row outlives whatever happens to its effect. One that could not be verified (FORGED)
    is kept apart: the constraints below hold it out of the queue and out of what makes a duplicate."""

    received_at = models.DateTimeField(default=timezone.now)
    event_id = models.CharField(max_length=200)  # Idempotency-Key, else envelope id, else body hash
    body_hash = models.CharField(max_length=64)  # SHA-256 of the raw body
    type = models.CharField(max_length=80, blank=True)
    object_id = models.CharField(max_length=128, blank=True)
    body = models.BinaryField()  # raw bytes, as signed, unless they carried card secrets
    conflict = models.BooleanField(default=False)  # its id or its body came before with another partner
    verdict = models.CharField(max_length=10, choices=DeliveryVerdict, default=DeliveryVerdict.NEW)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    due_at = models.DateTimeField(null=True, default=timezone.now)
    first_tried_at = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True)
    replayed_at = models.DateTimeField(null=True)  # when it was last put back into the queue, or verified after all
    address = models.CharField(max_length=64, blank=True)
    rejection = models.CharField(max_length=20, choices=Rejection, blank=True)  # stays when it is verified later
    signatures = models.JSONField(default=list)  # of a delivery that could not be verified: its headers' values

    objects = Deliveries.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes: ClassVar = [
            models.Index(fields=["-received_at", "-id"], name="delivery_newest"),
            models.Index(fields=["verdict", "-received_at", "-id"], name="delivery_by_verdict"),
            models.Index(fields=["due_at", "id"], condition=Q(due_at__isnull=False), name="delivery_due"),
            models.Index(fields=["event_id"], name="delivery_by_event"),
            models.Index(fields=["object_id", "-received_at"], name="delivery_by_object"),
            models.Index(fields=["body_hash"], name="delivery_by_hash"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["event_id", "body_hash"],
                condition=~Q(verdict__in=["duplicate", "forged"]),
                name="delivery_has_one_effect",
            ),
            models.CheckConstraint(
                condition=~Q(verdict="forged") | Q(due_at__isnull=True, applied_at__isnull=True),
                name="delivery_forged_is_inert",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type or '?'} {self.verdict}"

    @property
    def queued_at(self) -> datetime:
        """Since when it has waited, or had waited, to be applied."""
        return self.replayed_at or self.received_at


class RunState(models.TextChoices):
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class Run(models.Model):
    """One import or catch-up, in slices. `cursor` is where the next slice goes on: the resources that are left, the one
    being read (`now`), and the place in each (`places`)."""

    kind = models.CharField(max_length=20)  # import, catch_up, reconcile, window
    resources = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=RunState, default=RunState.RUNNING)
    cursor = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)  # {resource: {"seen", "created", "changed", "unchanged", "failed"}}
    # What it found and repaired: [{resource, id, and fields {name: [ours, theirs] or None}, missed, or error; young}].
    differences = models.JSONField(default=list)
    drift = models.JSONField(default=dict)  # {resource: {"missed": n, "differed": n}}, however many are kept above
    error = models.TextField(blank=True)
    note = models.TextField(blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, default=timezone.now)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["-started_at", "-id"], name="run_newest"),
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="run_due"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"


class Cursor(models.Model):
    """When each resource was last swept whole: what "as of" on a list means."""

    resource = models.CharField(max_length=20, primary_key=True)
    swept_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.resource


class Heartbeat(models.Model):
    """The last sign of life of the worker and of the beat."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Rejected(models.Model):
    """Deliveries that failed verification, counted by hour and reason. Some of each hour are kept as FORGED deliveries."""

    hour = models.DateTimeField()
    reason = models.CharField(max_length=20, choices=Rejection)
    count = models.PositiveIntegerField(default=0)
    kept = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()
    last_address = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["hour", "reason"], name="rejected_once")]

    def __str__(self) -> str:
        return f"{self.reason} {self.count}"


class Installation(models.Model):
    """The environment this database belongs to: written at first use, compared ever after."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    environment = models.CharField(max_length=10)
    since = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.environment
