"""What staff can do to a dispute that is open, where the provider has the routes for it: withdraw it, change the
statement, attach a file. Each is a command; the dispute is read before it is sent and after."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from console.access import Actor
from console.audit import services as audit
from console.audit.events import Action, Outcome
from console.codego.client import Codego
from console.codego.errors import CodegoError, NoSuchObject, NoSuchRoute
from console.codego.protocols import Priority
from console.provider import commands, features
from console.provider.commands import ACTIONS, CannotDo
from console.provider.factory import client
from console.provider.mirror import Source, mark_dirty
from console.provider.models import Command, CommandKind, CommandState
from console.provider.observing import lacks
from console.provider.settling import later, settle_change
from transactions.evidence import MOST, Evidence
from transactions.models import Dispute
from transactions.services import OPEN_STATES
from transactions.sync import apply_disputes

# The route each needs, and the feature that says what to do without it.
NEEDS = {
    CommandKind.WITHDRAW: ("PATCH /disputes/{id}", "dispute_update"),
    CommandKind.STATEMENT: ("PATCH /disputes/{id}", "dispute_update"),
    CommandKind.EVIDENCE: ("PUT /disputes/{id}/evidence", "dispute_evidence"),
}
FETCH = "GET /disputes/{id}/evidence"
WITHDRAWN = "canceled"
PATIENCE = timedelta(days=1)  # how long a delivery is waited for where a dispute cannot be read

Send = Callable[[Codego, Command], None]


def why_not(dispute: Dispute, kind: CommandKind) -> str:
    """Why this cannot be done to the dispute now, and what to do instead; or nothing."""
    if not is_open(dispute):
        return _("This dispute is not open, so nothing about it can be changed.")
    route, feature = NEEDS[kind]
    if lacks(route):
        return _("The provider does not offer this. %(instead)s") % {"instead": features.BY_KEY[feature].without}
    return ""


def is_open(dispute: Dispute) -> bool:
    """Also not where it was withdrawn here and the provider has not told of it since."""
    return dispute.state in OPEN_STATES and bool(dispute.codego_id) and not _done_since(dispute, CommandKind.WITHDRAW)


def statement_of(dispute: Dispute) -> str:
    """As the provider last told it, or as it was put here since."""
    restated = _done_since(dispute, CommandKind.STATEMENT)
    return str(restated.payload["text"]) if restated else dispute.text_evidence


def _done_since(dispute: Dispute, kind: CommandKind) -> Command | None:
    """The newest such change that the provider has not told of yet, as where disputes cannot be read."""
    done = Command.objects.filter(kind=kind, record="dispute", record_id=dispute.pk, state=CommandState.DONE)
    newest = done.order_by("-settled_at").first()
    told = dispute.fresh_at
    return newest if newest and newest.settled_at and (told is None or told < newest.settled_at) else None


def withdraw(dispute: Dispute, *, actor: Actor, reason: str) -> Command:
    """Gives the dispute up for good. Raises CannotDo, or CodegoError where nothing could be sent."""

    def send(provider: Codego, command: Command) -> None:
        provider.update_dispute(command.target, status=WITHDRAWN, idempotency_key=command.pk)

    return _change(dispute, CommandKind.WITHDRAW, send, actor=actor, reason=reason)


def restate(dispute: Dispute, text: str, *, before: str, actor: Actor) -> Command:
    """Puts `text` in the place of the statement, which reads `before` as far as the person knows. Raises as withdraw."""

    def send(provider: Codego, command: Command) -> None:
        provider.update_dispute(command.target, text_evidence=text, idempotency_key=command.pk)

    return _change(dispute, CommandKind.STATEMENT, send, actor=actor, payload={"text": text}, before=before)


def attach(dispute: Dispute, file: Evidence, *, actor: Actor) -> Command:
    """Sends a file as evidence, in the place of one that is there. Raises as withdraw."""

    def send(provider: Codego, command: Command) -> None:
        provider.add_dispute_evidence(
            command.target, name=file.name, type=file.kind.type, content=file.content, idempotency_key=command.pk
        )

    payload = {"size": len(file.content), "file": file.kind.name}
    return _change(dispute, CommandKind.EVIDENCE, send, actor=actor, payload=payload)


def fetch(dispute: Dispute, *, actor: Actor) -> bytes:
    """The file at the provider. Raises CannotDo; either way it is on record."""
    words = _("The provider has no file of this dispute.")
    content = b""
    try:
        with client(Priority.INTERACTIVE) as provider:
            content = provider.dispute_evidence(dispute.codego_id or "")
    except NoSuchRoute:
        words = _("The provider does not hand files out. Ask its support for this one.")
    except NoSuchObject:
        pass
    except CodegoError as failure:
        words = _("The file could not be fetched: %(words)s") % {"words": failure}
    if len(content) > MOST:
        content, words = b"", _("The file is larger than 20 MB. Ask the provider's support for it.")
    outcome = Outcome.DONE if content else Outcome.REFUSED
    audit.record(Action.DISPUTE_DOWNLOAD, actor=actor, outcome=outcome, record="dispute", record_id=dispute.pk)
    if not content:
        raise CannotDo(words)
    return content


def settle(provider: Codego, command: Command) -> Command:
    """Reads what became of a command whose answer was lost; where disputes cannot be read, a delivery has to tell."""
    if command.payload.get("had_file", False) is not False:
        return commands.finish(
            command, CommandState.LAPSED, message=_("Whether the file was taken is not known. Send it again.")
        )
    try:
        readable = _read(provider, command.target, str(command.pk))
    except (NoSuchRoute, NoSuchObject):
        readable = False
    dispute = Dispute.objects.get(pk=command.record_id)
    stands = STANDS[CommandKind(command.kind)](dispute, command)
    if readable:
        return settle_change(command, applied=stands)
    if stands:
        return commands.finish(command, CommandState.DONE, message=_("Confirmed by the provider's webhook."))
    if timezone.now() - (command.sent_at or command.created_at) >= PATIENCE:
        words = _("The provider has not reported on the dispute. Ask its support, or ask for it again.")
        return commands.finish(command, CommandState.LAPSED, message=words)
    command.checks += 1
    return later(command, _("Disputes cannot be read at this provider. This waits for its next webhook about it."))


def _change(
    dispute: Dispute,
    kind: CommandKind,
    send: Send,
    *,
    actor: Actor,
    reason: str = "",
    payload: dict[str, Any] | None = None,
    before: str | None = None,
) -> Command:
    """`before` is what the statement has to read still, lest somebody else's words be lost."""
    with client(Priority.INTERACTIVE) as provider:
        if not why_not(dispute, kind):
            with suppress(NoSuchRoute):
                _read(provider, str(dispute.codego_id))
            dispute.refresh_from_db()
        words = why_not(dispute, kind)
        if not words and before is not None and not alike(before, statement_of(dispute)):
            words = _("Somebody has changed the statement meanwhile. Copy your text, look at theirs, then start again.")
        if words:
            audit.record(ACTIONS[kind], actor=actor, outcome=Outcome.REFUSED, record="dispute", record_id=dispute.pk)
            raise CannotDo(words)
        had_file = {"had_file": dispute.has_file_evidence} if kind == CommandKind.EVIDENCE else {}
        command = commands.begin(
            kind,
            record="dispute",
            record_id=dispute.pk,
            target=str(dispute.codego_id),
            actor=actor,
            reason=reason,
            payload={**(payload or {}), **had_file},
        )

        def call() -> str:
            send(provider, command)
            return command.target

        done = commands.send(command, call, keep=lambda sent: mark_dirty(Dispute, [sent.target]))
        with suppress(CodegoError):
            _read(provider, command.target, str(command.pk))
    return done


def _read(provider: Codego, dispute_id: str, ref: str = "") -> bool:
    """The dispute as it is now. False where the provider is known not to let it be read; raises CodegoError."""
    if lacks("GET /disputes/{id}"):
        return False
    at = timezone.now()
    apply_disputes([provider.dispute(dispute_id)], source=Source("command", at, ref))
    return True


def alike(one: str, other: str) -> bool:
    """The same words, however they are broken into lines."""
    return one.split() == other.split()


STANDS: dict[CommandKind, Callable[[Dispute, Command], bool]] = {
    CommandKind.WITHDRAW: lambda dispute, _: dispute.state == WITHDRAWN,
    CommandKind.STATEMENT: lambda dispute, command: alike(dispute.text_evidence, command.payload["text"]),
    CommandKind.EVIDENCE: lambda dispute, _: bool(dispute.has_file_evidence),
}
