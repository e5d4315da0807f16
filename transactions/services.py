"""What staff can do about a transaction: open a dispute, and record what support said of one."""

from typing import NoReturn

from django.db.models import Q
from django.db.transaction import atomic
from django.utils import timezone
from django.utils.translation import gettext as _

from console.access import Actor
from console.audit import services as audit
from console.audit.events import Action, Outcome
from console.codego.client import Codego
from console.codego.errors import NoSuchRoute
from console.codego.protocols import Priority
from console.codego.records import DisputeRecord
from console.provider import commands
from console.provider.commands import CannotDo
from console.provider.factory import client
from console.provider.mirror import Source, mark_dirty, refer
from console.provider.models import Command, CommandKind, CommandState
from console.provider.observing import lacks
from console.provider.settling import Found, later, settle_creation
from transactions.models import Dispute, Transaction
from transactions.sync import apply_disputes

OPEN_STATES = ("pending", "inreview")


def why_not_dispute(transaction: Transaction) -> str:
    """Why this transaction cannot be disputed now, or nothing (facts 1.9: only settled spend)."""
    if transaction.kind != "spend" or transaction.is_refund:
        return _("Only a purchase can be disputed.")
    if transaction.state == "pending":
        return _("This purchase has not settled yet. Until then the merchant may still change or release it.")
    if transaction.state in {"declined", "reversed"}:
        return _("No money left the account, so there is nothing to dispute.")
    if not transaction.codego_id or not transaction.is_settled_spend:
        return _("Only settled spend can be disputed.")
    if transaction.disputes.filter(state__in=OPEN_STATES).exists():
        return _("A dispute about this purchase is already open.")
    return ""


def open_dispute(transaction: Transaction, text: str, *, actor: Actor) -> Command:
    """Opens a dispute (reference, step 5). Raises CannotDo, also while an earlier attempt is still unknown."""
    if words := why_not_dispute(transaction):
        _refuse(transaction, actor, words)
    command = commands.begin(
        CommandKind.DISPUTE,
        record="transaction",
        record_id=transaction.pk,
        target=str(transaction.codego_id),
        actor=actor,
        payload={"text": text},
        known=[str(i) for i in transaction.disputes.exclude(codego_id=None).values_list("codego_id", flat=True)],
    )
    made: list[DisputeRecord] = []
    with client(Priority.INTERACTIVE) as provider:

        def create() -> str:
            at = timezone.now()
            made.append(provider.open_dispute(command.target, text, idempotency_key=command.pk))
            sources.append(Source("command", at, str(command.pk)))
            return made[0].id

        sources: list[Source] = []
        done = commands.send(command, create, keep=_keep)
    if made:
        apply_disputes(made, source=sources[0])
    return done


def settle(provider: Codego, command: Command) -> Command:
    """Looks for the dispute where the provider lists them; elsewhere waits for a delivery or for a person."""
    delivered = Dispute.objects.filter(transaction_id=command.record_id).exclude(codego_id__in=command.known).first()
    if delivered and delivered.codego_id:
        return commands.finish(command, CommandState.DONE, result=delivered.codego_id)
    if lacks("GET /disputes"):
        return _wait_for_somebody(command)
    try:
        return settle_creation(provider, command, _look, _keep)
    except NoSuchRoute:
        return _wait_for_somebody(command)


def record_answer(command: Command, *, opened: bool, dispute_id: str, actor: Actor, reason: str) -> Command:
    """A person says what the provider's support answered about a dispute that nothing else can show. Raises CannotDo."""
    with atomic():
        command = Command.objects.select_for_update().get(pk=command.pk)
        if not command.is_open:
            raise CannotDo(_("This is settled already."))
        if opened and dispute_id:
            refer(Dispute, [dispute_id])
            ours = Q(transaction=None) | Q(transaction_id=command.record_id)
            if not Dispute.objects.filter(ours, codego_id=dispute_id).update(transaction_id=command.record_id):
                raise CannotDo(_("This dispute belongs to another purchase."))
        audit.record(
            Action.DISPUTE_RECORD,
            actor=actor,
            record="transaction",
            record_id=command.record_id,
            command=command.pk,
            reason=reason,
            opened=opened,
        )
        state = CommandState.DONE if opened else CommandState.NOT_DONE
        return commands.finish(command, state, result=dispute_id, by=actor)


def _look(provider: Codego, command: Command) -> Found:
    listed = [d.id for page in provider.disputes(transaction_id=command.target) for d in page.records]
    return Found(tuple(i for i in listed if i not in command.known))


def _wait_for_somebody(command: Command) -> Command:
    command.checks += 1
    return later(command, _("The provider lists no disputes. Ask its support, then record the answer here."))


def _keep(command: Command) -> None:
    """The dispute that came of it belongs to its purchase; its content is read, or will be."""
    refer(Dispute, [command.result])
    Dispute.objects.filter(codego_id=command.result, transaction=None).update(transaction_id=command.record_id)
    mark_dirty(Dispute, [command.result])


def _refuse(transaction: Transaction, actor: Actor, words: str) -> NoReturn:
    audit.record(
        Action.DISPUTE_OPEN, actor=actor, outcome=Outcome.REFUSED, record="transaction", record_id=transaction.pk
    )
    raise CannotDo(words)
