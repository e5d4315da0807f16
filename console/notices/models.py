"""What each person was told, whether they have seen it, and how they want to hear of each kind."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from console.notices.kinds import CHOICES, KINDS, About, Kind, Mail


class Notice(models.Model):
    """One thing told to one person. `words` hold no more of anybody's personal data than that person might read."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16, choices=CHOICES)
    words = models.CharField(max_length=300)
    url = models.CharField(max_length=300)
    key = models.CharField(max_length=120, blank=True)  # a person is told of one key once
    made_at = models.DateTimeField(default=timezone.now)
    shown = models.BooleanField(default=True)  # in the app; one that is not goes out by e-mail alone
    seen_at = models.DateTimeField(null=True)
    mail_at = models.DateTimeField(null=True)  # when it is to be mailed; empty where it is not, or no more
    mailed_at = models.DateTimeField(null=True)  # set before it is sent, so that nothing goes out twice
    mail_tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "key"], condition=~Q(key=""), name="notice_told_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["person", "-made_at", "-id"], name="notice_newest"),
            models.Index(fields=["person", "-id"], condition=Q(seen_at=None, shown=True), name="notice_unseen"),
            models.Index(fields=["mail_at"], condition=Q(mail_at__isnull=False), name="notice_to_mail"),
        ]

    def __str__(self) -> str:
        return self.words

    @property
    def about(self) -> About:
        return KINDS[Kind(self.kind)]


class Choice(models.Model):
    """How one person wants to hear of one kind; without a row the table of kinds decides."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16, choices=CHOICES)
    app = models.BooleanField()
    mail = models.CharField(max_length=8, choices=Mail)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "kind"], name="choice_once")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.mail}"
