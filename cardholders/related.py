"""What the pages of a card, a holder and a company show of one another: small tables, each in one query, newest first."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from django.apps import apps
from django.utils import timezone

from console.codego.records import normal

DISPUTES, MOST = 5, 500
LATELY = timedelta(days=30)


class Reason(NamedTuple):
    """Why purchases were declined: in the provider's words, how often, and the last time."""

    words: str
    times: int
    last: Any

    @property
    def folded(self) -> str:
        return normal(self.words)


def declined(transactions: Any) -> list[Reason]:
    """By reason, the most frequent first, of the last thirty days and not more than 500."""
    lately = transactions.filter(state="declined", occurred_at__gte=timezone.now() - LATELY)
    rows: Sequence[tuple[str, Any]] = list(
        lately.order_by("-occurred_at").values_list("declined_reason", "occurred_at")[:MOST]
    )
    times = Counter(normal(words) for words, _at in rows)
    newest = {normal(words): (words, at) for words, at in reversed(rows)}
    return [Reason(newest[key][0], n, newest[key][1]) for key, n in times.most_common()]


def disputes(**of: Any) -> list[Any]:
    """Of a card, a holder or a company; by name, since transactions stand above."""
    rows = apps.get_model("transactions.Dispute").objects.filter(
        **{f"transaction__{noun}": row for noun, row in of.items()}
    )
    return list(
        rows.select_related("transaction").defer("raw", "transaction__raw").order_by("-opened_at", "-pk")[:DISPUTES]
    )


def version(reasons: Sequence[Reason], found: Sequence[Any]) -> list[Any]:
    return [[(each.folded, each.times) for each in reasons], [(each.pk, each.state) for each in found]]
