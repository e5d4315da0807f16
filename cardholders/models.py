"""People and companies that hold cards, and the collateral behind their credit: contracts and balances."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from console.provider.mirror import Mirrored

NEEDS_SOMEBODY = ("needsinformation", "needsverification", "manualreview", "pending", "locked", "denied")
APPROVED = "approved"


def owned(name: str) -> models.CheckConstraint:
    """A row of money or plastic belongs to a cardholder, a company or both, once more than its id is known."""
    return models.CheckConstraint(
        name=name, condition=Q(by_reference=True) | Q(cardholder__isnull=False) | Q(company__isnull=False)
    )


def new_external_id() -> str:
    return f"dh_{uuid.uuid4().hex}"


class Applicant(Mirrored):
    """What a cardholder and a company share: an application and its outcome."""

    external_id = models.CharField(max_length=64, unique=True, null=True, editable=False)
    email = models.CharField(_("e-mail"), max_length=254, blank=True, default="")
    application_status = models.CharField(max_length=40, blank=True, default="")
    state = models.CharField(max_length=40, blank=True, default="")  # application_status, case and spelling folded
    state_since = models.DateTimeField(null=True)
    application_reason = models.TextField(blank=True, default="")
    kyc_status = models.CharField(max_length=40, blank=True, default="")
    address = models.JSONField(default=dict)
    codego_created_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @property
    def is_approved(self) -> bool:
        return self.state == APPROVED


class Company(Applicant):
    name = models.CharField(_("name"), max_length=200, blank=True, default="")
    owners = models.JSONField(default=list)  # ultimate beneficial owners, as the provider lists them

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], name="company_newest"),
            models.Index(fields=["name", "id"], name="company_by_name"),
            models.Index(fields=["dirty_at"], condition=Q(dirty_at__isnull=False), name="company_dirty"),
        ]

    def __str__(self) -> str:
        return self.name or self.codego_id or self.external_id or "…"

    def get_absolute_url(self) -> str:
        return reverse("cardholders:company", args=[self.pk])


class Cardholder(Applicant):
    first_name = models.CharField(_("first name"), max_length=120, blank=True, default="")
    last_name = models.CharField(_("last name"), max_length=120, blank=True, default="")
    phone_country_code = models.CharField(max_length=8, blank=True, default="")
    phone_number = models.CharField(max_length=40, blank=True, default="")
    is_active = models.BooleanField(null=True)
    company = models.ForeignKey(Company, null=True, on_delete=models.PROTECT, related_name="people")

    class Meta:
        verbose_name = _("cardholder")
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], name="cardholder_newest"),
            models.Index(fields=["last_name", "id"], name="cardholder_by_name"),
            models.Index(fields=["state", "-created_at"], name="cardholder_by_state"),
            models.Index(fields=["dirty_at"], condition=Q(dirty_at__isnull=False), name="cardholder_dirty"),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.codego_id or self.external_id or "…"

    def get_absolute_url(self) -> str:
        return reverse("cardholders:detail", args=[self.pk])


class Handoff(models.Model):
    """A link by which an applicant does the check on a device of their own. Its token is not here, only the SHA-256 of it:
    the link was shown once, to whoever made it."""

    MOST_OPENINGS: ClassVar = 20

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    cardholder = models.ForeignKey(Cardholder, null=True, on_delete=models.CASCADE, related_name="handoffs")
    company = models.ForeignKey(Company, null=True, on_delete=models.CASCADE, related_name="handoffs")
    token_hash = models.CharField(max_length=64, unique=True)
    language = models.CharField(max_length=10, blank=True)  # empty: whatever the visitor's browser asks for
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    seen_at = models.DateTimeField(null=True)  # last loaded, which programs that preview links do as well
    openings = models.PositiveSmallIntegerField(default=0)  # provider sessions it has opened
    opened_at = models.DateTimeField(null=True)  # the last of them
    finished_at = models.DateTimeField(null=True)  # when the check was last submitted through it

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="handoff_of_one",
                condition=Q(cardholder__isnull=False, company__isnull=True)
                | Q(cardholder__isnull=True, company__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def applicant(self) -> Cardholder | Company:
        found = self.cardholder or self.company
        assert found
        return found

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()


class KycSession(models.Model):
    """A session we opened at the provider. Its one-time URL is not here: it lived in one response."""

    session_id = models.CharField(max_length=128, unique=True)
    cardholder = models.ForeignKey(Cardholder, null=True, on_delete=models.CASCADE, related_name="kyc_sessions")
    company = models.ForeignKey(Company, null=True, on_delete=models.CASCADE, related_name="kyc_sessions")
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)  # when the browser said `kyc:done`: not an approval
    handoff = models.ForeignKey(Handoff, null=True, on_delete=models.SET_NULL, related_name="sessions")

    def __str__(self) -> str:
        return self.session_id

    @classmethod
    def newest_of(cls, owner: "Cardholder | Company | Handoff") -> "KycSession | None":
        """The one that something last happened in: of two open ones, the one that was submitted."""
        happened = Coalesce(F("submitted_at"), F("opened_at"))
        sessions: models.QuerySet[KycSession] = cls._default_manager.filter(**{str(owner._meta.model_name): owner})
        return sessions.order_by(happened.desc(), "-pk").first()


class Contract(Mirrored):
    """A collateral contract on a chain (reference, step 2; facts 1.3). Token balances are decimal strings in token units."""

    cardholder = models.ForeignKey(Cardholder, null=True, on_delete=models.PROTECT, related_name="contracts")
    company = models.ForeignKey(Company, null=True, on_delete=models.PROTECT, related_name="contracts")
    chain_id = models.BigIntegerField(null=True)
    contract_version = models.IntegerField(null=True)
    controller_address = models.CharField(max_length=128, blank=True, default="")
    proxy_address = models.CharField(max_length=128, blank=True, default="")
    deposit_address = models.CharField(max_length=128, blank=True, default="")
    tokens = models.JSONField(
        default=list
    )  # [{"address", "balance", "exchange_rate", "advance_rate"}], decimals as text
    missing_since = models.DateTimeField(null=True)  # when the owner's list was first read without it

    class Meta:
        constraints: ClassVar = [owned("contract_has_owner")]
        indexes: ClassVar = [
            models.Index(fields=["dirty_at"], condition=Q(dirty_at__isnull=False), name="contract_dirty"),
        ]

    def __str__(self) -> str:
        return self.deposit_address or self.codego_id or "…"


LOW_POWER = 5_000  # minor units of USD
LOW_SHARE = 20  # a twentieth of the credit limit
BALANCE_FIELDS = ("credit_limit", "pending_charges", "posted_charges", "balance_due", "spending_power")


class BalanceFigures(models.Model):
    """The five figures of the provider, in minor units of USD; NULL where it gave none (facts 1.4)."""

    credit_limit = models.BigIntegerField(_("credit limit"), null=True)
    pending_charges = models.BigIntegerField(_("pending charges"), null=True)
    posted_charges = models.BigIntegerField(_("posted charges"), null=True)
    balance_due = models.BigIntegerField(_("balance due"), null=True)
    spending_power = models.BigIntegerField(_("spending power"), null=True)
    extra = models.JSONField(default=dict)  # figures under other names, as sent

    class Meta:
        abstract = True


class Balance(Mirrored, BalanceFigures):
    """The latest balance of an owner; `codego_id` is the owner's."""

    cardholder = models.ForeignKey(Cardholder, null=True, on_delete=models.PROTECT, related_name="balances")
    company = models.ForeignKey(Company, null=True, on_delete=models.PROTECT, related_name="balances")

    class Meta:
        constraints: ClassVar = [owned("balance_has_owner")]
        indexes: ClassVar = [
            models.Index(fields=["spending_power", "id"], name="balance_by_power"),
            models.Index(fields=["dirty_at"], condition=Q(dirty_at__isnull=False), name="balance_dirty"),
        ]

    def __str__(self) -> str:
        return self.codego_id or "…"

    @property
    def is_low(self) -> bool:
        """Little is left to spend, at all or of what the collateral gives."""
        power, limit = self.spending_power, self.credit_limit or 0
        return power is not None and limit > 0 and (power < LOW_POWER or power * LOW_SHARE < limit)


class BalanceReading(BalanceFigures):
    """Each distinct balance and when it was read."""

    balance = models.ForeignKey(Balance, on_delete=models.CASCADE, related_name="readings")
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["balance", "-at"], name="balance_reading_newest")]

    def __str__(self) -> str:
        return f"{self.balance_id} {self.at}"


class ContractReading(models.Model):
    """Each distinct state of a contract's tokens and when it was read."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="readings")
    at = models.DateTimeField()
    tokens = models.JSONField(default=list)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["contract", "-at"], name="contract_reading_newest")]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.at}"
