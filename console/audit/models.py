"""What was done and what was refused: append-only. Entries carry ids and codes, never names or e-mails."""

from typing import Any, ClassVar, NoReturn

from django.conf import settings
from django.db import models
from django.utils import timezone

from console.audit.events import LABELS, OUTCOME_LABELS, Action, Outcome


class AppendOnly(models.QuerySet["Entry"]):
    def update(self, **_: Any) -> NoReturn:
        raise TypeError("Audit entries are never changed.")

    def delete(self) -> NoReturn:
        raise TypeError("Audit entries are never deleted.")


class Entry(models.Model):
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    actor_roles = models.CharField(max_length=120, blank=True)
    address = models.CharField(max_length=64, blank=True)
    action = models.CharField(max_length=40)
    outcome = models.CharField(max_length=10)
    record = models.CharField(max_length=20, blank=True)
    record_id = models.BigIntegerField(null=True)
    command = models.UUIDField(null=True)
    reason = models.TextField(blank=True)
    detail = models.JSONField(default=dict)

    objects = AppendOnly.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["-at", "-id"], name="audit_newest"),
            models.Index(fields=["record", "record_id", "-at"], name="audit_of_record"),
            models.Index(fields=["actor", "-at", "-id"], name="audit_of_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.outcome}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk:
            raise TypeError("Audit entries are never changed.")
        super().save(*args, **kwargs)

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("Audit entries are never deleted.")

    @property
    def label(self) -> str:
        return str(LABELS[Action(self.action)]) if self.action in set(Action) else self.action

    @property
    def outcome_label(self) -> str:
        return str(OUTCOME_LABELS[Outcome(self.outcome)]) if self.outcome in set(Outcome) else self.outcome
