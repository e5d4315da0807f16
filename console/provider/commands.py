"""Writes to the provider as records: stored before they are sent, and ended as done, refused or unknown.
An unknown outcome is settled by reading, never by sending again."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext as _

from console.access import Actor
from console.audit import services as audit
from console.audit.events import Action, Outcome
from console.codego.errors import CodegoError, NotSent, OutcomeUnknown, RateLimited
from console.notices import services as notices
from console.notices.kinds import Kind
from console.provider.models import Command, CommandKind, CommandState
from console.provider.subjects import subject

ABANDONED = timedelta(minutes=3)  # a sent command whose process has not spoken for this long is unknown

ACTIONS = {
    CommandKind.ISSUE: Action.CARD_ISSUE,
    CommandKind.LOCK: Action.CARD_LOCK,
    CommandKind.UNLOCK: Action.CARD_UNLOCK,
    CommandKind.ACTIVATE: Action.CARD_ACTIVATE,
    CommandKind.CANCEL: Action.CARD_CANCEL,
    CommandKind.LIMIT: Action.CARD_LIMIT,
    CommandKind.DISPUTE: Action.DISPUTE_OPEN,
    CommandKind.KYC: Action.KYC_OPEN,
    CommandKind.PIN: Action.CARD_PIN_SET,
    CommandKind.WITHDRAW: Action.DISPUTE_WITHDRAW,
    CommandKind.STATEMENT: Action.DISPUTE_STATEMENT,
    CommandKind.EVIDENCE: Action.DISPUTE_EVIDENCE,
    CommandKind.CHARGE: Action.CHARGE_MAKE,
}
OUTCOMES = {
    CommandState.DONE: Outcome.DONE,
    CommandState.REFUSED: Outcome.REFUSED,
    CommandState.NOT_DONE: Outcome.REFUSED,
    CommandState.LAPSED: Outcome.UNKNOWN,
    CommandState.UNKNOWN: Outcome.UNKNOWN,
    CommandState.SEVERAL: Outcome.UNKNOWN,
}


TOLD = "command:"  # what the keys of notices about commands begin with


class CannotDo(Exception):  # noqa: N818 - reads as the sentence it carries
    """Our own refusal: a sentence for the person who asked."""


def begin(
    kind: CommandKind,
    *,
    record: str,
    record_id: int,
    target: str,
    actor: Actor,
    payload: dict[str, Any] | None = None,
    known: list[str] | None = None,
    reason: str = "",
    once: uuid.UUID | None = None,
) -> Command:
    """Stores the intent. Raises CannotDo where another of its kind is still open for this record, or where this very
    request (`once`, an id that its form was given) is here already."""
    try:
        with transaction.atomic():
            return Command.objects.create(
                id=once or uuid.uuid4(),
                kind=kind,
                record=record,
                record_id=record_id,
                target=target,
                payload=payload or {},
                known=known or [],
                reason=reason,
                actor_id=actor.user_id,
                actor_roles=",".join(actor.roles),
                address=actor.address,
                check_at=timezone.now() + ABANDONED,
            )
    except IntegrityError:
        raise CannotDo(
            _("Another request for this record is still open. Wait until it is settled; nothing was sent.")
        ) from None


Keep = Callable[[Command], object]


def send(command: Command, call: Callable[[], str], *, keep: Keep | None = None) -> Command:
    """Makes the call and writes down how it ended. `call` returns the provider's id of what came of it; `keep` is for
    the database alone, and on record from the same moment as the success."""
    claimed = Command.objects.filter(pk=command.pk, state=CommandState.INTENT).update(
        state=CommandState.SENT, sent_at=timezone.now(), check_at=timezone.now() + ABANDONED
    )
    if not claimed:
        command.refresh_from_db()
        return command
    try:
        result = call()
    except OutcomeUnknown as lost:
        return finish(command, CommandState.UNKNOWN, message=str(lost), check_at=timezone.now())
    except (NotSent, RateLimited) as pause:
        if command.payload.get("bulk"):
            return _put_back(command, str(pause))
        words = _("It was not sent: %(why)s. Try again in a moment.") % {"why": str(pause).rstrip(".")}
        return finish(command, CommandState.NOT_DONE, message=words)
    except CodegoError as failure:
        return finish(command, CommandState.REFUSED, message=str(failure))
    return finish(command, CommandState.DONE, result=result, keep=keep)


def _put_back(command: Command, message: str) -> Command:
    """What nobody waits for at a screen stays in line while the provider takes nothing: it had no effect."""
    sent = Command.objects.filter(pk=command.pk, state=CommandState.SENT)
    sent.update(state=CommandState.INTENT, sent_at=None, message=message)
    command.refresh_from_db()
    return command


def finish(
    command: Command,
    state: CommandState,
    *,
    message: str = "",
    result: str = "",
    check_at: datetime | None = None,
    by: Actor | None = None,
    keep: Keep | None = None,
) -> Command:
    """Ends a command, or leaves it open to be settled at `check_at`; either way the audit says so, once per change."""
    with transaction.atomic():
        now = Command.objects.select_for_update().get(pk=command.pk)
        if not now.is_open and state != CommandState.DONE:
            command.refresh_from_db()
            return command  # it was settled meanwhile, by an answer or by a person
        changed = state != now.state or state not in {CommandState.UNKNOWN, CommandState.SEVERAL}
        command.state, command.message, command.check_at = state, message, check_at
        command.result = result or now.result
        command.settled_at = None if command.is_open else timezone.now()
        command.save(update_fields=["state", "message", "check_at", "result", "settled_at", "checks"])
        if keep and command.state == CommandState.DONE:
            keep(command)
        if _is_news(now, command, by):
            _tell(command)
        if changed:
            _audit(command, by)
    return command


def _is_news(before: Command, command: Command, by: Actor | None) -> bool:
    """Whether it ended after the answer to whoever asked had gone out, so that they have to be told."""
    if command.is_open or command.actor_id is None or (by and by.user_id == command.actor_id):
        return False
    if command.payload.get("bulk"):
        return False  # its run says so, with the others
    return before.state in {CommandState.UNKNOWN, CommandState.SEVERAL, CommandState.INTENT}


def _tell(command: Command) -> None:
    """Tells whoever asked how it ended, wherever they are by then."""

    def said(*, clear: bool) -> Any:
        words = [CommandKind(command.kind).label, ": ", CommandState(command.state).label]
        about = subject(command, clear=clear)
        return format_lazy("{}" * 4, *words, f" · {about}" if about else "")

    notices.tell(
        [command.actor_id] if command.actor_id else [],
        Kind.OUTCOME,
        words=said(clear=True),
        masked=said(clear=False),
        url=reverse("provider:command", args=[command.pk]),
        key=f"{TOLD}{command.pk}:{command.state}",
    )


def told_of(key: str) -> str:
    """The id of the command that the notice of this key is about; empty where it is about something else."""
    return key.removeprefix(TOLD).partition(":")[0] if key.startswith(TOLD) else ""


def seen(command: Command, user_id: int) -> None:
    """This person has seen how it ended."""
    notices.see(user_id, keys=[f"{TOLD}{command.pk}:{state}" for state in CommandState])


def give_up_unsent(command: Command, words: str = "") -> None:
    """An intent whose process went away before sending, or that is not wanted any more. From here on `send` will not
    send it."""
    with transaction.atomic():
        now = Command.objects.select_for_update().get(pk=command.pk)
        if now.state == CommandState.INTENT:
            finish(now, CommandState.NOT_DONE, message=words or _("It was never sent. You can try again."))


def _audit(command: Command, by: Actor | None) -> None:
    audit.record(
        ACTIONS[CommandKind(command.kind)],
        actor=by or actor_of(command),
        outcome=OUTCOMES[CommandState(command.state)],
        record=command.record,
        record_id=command.record_id,
        command=command.pk,
        reason=command.reason,
        **({"result": command.result} if command.result else {}),
        **({"undoes": command.payload["undoes"]} if "undoes" in command.payload else {}),
    )


def actor_of(command: Command) -> Actor:
    return Actor(command.actor_id, tuple(filter(None, command.actor_roles.split(","))), command.address)


def due() -> list[Command]:
    """Open commands whose outcome is to be looked up now; each is claimed for a minute."""
    now = timezone.now()

    def claimed(command: Command) -> bool:
        same = Command.objects.filter(pk=command.pk, check_at=command.check_at)
        return bool(same.update(check_at=now + ABANDONED))

    return [c for c in Command.objects.filter(check_at__lte=now).order_by("check_at")[:50] if claimed(c)]


def of_record(record: str, record_id: int, limit: int = 8) -> list[Command]:
    """The newest commands on a record, for its page."""
    return list(
        Command.objects.filter(record=record, record_id=record_id)
        .select_related("actor")
        .order_by("-created_at")[:limit]
    )
