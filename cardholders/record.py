"""What the page of a person and of a company share: money, cards, transactions, requests and notes."""

import hashlib
from typing import Any

from django.db.models import Case, Q, QuerySet, When
from django.http import HttpRequest, HttpResponse

from cardholders import handoff, related
from cardholders.chains import collateral
from cardholders.models import BALANCE_FIELDS, NEEDS_SOMEBODY, Balance, Cardholder, KycSession
from cardholders.nouns import Applicant, noun_of
from cardholders.outcomes import meaning
from cardholders.standing import standing_of
from console.access import Permission, allowed, permissions_of
from console.audit.events import Action
from console.audit.models import Entry
from console.htmx import page_or_fragment, wants_fragment
from console.notes import services as notes
from console.provider import commands, features
from console.provider.observing import lacks
from console.pulse import pulse

CARDS, TRANSACTIONS, BREAKS = 50, 10, 100


def record_page(
    request: HttpRequest, owner: Applicant, page: str, fragment: str, more: dict[str, Any] | None = None
) -> HttpResponse:
    """The page, or for the poll of an open page its live part: nothing where nothing on it has changed."""
    permissions = permissions_of(request.user.roles)  # type: ignore[union-attr]
    live = _live(owner) | _charging(request, owner) | (more or {})
    live["standing"] = standing_of(owner, live, permissions)
    seen = _version(owner, live)
    if wants_fragment(request) and request.GET.get("seen") == seen:
        return HttpResponse(status=204)
    context = live | {
        "live_url": f"{request.path}?seen={seen}",
        "clear": allowed(request.user, Permission.PERSONAL_READ),
    }
    if not wants_fragment(request):
        context |= notes.of_record(noun_of(owner), owner.pk)  # what is being typed there must not be swapped away
    return page_or_fragment(request, page, fragment, context)


def _live(owner: Applicant) -> dict[str, Any]:
    noun = noun_of(owner)
    return {
        "owner": owner,
        "noun": noun,
        "meaning": meaning(owner),
        "needs_review": owner.state in NEEDS_SOMEBODY,
        "pulse": pulse(owner),
        "decided": _decided(owner, noun),
        "session": KycSession.newest_of(owner),
        "link": None if owner.is_approved else handoff.standing(owner),
        "balance": _balance(owner),
        "open_breaks": len(owner.breaks.filter(state="open").order_by().values_list("pk")[: BREAKS + 1]),
        "breaks_shown": BREAKS,
        "contracts": collateral(list(owner.contracts.defer("raw").order_by("pk"))),
        "cards": (cards := list(_cards(owner)[: CARDS + 1])),
        "lockable": len(cards) > CARDS or any(card.state == "active" for card in cards),
        "cards_shown": CARDS,
        "transactions": list(
            owner.transactions.defer("raw").select_related("card").order_by("-occurred_at", "-pk")[:TRANSACTIONS]
        ),
        "declined": related.declined(owner.transactions),
        "disputes": related.disputes(**{noun: owner}),
        "commands": commands.of_record(noun, owner.pk),
    }


def _decided(owner: Applicant, noun: str) -> bool:
    """Whether somebody recorded what follows, since the application came into this state."""
    decisions = Entry.objects.filter(action=Action.REVIEW_DECIDE, record=noun, record_id=owner.pk)
    return decisions.filter(at__gte=owner.state_since or owner.created_at).exists()


def _charging(request: HttpRequest, owner: Applicant) -> dict[str, Any]:
    """Whether this person may charge this owner a fee, and what the provider lacks for it. A company's people owe nothing
    themselves."""
    employed = isinstance(owner, Cardholder) and owner.company_id
    may = allowed(request.user, Permission.CHARGE_MAKE) and owner.is_approved and bool(owner.codego_id) and not employed
    missing = may and lacks(features.CHARGES[noun_of(owner)])
    return {"chargeable": may, "charge_lacking": features.BY_KEY["charges"] if missing else None}


def _balance(owner: Applicant) -> Balance | None:
    return owner.balances.defer("raw").order_by("-pk").first()


def _cards(owner: Applicant) -> QuerySet[Any]:
    """A person's cards; a company's own and those of its people. Cancelled ones last."""
    cards = owner.cards.model.objects.defer("raw").select_related("cardholder", "company")
    if isinstance(owner, Cardholder):
        mine = cards.filter(cardholder=owner)
    else:
        mine = cards.filter(Q(company=owner) | Q(cardholder__company=owner))
    return mine.order_by(Case(When(state="canceled", then=1), default=0), "-pk")


def _version(owner: Applicant, live: dict[str, Any]) -> str:
    """What the live part shows, in short. When it was last confirmed is no news, so freshness is not in it."""
    balance, session = live["balance"], live["session"]
    shown = (
        live["standing"].version, live["pulse"],
        owner.state, owner.state_since, owner.application_reason, owner.kyc_status, owner.email, str(owner),
        session and (session.pk, session.submitted_at), live["link"] and live["link"].version,
        balance and [getattr(balance, name) for name in BALANCE_FIELDS],
        live["open_breaks"],
        [(c.contract.deposit_address, c.tokens) for c in live["contracts"]],
        [(c.pk, c.state, c.limit_amount, c.limit_frequency) for c in live["cards"]],
        [(t.pk, t.state, t.amount) for t in live["transactions"]],
        related.version(live["declined"], live["disputes"]),
        [(c.pk, c.state) for c in live["commands"]],
        [(p.pk, p.state) for p in live.get("people", ())], (live["chargeable"], bool(live["charge_lacking"])),
    )  # fmt: skip
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]
