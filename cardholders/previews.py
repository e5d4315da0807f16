"""A person or a company beside the list, with what the state of the application calls for."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cardholders.models import NEEDS_SOMEBODY
from cardholders.nouns import Applicant, applicant_or_404
from cardholders.outcomes import meaning
from console import preview, privacy
from console.access import Permission, allowed, requires
from console.money import format_minor
from console.preview import EVENTS, Event, Link, Preview
from console.provider import commands
from console.templatetags.console import when

CARDS = 4


@requires(Permission.RECORD_READ)
@require_safe
def applicant(request: HttpRequest, noun: str, pk: int) -> HttpResponse:
    found = applicant_or_404(noun, pk)
    clear = allowed(request.user, Permission.PERSONAL_READ)
    means = meaning(found)
    balance = found.balances.defer("raw").order_by("-pk").first()
    reason = found.application_reason
    return preview.shown(
        request,
        Preview(
            title=privacy.name(found, clear=clear),
            url=found.get_absolute_url(),
            word=found.application_status,
            kind="application",
            meaning=means.text,
            actions=_actions(request, noun, found),
            facts=[
                (_("Whose turn"), means.who),
                (_("In this state since"), when(found.state_since)),
                (_("Reason"), reason if clear or not reason else privacy.DOTS),
                (_("E-mail"), found.email if clear or not found.email else privacy.mask_email(found.email)),
                (_("Spending power"), _dollars(balance.spending_power) if balance else ""),
                (_("First seen"), when(found.created_at)),
            ],
            related=_related(found),
            events=preview.newest(_spent(found), preview.commanded(commands.of_record(noun, pk, limit=EVENTS))),
        ),
    )


def _actions(request: HttpRequest, noun: str, found: Applicant) -> list[dict[str, Any]]:
    offered = (
        (found.state in NEEDS_SOMEBODY, Permission.REVIEW_DECIDE, f"cardholders:{noun}_decide", _("Record a decision"), True),
        (
            found.is_approved and noun == "cardholder" and bool(found.codego_id),
            Permission.CARD_ISSUE, "cards:issue", _("Issue card"), False,
        ),
        (meaning(found).session, Permission.KYC_START, f"cardholders:{noun}_kyc", _("Start identity check"), False),
    )  # fmt: skip
    return [
        {"url": reverse(route, args=[found.pk]), "label": label, "kind": "", "icon": "", "dialog": dialog}
        for holds, needs, route, label, dialog in offered
        if holds and allowed(request.user, needs)
    ]


def _related(found: Applicant) -> list[Link]:
    cards = found.cards.defer("raw").order_by("-codego_created_at", "-pk")[:CARDS]
    company = getattr(found, "company", None)
    links = [Link(str(company), company.get_absolute_url())] if company else []
    return [*links, *(Link(str(card), card.get_absolute_url(), card.status) for card in cards)]


def _spent(found: Applicant) -> list[Event]:
    newest = found.transactions.defer("raw").order_by("-occurred_at", "-pk")[:EVENTS]
    return [
        Event(
            str(each), each.occurred_at, each.get_absolute_url(), each.status, "transaction",
            preview.amount_of(each),
        )
        for each in newest
    ]  # fmt: skip


def _dollars(amount: int | None) -> str:
    return "" if amount is None else format_minor(amount, "USD")
