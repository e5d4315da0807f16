"""Settles commands whose outcome is unknown."""

import time
from collections.abc import Callable
from datetime import timedelta

from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _

from cardholders import services as kyc
from cards import reveal
from cards import services as cards
from console.codego.client import Codego
from console.codego.errors import CodegoError
from console.codego.protocols import Priority
from console.provider import commands
from console.provider.factory import client
from console.provider.models import Command, CommandKind, CommandState
from transactions import charges, dispute_changes
from transactions import services as disputes

SLICE = 8.0
AGAIN = timedelta(seconds=30)

Settle = Callable[[Codego, Command], Command]
SETTLERS: dict[str, Settle] = {
    CommandKind.CHARGE: charges.settle,
    CommandKind.DISPUTE: disputes.settle,
    CommandKind.KYC: lambda _provider, command: kyc.settle(command),
    CommandKind.PIN: lambda _provider, command: reveal.settle_pin(command),
    **dict.fromkeys(
        (
            CommandKind.ISSUE, CommandKind.LOCK, CommandKind.UNLOCK, CommandKind.ACTIVATE, CommandKind.CANCEL,
            CommandKind.LIMIT,
        ),
        cards.settle,
    ),
    **dict.fromkeys(
        (CommandKind.WITHDRAW, CommandKind.STATEMENT, CommandKind.EVIDENCE),
        dispute_changes.settle,
    ),
}  # fmt: skip


def settle_due(seconds: float = SLICE) -> int:
    """Looks up every due command; how many. A provider that does not answer leaves them open for later."""
    until, done = time.monotonic() + seconds, 0
    due = commands.due()
    if not due:
        return 0
    with client(Priority.WORKER) as provider:
        for command in due:
            if time.monotonic() >= until:
                break
            _settle(provider, command)
            done += 1
    return done


def _settle(provider: Codego, command: Command) -> None:
    if command.state == CommandState.INTENT:
        if not command.payload.get("bulk"):  # its run sends it
            commands.give_up_unsent(command)
        return
    if command.state == CommandState.SENT:
        lost = _("The console stopped before the answer came.")
        commands.finish(command, CommandState.UNKNOWN, message=lost, check_at=command.check_at)
    try:
        SETTLERS[command.kind](provider, command)
    except (CodegoError, DatabaseError):
        Command.objects.filter(pk=command.pk).update(check_at=timezone.now() + AGAIN)
