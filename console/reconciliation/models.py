"""Reconciliations, the proofs they made, the breaks they found, and what became of each."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cardholders.models import Balance, BalanceFigures, Cardholder, Company, Contract
from console.reconciliation.causes import MEANINGS, Cause, Meaning
from console.reconciliation.identity import Line
from console.sync.models import Run


class ReconciliationState(models.TextChoices):
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class Reconciliation(models.Model):
    """Every balance and contract proven once, as of one moment, in slices. Amounts are minor units of USD."""

    run = models.OneToOneField(Run, null=True, on_delete=models.PROTECT, related_name="reconciliation")
    state = models.CharField(max_length=10, choices=ReconciliationState, default=ReconciliationState.RUNNING)
    as_of = models.DateTimeField(default=timezone.now)  # the end of the period: the latest reading it may use
    cursor = models.JSONField(default=dict)
    inputs = models.JSONField(default=dict)  # {source: {"rows", "sha256", "newest"}}: what it was given
    counts = models.JSONField(default=dict)  # {"tied", "explained", "unexplained", "incomplete": balances}
    forward = models.JSONField(default=dict)  # the roll-forward: {"opening", "new", …: {"count", "amount"}}
    digest = models.CharField(max_length=64, blank=True)  # SHA-256 of its proofs and open breaks: what is signed
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    due_at = models.DateTimeField(null=True, default=timezone.now)
    prepared_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    prepared_at = models.DateTimeField(null=True)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(null=True)
    known_until = models.DateTimeField(null=True)  # what was learned later is not in what was signed
    reopened_at = models.DateTimeField(null=True)  # something late touched its period after it was signed
    reopened_why = models.JSONField(default=list)  # provider ids of the transactions that did

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["-started_at", "-id"], name="reconciliation_newest"),
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="reconciliation_due"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state=ReconciliationState.RUNNING), name="one_reconciliation_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(signed_by__isnull=True) | (Q(prepared_by__isnull=False) & ~Q(signed_by=F("prepared_by"))),
                name="signed_by_a_second_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.as_of:%Y-%m-%d %H:%M} {self.state}"

    def get_absolute_url(self) -> str:
        return reverse("reconciliation:detail", args=[self.pk])

    @property
    def is_signed(self) -> bool:
        return self.signed_at is not None and self.reopened_at is None


class ProofState(models.TextChoices):
    TIED = "tied", _("Ties")
    EXPLAINED = "explained", _("Explained")
    UNEXPLAINED = "unexplained", _("Unexplained")
    INCOMPLETE = "incomplete", _("Not provable")


class Proof(BalanceFigures):
    """What one balance came to, from its first reconciliation to the last that found just the same. The five figures are
    the provider's; differences are the provider's less ours, in minor units of USD."""

    balance = models.ForeignKey(Balance, on_delete=models.CASCADE, related_name="proofs")
    cut_off = models.DateTimeField()  # the instant of the reading it rests on
    state = models.CharField(max_length=12, choices=ProofState)
    our_limit = models.BigIntegerField()
    our_pending = models.BigIntegerField()
    our_due = models.BigIntegerField()
    difference = models.BigIntegerField(null=True)  # of spending power; NULL where the provider gave no such figure
    unexplained = models.BigIntegerField(default=0)
    pieces = models.JSONField(default=list)  # [{"line", "cause", "amount", "key"}], adding up to `difference`
    first = models.ForeignKey(Reconciliation, on_delete=models.CASCADE, related_name="+")
    last = models.ForeignKey(Reconciliation, on_delete=models.CASCADE, related_name="+")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["last", "balance"], name="proofs_of_reconciliation"),
            models.Index(fields=["balance", "-id"], name="proofs_of_balance"),
        ]

    def __str__(self) -> str:
        return f"{self.balance_id} {self.state}"

    @property
    def our_power(self) -> int:
        return self.our_limit - self.our_pending - self.our_due


class BreakState(models.TextChoices):
    OPEN = "open", _("Open")
    RESOLVED = "resolved", _("Resolved")
    CLEARED = "cleared", _("Cleared")


class Break(models.Model):
    """A difference with a cause, from when it was first seen until it is gone. `amount` is what it makes of the spending
    power: the provider's figure less ours, in minor units of USD; of a contract, tokens less deposits seen."""

    balance = models.ForeignKey(Balance, null=True, on_delete=models.CASCADE, related_name="breaks")
    contract = models.ForeignKey(Contract, null=True, on_delete=models.CASCADE, related_name="breaks")
    cardholder = models.ForeignKey(Cardholder, null=True, on_delete=models.PROTECT, related_name="breaks")
    company = models.ForeignKey(Company, null=True, on_delete=models.PROTECT, related_name="breaks")
    line = models.CharField(max_length=10, choices=Line)
    cause = models.CharField(max_length=20, choices=Cause)
    key = models.CharField(max_length=200)  # what makes it the same break in the next reconciliation
    amount = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=BreakState, default=BreakState.OPEN)
    evidence = models.JSONField(default=list)  # [{"noun", "id", "words"}]: rows of ours that show it
    expected_until = models.DateTimeField(null=True)  # when it should have gone by itself
    first_seen = models.DateTimeField(default=timezone.now)
    last_seen = models.DateTimeField(default=timezone.now)
    cleared_at = models.DateTimeField(null=True)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    resolution = models.TextField(blank=True)
    resolved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("break")
        indexes: ClassVar = [
            models.Index(fields=["state", "first_seen", "id"], name="breaks_by_age"),
            models.Index(fields=["-first_seen", "-id"], name="breaks_newest"),
            models.Index(fields=["balance", "state"], name="breaks_of_balance"),
            models.Index(fields=["cardholder", "state"], name="breaks_of_cardholder"),
            models.Index(fields=["company", "state"], name="breaks_of_company"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key"], condition=~Q(state=BreakState.CLEARED), name="one_standing_break_of_a_key"
            ),
            models.CheckConstraint(
                name="break_has_owner", condition=Q(cardholder__isnull=False) | Q(company__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_cause_display()} {self.amount}"

    def get_absolute_url(self) -> str:
        return reverse("reconciliation:break", args=[self.pk])

    @property
    def owner(self) -> Cardholder | Company | None:
        return self.cardholder or self.company

    @property
    def meaning(self) -> Meaning:
        return MEANINGS[self.cause]


class MovementKind(models.TextChoices):
    NEW = "new", _("New")
    CHANGED = "changed", _("Changed")
    REOPENED = "reopened", _("Re-opened")
    RESOLVED = "resolved", _("Resolved")
    CLEARED = "cleared", _("Cleared")


class Movement(models.Model):
    """What moved the sum of open breaks, and by how much. Those of a reconciliation are its roll-forward; what people do
    in between is counted in the next."""

    reconciliation = models.ForeignKey(Reconciliation, null=True, on_delete=models.CASCADE, related_name="movements")
    about = models.ForeignKey(Break, on_delete=models.CASCADE, related_name="movements")
    kind = models.CharField(max_length=10, choices=MovementKind)
    amount = models.BigIntegerField()  # added to the open sum
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["reconciliation", "kind"], name="movements_of_run"),
            models.Index(fields=["about", "at"], name="movements_of_break"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"
