"""The one writer of cards."""

import calendar
from collections.abc import Sequence
from datetime import date

from django.db import transaction

from cardholders.models import Cardholder, Company
from cards import telling
from cards.models import FINAL, FREQUENCIES, Card, state_of
from console.codego.records import CardRecord
from console.provider.mirror import Applied, Incoming, Source, Verdict, mark_dirty, refer, write
from console.templatetags.console import status_of
from console.vocabulary import services as vocabulary

WORDS: tuple[vocabulary.Ask, ...] = (
    ("card.status", "status", lambda word: status_of(state_of(word), "card")),
    ("card.frequency", "limit_frequency", lambda word: word in FREQUENCIES),
)


def apply_cards(records: Sequence[CardRecord], *, source: Source) -> Applied:
    """A card that names neither cardholder nor company keeps the owner it has, or waits to be read."""
    holders = refer(Cardholder, (r.user_id for r in records if r.user_id))
    companies = refer(Company, (r.company_id for r in records if r.company_id))
    with transaction.atomic():
        ownerless = [r.id for r in records if not (r.user_id or r.company_id)]
        owned = set(
            Card.objects.filter(codego_id__in=ownerless)
            .exclude(cardholder=None, company=None)
            .values_list("codego_id", flat=True)
        )
        unplaced = set(ownerless) - owned
        refer(Card, unplaced)
        mark_dirty(Card, unplaced, source.news_at)
        placed = [_card(r, holders, companies) for r in records if r.id not in unplaced]
        before = {} if source.again else telling.states_of([each.codego_id for each in placed])
        applied = write(Card, placed, source, final=FINAL)
        vocabulary.listen(Card, placed, applied, source, WORDS)
        telling.tell(before)
    verdicts = iter(applied.verdicts)
    return Applied([Verdict.HINT if r.id in unplaced else next(verdicts) for r in records], applied.changes)


def _card(record: CardRecord, holders: dict[str, int], companies: dict[str, int]) -> Incoming:
    values = {
        "cardholder_id": holders.get(record.user_id or ""),
        "company_id": companies.get(record.company_id or ""),
        "type": record.type,
        "status": record.status,
        "state": None if record.status is None else state_of(record.status),
        "last4": record.last4,
        "display_name": record.display_name,
        "expiration_month": record.expiration_month,
        "expiration_year": record.expiration_year,
        "expires_on": _last_day(record.expiration_year, record.expiration_month),
        "limit_amount": record.limit_amount,
        "limit_frequency": record.limit_frequency,
        "token_wallets": None if record.token_wallets is None else list(record.token_wallets),
        "codego_created_at": record.created_at,
    }
    return Incoming(record.id, record.updated_at, values, record.raw, record.flags)


def _last_day(year: int | None, month: int | None) -> date | None:
    """A card is good through the last day of its month."""
    if not year or not month or not 1 <= month <= 12 or not 1 <= year <= 9998:
        return None
    return date(year, month, calendar.monthrange(year, month)[1])
