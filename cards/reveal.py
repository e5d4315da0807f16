"""Card number, security code and PIN, which this console relays and cannot read: the browser makes the session key and
the provider encrypts to it. Neither the session nor what comes back is stored, logged or put into an exception."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from cards.models import CANCELED, Card
from console.access import Actor
from console.audit import services as audit
from console.audit.events import Action, Outcome
from console.audit.models import Entry
from console.codego.client import Codego
from console.codego.errors import CodegoError
from console.codego.protocols import Priority
from console.codego.records import Encrypted
from console.codego.secret import Secret
from console.provider import commands
from console.provider.commands import CannotDo
from console.provider.factory import client
from console.provider.models import Command, CommandKind, CommandState
from console.provider.observing import lacks

NUMBER, PIN, SET_PIN = "GET /cards/{id}/secrets", "GET /cards/{id}/pin", "PUT /cards/{id}/pin"
VIEWS = {NUMBER: Action.CARD_REVEAL, PIN: Action.CARD_PIN_VIEW}
# How often one person may look, numbers and PINs together.
LIMITS = ((20, timedelta(hours=1)), (60, timedelta(days=1)))

T = TypeVar("T")


class UsedUp(CannotDo):
    """This person has looked as often as one may."""


def why_off() -> str:
    """Why no secret can be shown or set in this console at all, or nothing."""
    if settings.CODEGO_SECRETS_PUBLIC_KEY:
        return ""
    return _(
        "Card numbers and PINs cannot be shown: CODEGO_SECRETS_PUBLIC_KEY is not set. An administrator sets it to the "
        "public key that the provider gave for this environment."
    )


def why_not(card: Card, *routes: str) -> str:
    """Why nothing can be shown or set for this card by any of these routes, or nothing."""
    if card.state == CANCELED:
        return _("This card is cancelled: there is nothing left to show or to set.")
    if not card.codego_id:
        return _("The provider's id of this card is not known yet.")
    if all(lacks(route) for route in routes):
        return _("The provider does not offer this.")
    return why_off()


def card_number(card: Card, session: Secret, *, actor: Actor, reason: str) -> tuple[Encrypted, Encrypted]:
    """The number and the security code as ciphertext. Raises CannotDo and CodegoError."""
    return _view(NUMBER, card, lambda at, card_id: at.card_secrets(card_id, session), actor, reason)


def pin(card: Card, session: Secret, *, actor: Actor, reason: str) -> Encrypted | None:
    """The PIN as ciphertext; None where none is set. Raises CannotDo and CodegoError."""
    return _view(PIN, card, lambda at, card_id: at.card_pin(card_id, session), actor, reason)


@sensitive_variables("session", "encrypted")
def set_pin(
    card: Card, session: Secret, encrypted: Encrypted, *, actor: Actor, reason: str, once: uuid.UUID
) -> Command:
    """Sends a PIN that only the provider can read. Raises CannotDo."""
    if why := why_not(card, SET_PIN):
        _record(Action.CARD_PIN_SET, Outcome.REFUSED, card, actor, reason)
        raise CannotDo(why)
    command = commands.begin(
        CommandKind.PIN,
        record="card",
        record_id=card.pk,
        target=str(card.codego_id),
        actor=actor,
        reason=reason,
        once=once,
    )

    def put() -> str:
        provider.set_card_pin(command.target, session, encrypted, idempotency_key=command.pk)
        return command.target

    with client(Priority.INTERACTIVE) as provider:
        sent = commands.send(command, put)
    return settle_pin(sent, by=actor) if sent.state == CommandState.UNKNOWN else sent


def settle_pin(command: Command, *, by: Actor | None = None) -> Command:
    """A PIN cannot be read back to see whether it was taken; setting it again does no harm. `by` hears it at once."""
    words = _("Whether the new PIN was taken is not known. Set it again.")
    return commands.finish(command, CommandState.LAPSED, message=words, by=by)


def _view(route: str, card: Card, read: Callable[[Codego, str], T], actor: Actor, reason: str) -> T:
    """That somebody looks is on record, for good, before the provider is asked."""
    action = VIEWS[route]
    if why := why_not(card, route):
        _record(action, Outcome.REFUSED, card, actor, reason)
        raise CannotDo(why)
    _take_place(action, card, actor, reason)
    try:
        with client(Priority.INTERACTIVE) as provider:
            found = read(provider, str(card.codego_id))
    except CodegoError as failure:
        _record(action, Outcome.REFUSED, card, actor, reason, error=type(failure).__name__, vain=True)
        raise
    _record(action, Outcome.DONE, card, actor, reason)
    return found


def _take_place(action: Action, card: Card, actor: Actor, reason: str) -> None:
    """One after the other for each person, so that two requests cannot both take the last place."""
    people = get_user_model().objects.filter(pk__in=[actor.user_id])
    with transaction.atomic():
        people.select_for_update(no_key=True).get()
        free_at = _free_at(actor)
        if free_at is None:
            _record(action, Outcome.STARTED, card, actor, reason)
        else:
            _record(action, Outcome.REFUSED, card, actor, reason, error="UsedUp")
    if free_at is not None:
        limits = {"hour": LIMITS[0][0], "day": LIMITS[1][0], "at": f"{timezone.localtime(free_at):%H:%M}"}
        words = _(
            "One person may look at %(hour)d card numbers and PINs in an hour and %(day)d in a day, and you have. "
            "You can look again after %(at)s."
        )
        raise UsedUp(words % limits)


def _free_at(actor: Actor) -> datetime | None:
    """When this person may look again; None: now. A look that the provider did not answer is none."""
    now = timezone.now()
    looks = Entry.objects.filter(actor_id=actor.user_id, action__in=VIEWS.values())
    free = None
    for most, period in LIMITS:
        lately = looks.filter(at__gt=now - period)
        begun = list(lately.filter(outcome=Outcome.STARTED).order_by("at").values_list("at", flat=True))
        vain = lately.filter(outcome=Outcome.REFUSED, detail__vain=True).count()
        if len(begun) - vain >= most:
            free = max(free or now, begun[0] + period)
    return free


def _record(
    action: Action, outcome: Outcome, card: Card, actor: Actor, reason: str, error: str = "", *, vain: bool = False
) -> None:
    """`vain`: a look that began and showed nothing."""
    detail: dict[str, Any] = ({"error": error} if error else {}) | ({"vain": True} if vain else {})
    audit.record(action, actor=actor, outcome=outcome, record="card", record_id=card.pk, reason=reason, **detail)
