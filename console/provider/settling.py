"""What to do with a command whose answer never came, before its noun is asked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from console.codego.client import Codego
from console.provider.commands import Keep, finish
from console.provider.models import Command, CommandState

# When a created object must have shown itself: three full listings over ten minutes.
LISTINGS = 3
PERIOD = timedelta(minutes=10)
# A request that a proxy held back can still arrive; a change is said not to have happened only after that.
CHANGE_PERIOD = timedelta(seconds=60)
GONE = timedelta(hours=1)
PAUSES = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=5))


@dataclass(frozen=True, slots=True)
class Found:
    """What reading the provider showed: one id, several that could be it, or none yet."""

    ids: tuple[str, ...] = ()


Look = Callable[[Codego, Command], Found]


def settle_creation(client: Codego, command: Command, look: Look, keep: Keep, *, period: timedelta = PERIOD) -> Command:
    """Adopts the one new object that can only be ours; leaves several to a person; says "not created" late: `period` is
    how long one that was created may stay unseen."""
    found = look(client, command)
    command.checks += 1
    if len(found.ids) == 1:
        words = _("Found at the provider.")
        return finish(command, CommandState.DONE, result=found.ids[0], message=words, keep=keep)
    if found.ids:
        return finish(
            command,
            CommandState.SEVERAL,
            message=_("Several new objects could be this one: %(ids)s. A person has to say which.")
            % {"ids": ", ".join(found.ids)},
        )
    asked = command.sent_at or command.created_at
    if command.checks >= LISTINGS and timezone.now() - asked >= period:
        return finish(command, CommandState.NOT_DONE, message=_("The provider did not create it."))
    return later(command)


def later(command: Command, message: str = "") -> Command:
    """Looks again after a pause that grows."""
    return finish(command, CommandState.UNKNOWN, message=message or command.message, check_at=next_look(command))


def next_look(command: Command) -> datetime:
    return timezone.now() + PAUSES[min(max(command.checks, 1), len(PAUSES)) - 1]


def settle_without_object(command: Command, words: str) -> Command:
    """What was to be changed is not known to the provider any more: that is believed after an hour."""
    if timezone.now() - (command.sent_at or command.created_at) < GONE:
        return later(command, words)
    lapsed = _("The provider does not know this object any more: %(words)s") % {"words": words}
    return finish(command, CommandState.LAPSED, message=lapsed)


def settle_change(command: Command, *, applied: bool) -> Command:
    """A change either stands at the provider or, after two looks and a minute, is said not to."""
    command.checks += 1
    if applied:
        return finish(command, CommandState.DONE, message=_("Confirmed by reading it at the provider."))
    asked = command.sent_at or command.created_at
    if command.checks >= 2 and timezone.now() - asked >= CHANGE_PERIOD:
        return finish(
            command, CommandState.NOT_DONE, message=_("The provider did not make the change. You can try again.")
        )
    return later(command)
