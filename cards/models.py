"""Cards: what they are, whose they are, and what they may spend."""

from datetime import date, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cardholders.models import Cardholder, Company, owned
from console.codego.records import normal
from console.provider.mirror import Mirrored

CANCELED = "canceled"
SYNONYMS = {"activated": "active", "frozen": "locked"}  # as other integrations have met them
FINAL = frozenset({CANCELED})

FREQUENCIES = {
    "per24HourPeriod": _("any 24 hours"),
    "per7DayPeriod": _("any 7 days"),
    "per30DayPeriod": _("any 30 days"),
    "perYearPeriod": _("any year"),
    "allTime": _("the card's whole life"),
    "perAuthorization": _("each purchase"),
}
EXPIRES_SOON = timedelta(days=60)


def state_of(status: str) -> str:
    """The state that a status on the wire stands for, whatever its case and spelling."""
    word = normal(status)
    return SYNONYMS.get(word, word)


class CardQuerySet(models.QuerySet["Card"]):
    def expiring(self, today: date) -> "CardQuerySet":
        """Live cards whose last day falls within sixty days."""
        last = today + EXPIRES_SOON
        return self.exclude(state=CANCELED).filter(expires_on__gte=today, expires_on__lte=last)


class Card(Mirrored):
    cardholder = models.ForeignKey(Cardholder, null=True, on_delete=models.PROTECT, related_name="cards")
    company = models.ForeignKey(Company, null=True, on_delete=models.PROTECT, related_name="cards")
    type = models.CharField(_("type"), max_length=20, blank=True, default="")
    status = models.CharField(_("status"), max_length=40, blank=True, default="")
    state = models.CharField(max_length=40, blank=True, default="")  # what the status stands for
    last4 = models.CharField(_("last four"), max_length=4, blank=True, default="")
    display_name = models.CharField(max_length=40, blank=True, default="")
    expiration_month = models.PositiveSmallIntegerField(null=True)
    expiration_year = models.PositiveSmallIntegerField(null=True)
    expires_on = models.DateField(null=True)
    limit_amount = models.BigIntegerField(null=True)  # minor units of USD
    limit_frequency = models.CharField(max_length=40, blank=True, default="")
    token_wallets = models.JSONField(default=list)
    codego_created_at = models.DateTimeField(null=True)

    objects = CardQuerySet.as_manager()

    class Meta:
        verbose_name = _("card")
        constraints: ClassVar = [owned("card_has_owner")]
        indexes: ClassVar = [
            models.Index(fields=["-codego_created_at", "-id"], name="card_newest"),
            models.Index(fields=["last4"], name="card_by_last4"),
            models.Index(fields=["state", "-created_at"], name="card_by_state"),
            models.Index(fields=["expires_on", "id"], name="card_by_expiry"),
            models.Index(fields=["dirty_at"], condition=Q(dirty_at__isnull=False), name="card_dirty"),
        ]

    def __str__(self) -> str:
        return f"•••• {self.last4}" if self.last4 else (self.codego_id or "…")

    def get_absolute_url(self) -> str:
        return reverse("cards:detail", args=[self.pk])

    @property
    def owner(self) -> Cardholder | Company | None:
        return self.cardholder or self.company

    @property
    def frequency_label(self) -> str:
        return str(FREQUENCIES.get(self.limit_frequency, self.limit_frequency))

    @property
    def expires_soon(self) -> bool:
        today = timezone.now().date()
        return bool(self.expires_on and self.state != CANCELED and today <= self.expires_on <= today + EXPIRES_SOON)
