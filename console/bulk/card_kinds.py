"""What can be done to many cards."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from django.db.models import Q, QuerySet
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from cards import services, words
from cards.forms import LimitFields
from cards.models import CANCELED, Card
from console.access import Actor, Permission
from console.anyof import Ids
from console.bulk.kind import Given, Kind, MayReason, Reason
from console.bulk.models import BulkRun, Why
from console.money import format_minor
from console.provider.models import Command, CommandKind

# What stands in the way of a change of status, by the card's state.
REASONS: dict[str, dict[str, Why]] = {
    CommandKind.LOCK: {"locked": Why.LOCKED, "notactivated": Why.NOT_ACTIVE, "inactive": Why.NOT_ACTIVE},
    CommandKind.UNLOCK: {"active": Why.NOT_LOCKED, "notactivated": Why.NOT_LOCKED, "inactive": Why.NOT_LOCKED},
    CommandKind.CANCEL: {},
}


class LimitForAll(LimitFields, MayReason):
    field_order = ("amount", "frequency", "reason")


def _known(card: Card) -> Why | None:
    if card.by_reference or not card.codego_id:
        return Why.UNREAD
    return Why.CANCELLED if card.state == CANCELED else None


def _judge_status(kind: CommandKind, card: Card, _given: Given) -> Why | None:
    if (why := _known(card)) or card.state in services.CHANGES[kind].allowed:
        return why
    return REASONS[kind].get(card.state, Why.NEW_WORD)


def _judge_limit(card: Card, given: Given) -> Why | None:
    if why := _known(card):
        return why
    same = (card.limit_amount, card.limit_frequency) == (given["amount"], given["frequency"])
    return Why.SAME_LIMIT if same else None


def _begin(kind: CommandKind) -> Callable[[Card, BulkRun, Actor], Command]:
    return lambda card, run, actor: services.begin_change(card, kind, actor=actor, reason=run.reason, bulk=run.pk)


def _begin_limit(card: Card, run: BulkRun, actor: Actor) -> Command:
    amount, frequency = run.parameters["amount"], run.parameters["frequency"]
    return services.begin_limit(card, amount, frequency, actor=actor, reason=run.reason, bulk=run.pk)


def _new_limit(given: Given) -> str:
    amount = format_minor(given["amount"], "USD")
    return str(words.LIMITS[given["frequency"]]) % {"amount": amount}


def _limit_will(card: Card, given: Given) -> str:
    now = words.limit(card) or gettext("no limit of its own")
    return gettext("%(now)s becomes %(new)s") % {"now": now, "new": _new_limit(given)}


def _of_people(ids: Iterable[int]) -> QuerySet[Card]:
    return Card.objects.filter(cardholder__any_of=Ids(ids))


def _of_companies(ids: Iterable[int]) -> QuerySet[Card]:
    """Their own and their people's."""
    chosen = Ids(ids)
    return Card.objects.filter(Q(company__any_of=chosen) | Q(cardholder__company__any_of=chosen))


LOCK = Kind(
    key="lock",
    where="cards",
    noun="card",
    label=_("Lock"),
    title=_("Lock cards"),
    go=ngettext_lazy("Lock %(n)d card", "Lock %(n)d cards", "n"),
    said=ngettext_lazy("%(n)d card will be locked", "%(n)d cards will be locked", "n"),
    what=_("Every new purchase is declined until a card is unlocked. This can be undone."),
    icon="lock",
    permission=Permission.CARD_LOCK,
    judge=partial(_judge_status, CommandKind.LOCK),
    seen=lambda card: card.state,
    will=lambda _card, _given: _("Active becomes locked"),
    ask=_begin(CommandKind.LOCK),
    send=services.send_begun,
    at_hand=True,
)
KINDS = (
    LOCK,
    Kind(
        key="unlock",
        where="cards",
        noun="card",
        label=_("Unlock"),
        title=_("Unlock cards"),
        go=ngettext_lazy("Unlock %(n)d card", "Unlock %(n)d cards", "n"),
        said=ngettext_lazy("%(n)d card will be unlocked", "%(n)d cards will be unlocked", "n"),
        what=_("Purchases go through again, within each card's limit and spending power."),
        icon="unlock",
        permission=Permission.CARD_UNLOCK,
        form=MayReason,
        judge=partial(_judge_status, CommandKind.UNLOCK),
        seen=lambda card: card.state,
        will=lambda _card, _given: _("Locked becomes active"),
        ask=_begin(CommandKind.UNLOCK),
        send=services.send_begun,
        at_hand=True,
    ),
    Kind(
        key="limit",
        where="cards",
        noun="card",
        label=_("Change limit"),
        title=_("Change the limit of cards"),
        go=ngettext_lazy("Change %(n)d limit", "Change %(n)d limits", "n"),
        said=ngettext_lazy("%(n)d card gets the new limit", "%(n)d cards get the new limit", "n"),
        what=_("Every card gets this limit of its own. A limit is not credit: it only caps the card."),
        permission=Permission.CARD_LIMIT,
        form=LimitForAll,
        judge=_judge_limit,
        seen=lambda card: f"{card.limit_amount} {card.limit_frequency}",
        will=_limit_will,
        facts=lambda given: [(_("New limit"), _new_limit(given))],
        ask=_begin_limit,
        send=services.send_begun,
        at_hand=True,
    ),
    Kind(
        key="cancel",
        where="cards",
        noun="card",
        label=_("Cancel cards"),
        title=_("Cancel cards"),
        go=ngettext_lazy("Cancel %(n)d card", "Cancel %(n)d cards", "n"),
        said=ngettext_lazy("%(n)d card will be closed for good", "%(n)d cards will be closed for good", "n"),
        what=_(
            "Each card is closed for good. This cannot be undone; to stop purchases for a while, lock them instead."
        ),
        permission=Permission.CARD_CANCEL,
        form=Reason,
        judge=partial(_judge_status, CommandKind.CANCEL),
        seen=lambda card: card.state,
        will=lambda _card, _given: _("Closed for good"),
        ask=_begin(CommandKind.CANCEL),
        send=services.send_begun,
        danger=True,
    ),
    replace(LOCK, key="lock_people", where="cardholders", label=_("Lock all their cards"), of=_of_people),
    replace(LOCK, key="lock_companies", where="companies", label=_("Lock all their cards"), of=_of_companies),
)
