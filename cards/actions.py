"""What staff can do to a card that exists: each asked for on a page that says to whom, in which state, and why."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cards import reveal, services, undoing, words
from cards.forms import ActionForm, CancelForm, LimitForm, LockForm
from cards.models import CANCELED, Card
from cards.power import Power, power_of
from console import privacy
from console.access import Actor, Permission, allowed, permissions_of, requires
from console.codego.errors import CodegoError
from console.htmx import back, page_or_fragment, redirect, toast
from console.money import format_minor
from console.provider.commands import CannotDo
from console.provider.models import Command, CommandKind, CommandState
from console.provider.observing import lacks
from console.templatetags.console import status, when

Words = str | Promise
UNDO = "undo"  # in the session: until when there may be something to offer


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A change of status as it is put to a person."""

    kind: CommandKind
    verb: Words
    what: Words
    done: Words
    form: type[ActionForm] = ActionForm
    danger: bool = False


LOCK = Ask(
    kind=CommandKind.LOCK,
    verb=lazy("Lock card"),
    what=lazy("Every new purchase will be declined until the card is unlocked. This can be undone."),
    done=lazy("The card is locked."),
    form=LockForm,
)
UNLOCK = Ask(
    kind=CommandKind.UNLOCK,
    verb=lazy("Unlock card"),
    what=lazy("Purchases will go through again, within the limit and the spending power."),
    done=lazy("The card is unlocked."),
)
ACTIVATE = Ask(
    kind=CommandKind.ACTIVATE,
    verb=lazy("Activate card"),
    what=lazy("Only once the holder says that the card has arrived: from then on it can be used to pay."),
    done=lazy("The card is active."),
)
CANCEL = Ask(
    kind=CommandKind.CANCEL,
    verb=lazy("Cancel card"),
    what=lazy("The card is closed for good. This cannot be undone; to stop purchases for a while, lock it instead."),
    done=lazy("The card is cancelled."),
    form=CancelForm,
    danger=True,
)


class Offer(NamedTuple):
    """An action as a button: who may, and in which states it makes sense."""

    route: str
    label: Words
    icon: str
    needs: frozenset[Permission]
    states: frozenset[str]
    kind: str = ""
    dialog: bool = True
    routes: tuple[str, ...] = ()  # of the provider; one of them is needed


_P = Permission
LIVE = services.CHANGES[CommandKind.CANCEL].allowed
OFFERS = (
    Offer("lock", LOCK.verb, "lock", frozenset({_P.CARD_LOCK}), services.CHANGES[CommandKind.LOCK].allowed),
    Offer("unlock", UNLOCK.verb, "unlock", frozenset({_P.CARD_UNLOCK}), services.CHANGES[CommandKind.UNLOCK].allowed),
    Offer(
        "activate", ACTIVATE.verb, "good", frozenset({_P.CARD_ACTIVATE}), services.CHANGES[CommandKind.ACTIVATE].allowed
    ),
    Offer("limit", lazy("Change limit"), "", frozenset({_P.CARD_LIMIT}), LIVE),
    Offer("reveal", lazy("Show card number"), "", frozenset({_P.CARD_REVEAL}), LIVE, routes=(reveal.NUMBER,)),
    Offer("pin", lazy("See or set PIN"), "", frozenset({_P.CARD_PIN}), LIVE, routes=(reveal.PIN, reveal.SET_PIN)),
    Offer(
        "replace",
        lazy("Replace lost or stolen card"),
        "",
        frozenset({_P.CARD_ISSUE, _P.CARD_CANCEL}),
        LIVE,
        dialog=False,
    ),
    Offer("cancel", CANCEL.verb, "", frozenset({_P.CARD_CANCEL}), LIVE, kind="danger"),
)
AT_HAND = 2  # buttons in sight; the others are one click further


def offers(
    card: Card, roles: Sequence[str], *, without: frozenset[str] = frozenset()
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The one or two actions that the card's state calls for, and the rest; only what these roles may do. `without` are
    the addresses of those that stand elsewhere on the page."""
    permissions = permissions_of(list(roles))
    found = [
        {
            "url": reverse(f"cards:{offer.route}", args=[card.pk]),
            "label": offer.label,
            "icon": offer.icon,
            "kind": offer.kind,
            "dialog": offer.dialog,
        }
        for offer in OFFERS
        if offer.needs <= permissions and fits(offer, card) and not missing(offer)
    ]
    found = [offer for offer in found if offer["url"] not in without]
    return found[:AT_HAND], found[AT_HAND:]


def fits(offer: Offer, card: Card) -> bool:
    """Whether the card's state calls for it."""
    return card.state in offer.states and (offer.route != "replace" or card.cardholder is not None)


def missing(offer: Offer) -> bool:
    """Whether the provider lacks what it takes."""
    return bool(offer.routes) and all(map(lacks, offer.routes))


def card_of(pk: int) -> Card:
    cards = Card.objects.select_related("cardholder__company", "company").defer("raw")
    return get_object_or_404(cards, pk=pk)


@requires(Permission.CARD_LOCK)
def lock(request: HttpRequest, pk: int) -> HttpResponse:
    return _change(request, card_of(pk), LOCK)


@requires(Permission.CARD_UNLOCK)
def unlock(request: HttpRequest, pk: int) -> HttpResponse:
    return _change(request, card_of(pk), UNLOCK)


@requires(Permission.CARD_LOCK)
@require_POST
def undo(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Takes back a lock or an unlock just made; who may, and whether it still makes sense, is for the service to say."""
    command = get_object_or_404(Command, pk=pk, record="card")
    card = card_of(command.record_id)
    try:
        done = undoing.undo(command, actor=Actor.of(request))
    except CannotDo as words_of_ours:
        toast(request, words_of_ours, "refused")
    except CodegoError as failure:
        toast(request, _("Nothing was sent: %(words)s") % {"words": failure}, "refused")
    else:
        if failed(done):
            toast(request, " ".join(refusal(done)), "refused")
        else:
            ask = LOCK if done.kind == CommandKind.LOCK else UNLOCK
            announce(request, done, _("Undone. %(now)s") % {"now": ask.done})
    return back(request, card)


@requires(Permission.CARD_ACTIVATE)
def activate(request: HttpRequest, pk: int) -> HttpResponse:
    return _change(request, card_of(pk), ACTIVATE)


@requires(Permission.CARD_CANCEL)
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    return _change(request, card_of(pk), CANCEL)


@requires(Permission.CARD_LIMIT)
def limit(request: HttpRequest, pk: int) -> HttpResponse:
    card = card_of(pk)
    begin = {"amount": card.limit_amount, "frequency": card.limit_frequency}
    form = LimitForm(posted(request), card=card, initial=begin)
    if form.is_valid():
        given = form.cleaned_data

        def change() -> Command:
            asked = {"actor": Actor.of(request), "reason": given["reason"]}
            return services.set_limit(card, given["amount"], given["frequency"], **asked)

        if carry_out(request, form, change, done=_("The limit is changed.")):
            return redirect(request, card)
    context = {
        "title": _("Change limit"),
        "what": words.NOT_CREDIT,
        "facts": [*about(request, card), *_limit_facts(card)],
        "verb": _("Change limit"),
    }
    return confirm(request, card, form, context, closed=card.state == CANCELED)


def posted(request: HttpRequest) -> Any:
    """What was posted, were it nothing at all; None on a first look."""
    return request.POST if request.method == "POST" else None


def carry_out(request: HttpRequest, form: forms.Form, act: Callable[[], Command], *, done: Words) -> Command | None:
    """Does it and says how it went. None where it was refused: then the form is shown again with the words in it."""
    try:
        command = act()
    except CannotDo as words_of_ours:
        form.add_error(None, str(words_of_ours))
        return None
    except CodegoError as failure:
        form.add_error(None, _("Nothing was sent: %(words)s") % {"words": failure})
        return None
    if failed(command):
        form.add_error(None, refusal(command))
        return None
    announce(request, command, done)
    return command


def failed(command: Command) -> bool:
    """It is known that nothing came of it."""
    return not command.is_open and command.state != CommandState.DONE


def refusal(command: Command) -> list[str]:
    """Our words, and the provider's where it answered."""
    if command.state != CommandState.REFUSED:
        return [_("This was not done, and nothing has changed."), command.message]
    ours = _("This was not done, and nothing has changed. The answer was:")
    return [ours, command.message or _("The provider refused without a reason.")]


def announce(request: HttpRequest, command: Command, done: Words) -> None:
    """What can be undone is said by the frame, with the button to it."""
    if command.state == CommandState.DONE:
        offer = undoing.offered(int(request.user.pk or 0), request.user.roles)  # type: ignore[union-attr]
        if offer and offer.command.pk == command.pk:
            request.session[UNDO] = (timezone.now() + undoing.OFFERED).timestamp()
        else:
            toast(request, done)
    else:
        lost = _("The answer was lost, so it is not known yet whether this was done. The console is finding out.")
        toast(request, lost, "unknown")


def undo_offered(request: HttpRequest) -> undoing.Offer | None:
    """What the frame of a page offers; only a session that has just done something is looked into."""
    if request.session.get(UNDO, 0) < timezone.now().timestamp():
        return None
    return undoing.offered(int(request.user.pk or 0), request.user.roles)  # type: ignore[union-attr]


def who(request: HttpRequest, card: Card) -> str:
    """The holder and the company, as this person may see them."""
    clear = allowed(request.user, Permission.PERSONAL_READ)
    owners = [card.cardholder, card.company or (card.cardholder and card.cardholder.company)]
    return " · ".join(privacy.name(owner, clear=clear) for owner in owners if owner)


def about(request: HttpRequest, card: Card) -> list[tuple[Words, object]]:
    """Which card this is, so that nobody acts on the wrong one."""
    return [
        (_("Card"), f"{card} · {words.type_of(card)}" if card.type else str(card)),
        (_("Whose"), who(request, card)),
        (_("Status"), status(card.status, "card")),
    ]


def confirm(
    request: HttpRequest, card: Card, form: forms.Form, context: Mapping[str, object], *, closed: bool = False
) -> HttpResponse:
    """A page that asks; in a dialog where there is script."""
    shown = {
        "action_url": request.path,
        "back_url": card.get_absolute_url(),
        "form": form,
        **({"notice": _("This card is cancelled: nothing about it can be changed any more.")} if closed else {}),
        **context,
    }
    code = 422 if form.errors else 200
    return page_or_fragment(request, "ui/confirm.html", "ui/_confirm.html", shown, status=code)


def _change(request: HttpRequest, card: Card, ask: Ask) -> HttpResponse:
    form = ask.form(posted(request), card=card)
    if form.is_valid():

        def change() -> Command:
            reason = form.cleaned_data["reason"]
            return services.change_status(card, ask.kind, actor=Actor.of(request), reason=reason)

        if carry_out(request, form, change, done=ask.done):
            return redirect(request, card)
    context = {
        "title": ask.verb,
        "what": ask.what,
        "facts": about(request, card),
        "verb": ask.verb,
        "danger": ask.danger,
    }
    return confirm(request, card, form, context, closed=card.state == CANCELED)


def _limit_facts(card: Card) -> list[tuple[Words, object]]:
    power = power_of(card.cardholder, card.company)
    return [(_("Limit now"), words.limit(card)), (_("Spending power"), shown(power))]


def shown(power: Power) -> SafeString:
    """The amount and how old it is."""
    if power.amount is None:
        return format_html('<span class="muted">{}</span>', _("not read yet"))
    amount = format_minor(power.amount, "USD")
    return format_html('{} <span class="muted">{} {}</span>', amount, _("as of"), when(power.at))
