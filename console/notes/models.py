"""A plain note that staff leave on a record, named by its noun and id."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class Note(models.Model):
    """Never changed and never deleted: it is evidence. Who it calls stands in `text` as `@[number]`, and in `people`."""

    record = models.CharField(max_length=20)
    record_id = models.BigIntegerField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=4000)
    people = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["record", "record_id", "-at"], name="notes_of_record")]

    def __str__(self) -> str:
        return self.text[:60]
