"""The change log: each write to a mirrored row, what caused it, and the values it replaced."""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ChangeSource(models.TextChoices):
    DELIVERY = "delivery", _("Delivery")
    RUN = "run", _("Sweep")
    READ = "read", _("Read")
    COMMAND = "command", _("Staff command")
    MERGE = "merge", _("Merged records")
    REBUILD = "rebuild", _("Rebuilt")


class Change(models.Model):
    """One write, kept as what it replaced: a row now, less its changes since a moment, is the row at that moment.
    Written only together with the row. Instants are UTC. A rebuild is marked by one that holds the record's patch alone: what
    was damaged was never told by the provider, so earlier moments take the values that the rebuild found."""

    record = models.CharField(max_length=20)  # the noun
    record_id = models.BigIntegerField()
    source = models.CharField(max_length=10, choices=ChangeSource)
    ref = models.CharField(max_length=64, blank=True)  # the delivery's or run's number, or the command's id
    at = models.DateTimeField()  # when its source spoke: the delivery came, or the read was sent
    written_at = models.DateTimeField(default=timezone.now)
    created = models.BooleanField(default=False)  # nothing was known of the object before but perhaps its id
    before = models.JSONField(default=dict)  # column → the value it had; `raw` as a patch (console.history.patches)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["record", "record_id", "-id"], name="changes_of_record"),
            models.Index(fields=["record", "at"], name="changes_since"),
        ]

    def __str__(self) -> str:
        return f"{self.record} {self.record_id} by {self.source}"
