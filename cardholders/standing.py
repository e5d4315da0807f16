"""Where a person or a company stands: the application, then what an approved one still lacks."""

from collections.abc import Sequence
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from cardholders.models import Balance, Cardholder, KycSession
from cardholders.nouns import Applicant, noun_of
from cardholders.outcomes import MEANINGS, Meaning
from console.access import Permission
from console.money import format_minor
from console.standing import (
    EXPLAINED,
    GONE,
    OLDER,
    READING,
    Case,
    Facts,
    Fixer,
    Standing,
    Step,
    Turn,
    Words,
    read_flags,
    stand,
)
from console.vocabulary import services as vocabulary

FIELD = "application.status"
_P = Permission
START = _("Start identity check")
GO_ON = _("Resume KYC session")
SEND, FOLLOW = _("Send to their phone"), _("Follow on their phone")
DECIDE = _("Record a decision")
DEPOSIT = _("See the deposit address")

# What helps an applicant along: a session that is open is gone on with, else one is started. Each step is due only where
# the facts have its id, so one table serves people and companies.
_SESSION = (
    Step(GO_ON, "cardholders:cardholder_kyc", _P.KYC_START, of="person_session"),
    Step(START, "cardholders:cardholder_kyc", _P.KYC_START, of="person_start", post=True),
    Step(GO_ON, "cardholders:company_kyc", _P.KYC_START, of="company_session"),
    Step(START, "cardholders:company_kyc", _P.KYC_START, of="company_start", post=True),
    Step(SEND, "cardholders:cardholder_handoff", _P.KYC_START, of="person_send", dialog=True),
    Step(FOLLOW, "cardholders:cardholder_handoff", _P.KYC_START, of="person_follow"),
    Step(SEND, "cardholders:company_handoff", _P.KYC_START, of="company_send", dialog=True),
    Step(FOLLOW, "cardholders:company_handoff", _P.KYC_START, of="company_follow"),
)
_DECISION = (
    Step(DECIDE, "cardholders:cardholder_decide", _P.REVIEW_DECIDE, of="person_undecided", dialog=True),
    Step(DECIDE, "cardholders:company_decide", _P.REVIEW_DECIDE, of="company_undecided", dialog=True),
)
_CARD = (Step(_("Issue card"), "cards:issue", _P.CARD_ISSUE, of="issuable"),)
_ADDRESS = (
    Step(DEPOSIT, "cardholders:detail", _P.RECORD_READ, of="person_contract", query="#cardholders-contracts"),
    Step(DEPOSIT, "cardholders:company", _P.RECORD_READ, of="company_contract", query="#cardholders-contracts"),
)


def _state(word: str, who: Fixer | Turn | None, how: Words, *steps: Step, flags: str = "", why: Words = "") -> Case:
    """A case in the words that every page has for this state."""
    said: Meaning = MEANINGS[word]
    return Case(f"{word} {flags}".strip(), said.level, said.text, why, who, how, steps)


_WAIT = _("Real people take one to two business days, the sandbox takes seconds. The answer appears here by itself.")
_MISSING = _("In a KYC session. Tell them what is missing.")
_SETTLE = _("Read the provider's reason, settle with the applicant what follows, and record it.")

CASES: tuple[Case, ...] = (
    GONE,
    READING,
    # --- Approved: what is still missing until money can be spent
    Case(
        "approved contractless",
        "warn",
        _("Approved without a contract"),
        _(
            "Approved since %(since)s, but the provider has shown no collateral contract yet: "
            "there is no deposit address, so there is nothing to spend."
        ),
        Turn.PROVIDER,
        _("The provider creates it. If it does not appear within minutes, ask its support."),
        _CARD,
    ),
    Case(
        "approved person cardless",
        "info",
        _("Approved, and without a card"),
        _("The application is approved: cards can be issued."),
        Turn.US,
        "",
        _CARD,
    ),
    Case(
        "approved company cardless",
        "info",
        _("Approved, and none of its people has a card"),
        _("Cards are issued to people of the company: open one of them."),
        Turn.US,
    ),
    Case(
        "approved cards_closed",
        "info",
        _("All cards are cancelled"),
        _("Nothing can be bought until there is another card."),
        Turn.US,
        "",
        _CARD,
    ),
    Case(
        "approved low",
        "warn",
        _("Spending power is low: %(power)s"),
        _("Purchases above it are declined, whatever the limit of the card."),
        Fixer.US,
        _("Deposit collateral, or pay what is owed."),
        _ADDRESS,
        adds=True,
    ),
    _state("approved", None, ""),
    # --- Not approved: whose turn it is
    Case(
        "submitted undecided",
        "info",
        _("Submitted, waiting for the provider's decision"),
        _("Submitted %(submitted)s. Submitted is not approved."),
        Turn.PROVIDER,
        _WAIT,
    ),
    _state("pending", Turn.PROVIDER, _WAIT),
    _state("manualreview", Turn.PROVIDER, _WAIT),
    _state("needsinformation", Turn.CARDHOLDER, _MISSING, *_SESSION),
    _state("needsverification", Turn.CARDHOLDER, _MISSING, *_SESSION),
    _state("notstarted", Turn.CARDHOLDER, _("In a KYC session."), *_SESSION),
    _state("tosnotaccepted", Turn.CARDHOLDER, _("In a KYC session, which begins with the terms."), *_SESSION),
    _state("denied", Turn.US, _SETTLE, *_DECISION, flags="unsettled"),
    _state("denied", Fixer.NOBODY, _("What follows was recorded: see the timeline.")),
    _state("locked", Turn.US, _SETTLE, *_DECISION, flags="unsettled"),
    _state("locked", Fixer.PROVIDER, _("What follows was recorded: see the timeline.")),
    _state(
        "canceled",
        Fixer.US,
        _("If it was a mistake, add the applicant again and start a new identity check."),
        Step(_("Add a cardholder"), "cardholders:cardholder_new", _P.KYC_START, of="", query=""),
    ),
    _state("exempt", Turn.NOBODY, ""),
    Case(
        "unheard",
        "info",
        _("Nothing has been submitted yet"),
        _("The provider does not know this applicant."),
        Turn.CARDHOLDER,
        _("In a KYC session, with us or on their own phone."),
        _SESSION,
    ),
    OLDER,
    EXPLAINED,
    Case(
        "",
        "warn",
        _("The provider sent a status this console does not know: “%(word)s”"),
        _("Until it is approved, no card can be issued."),
        Fixer.PROVIDER,
        _("Ask its support what the word means. An administrator can write it down for everybody."),
    ),
)


def standing_of(owner: Applicant, live: dict[str, Any], permissions: frozenset[Permission]) -> Standing:
    """Of what the page has read already; one query more where the provider's word is a new one."""
    clear = Permission.PERSONAL_READ in permissions
    return stand(CASES, _facts(owner, live, clear=clear), permissions)


def _facts(owner: Applicant, live: dict[str, Any], *, clear: bool) -> Facts:
    noun, session, balance, cards = live["noun"], live["session"], live["balance"], live["cards"]
    state = owner.state
    flags = {noun if noun == "company" else "person", state} - {""}
    employed = isinstance(owner, Cardholder) and owner.company_id is not None
    flags |= _of_reading(owner) | _of_session(owner, session) | _of_cards(cards) | _of_money(balance)
    if not (employed or live["contracts"] or live.get("money_hidden")):
        flags.add("contractless")
    if not live["decided"]:
        flags.add("unsettled")
    flags.add("follow" if live["link"] and live["link"].handoff.is_live else "send")
    words: dict[str, Any] = {
        "word": owner.application_status,
        "error": owner.read_error,
        "since": _day(owner.state_since),
        "submitted": _day(session.submitted_at) if session else "",
        "power": format_minor(balance.spending_power or 0, "USD") if balance else "",
    }
    if state and state not in MEANINGS and (told := vocabulary.meaning_of(FIELD, owner.application_status)):
        flags.add("explained")
        words["meaning"] = told.meaning
    reason = owner.application_reason if not owner.is_approved else ""
    return Facts(flags=frozenset(flags), words=words, ids=_ids(owner, flags), said=reason, hidden=not clear)


def _of_reading(owner: Applicant) -> set[str]:
    return read_flags(owner) | (set() if owner.state else {"unheard"})


def _of_session(owner: Applicant, session: KycSession | None) -> set[str]:
    if session is None:
        return {"start"}
    if session.submitted_at:
        heard = owner.state_since and owner.state_since > session.submitted_at
        waiting = owner.state in {"", "notstarted", "pending", "needsinformation", "needsverification"}
        return {"submitted", "undecided"} if waiting and not heard else {"start"}
    return {"session"}


def _of_cards(cards: Sequence[Any]) -> set[str]:
    if not cards:
        return {"cardless"}
    return {"cards_closed"} if all(card.state == "canceled" for card in cards) else set()


def _of_money(balance: Balance | None) -> set[str]:
    return {"low"} if balance and balance.is_low else set()


def _ids(owner: Applicant, flags: set[str]) -> dict[str, int | None]:
    """The owner's, under the name of each step that is due."""
    who = "company" if noun_of(owner) == "company" else "person"
    ids: dict[str, int | None] = {"record": owner.pk, f"{who}_contract": owner.pk}
    ids |= {f"{who}_{flag}": owner.pk for flag in flags & {"session", "start", "send", "follow"}}
    if "unsettled" in flags:
        ids[f"{who}_undecided"] = owner.pk
    if who == "person" and owner.is_approved and owner.codego_id:
        ids["issuable"] = owner.pk
    return ids


def _day(moment: Any) -> str:
    return formats.date_format(timezone.localtime(moment), "j M Y, H:i") if moment else "—"
