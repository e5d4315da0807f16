"""THE TABLE: every bulk action, and the lists that offer them."""

from collections.abc import Callable
from typing import NamedTuple

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cardholders.filters import CardholderFilter, CompanyFilter, ReviewFilter
from cards.filters import CardFilters
from console.access import Permission
from console.bulk import card_kinds, record_kinds
from console.bulk.kind import Kind
from console.filtering import FilterForm
from console.sync.filters import InboxFilter


class List(NamedTuple):
    """A list whose rows can be chosen: its noun, who may open it, and the filter form that its address is read by."""

    noun: str
    label: Promise | str
    route: str
    needs: Permission
    filters: Callable[[QueryDict, bool], FilterForm]  # the query, and whether personal data is clear


LISTS: dict[str, List] = {
    "cards": List(
        "card", _("Cards"), "cards:list", Permission.RECORD_READ, lambda query, clear: CardFilters(query, personal=clear)
    ),
    "cardholders": List(
        "cardholder", _("Cardholders"), "cardholders:list", Permission.RECORD_READ,
        lambda query, clear: CardholderFilter(query, clear=clear),
    ),
    "companies": List(
        "company", _("Companies"), "cardholders:companies", Permission.RECORD_READ,
        lambda query, clear: CompanyFilter(query, clear=clear),
    ),
    "reviews": List(
        "cardholder", _("Reviews"), "cardholders:reviews", Permission.REVIEW_READ,
        lambda query, _clear: ReviewFilter(query, noun="cardholder"),
    ),
    "company_reviews": List(
        "company", _("Reviews"), "cardholders:company_reviews", Permission.REVIEW_READ,
        lambda query, _clear: ReviewFilter(query, noun="company"),
    ),
    "inbox": List("delivery", _("Inbox"), "sync:inbox", Permission.INBOX_READ, lambda query, _clear: InboxFilter(query)),
}  # fmt: skip
KINDS: dict[str, Kind] = {kind.key: kind for kind in (*card_kinds.KINDS, *record_kinds.KINDS)}


def of_list(name: str, permissions: frozenset[Permission]) -> list[Kind]:
    """What a person with these permissions may do to rows of a list."""
    if LISTS[name].needs not in permissions:
        return []
    return [kind for kind in KINDS.values() if kind.where == name and kind.permission in permissions]
