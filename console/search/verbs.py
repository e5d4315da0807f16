"""What can be asked for in words: a verb, and then which card, person or purchase it is about.

Each verb lists what people type for it, parted by semicolons. A translation of that list brings its own words; the English
ones work everywhere.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, override, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from cards import actions as cards
from cards.actions import Offer
from console.access import Permission
from console.provider import features
from console.provider.observing import lacks
from console.search import hits
from console.search.finding import Seen
from console.search.hits import Hit
from console.terms.words import fold, joined
from transactions.models import Transaction
from transactions.services import OPEN_STATES

Words = str | Promise
P = Permission
MOST = 5
FILLERS = pgettext_lazy(
    "small words that say nothing in a search",
    "a; an; the; card; cards; for; of; to; with; last; four; ending; in; at; number",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """`about` gives its lines for what was found, of which there are none without it: then `route` is all."""

    label: Words
    words: Words
    needs: frozenset[Permission]
    icon: str = "right"
    about: Callable[[Seen, bool], Iterable[Hit]] | None = None
    what: Words = ""  # what is typed after it
    route: str = ""
    dialog: bool = False

    def prompt(self) -> Hit:
        """What it comes to before anything is named."""
        if self.about is None:
            return Hit(title=str(self.label), url=reverse(self.route), icon=self.icon, dialog=self.dialog)
        return Hit(title=str(self.label), about=str(self.what), icon=self.icon, fill=f"{self.label} ")


def _on_card(offer: Offer) -> Callable[[Seen, bool], Iterator[Hit]]:
    def lines(seen: Seen, clear: bool) -> Iterator[Hit]:
        fitting = [(card, why) for card, why in seen.cards if cards.fits(offer, card)]
        if not fitting or cards.missing(offer):
            return
        for card, why in fitting:
            yield Hit(
                title=str(offer.label),
                url=reverse(f"cards:{offer.route}", args=[card.pk]),
                about=hits.told(card, hits.whose(card, clear=clear)),
                why=why,
                icon=offer.icon or "cards",
                state=(card.status, "card"),
                dialog=offer.dialog,
            )

    return lines


def _owners(seen: Seen) -> Iterator[tuple[Any, str]]:
    """People and companies that were found, or whose card was."""
    known = set()
    of_cards = [(card.owner, why) for card, why in seen.cards]
    for owner, why in [*seen.people, *of_cards, *seen.companies]:
        if owner is not None and (key := (type(owner), owner.pk)) not in known:
            known.add(key)
            yield owner, why


def _on_owner(
    label: Words, icon: str, address: Callable[[Any], str], fits: Callable[[Any], bool], *, dialog: bool = False
) -> Callable[[Seen, bool], Iterator[Hit]]:
    """Where there is no address there is no such action."""

    def lines(seen: Seen, clear: bool) -> Iterator[Hit]:
        for owner, why in _owners(seen):
            if fits(owner) and (url := address(owner)):
                shown = hits.of_applicant(owner, why, clear=clear)
                yield Hit(
                    title=str(label),
                    url=url,
                    about=hits.told(shown.title, shown.about),
                    why=why,
                    icon=icon,
                    state=shown.state,
                    dialog=dialog,
                )

    return lines


def _by_noun(**routes: str) -> Callable[[Any], str]:
    def address(owner: Any) -> str:
        route = routes.get(owner._meta.model_name)
        return reverse(route, args=[owner.pk]) if route else ""

    return address


def _its_page(owner: Any) -> str:
    """Where several cards at once are tried dry before anything is asked."""
    return f"{owner.get_absolute_url()}#cardholders-actions"


def _can_have_card(owner: Any) -> bool:
    return bool(owner.is_approved and owner.codego_id)


def _can_be_charged(owner: Any) -> bool:
    employed = getattr(owner, "company_id", None)
    return _can_have_card(owner) and not employed and not lacks(features.CHARGES[owner._meta.model_name])


def _disputes(seen: Seen, clear: bool) -> Iterator[Hit]:
    """Of purchases that were found, or the latest of the cards that were."""
    rows = [row for row, _why in seen.transactions]
    if not rows and seen.cards:
        settled = Transaction.objects.filter(
            card__in=[card.pk for card, _why in seen.cards], kind="spend", state="completed"
        )
        recent = settled.filter(amount__gt=0).select_related("card", "cardholder__company", "company").defer("raw")
        rows = list(recent.order_by("-occurred_at", "-pk")[:MOST])
    open_already = set(
        Transaction.objects.filter(pk__in=[row.pk for row in rows], disputes__state__in=OPEN_STATES).values_list(
            "pk", flat=True
        )
    )
    for row in rows:
        if row.codego_id and row.is_settled_spend and row.pk not in open_already:
            shown = hits.of_transaction(row, "", clear=clear)
            yield Hit(
                title=str(OPEN_DISPUTE),
                url=reverse("transactions:open_dispute", args=[row.pk]),
                about=hits.told(shown.title, shown.about),
                icon="disputes",
                state=shown.state,
                dialog=True,
            )


OPEN_DISPUTE = _("Open dispute")
ISSUE, LOCK_ALL, CHARGE, CHECK = _("Issue card"), _("Lock all cards"), _("Charge a fee"), _("Start identity check")
WHICH_CARD = _("last four and name")
WHO = _("name, e-mail or id")

ON_CARDS = {
    "lock": pgettext_lazy("what people type", "lock; lock card; freeze; freeze card; block; block card; stop card"),
    "unlock": pgettext_lazy("what people type", "unlock; unlock card; unfreeze; unfreeze card; unblock; unblock card"),
    "activate": pgettext_lazy("what people type", "activate; activate card"),
    "limit": pgettext_lazy("what people type", "limit; change limit; set limit; card limit; raise limit; lower limit"),
    "reveal": pgettext_lazy("what people type", "reveal; reveal card; show card number; show number; card number"),
    "pin": pgettext_lazy("what people type", "pin; see pin; show pin; set pin; change pin; reset pin"),
    "replace": pgettext_lazy(
        "what people type", "replace; replace card; lost; lost card; stolen; stolen card; damaged card"
    ),
    "cancel": pgettext_lazy("what people type", "cancel; cancel card; close card; end card"),
}

VERBS = (
    *(
        Verb(
            label=offer.label,
            words=ON_CARDS[offer.route],
            needs=offer.needs,
            icon=offer.icon or "cards",
            about=_on_card(offer),
            what=WHICH_CARD,
        )
        for offer in cards.OFFERS
        if offer.route in ON_CARDS
    ),
    Verb(
        label=ISSUE,
        words=pgettext_lazy("what people type", "issue; issue card; new card; add card; order card; create card"),
        needs=frozenset({P.CARD_ISSUE}),
        icon="plus",
        about=_on_owner(ISSUE, "plus", _by_noun(cardholder="cards:issue"), _can_have_card),
        what=WHO,
    ),
    Verb(
        label=LOCK_ALL,
        words=pgettext_lazy("what people type", "lock all; lock all cards; freeze all; freeze all cards; block all; block all cards"),
        needs=frozenset({P.CARD_LOCK}),
        icon="lock",
        about=_on_owner(
            LOCK_ALL,
            "lock",
            _its_page,
            lambda owner: bool(owner.codego_id),
        ),
        what=WHO,
    ),
    Verb(
        label=OPEN_DISPUTE,
        words=pgettext_lazy("what people type", "dispute; open dispute; new dispute; contest; chargeback"),
        needs=frozenset({P.DISPUTE_OPEN}),
        icon="disputes",
        about=_disputes,
        what=_("id of the purchase, or last four of the card"),
    ),
    Verb(
        label=CHARGE,
        words=pgettext_lazy("what people type", "charge; charge fee; charge a fee; fee"),
        needs=frozenset({P.CHARGE_MAKE}),
        icon="plus",
        about=_on_owner(
            CHARGE,
            "plus",
            _by_noun(cardholder="transactions:charge_person", company="transactions:charge_company"),
            _can_be_charged,
            dialog=True,
        ),
        what=_("id, or name of the company"),
    ),
    Verb(
        label=CHECK,
        words=pgettext_lazy("what people type", "identity check; start identity check; kyc; start kyc; verify; onboard"),
        needs=frozenset({P.KYC_START}),
        icon="reviews",
        about=_on_owner(
            CHECK,
            "reviews",
            _by_noun(cardholder="cardholders:cardholder_kyc", company="cardholders:company_kyc"),
            lambda owner: not owner.is_approved,
        ),
        what=WHO,
    ),
    Verb(
        label=_("New cardholder"),
        words=pgettext_lazy("what people type", "new cardholder; add cardholder; create cardholder; new person"),
        needs=frozenset({P.KYC_START}),
        icon="plus",
        route="cardholders:cardholder_new",
    ),
    Verb(
        label=_("New company"),
        words=pgettext_lazy("what people type", "new company; add company; create company"),
        needs=frozenset({P.KYC_START}),
        icon="plus",
        route="cardholders:company_new",
    ),
    Verb(
        label=_("New report"),
        words=pgettext_lazy("what people type", "new report; make report; create report; report of transactions"),
        needs=frozenset({P.REPORT_MAKE}),
        icon="plus",
        route="transactions:new_report",
    ),
    Verb(
        label=_("Reconcile now"),
        words=pgettext_lazy("what people type", "reconcile; reconcile now; start reconciliation; run reconciliation"),
        needs=frozenset({P.RECONCILIATION_RUN}),
        icon="refresh",
        route="reconciliation:start",
        dialog=True,
    ),
    Verb(
        label=_("Export cardholders"),
        words=pgettext_lazy("what people type", "export cardholders; download cardholders"),
        needs=frozenset({P.LIST_EXPORT}),
        icon="download",
        route="cardholders:export",
    ),
    Verb(
        label=_("Export companies"),
        words=pgettext_lazy("what people type", "export companies; download companies"),
        needs=frozenset({P.LIST_EXPORT}),
        icon="download",
        route="cardholders:companies_export",
    ),
    Verb(
        label=_("Export cards"),
        words=pgettext_lazy("what people type", "export cards; download cards"),
        needs=frozenset({P.LIST_EXPORT}),
        icon="download",
        route="cards:export",
    ),
    Verb(
        label=_("Export transactions"),
        words=pgettext_lazy("what people type", "export transactions; download transactions"),
        needs=frozenset({P.LIST_EXPORT}),
        icon="download",
        route="transactions:export",
    ),
    Verb(
        label=_("Export disputes"),
        words=pgettext_lazy("what people type", "export disputes; download disputes"),
        needs=frozenset({P.LIST_EXPORT}),
        icon="download",
        route="transactions:export_disputes",
    ),
    Verb(
        label=_("Keyboard"),
        words=pgettext_lazy("what people type", "keyboard; keys; shortcuts; keyboard shortcuts; hotkeys"),
        needs=frozenset({P.RECORD_READ}),
        icon="keyboard",
        route="keyboard",
        dialog=True,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """A verb, if the text begins or ends with one, and the rest of the text."""

    verb: Verb | None
    rest: str


def listen(text: str) -> Said:
    """The longest verb counts: "lock all" is not "lock"."""
    given = text.split()
    folded = tuple(joined(fold(token)) for token in given)
    phrases, fillers = _phrases(get_language() or "en")
    for length in range(min(len(folded), max(map(len, phrases))), 0, -1):
        for start in dict.fromkeys((0, len(folded) - length)):
            if verb := phrases.get(folded[start : start + length]):
                rest = [*zip(given, folded, strict=True)]
                del rest[start : start + length]
                telling = [token for token, bare in rest if bare not in fillers]
                return Said(verb, " ".join(telling))
    return Said(None, text)


def suggested(text: str, permissions: frozenset[Permission]) -> list[Hit]:
    """Verbs that what was typed may be the beginning of."""
    begun = [joined(fold(token)) for token in text.split()]
    if not begun:
        return [verb.prompt() for verb in VERBS if verb.needs <= permissions and verb.about]
    phrases, _fillers = _phrases(get_language() or "en")
    fitting = dict.fromkeys(
        id(verb)
        for phrase, verb in phrases.items()
        if verb.needs <= permissions and begins(begun, phrase) and len("".join(begun)) > 1
    )
    return [verb.prompt() for verb in VERBS if id(verb) in fitting][:MOST]


def begins(begun: Sequence[str], words: Sequence[str]) -> bool:
    """Whether each word that was typed is the beginning of one of these."""
    return all(any(word.startswith(part) for word in words) for part in begun)


@lru_cache(maxsize=8)
def _phrases(language: str) -> tuple[dict[tuple[str, ...], Verb], frozenset[str]]:
    phrases: dict[tuple[str, ...], Verb] = {}
    for verb in VERBS:
        for phrase in listed(verb.words, language):
            phrases.setdefault(tuple(joined(fold(word)) for word in phrase.split()), verb)
        for spoken in (language, "en"):
            with override(spoken):
                phrases.setdefault(tuple(joined(fold(word)) for word in str(verb.label).split()), verb)
    return phrases, frozenset(fold(word) for word in listed(FILLERS, language))


def listed(words: Words, language: str = "") -> list[str]:
    """Parted, in this language or the person's, and in English."""
    found = []
    for spoken in (language or get_language() or "en", "en"):
        with override(spoken):
            found += [phrase.strip() for phrase in str(words).split(";")]
    return [phrase for phrase in found if phrase]
