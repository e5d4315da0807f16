"""Fees that staff charge to a person or a company. The provider shows each as a transaction of type fee: that is what
is waited for afterwards, and how a charge is found again whose answer was lost."""

import uuid
from contextlib import suppress
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from cardholders.models import Cardholder
from cardholders.nouns import Applicant, noun_of
from cardholders.sync import touch_balances
from console.access import Actor
from console.audit import services as audit
from console.audit.events import Action, Outcome
from console.codego.client import Codego
from console.codego.errors import CodegoError
from console.codego.protocols import Priority
from console.codego.records import TransactionRecord
from console.provider import commands, features
from console.provider.commands import CannotDo
from console.provider.factory import client
from console.provider.mirror import Source
from console.provider.models import Command, CommandKind, CommandState
from console.provider.observing import lacks
from console.provider.settling import Found, next_look, settle_creation
from transactions.dispute_changes import alike
from transactions.models import Transaction
from transactions.sync import apply_transactions

SOON = timedelta(seconds=30)
PATIENCE = timedelta(days=1)  # how long the fee of a charge that was taken is looked for


def why_not(owner: Applicant) -> str:
    """Why nothing can be charged to this owner now, and what to do instead; or nothing."""
    if isinstance(owner, Cardholder) and owner.company:
        return _("What this person spends is the company's to pay. Charge %(company)s instead.") % {
            "company": owner.company
        }
    if not owner.codego_id or not owner.is_approved:
        return _("Only an approved cardholder or company can be charged.")
    if lacks(features.CHARGES[noun_of(owner)]):
        return _("The provider does not offer this. %(instead)s") % {"instead": features.BY_KEY["charges"].without}
    return ""


def charge(
    owner: Applicant, amount: int, description: str, *, actor: Actor, reason: str, once: uuid.UUID | None = None
) -> Command:
    """Charges `amount` in cents. Raises CannotDo, or CodegoError where nothing could be sent. A form that comes twice
    with the same `once` charges once."""
    noun = noun_of(owner)
    if words := why_not(owner):
        audit.record(Action.CHARGE_MAKE, actor=actor, outcome=Outcome.REFUSED, record=noun, record_id=owner.pk)
        raise CannotDo(words)
    with client(Priority.INTERACTIVE) as provider:
        command = commands.begin(
            CommandKind.CHARGE,
            record=noun,
            record_id=owner.pk,
            target=str(owner.codego_id),
            actor=actor,
            reason=reason,
            once=once,
            known=_known(provider, owner),
            payload={"amount": amount, "description": description},
        )
        post = provider.charge_user if noun == "cardholder" else provider.charge_company

        def call() -> str:
            return post(command.target, amount, description, idempotency_key=command.pk)

        done = commands.send(command, call, keep=_keep)
        if done.state == CommandState.DONE:
            with suppress(CodegoError):
                _follow(provider, done)
    return done


def settle(provider: Codego, command: Command) -> Command:
    """Finds out what became of a charge whose answer was lost; reads the fee of one that was taken."""
    if command.state == CommandState.DONE:
        return _follow(provider, command)
    similar = [fee for fee in _new_fees(provider, command) if _has_amount(fee, command)]
    same = [fee.id for fee in similar if _has_words(fee, command)]
    if similar and (not same or _another_is_awaited(command)):
        words = _("A new fee like it is there (%(ids)s), but it may be another one. A person has to say.")
        ids = ", ".join(fee.id for fee in similar)
        return commands.finish(command, CommandState.SEVERAL, message=words % {"ids": ids})
    found = Found(tuple(same))
    settled = settle_creation(provider, command, lambda _provider, _command: found, _keep, period=PATIENCE)
    return _follow(provider, settled) if settled.state == CommandState.DONE else settled


def candidates(command: Command) -> list[Transaction]:
    """The new fees that a charge may mean, read now so that each can be told from the others. Raises CodegoError."""
    at = timezone.now()
    with client(Priority.INTERACTIVE) as provider:
        similar = [fee for fee in _new_fees(provider, command) if _has_amount(fee, command)]
    apply_transactions(similar, source=Source("command", at, str(command.pk)))
    return list(Transaction.objects.filter(codego_id__in=[fee.id for fee in similar]).order_by("pk"))


def claim(command: Command, fee: Transaction | None, *, actor: Actor) -> Command:
    """A person says which fee came of a charge, or (None) that none of them did. Raises CannotDo."""
    with transaction.atomic():
        if Command.objects.select_for_update().get(pk=command.pk).state != CommandState.SEVERAL:
            raise CannotDo(_("Somebody has said already what became of it."))
        command.refresh_from_db()
        if fee is None:
            words = _("None of the new fees came of it.")
            return commands.finish(command, CommandState.NOT_DONE, message=words, by=actor)
        if _other_charges(command).filter(result=fee.codego_id).exists():
            raise CannotDo(_("This fee came of another charge. Choose again."))
        words = _("Somebody said which fee it is.")
        result = str(fee.codego_id)
        return commands.finish(command, CommandState.DONE, result=result, message=words, by=actor, keep=_keep)


def _keep(command: Command) -> None:
    """The balance has changed, and the fee is to be read: by whoever asked, or else soon by the worker."""
    touch_balances([command.target], timezone.now())
    Command.objects.filter(pk=command.pk).update(check_at=timezone.now() + SOON)


def _follow(provider: Codego, command: Command) -> Command:
    """Reads the fee that came of a charge and gives the command its id. The worker looks again until it shows."""
    at = timezone.now()
    fees = _new_fees(provider, command)
    apply_transactions(fees, source=Source("command", at, str(command.pk)))
    same = [fee.id for fee in fees if _has_amount(fee, command) and _has_words(fee, command)]
    named = [fee.id for fee in fees if fee.id == command.result]
    found = named or (same if len(same) == 1 else [])
    command.checks += 1
    command.result = found[0] if found else command.result
    late = at - (command.settled_at or at) >= PATIENCE
    command.check_at = None if found or late else next_look(command)
    command.save(update_fields=["result", "check_at", "checks"])
    return command


def _known(provider: Codego, owner: Applicant) -> list[str]:
    """The fees the owner has at the provider this moment, and here: what appears afterwards is new."""
    listed = {fee.id for fee in _listed(provider, noun_of(owner), str(owner.codego_id))}
    ours = owner.transactions.filter(kind="fee").exclude(codego_id=None).values_list("codego_id", flat=True)
    return sorted(listed | {str(i) for i in ours})


def _new_fees(provider: Codego, command: Command) -> list[TransactionRecord]:
    """Fees of this owner that were not there before and that no other charge has claimed."""
    others = _other_charges(command).values_list("result", flat=True)
    passed = {*command.known, *others}
    return [fee for fee in _listed(provider, command.record, command.target) if fee.id not in passed]


def _listed(provider: Codego, noun: str, codego_id: str) -> list[TransactionRecord]:
    """All fees of an owner. Not narrowed by time: a fee need not say when it was posted."""
    user, company = (codego_id, None) if noun == "cardholder" else (None, codego_id)
    pages = provider.transactions(user_id=user, company_id=company, types=["fee"])
    return [fee for page in pages for fee in page.records]


def _other_charges(command: Command) -> QuerySet[Command]:
    same = Command.objects.filter(kind=CommandKind.CHARGE, record=command.record, record_id=command.record_id)
    return same.exclude(pk=command.pk)


def _another_is_awaited(command: Command) -> bool:
    """Whether an equal charge was taken whose fee has not shown itself: then a new fee may be that one's."""
    awaited = _other_charges(command).filter(state=CommandState.DONE, check_at__isnull=False)
    return awaited.filter(payload__amount=command.payload["amount"]).exists()


def _has_amount(fee: TransactionRecord, command: Command) -> bool:
    return fee.amount in {None, command.payload["amount"]}


def _has_words(fee: TransactionRecord, command: Command) -> bool:
    return fee.description is None or alike(fee.description, command.payload["description"])
