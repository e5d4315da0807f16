"""A card beside its list."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cards import words
from cards.actions import card_of, offers
from cards.power import power_of
from console import preview, privacy
from console.access import Permission, allowed, requires
from console.money import format_minor
from console.preview import EVENTS, Event, Link, Preview
from console.provider import commands
from console.templatetags.console import when


@requires(Permission.RECORD_READ)
@require_safe
def card(request: HttpRequest, pk: int) -> HttpResponse:
    found = card_of(pk)
    clear = allowed(request.user, Permission.PERSONAL_READ)
    power = power_of(found.cardholder, found.company)
    owners = [owner for owner in (found.cardholder, found.company) if owner is not None]
    newest = found.transactions.order_by("-occurred_at", "-pk").defer("raw")[:EVENTS]
    at_hand, _further = offers(found, request.user.roles)  # type: ignore[union-attr]
    return preview.shown(
        request,
        Preview(
            title=str(found),
            url=found.get_absolute_url(),
            word=found.status,
            kind="card",
            meaning=words.STATES.get(found.state, ""),
            actions=at_hand,
            facts=[
                (_("Type"), words.type_of(found)),
                (_("Limit"), words.limit(found)),
                (_("Spending power"), "" if power.amount is None else format_minor(power.amount, "USD")),
                (_("Expires"), f"{found.expires_on:%m/%Y}" if found.expires_on else ""),
                (_("Wallets"), ", ".join(map(str, found.token_wallets))),
                (_("As of"), when(found.fresh_at)),
            ],
            related=[Link(privacy.name(owner, clear=clear), owner.get_absolute_url()) for owner in owners],
            events=preview.newest(
                (
                    Event(
                        str(each), each.occurred_at, each.get_absolute_url(), each.status, "transaction",
                        preview.amount_of(each),
                    )
                    for each in newest
                ),
                preview.commanded(commands.of_record("card", found.pk, limit=EVENTS)),
            ),
        ),
    )  # fmt: skip
