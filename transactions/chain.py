"""A purchase from its authorisation over changes and settlement to its refund, and how long its hold has lasted."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from console.codego.records import normal
from transactions.models import Transaction

LARGE = 100_000  # a thousand dollars in cents: from here a hold lasts longer
SMALL_HOLD, LARGE_HOLD = timedelta(days=14), timedelta(days=31)
REFUNDS = 5
CHANGE, WARNING, OVER, AWAITED = ("info", "half"), ("warn", "triangle"), ("idle", "bar"), ("idle", "ring")
CLOSED = "authorizationreversal"  # completion reason of a hold that was let go, folded

# (type, status) folded → what it means for the money.
MEANINGS = {
    ("spend", "pending"): _("The money is held. The merchant has not taken it yet and may still change or release it."),
    ("spend", "completed"): _("Settled: the merchant has taken the money."),
    ("spend", "reversed"): _("The merchant gave the purchase up. Nothing was taken."),
    ("spend", "declined"): _("Refused when it was tried. Nothing was taken or held."),
    ("refund", "pending"): _("A refund on its way. It is credited only once it settles."),
    ("refund", "completed"): _("Refunded: the merchant has given the money back."),
    ("refund", "reversed"): _("The merchant took the refund back before it settled. Nothing was credited."),
    ("payment", "pending"): _("A repayment seen on its chain, not counted as received yet."),
    ("payment", "completed"): _("A repayment that was received."),
    ("collateral", ""): _("Collateral that moved on its chain."),
    ("fee", ""): _("A fee that the provider charged."),
}


@dataclass(frozen=True, slots=True)
class Step:
    label: Any
    at: datetime | None
    amount: int | None = None  # as sent: a refund is negative over the wire
    note: Any = ""
    tone: str = "good"
    shape: str = "dot"
    transaction: Transaction | None = None  # where the step is another transaction

    @property
    def size(self) -> int | None:
        """Without its sign: the label says which way it went."""
        return None if self.amount is None else abs(self.amount)


@dataclass(frozen=True, slots=True)
class Hold:
    """Money set aside by an authorisation that has not settled, and when it is let go by itself."""

    amount: int | None
    since: datetime
    closes_at: datetime
    after_reversal: bool

    @property
    def age_days(self) -> int:
        return max(0, (timezone.now() - self.since).days)

    @property
    def lasts_days(self) -> int:
        return (self.closes_at - self.since).days

    @property
    def is_overdue(self) -> bool:
        return timezone.now() > self.closes_at


@dataclass(frozen=True, slots=True)
class Chain:
    steps: tuple[Step, ...]
    hold: Hold | None
    is_guessed: bool  # a refund in it was found by likeness, since the provider names no link


def meaning(transaction: Transaction) -> Any:
    """What the state says about the money, or nothing for a word this console does not know."""
    kind = "refund" if transaction.is_refund else transaction.kind
    return MEANINGS.get((kind, transaction.state)) or MEANINGS.get((kind, ""), "")


def chain_of(transaction: Transaction) -> Chain:
    """At most three queries: the closed authorisation, its late settlement, and likely refunds or their purchase."""
    if transaction.kind != "spend":
        return Chain(_movement(transaction), None, is_guessed=False)
    before = _closed_by(transaction)
    after = _late_settlement(transaction)
    purchase = likely_purchase(transaction) if transaction.is_refund else None
    refunds = [] if transaction.is_refund else likely_refunds(transaction)
    steps = [
        *([_elsewhere(_("Likely purchase"), purchase)] if purchase else []),
        *([_elsewhere(_("Closed authorisation"), before, OVER)] if before else []),
        *_own(transaction),
        *([_elsewhere(_("Taken after all (forced)"), after, WARNING)] if after else []),
        *(_elsewhere(_("Likely refund"), refund) for refund in refunds),
    ]
    return Chain(tuple(steps), None if after else hold_of(transaction), is_guessed=bool(purchase or refunds))


def hold_of(transaction: Transaction) -> Hold | None:
    """An open hold closes after 14 days, or 31 for a thousand dollars, for credits and after a reversal."""
    since = transaction.authorized_at
    reversed_ = transaction.state == "reversed" and normal(transaction.completion_reason) != CLOSED
    if transaction.kind != "spend" or since is None or not (transaction.state == "pending" or reversed_):
        return None
    amount = transaction.authorized_amount if reversed_ else transaction.amount
    large = reversed_ or amount is None or amount < 0 or amount >= LARGE
    closes_at = since + (LARGE_HOLD if large else SMALL_HOLD)
    if reversed_ and timezone.now() > closes_at:
        return None
    return Hold(amount, since, closes_at, after_reversal=reversed_)


def likely_refunds(transaction: Transaction) -> list[Transaction]:
    """Later credits of the same card from the same merchant, no larger than the purchase. Nothing links them surely."""
    if not transaction.is_settled_spend:
        return []
    later = _alike(transaction).filter(amount__lt=0, amount__gte=-(transaction.amount or 0))
    return list(later.filter(occurred_at__gt=transaction.occurred_at).order_by("occurred_at", "pk")[:REFUNDS])


def likely_purchase(refund: Transaction) -> Transaction | None:
    """The last settled purchase before it that is large enough."""
    earlier = _alike(refund).filter(state="completed", amount__gte=-(refund.amount or 0))
    return earlier.filter(amount__gt=0, occurred_at__lt=refund.occurred_at).order_by("-occurred_at", "-pk").first()


def _alike(transaction: Transaction) -> QuerySet[Transaction]:
    """Spend of the same card at the same merchant."""
    spend = Transaction.objects.filter(kind="spend").exclude(pk=transaction.pk).defer("raw")
    if transaction.card_id is None or not (transaction.merchant_id or transaction.merchant_name):
        return spend.none()
    name = "merchant_id" if transaction.merchant_id else "merchant_name"
    same = {name: getattr(transaction, name)}
    return spend.filter(card_id=transaction.card_id, currency=transaction.currency, **same)


def _closed_by(transaction: Transaction) -> Transaction | None:
    if not transaction.closed_authorization_id:
        return None
    return Transaction.objects.filter(codego_id=transaction.closed_authorization_id).defer("raw").first()


def _late_settlement(transaction: Transaction) -> Transaction | None:
    if not transaction.codego_id:
        return None
    return Transaction.objects.filter(closed_authorization_id=transaction.codego_id).defer("raw").first()


def _own(transaction: Transaction) -> list[Step]:
    """The steps of this transaction itself. An `amount` over the wire is always the new total."""
    asked = transaction.amount if transaction.authorized_amount is None else transaction.authorized_amount
    if transaction.state == "declined":
        return [Step(_("Declined"), transaction.authorized_at, asked, _("nothing was held"), "bad", "cross")]
    forced = bool(transaction.is_force_posted)
    refund = transaction.is_refund
    steps = []
    if not forced:
        steps.append(Step(_("Refund announced") if refund else _("Authorised"), transaction.authorized_at, asked))
    if transaction.state == "reversed":
        return [*steps, _reversal(transaction)]
    if not forced and None not in {transaction.amount, asked} and transaction.amount != asked:
        waiting = transaction.state == "pending"
        note = _("the new total, not settled yet") if waiting else _("the new total")
        steps.append(Step(_("Changed to"), transaction.version if waiting else None, transaction.amount, note, *CHANGE))
    return [*steps, _settlement(transaction, forced=forced)]


def _reversal(transaction: Transaction) -> Step:
    if normal(transaction.completion_reason) == CLOSED:
        return Step(_("Closed"), transaction.version, None, _("never settled, so the hold was let go"), *OVER)
    return Step(_("Reversed"), transaction.version, None, _("given up by the merchant"), *OVER)


def _settlement(transaction: Transaction, *, forced: bool) -> Step:
    refund = transaction.is_refund
    if transaction.state == "completed":
        label = _("Credited") if refund else _("Settled by force") if forced else _("Settled")
        note = _("without an open authorisation") if forced else ""
        return Step(label, transaction.posted_at, transaction.amount, note, *(WARNING if forced else ()))
    return Step(_("Not credited yet") if refund else _("Not settled yet"), None, None, "", *AWAITED)


def _movement(transaction: Transaction) -> tuple[Step, ...]:
    """What is no purchase has one or two moments at most."""
    waiting = transaction.state in {"pending", "processing"}
    at = transaction.authorized_at or (None if transaction.posted_at else transaction.occurred_at)
    first = [Step(_("Seen"), at, transaction.amount)] if at else []
    if waiting:
        return (*first, Step(_("Not posted yet"), None, None, "", *AWAITED))
    posted = [Step(_("Posted"), transaction.posted_at, transaction.amount)] if transaction.posted_at else []
    return (*first, *posted)


def _elsewhere(label: Any, other: Transaction, look: tuple[str, str] = CHANGE) -> Step:
    at = other.posted_at or other.authorized_at
    note = _("not credited yet") if other.is_refund and other.state == "pending" else ""
    amount = other.authorized_amount if other.state == "reversed" else other.amount
    return Step(label, at, amount, note, *look, other)
