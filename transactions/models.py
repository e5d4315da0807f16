"""Money that moved or was refused, and the disputes about it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from cardholders.models import Cardholder, Company, owned
from cards.models import Card
from console.codego.records import normal
from console.money import signed_amount
from console.provider.mirror import Mirrored

NOT_FINAL = ("pending", "processing", "")
SPENT = Q(kind="spend", state__in=["completed", "pending"], amount__gt=0)  # purchases settled, or held
CHARGES = ("kind", "state", "currency", "amount", "local_currency")


class Transaction(Mirrored):
    """One authorisation with its settlement, one refund, deposit, payment or fee (facts 1.8). Amounts are minor units."""

    cardholder = models.ForeignKey(Cardholder, null=True, on_delete=models.PROTECT, related_name="transactions")
    company = models.ForeignKey(Company, null=True, on_delete=models.PROTECT, related_name="transactions")
    card = models.ForeignKey(Card, null=True, on_delete=models.PROTECT, related_name="transactions")
    type = models.CharField(_("type"), max_length=40, blank=True, default="")
    status = models.CharField(_("status"), max_length=40, blank=True, default="")
    kind = models.CharField(max_length=40, blank=True, default="")  # type, folded
    state = models.CharField(max_length=40, blank=True, default="")  # status, folded
    amount = models.BigIntegerField(null=True)  # as sent, minor units of `currency`
    signed_amount = models.BigIntegerField(null=True)  # the holder's side: spend −, refund +; declined and reversed 0
    currency = models.CharField(max_length=12, blank=True, default="")
    decimal_amount = models.CharField(
        max_length=64, blank=True, default=""
    )  # of a transfer, in units; text keeps each digit
    local_amount = models.BigIntegerField(null=True)
    local_currency = models.CharField(max_length=12, blank=True, default="")
    authorized_amount = models.BigIntegerField(null=True)
    authorization_method = models.CharField(max_length=60, blank=True, default="")
    declined_reason = models.CharField(max_length=200, blank=True, default="")
    completion_reason = models.CharField(max_length=60, blank=True, default="")
    is_force_posted = models.BooleanField(null=True)
    closed_authorization_id = models.CharField(max_length=128, blank=True, default="")
    merchant_name = models.CharField(_("merchant"), max_length=200, blank=True, default="")
    merchant_category = models.CharField(max_length=200, blank=True, default="")
    merchant_category_code = models.CharField(max_length=12, blank=True, default="")
    merchant_city = models.CharField(max_length=120, blank=True, default="")
    merchant_country = models.CharField(max_length=60, blank=True, default="")
    merchant_id = models.CharField(max_length=120, blank=True, default="")
    chain_id = models.BigIntegerField(null=True)
    wallet_address = models.CharField(max_length=128, blank=True, default="")
    transaction_hash = models.CharField(max_length=128, blank=True, default="")
    description = models.TextField(blank=True, default="")
    memo = models.TextField(blank=True, default="")
    authorized_at = models.DateTimeField(null=True)
    posted_at = models.DateTimeField(null=True)
    occurred_at = models.DateTimeField(default=timezone.now)  # authorised, else posted, else first seen

    class Meta:
        verbose_name = _("transaction")
        constraints: ClassVar = [owned("transaction_has_owner")]
        indexes: ClassVar = [
            models.Index(fields=["-occurred_at", "-id"], name="transaction_newest"),
            models.Index(fields=["state", "-occurred_at", "-id"], name="transaction_by_state"),
            models.Index(fields=["kind", "-occurred_at", "-id"], name="transaction_by_kind"),
            models.Index(fields=["card", "-occurred_at", "-id"], name="transaction_of_card"),
            models.Index(fields=["cardholder", "-occurred_at", "-id"], name="transaction_of_cardholder"),
            models.Index(fields=["company", "-occurred_at", "-id"], name="transaction_of_company"),
            # all that a balance proof adds up, so that it reads an owner's transactions in the index alone
            models.Index(fields=["cardholder", *CHARGES], name="charges_of_cardholder"),
            models.Index(fields=["company", *CHARGES], name="charges_of_company", condition=Q(company__isnull=False)),
            models.Index(fields=["-posted_at", "-id"], name="transaction_by_posting"),
            models.Index(fields=["signed_amount", "id"], name="transaction_by_amount"),
            models.Index(fields=["closed_authorization_id"], name="transaction_closing"),
            models.Index(
                fields=["merchant_name", "-occurred_at", "-id"],
                condition=~Q(merchant_name=""),
                name="transaction_at_merchant",
            ),
            models.Index(fields=["dirty_at"], condition=Q(dirty_at__isnull=False), name="transaction_dirty"),
            # all that the spend of a period adds up, so that it is read in the index alone
            models.Index(
                fields=["occurred_at", "state", "currency", "amount"], condition=SPENT, name="transaction_spent"
            ),
        ]

    def __str__(self) -> str:
        return self.merchant_name or self.description or self.type or self.codego_id or "…"

    @property
    def title(self) -> str:
        """As a heading or a row begins with it; an id is never respelled."""
        return str(self) if self.by_reference else capfirst(str(self))

    def get_absolute_url(self) -> str:
        return reverse("transactions:detail", args=[self.pk])

    def derive(self) -> None:
        """Folded words and the holder's side, always of the row as it is now."""
        self.kind, self.state = normal(self.type)[:40], normal(self.status)[:40]  # folding can make a word longer
        self.signed_amount = None if self.amount is None else signed_amount(self.kind, self.state, self.amount)

    @property
    def is_refund(self) -> bool:
        return self.kind == "spend" and (self.amount or 0) < 0

    @property
    def is_settled_spend(self) -> bool:
        return self.kind == "spend" and self.state == "completed" and (self.amount or 0) > 0


class Dispute(Mirrored):
    """A question put to the network about settled spend (facts 1.9)."""

    transaction = models.ForeignKey(Transaction, null=True, on_delete=models.PROTECT, related_name="disputes")
    status = models.CharField(_("status"), max_length=40, blank=True, default="")
    state = models.CharField(max_length=40, blank=True, default="")
    text_evidence = models.TextField(blank=True, default="")
    has_file_evidence = models.BooleanField(null=True)
    opened_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("dispute")
        indexes: ClassVar = [
            models.Index(fields=["-opened_at", "-id"], name="dispute_newest"),
            models.Index(fields=["dirty_at"], condition=Q(dirty_at__isnull=False), name="dispute_dirty"),
        ]

    def __str__(self) -> str:
        return self.codego_id or "…"

    def get_absolute_url(self) -> str:
        return reverse("transactions:dispute", args=[self.pk])


class ReportState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class Report(models.Model):
    """A file of transactions for a period, made by the worker in slices. `made_of` is the last row written."""

    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    format = models.CharField(max_length=5)  # csv or xlsx
    by = models.CharField(max_length=10)  # authorized or posted
    start = models.DateTimeField()  # inclusive, UTC
    end = models.DateTimeField()  # exclusive, UTC
    time_zone = models.CharField(max_length=64)
    cut_off = models.DateTimeField(null=True)  # rows as they stood at this instant
    filters = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=ReportState, default=ReportState.QUEUED)
    rows = models.PositiveBigIntegerField(default=0)
    expected = models.PositiveBigIntegerField(null=True)
    totals = models.JSONField(default=dict)  # {currency: {"rows", "signed", "by state": …}}, minor units
    sha256 = models.CharField(max_length=64, blank=True)
    place = models.JSONField(default=dict)  # where the next slice goes on: {"bytes", "at", "pk"}
    error = models.TextField(blank=True)
    claimed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["-asked_at", "-id"], name="report_newest")]

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d} – {self.end:%Y-%m-%d} {self.format}"
