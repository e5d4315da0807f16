"""Who stands for a reconciliation: one person prepares it, another signs it off, and something late opens it again."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from console.access import Actor
from console.audit import services as audit
from console.audit.events import Action, Outcome
from console.history.models import Change
from console.provider.commands import CannotDo
from console.reconciliation.models import Reconciliation, ReconciliationState
from transactions.models import Transaction

REMEMBERED = timedelta(days=120)  # how long after its end a signed period can be opened again
NAMED = 20  # transactions named as the reason
IN_FLIGHT = 1_000  # changes that may be numbered earlier than they can be seen
SETTLED = ["amount", "currency", "posted_at", "state"]  # columns that say what settled
GRACE = timedelta(minutes=5)  # how far the provider's clock may differ from ours


def prepare(reconciliation: Reconciliation, *, actor: Actor) -> Reconciliation:
    """Says that somebody has worked through it. Raises CannotDo."""
    with transaction.atomic():
        found = _ended(reconciliation)
        if found.is_signed:
            raise CannotDo(_("It is signed off already."))
        found.prepared_by_id, found.prepared_at = actor.user_id, timezone.now()
        found.signed_by, found.signed_at = None, None
        found.save(update_fields=["prepared_by", "prepared_at", "signed_by", "signed_at"])
        audit.record(
            Action.RECONCILIATION_PREPARE, actor=actor, record="reconciliation", record_id=found.pk,
            digest=found.digest,
        )  # fmt: skip
    return found


def sign(reconciliation: Reconciliation, digest: str, *, actor: Actor) -> Reconciliation:
    """Signs off what `digest` stands for: what the person had before their eyes. Raises CannotDo; the refusal of a
    person's own work is on record."""
    try:
        return _sign(reconciliation, digest, actor)
    except CannotDo as refusal:
        audit.record(
            Action.RECONCILIATION_SIGN, actor=actor, outcome=Outcome.REFUSED, record="reconciliation",
            record_id=reconciliation.pk, why=str(refusal)[:200],
        )  # fmt: skip
        raise


def _sign(reconciliation: Reconciliation, digest: str, actor: Actor) -> Reconciliation:
    with transaction.atomic():
        found = _ended(reconciliation)
        if found.prepared_by_id is None:
            raise CannotDo(_("Nobody has prepared it yet."))
        if found.prepared_by_id == actor.user_id:
            raise CannotDo(_("You prepared it. A second person has to sign it off."))
        if found.is_signed:
            raise CannotDo(_("It is signed off already."))
        if digest != found.digest:
            raise CannotDo(_("It is not what you were shown any more. Look at it again."))
        found.signed_by_id, found.signed_at = actor.user_id, timezone.now()
        found.known_until = found.prepared_at if found.reopened_at else found.finished_at
        found.reopened_at, found.reopened_why = None, []
        found.save(update_fields=["signed_by", "signed_at", "known_until", "reopened_at", "reopened_why"])
        audit.record(
            Action.RECONCILIATION_SIGN, actor=actor, record="reconciliation", record_id=found.pk, digest=digest
        )
    return found


def _ended(reconciliation: Reconciliation) -> Reconciliation:
    found = Reconciliation.objects.select_for_update().get(pk=reconciliation.pk)
    if found.state != ReconciliationState.DONE:
        raise CannotDo(_("It has not ended yet."))
    return found


def reopen_touched(last: Reconciliation | None = None) -> list[Reconciliation]:
    """Opens signed periods again that something learned since has touched: a transaction of that time that is new, or
    that settled otherwise than was known. `last` is the reconciliation that looked for the same before."""
    signed = Reconciliation.objects.filter(
        signed_at__isnull=False, reopened_at=None, as_of__gt=timezone.now() - REMEMBERED
    )
    return [one for one in signed.select_for_update() if _touched(one, _looked_at(one, last))]


def _looked_at(signed: Reconciliation, last: Reconciliation | None) -> int:
    """The number of the change up to which none has to be looked at."""
    assert signed.signed_at is not None
    known = last if last and signed.signed_at < last.started_at else signed
    newest: int = known.inputs.get("changes", {}).get("newest", 0)
    return max(newest - IN_FLIGHT, 0)


def _touched(reconciliation: Reconciliation, after: int) -> bool:
    ids = late_in(reconciliation, after)
    if not ids:
        return False
    reconciliation.reopened_at, reconciliation.reopened_why = timezone.now(), ids
    reconciliation.save(update_fields=["reopened_at", "reopened_why"])
    audit.record(
        Action.RECONCILIATION_REOPEN, actor=Actor(), record="reconciliation", record_id=reconciliation.pk,
        transactions=ids,
    )  # fmt: skip
    return True


def late_in(reconciliation: Reconciliation, after: int = 0) -> list[str]:
    """Provider ids of transactions that belong to its period and were learned, or changed in it, after what was signed."""
    known_until = reconciliation.known_until or reconciliation.signed_at
    since = Change.objects.filter(record="transaction", pk__gt=after, written_at__gt=known_until)
    if not since.exists():
        return []
    end = reconciliation.as_of - GRACE
    settled = Q(posted_at__lte=end)
    fresh = Transaction.objects.filter(
        settled | Q(authorized_at__lte=end), pk__in=since.filter(created=True).values("record_id")
    )
    changed = Transaction.objects.filter(
        settled, pk__in=since.filter(created=False, before__has_any_keys=SETTLED).values("record_id")
    )
    found = (fresh | changed).order_by("pk").values_list("codego_id", flat=True)
    return [str(one) for one in found[:NAMED]]
