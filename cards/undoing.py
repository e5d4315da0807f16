"""Taking back a lock or an unlock right after it: a new command the other way round, for whoever made the first one."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _

from cards import services
from cards.models import Card
from console.access import Actor, Permission, permissions_of
from console.history.models import Change
from console.provider.commands import CannotDo
from console.provider.models import Command, CommandKind, CommandState

OFFERED = timedelta(seconds=30)  # how long a page offers it; it stands still while somebody is at it
ACCEPTED = timedelta(minutes=5)  # how long it is taken all the same
OTHER_WAY = {CommandKind.LOCK: CommandKind.UNLOCK, CommandKind.UNLOCK: CommandKind.LOCK}
NEEDS = {CommandKind.LOCK: Permission.CARD_LOCK, CommandKind.UNLOCK: Permission.CARD_UNLOCK}


class Offer(NamedTuple):
    command: Command
    card: Card
    seconds: int  # left


def offered(person_id: int, roles: Sequence[str]) -> Offer | None:
    """The newest lock or unlock of this person, while they may take it back."""
    now = timezone.now()
    theirs = Command.objects.filter(actor_id=person_id, kind__in=OTHER_WAY, state=CommandState.DONE)
    command = theirs.filter(settled_at__gt=now - OFFERED).order_by("-settled_at").first()
    if command is None or command.settled_at is None or not {"undoes", "bulk"}.isdisjoint(command.payload):
        return None
    card = Card.objects.filter(pk=command.record_id).defer("raw").first()
    if card is None or _why_not(command, card, Actor(person_id, tuple(roles))):
        return None
    return Offer(command, card, round((command.settled_at + OFFERED - now).total_seconds()))


def undo(command: Command, *, actor: Actor) -> Command:
    """Raises CannotDo: for somebody else, too late, without the right, or where the card has moved on."""
    card = Card.objects.get(pk=command.record_id)
    if words := _why_not(command, card, actor):
        raise CannotDo(words)
    kind = OTHER_WAY[CommandKind(command.kind)]
    return services.change_status(card, kind, actor=actor, reason=_("Undone"), undoes=command)


def _why_not(command: Command, card: Card, actor: Actor) -> str:
    """Empty where it may be undone."""
    kind = CommandKind(command.kind)
    if kind not in OTHER_WAY or command.state != CommandState.DONE or command.settled_at is None:
        return _("Only a lock or an unlock that was done can be undone.")
    if command.actor_id is None or command.actor_id != actor.user_id:
        return _("Only the person who did it can undo it.")
    if NEEDS[OTHER_WAY[kind]] not in permissions_of(list(actor.roles)):
        return _("Your role may lock cards but not unlock them. Ask somebody of operations to unlock this one.")
    if timezone.now() - command.settled_at > ACCEPTED:
        return _("It is too late to undo this. Change the card on its page instead.")
    return _moved_on(command, card, services.CHANGES[kind].state)


def _moved_on(command: Command, card: Card, left_as: str) -> str:
    """What came after it, of ours or of the provider; empty where nothing did."""
    since = Command.objects.filter(record="card", record_id=card.pk, created_at__gt=command.created_at)
    if since.exclude(state__in=[CommandState.REFUSED, CommandState.NOT_DONE]).exists():
        return _("This card was changed again since. Nothing was undone; look at it before you change it.")
    changes = Change.objects.filter(record="card", record_id=card.pk, written_at__gt=command.settled_at)
    if card.state == left_as and not changes.filter(before__state=left_as).exists():
        return ""
    status = {"status": card.status or "…"}
    return _("The card is no longer as you left it: it is %(status)s now. Nothing was undone.") % status
