"""One action on many records: the run, and what is to become and became of each record in it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from console.provider.models import Command


class BulkState(models.TextChoices):
    DRAFT = "draft", _("Being drafted")
    READY = "ready", _("Dry run, nothing sent")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    STOPPED = "stopped", _("Stopped")


class RowState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    SENT = "sent", _("Being sent")
    DONE = "done", _("Done")
    REFUSED = "refused", _("Refused")
    UNKNOWN = "unknown", _("Outcome unknown")
    SKIPPED = "skipped", _("Left as it is")


OPEN_ROWS = (RowState.SENT, RowState.UNKNOWN)  # on their way, or being found out


class Why(models.TextChoices):
    """Why a record is left as it is."""

    GONE = "gone", _("It is no longer here.")
    UNREAD = "unread", _("It is known by reference only and has not been read yet.")
    UNKNOWN_THERE = "unknown_there", _("The provider does not know it yet.")
    CANCELLED = "cancelled", _("It is cancelled.")
    LOCKED = "locked", _("It is locked already.")
    NOT_LOCKED = "not_locked", _("It is not locked.")
    NOT_ACTIVE = "not_active", _("It is not active, so there is nothing to lock.")
    NEW_WORD = "new_word", _("Its state is a word that this console does not know.")
    SAME_LIMIT = "same_limit", _("It has this limit already.")
    NO_REVIEW = "no_review", _("Its application needs nobody.")
    INERT = "inert", _("A duplicate or an unverified delivery is never applied.")
    QUEUED = "queued", _("It waits to be applied already.")
    IN_FLIGHT = "in_flight", _("Another request for it is still open.")
    CHANGED = "changed", _("It changed after the dry run.")
    NO_ROLE = "no_role", _("Whoever started this may not do it any more.")
    STOPPED = "stopped", _("Stopped before its turn.")


class BulkRun(models.Model):
    kind = models.CharField(max_length=40)  # a key of KINDS
    query = models.TextField(blank=True)  # of the list, as asked
    everything = models.BooleanField(default=False)  # all that matched the query, instead of rows that were ticked
    gone = models.PositiveIntegerField(default=0)  # ticked, but no longer there when it was drafted
    snapshot_at = models.DateTimeField(default=timezone.now)  # when the rows were taken: later ones are not in it
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    actor_roles = models.CharField(max_length=120, blank=True)
    address = models.CharField(max_length=64, blank=True)
    reason = models.TextField(blank=True)
    parameters = models.JSONField(default=dict)  # what the form asked for beside the reason
    state = models.CharField(max_length=10, choices=BulkState, default=BulkState.DRAFT)
    retry_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="retries")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    stopped_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    pause = models.TextField(blank=True)  # why nothing can be sent at the moment
    due_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=0)  # grows with every change a page could show

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(state="running"), name="bulk_due"),
            models.Index(fields=["state", "snapshot_at"], name="bulk_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"

    def get_absolute_url(self) -> str:
        return reverse("bulk:run", args=[self.pk])


class BulkRow(models.Model):
    run = models.ForeignKey(BulkRun, on_delete=models.CASCADE, related_name="rows")
    record = models.CharField(max_length=20)
    record_id = models.BigIntegerField()
    seen = models.CharField(max_length=120, blank=True)  # what the verdict was given on: another now, and it is skipped
    will = models.BooleanField(null=True)  # the verdict of the dry run
    state = models.CharField(max_length=10, choices=RowState, default=RowState.WAITING)
    why = models.CharField(max_length=20, choices=Why, blank=True)
    message = models.TextField(blank=True)  # the provider's words, or the command's
    command = models.OneToOneField(Command, null=True, on_delete=models.PROTECT, related_name="bulk_row")
    at = models.DateTimeField(null=True)  # of the last change of state

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["run", "state", "id"], name="bulk_row_by_state"),
            models.Index(fields=["state", "id"], condition=Q(state__in=["sent", "unknown"]), name="bulk_row_open"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "record", "record_id"], name="bulk_row_once"),
        ]

    def __str__(self) -> str:
        return f"{self.record} {self.record_id} {self.state}"
