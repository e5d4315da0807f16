"""Tells whoever changed a card last that somebody else, or the provider, has changed it since."""

from collections.abc import Mapping
from datetime import timedelta

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from cards.models import CANCELED, Card
from console.notices import services as notices
from console.notices.kinds import Kind
from console.notices.services import Telling
from console.provider.models import Command, CommandKind, CommandState
from console.templatetags.console import status_of

CAUSES = {
    CommandKind.LOCK: "locked", CommandKind.UNLOCK: "active", CommandKind.ACTIVATE: "active", CommandKind.CANCEL: CANCELED,
}  # fmt: skip
TOLD_OF = frozenset({"active", "locked", "blocked", CANCELED})
REMEMBERED = timedelta(days=90)  # how long a card counts as somebody's after they changed it
ONGOING = timedelta(hours=1)  # a change to what was asked this lately is that command's


def states_of(ids: list[str]) -> dict[str, str]:
    """The states of cards that are known, by the provider's id."""
    known = Card.objects.filter(codego_id__in=ids, by_reference=False)
    return {str(codego_id): state for codego_id, state in known.values_list("codego_id", "state")}


def tell(before: Mapping[str, str]) -> None:
    """`before`: what `states_of` gave before the cards were written."""
    changed = [
        card
        for card in Card.objects.filter(codego_id__in=before).only("codego_id", "state", "status", "last4")
        if card.state != before[str(card.codego_id)] and {card.state, before[str(card.codego_id)]} <= TOLD_OF
    ]
    if not changed:
        return
    asked = Command.objects.filter(
        record="card",
        record_id__in=[card.pk for card in changed],
        kind__in=CAUSES,
        created_at__gt=timezone.now() - REMEMBERED,
    ).exclude(state__in=[CommandState.REFUSED, CommandState.NOT_DONE])
    of_card: dict[int, list[Command]] = {}
    for command in asked.select_related("actor").order_by("-created_at"):
        of_card.setdefault(command.record_id, []).append(command)
    notices.tell_all(Kind.LOCK, filter(None, (_telling(card, of_card.get(card.pk, [])) for card in changed)))


def _telling(card: Card, asked: list[Command]) -> Telling | None:
    """`asked`: what staff asked of it, the newest first. None where that concerns nobody."""
    newest = asked[0] if asked else None
    lately = timezone.now() - ONGOING
    author = (
        newest if newest and CAUSES[CommandKind(newest.kind)] == card.state and newest.created_at > lately else None
    )
    last = next((each.actor_id for each in asked if author is None or each.actor_id != author.actor_id), None)
    if last is None:
        return None
    by: str | Promise = str(author.actor) if author and author.actor else _("the provider")
    known = status_of(card.status, "card")
    words = format_lazy(
        _("{card} is now: {state}. Changed by {who}."), card=card, state=known.label if known else card.status, who=by
    )
    return Telling([last], words, card.get_absolute_url())
