"""The words that records are found by."""

from typing import ClassVar

from django.db import models

from console.terms import lookups as _lookups  # noqa: F401 - registers `begins`
from console.terms.words import LONGEST


class Term(models.Model):
    """One word of one record, without case and accents."""

    noun = models.CharField(max_length=20)
    record_id = models.BigIntegerField()
    text = models.CharField(max_length=LONGEST)
    personal = models.BooleanField(default=False)  # only who may read personal data finds by it

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["noun", "record_id", "text"], name="term_once"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["noun", "text", "record_id"],
                opclasses=["varchar_ops", "varchar_pattern_ops", "int8_ops"],
                name="term_by_text",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.noun} {self.record_id}"


class Merchant(models.Model):
    """Each name of a merchant once, however many purchases carry it."""

    name = models.CharField(max_length=200, unique=True)

    def __str__(self) -> str:
        return self.name
