"""Why a purchase was declined, in plain words: what it means, who can fix it, and the action that does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cardholders.models import Cardholder, Company
from cards.models import Card
from cards.services import CHANGES
from console.access import Permission
from console.codego.records import normal
from console.provider.models import CommandKind
from console.standing import Fixer, Step


@dataclass(frozen=True, slots=True)
class Remedy:
    """Something our staff can do about it, while the card is still in one of `states` (any, where none is named)."""

    label: Any
    url: Callable[[Card], str]
    permission: Permission
    states: frozenset[str] = frozenset()
    dialog: bool = False  # whether it opens over the page
    gone: Any = ""  # what to say where the card is no longer in such a state


def _card_route(name: str) -> Callable[[Card], str]:
    return lambda card: reverse(f"cards:{name}", args=[card.pk])


def _account(card: Card) -> str:
    """Where collateral is seen: a company's people spend from the company."""
    owner: Cardholder | Company | None = card.company or card.cardholder
    return owner.get_absolute_url() if owner else card.get_absolute_url()


def _issue(card: Card) -> str:
    return reverse("cards:issue", args=[card.cardholder_id]) if card.cardholder_id else _account(card)


LIVE = CHANGES[CommandKind.CANCEL].allowed
UNLOCK = Remedy(
    _("Unlock card"),
    _card_route("unlock"),
    Permission.CARD_UNLOCK,
    CHANGES[CommandKind.UNLOCK].allowed,
    dialog=True,
    gone=_("The card is no longer locked, so another attempt can go through."),
)
ACTIVATE = Remedy(
    _("Activate card"),
    _card_route("activate"),
    Permission.CARD_ACTIVATE,
    CHANGES[CommandKind.ACTIVATE].allowed,
    dialog=True,
    gone=_("The card has been activated since, so another attempt can go through."),
)
LIMIT = Remedy(
    _("Change limit"),
    _card_route("limit"),
    Permission.CARD_LIMIT,
    LIVE,
    dialog=True,
    gone=_("The card has been cancelled since, so its limit no longer matters."),
)
FUND = Remedy(_("See balance and deposit address"), _account, Permission.RECORD_READ)
CARD = Remedy(_("Open card"), lambda card: card.get_absolute_url(), Permission.RECORD_READ)
ISSUE = Remedy(_("Issue another card"), _issue, Permission.CARD_ISSUE)
OWNER = Remedy(_("Open application"), _account, Permission.RECORD_READ)


@dataclass(frozen=True, slots=True)
class Decline:
    words: str  # as the provider documents them; none where it said nothing we know
    label: Any
    meaning: Any
    fixer: Fixer
    advice: Any
    remedy: Remedy | None = None


# The provider's words, as `normal` folds them, and what they mean (facts, section 6).
DECLINES: dict[str, Decline] = {
    normal(decline.words): decline
    for decline in (
        Decline(
            "account credit limit exceeded",
            _("Not enough credit"),
            _("The purchase was larger than the spending power that the collateral gives."),
            Fixer.US,
            _("Deposit collateral, or pay what is owed. A card limit is not credit: raising it does not help."),
            FUND,
        ),
        Decline(
            "balance inquiry not permitted",
            _("Balance inquiry"),
            _("The merchant or cash machine asked for the balance. This programme does not answer that."),
            Fixer.MERCHANT,
            _("It has to ask for the purchase or the cash itself. No money was asked for, and the card still works."),
        ),
        Decline(
            "blocked entity",
            _("Person or company blocked"),
            _("The cardholder or the company is blocked, or the application is not approved."),
            Fixer.US,
            _("See the state of the application. If it is approved, ask the provider's support why it is blocked."),
            OWNER,
        ),
        Decline(
            "blocked mcc",
            _("Kind of merchant not allowed"),
            _("The programme does not allow this merchant category."),
            Fixer.NOBODY,
            _("It cannot be overridden for one card. The cardholder has to pay another way."),
        ),
        Decline(
            "blocked merchant",
            _("Merchant not allowed"),
            _("The programme does not allow this merchant."),
            Fixer.NOBODY,
            _("It cannot be overridden for one card. The cardholder has to pay another way."),
        ),
        Decline(
            "card canceled",
            _("Card cancelled"),
            _("The card had been cancelled. A cancelled card never works again."),
            Fixer.US,
            _("Issue another card. The cardholder gives it to merchants that charge the old one regularly."),
            ISSUE,
        ),
        Decline(
            "card locked",
            _("Card locked"),
            _("The card was locked at that moment."),
            Fixer.US,
            _("Find out why it was locked. Unlock it if the reason is gone, then the cardholder can try again."),
            UNLOCK,
        ),
        Decline(
            "card not activated",
            _("Card not activated"),
            _("The card had not been activated yet."),
            Fixer.US,
            _("Activate it once the cardholder says that it has arrived."),
            ACTIVATE,
        ),
        Decline(
            "card spending limit exceeded",
            _("Over the card's limit"),
            _("The purchase would have taken the card over its own limit."),
            Fixer.US,
            _("Raise the limit, or wait until older purchases leave its window: the window rolls."),
            LIMIT,
        ),
        Decline(
            "cvv mismatch",
            _("Wrong security code"),
            _("The security code that was typed is not the card's."),
            Fixer.CARDHOLDER,
            _("The cardholder can try again. Many such tries in a row can be fraud: consider locking the card."),
            CARD,
        ),
        Decline(
            "expiry mismatch",
            _("Wrong expiry date"),
            _("The expiry date that was typed is not the card's."),
            Fixer.CARDHOLDER,
            _("The cardholder can try again, and correct the date where the merchant has stored it."),
        ),
        Decline(
            "invalid pin",
            _("Wrong PIN"),
            _("The PIN that was typed is not the card's."),
            Fixer.CARDHOLDER,
            _("The cardholder can try again. After several wrong tries the card refuses PINs altogether."),
        ),
        Decline(
            "invalid pin attempt limit exceeded",
            _("Too many wrong PINs"),
            _("A wrong PIN was typed too often, so the card refuses PIN purchases."),
            Fixer.US,
            _(
                "Make sure that it was the cardholder, then unlock the card. "
                "If PINs stay refused, ask the provider's support to clear the counter."
            ),
            UNLOCK,
        ),
        Decline(
            "restricted country",
            _("Country not allowed"),
            _("The merchant is in a country where this programme does not work."),
            Fixer.NOBODY,
            _("It cannot be overridden for one card. The cardholder has to pay another way there."),
        ),
        Decline(
            "transaction declined by risk rules",
            _("Looked like fraud"),
            _("The provider's fraud rules stopped the purchase."),
            Fixer.CARDHOLDER,
            _("Ask the cardholder whether it was theirs. If it was, they can try again later; if not, lock the card."),
            CARD,
        ),
        Decline(
            "transaction declined by rules",
            _("Against the programme's rules"),
            _("A rule of the programme stopped the purchase."),
            Fixer.PROVIDER,
            _("Ask the provider's support which rule it was if it keeps happening."),
        ),
        Decline(
            "webhook declined",
            _("Refused by the programme's own system"),
            _("The system that is asked about each purchase said no."),
            Fixer.US,
            _("Ask those who run that system why. This console is not asked and cannot say."),
        ),
        Decline(
            "webhook timeout",
            _("The programme's own system did not answer"),
            _("The system that is asked about each purchase was too slow or could not be reached."),
            Fixer.US,
            _("Ask those who run that system to check it. The cardholder can try again."),
        ),
        Decline(
            "agentic daily spend limit exceeded",
            _("Over the daily limit for agents"),
            _("Purchases made by a software agent reached their limit for the day."),
            Fixer.CARDHOLDER,
            _("It can be tried again tomorrow, or the cardholder can make the purchase in person."),
        ),
    )
}
UNKNOWN = Decline(
    "",
    _("Declined"),
    _("The provider gave a reason that this console does not know."),
    Fixer.PROVIDER,
    _("Read the provider's words as they are. If they do not say what to do, ask the provider's support."),
)
UNSAID = Decline(
    "",
    _("Declined"),
    _("The provider gave no reason."),
    Fixer.PROVIDER,
    _("If it happens again, ask the provider's support for the reason of this transaction."),
)


def decline_of(words: str) -> Decline:
    """What a reason means; the provider's words are free text as well, so most texts are not in the table."""
    return DECLINES.get(normal(words), UNKNOWN) if words.strip() else UNSAID


def remedy_of(decline: Decline, card: Card) -> Step | None:
    """What our staff can still do about it, for a table of things to do next."""
    remedy = decline.remedy
    if remedy is None or (remedy.states and card.state not in remedy.states):
        return None
    return Step(remedy.label, remedy.url(card), remedy.permission, of="", dialog=remedy.dialog)
