"""Words of the provider that this console does not know, and what an administrator found out about them."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from console.standing import Fixer
from console.vocabulary.fields import FIELDS, Field

LONGEST = 120


class Word(models.Model):
    """One word of one field. `folded` is what tells two spellings of it apart no longer; `record` and `record_id` are the
    first record it stood in."""

    field = models.CharField(max_length=40)
    folded = models.CharField(max_length=LONGEST)
    word = models.CharField(max_length=LONGEST)  # as first sent
    record = models.CharField(max_length=20, blank=True)
    record_id = models.BigIntegerField(null=True)
    seen = models.PositiveBigIntegerField(default=0)  # records that came with it, changed ones counted again
    first_seen = models.DateTimeField(default=timezone.now)
    last_seen = models.DateTimeField(default=timezone.now)
    meaning = models.CharField(max_length=300, blank=True)
    fixer = models.CharField(max_length=12, blank=True, choices=[(each.name.lower(), each.value) for each in Fixer])
    noted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    noted_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["field", "folded"], name="word_once")]
        indexes: ClassVar = [
            models.Index(fields=["-last_seen", "-id"], name="word_newest"),
            models.Index(fields=["first_seen"], condition=Q(noted_at__isnull=True), name="word_new"),
        ]

    def __str__(self) -> str:
        return self.word

    @property
    def of(self) -> Field | None:
        return FIELDS.get(self.field)

    @property
    def who(self) -> Fixer | None:
        return Fixer[self.fixer.upper()] if self.fixer else None
