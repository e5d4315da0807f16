"""What staff can do to cards. Each is a command: checked, stored, sent, and ended as done, refused or unknown."""

import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from django.utils import timezone
from django.utils.translation import gettext as _

from cardholders.models import Cardholder
from cards.models import CANCELED, Card, state_of
from cards.sync import apply_cards
from console.access import Actor
from console.audit import services as audit
from console.audit.events import Action, Outcome
from console.codego.bodies import Limit, NewCard
from console.codego.client import Codego
from console.codego.errors import CodegoError, NoSuchObject
from console.codego.protocols import Priority
from console.codego.records import CardRecord, normal
from console.provider import commands
from console.provider.commands import ACTIONS, CannotDo
from console.provider.factory import client
from console.provider.mirror import Source, mark_dirty, refer
from console.provider.models import Command, CommandKind, CommandState
from console.provider.settling import Found, settle_change, settle_creation, settle_without_object


@dataclass(frozen=True, slots=True)
class Change:
    """A change of status: what it asks of the provider, and from which states it makes sense."""

    wire: str
    state: str
    allowed: frozenset[str]


CHANGES: dict[CommandKind, Change] = {
    CommandKind.LOCK: Change("locked", "locked", frozenset({"active"})),
    CommandKind.UNLOCK: Change("active", "active", frozenset({"locked", "blocked"})),
    CommandKind.ACTIVATE: Change("active", "active", frozenset({"notactivated", "inactive"})),
    CommandKind.CANCEL: Change(
        "canceled", CANCELED, frozenset({"active", "locked", "notactivated", "inactive", "blocked"})
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a new card should be. `limit_amount` in minor units of USD; `shipping` in the provider's field names."""

    type: str
    limit_amount: int | None = None
    limit_frequency: str = ""
    display_name: str = ""
    shipping: dict[str, str] | None = None

    def body(self) -> NewCard:
        limit = None if self.limit_amount is None else Limit(amount=self.limit_amount, frequency=self.limit_frequency)
        return NewCard(
            type=self.type,
            status="active" if self.type == "virtual" else None,
            limit=limit,
            display_name=self.display_name or None,
            shipping=self.shipping,
        )


def issue(
    holder: Cardholder, order: Order, *, actor: Actor, reason: str = "", once: uuid.UUID | None = None
) -> Command:
    """Asks for a new card (reference, step 3). Raises CannotDo, or CodegoError where nothing could be sent.
    A form that comes twice with the same `once` asks for one card."""
    if not holder.codego_id or not holder.is_approved:
        _refuse(CommandKind.ISSUE, "cardholder", holder.pk, actor, _("Only an approved cardholder can have a card."))
    with client(Priority.INTERACTIVE) as provider:
        known = _ids_at_provider(provider, holder)
        command = commands.begin(
            CommandKind.ISSUE,
            record="cardholder",
            record_id=holder.pk,
            target=holder.codego_id,
            actor=actor,
            reason=reason,
            once=once,
            known=known,
            payload={
                "type": order.type,
                "limit_amount": order.limit_amount,
                "limit_frequency": order.limit_frequency,
                "display_name": order.display_name,
            },
        )

        def create() -> str:
            return provider.issue_card(str(holder.codego_id), order.body(), idempotency_key=command.pk).id

        done = commands.send(command, create, keep=_keep_issued)
        if done.result:
            _read(provider, done.result, done)
    return done


def _keep_issued(command: Command) -> None:
    """The card that came of an issue becomes a row of its holder; its content is read, or will be."""
    pk = refer(Card, [command.result])[command.result]
    Card.objects.filter(pk=pk, cardholder=None).update(cardholder_id=command.record_id)


def change_status(
    card: Card, kind: CommandKind, *, actor: Actor, reason: str = "", undoes: Command | None = None
) -> Command:
    """Locks, unlocks, activates or cancels (reference, step 4). A command is undone once, however often it is asked.
    Raises CannotDo."""
    command = begin_change(card, kind, actor=actor, reason=reason, undoes=undoes)
    with client(Priority.INTERACTIVE) as provider:
        return _send_change(provider, command)


def set_limit(card: Card, amount: int, frequency: str, *, actor: Actor, reason: str = "") -> Command:
    """Sets what the card may spend: `amount` in minor units of USD over a rolling window. Raises CannotDo."""
    command = begin_limit(card, amount, frequency, actor=actor, reason=reason)
    with client(Priority.INTERACTIVE) as provider:
        return _send_change(provider, command)


def begin_change(
    card: Card, kind: CommandKind, *, actor: Actor, reason: str = "", bulk: int = 0, undoes: Command | None = None
) -> Command:
    """Stores a change of status without sending it; `bulk` is the number of the run it belongs to, `undoes` what it takes
    back. Raises CannotDo."""
    if not card.codego_id or card.state not in CHANGES[kind].allowed:
        words = _("This card is %(status)s, so it cannot be changed that way.") % {"status": card.status or "…"}
        _refuse(kind, "card", card.pk, actor, words)
    return commands.begin(
        kind,
        record="card",
        record_id=card.pk,
        target=card.codego_id,
        actor=actor,
        reason=reason,
        once=_id_of_undo(undoes) if undoes else None,
        payload=({"bulk": bulk} if bulk else {}) | ({"undoes": str(undoes.pk)} if undoes else {}) or None,
    )


def _id_of_undo(command: Command) -> uuid.UUID:
    """The same for two that are asked for at once; another after one that came to nothing."""
    tried = Command.objects.filter(record="card", record_id=command.record_id, payload__undoes=str(command.pk))
    in_vain = tried.filter(state__in=[CommandState.REFUSED, CommandState.NOT_DONE]).count()
    return uuid.uuid5(uuid.NAMESPACE_URL, f"deckhand:undo:{command.pk}:{in_vain}")


def begin_limit(card: Card, amount: int, frequency: str, *, actor: Actor, reason: str = "", bulk: int = 0) -> Command:
    """Stores a change of limit without sending it: `amount` in minor units of USD over a rolling window."""
    if card.state == CANCELED or not card.codego_id:
        _refuse(CommandKind.LIMIT, "card", card.pk, actor, _("A cancelled card has no limit to change."))
    return commands.begin(
        CommandKind.LIMIT,
        record="card",
        record_id=card.pk,
        target=card.codego_id,
        actor=actor,
        reason=reason,
        payload={"amount": amount, "frequency": frequency} | ({"bulk": bulk} if bulk else {}),
    )


def send_begun(provider: Codego, command: Command) -> Command:
    """Sends a stored change, in the worker."""
    return _send_change(provider, command)


def replace(card: Card, order: Order, *, actor: Actor, reason: str) -> tuple[Command, Command | None]:
    """Lost or stolen: cancels first, and issues only once the provider has said that the old card is dead."""
    if not card.cardholder or not card.cardholder.codego_id or not card.cardholder.is_approved:
        words = _("Only an approved cardholder can have a new card. Cancel or lock this one instead.")
        _refuse(CommandKind.ISSUE, "card", card.pk, actor, words)
    audit.record(
        Action.CARD_REPLACE, actor=actor, outcome=Outcome.STARTED, record="card", record_id=card.pk, reason=reason
    )
    cancelled = change_status(card, CommandKind.CANCEL, actor=actor, reason=reason)
    if cancelled.state != CommandState.DONE:
        return cancelled, None
    once = uuid.uuid5(
        uuid.NAMESPACE_URL, f"deckhand:replace:{card.pk}"
    )  # a card is replaced once, however often it is asked
    return cancelled, issue(card.cardholder, order, actor=actor, reason=reason, once=once)


def settle(provider: Codego, command: Command) -> Command:
    """Finds out what became of a command whose answer was lost."""
    if command.kind == CommandKind.ISSUE:
        settled = settle_creation(provider, command, _look_for_issued, _keep_issued)
        if settled.state == CommandState.DONE:
            _read(provider, settled.result, settled)
        return settled
    at = timezone.now()
    try:
        record = provider.card(command.target)
    except NoSuchObject as gone:
        return settle_without_object(command, str(gone))
    apply_cards([record], source=Source("command", at, str(command.pk)))
    later = Command.objects.filter(record="card", record_id=command.record_id, sent_at__gt=command.sent_at)
    if not _stands(command, record) and later.filter(state=CommandState.DONE).exists():
        words = _("A later change of this card overtook this one.")
        return commands.finish(command, CommandState.NOT_DONE, message=words)
    return settle_change(command, applied=_stands(command, record))


def candidates(command: Command) -> list[Card]:
    """The new cards that an issue may mean, read now so that each can be told from the others. Raises CodegoError."""
    with client(Priority.INTERACTIVE) as provider:
        ids = _look_for_issued(provider, command).ids
        refer(Card, ids)
        for card_id in ids:
            _read(provider, card_id, command)
    return list(Card.objects.filter(codego_id__in=ids).order_by("pk"))


def claim_card(command: Command, card: Card, *, actor: Actor) -> Command:
    """A person says which of several new cards is the one that was asked for. Raises CannotDo."""
    command.refresh_from_db()
    if command.state != CommandState.SEVERAL:
        raise CannotDo(_("Somebody has said which card it is already."))
    return commands.finish(command, CommandState.DONE, result=str(card.codego_id), by=actor)


def _send_change(provider: Codego, command: Command) -> Command:
    """Sends the PATCH; its echo may be stale (facts 1.6), so the card is read again instead of believing it."""

    def change() -> str:
        if command.kind == CommandKind.LIMIT:
            limit = Limit(amount=command.payload["amount"], frequency=command.payload["frequency"])
            provider.update_card(command.target, limit=limit, idempotency_key=command.pk)
        else:
            wire = CHANGES[CommandKind(command.kind)].wire
            provider.update_card(command.target, status=wire, idempotency_key=command.pk)
        return command.target

    done = commands.send(command, change, keep=lambda sent: mark_dirty(Card, [sent.target]))
    _read(provider, command.target, command)
    return done


def _read(provider: Codego, card_id: str, command: Command) -> None:
    """The card as it is now; where it cannot be read at once, the worker will."""
    mark_dirty(Card, [card_id])
    at = timezone.now()
    with suppress(CodegoError):
        apply_cards([provider.card(card_id)], source=Source("command", at, str(command.pk)))


def _ids_at_provider(provider: Codego, holder: Cardholder) -> list[str]:
    """All card ids the holder has at the provider this moment: what appears afterwards is new."""
    listed = {card.id for page in provider.cards(user_id=str(holder.codego_id)) for card in page.records}
    ours = holder.cards.exclude(codego_id=None).values_list("codego_id", flat=True)
    return sorted(listed | {str(i) for i in ours})


def _look_for_issued(provider: Codego, command: Command) -> Found:
    """New cards of this holder with the type and limit asked for, that no other command has claimed."""
    claimed = set(
        Command.objects.filter(kind=CommandKind.ISSUE, record_id=command.record_id)
        .exclude(pk=command.pk)
        .values_list("result", flat=True)
    )
    passed = set(command.known) | claimed
    found = []
    for page in provider.cards(user_id=command.target):
        found += [card.id for card in page.records if card.id not in passed and _is_as_asked(card, command.payload)]
    return Found(tuple(found))


def _is_as_asked(card: CardRecord, asked: dict[str, Any]) -> bool:
    limit = asked.get("limit_amount")
    same_limit = (
        limit is None
        or card.limit_amount is None
        or (
            card.limit_amount == limit
            and normal(card.limit_frequency or "") == normal(asked.get("limit_frequency") or "")
        )
    )
    return same_limit and normal(card.type or asked["type"]) == normal(asked["type"])


def _stands(command: Command, card: CardRecord) -> bool:
    if command.kind == CommandKind.LIMIT:
        same = normal(card.limit_frequency or "") == normal(command.payload["frequency"])
        return card.limit_amount == command.payload["amount"] and same
    return state_of(card.status or "") == CHANGES[CommandKind(command.kind)].state


def _refuse(kind: CommandKind, record: str, record_id: int, actor: Actor, words: str) -> NoReturn:
    audit.record(ACTIONS[kind], actor=actor, outcome=Outcome.REFUSED, record=record, record_id=record_id)
    raise CannotDo(words)
