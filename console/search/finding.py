"""Where each kind of text is looked for: a few lookups by index for each noun, the same number whatever is found.

Who may not read personal data finds people by id and last four alone: else the answer would say who is who, guess by
guess.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db.models import Case, CharField, Exists, Max, Model, OuterRef, Q, QuerySet, Value, When
from django.utils.translation import gettext as _

from cardholders.models import Cardholder, Company, Contract
from cards.models import CANCELED, Card
from console.access import Permission
from console.provider.models import Command, RequestLog
from console.search import hits
from console.search.hits import Group, Hit
from console.search.kinds import Asked
from console.sync.models import Delivery
from console.terms.models import Merchant, Term
from console.terms.words import BACKWARDS
from transactions.models import Dispute, Transaction

MOST = 5  # of a kind
HEAVY = ("raw", "flags")
BY_ID: dict[str, tuple[type[Any], tuple[str, ...]]] = {
    "card": (Card, ()),
    "cardholder": (Cardholder, ("external_id",)),
    "company": (Company, ("external_id",)),
    "contract": (Contract, ()),
    "dispute": (Dispute, ()),
    "transaction": (Transaction, ()),
}
Row = TypeVar("Row", bound=Model)
Found = list[tuple[Any, str]]  # rows, each with why


class Seen(NamedTuple):
    """What was found of the nouns that actions are about."""

    cards: Found
    people: Found
    companies: Found
    transactions: Found


class Finder:
    def __init__(self, asked: Asked, permissions: frozenset[Permission], most: int = MOST) -> None:
        self.asked, self.permissions, self.most = asked, permissions, most
        self.clear = Permission.PERSONAL_READ in permissions

    def seen(self) -> Seen:
        people, companies = self._people(), self._companies()
        cards = self._cards([row.pk for row, _why in people], [row.pk for row, _why in companies])
        return Seen(cards, people, companies, self._transactions())

    def groups(self, seen: Seen) -> list[Group]:
        found = (
            ("cards", _("Cards"), [hits.of_card(row, why, clear=self.clear) for row, why in seen.cards]),
            ("cardholders", _("Cardholders"), self._applicants(seen.people)),
            ("companies", _("Companies"), self._applicants(seen.companies)),
            ("merchants", _("Merchants"), [hits.of_merchant(name) for name in self._merchants()]),
            (
                "transactions",
                _("Transactions"),
                [hits.of_transaction(row, why, clear=self.clear) for row, why in seen.transactions],
            ),
            ("disputes", _("Disputes"), [hits.of_dispute(row, why) for row, why in self._disputes(seen.transactions)]),
            (
                "contracts",
                _("Contracts"),
                [hits.of_contract(row, why, clear=self.clear) for row, why in self._contracts()],
            ),
            ("deliveries", _("Deliveries"), [hits.of_delivery(row, why) for row, why in self._deliveries()]),
            ("commands", _("Commands"), [hits.of_command(row, why) for row, why in self._commands()]),
            ("requests", _("Requests"), [hits.of_request(row, why) for row, why in self._requests()]),
        )
        return [Group(key, label, some) for key, label, some in found if some]

    def _applicants(self, found: Found) -> list[Hit]:
        return [hits.of_applicant(row, why, clear=self.clear) for row, why in found]

    # --- by id and by number ---
    @cached_property
    def _ids(self) -> dict[str, list[int]]:
        """Rows of every noun by the provider's id or its beginning, by our own id, and by number: in one statement."""
        asked, found = self.asked, defaultdict[str, list[int]](list)
        if not (asked.ids or asked.number):
            return found
        parts: list[Any] = []
        for noun, (model, others) in BY_ID.items():
            fits = Q(pk=asked.number) if asked.number else Q()
            for typed in asked.ids:
                fits |= Q(codego_id__begins=typed)
                for other in others:
                    fits |= Q(**{other: typed})
            rows = model.objects.order_by().filter(fits).annotate(noun=Value(noun, CharField()))
            parts.append(rows.values_list("noun", "pk"))
        for noun, pk in parts[0].union(*parts[1:], all=True)[: self.most * len(parts)]:
            found[noun].append(pk)
        return found

    def _by_id(self, noun: str, rows: QuerySet[Row]) -> Found:
        pks = self._ids[noun][: self.most]
        return [(row, self._which(row)) for row in rows.filter(pk__in=pks).order_by("pk")] if pks else []

    def _which(self, row: Any) -> str:
        if row.pk == self.asked.number:
            return _("Number %(number)s") % {"number": row.pk}
        return _("Id")

    # --- by word ---
    def _terms(self, noun: str, text: str) -> QuerySet[Term]:
        terms = Term.objects.filter(noun=noun, text__begins=text)
        return terms if self.clear else terms.filter(personal=False)

    def _by_words(self, noun: str, words: Sequence[str]) -> list[int]:
        """Records that have all the words, those with the longest whole first, then the newest."""
        if not words:
            return []
        first, *others = sorted(words, key=len, reverse=True)
        terms = self._terms(noun, first)
        for other in others:
            terms = terms.filter(record_id__in=self._terms(noun, other).values("record_id"))
        ranked = terms.values("record_id").annotate(whole=Max(Case(When(text=first, then=1), default=0)))
        return list(ranked.order_by("-whole", "-record_id").values_list("record_id", flat=True)[: self.most])

    def _named(self, rows: QuerySet[Row], noun: str, words: Sequence[str]) -> Found:
        pks = self._by_words(noun, words)
        known = rows.in_bulk(pks)
        why = _("E-mail") if any("@" in word for word in words) else _("Name")
        return [(known[pk], why) for pk in pks if pk in known]

    def _people(self) -> Found:
        asked, rows = self.asked, Cardholder.objects.select_related("company").defer(*HEAVY, "company__raw")
        found = self._by_id("cardholder", rows)
        if self.clear and asked.phone:
            ends, begins = (
                self._terms("cardholder", BACKWARDS + asked.phone[::-1]),
                self._terms("cardholder", asked.phone),
            )
            pks = [*(ends | begins).values_list("record_id", flat=True).distinct().order_by("record_id")[: self.most]]
            found += [(row, _("Phone")) for row in rows.filter(pk__in=pks)]
        if self.clear and not asked.last_four:
            found += self._named(rows, "cardholder", asked.words)
        return _once(found, self.most)

    def _companies(self) -> Found:
        asked, rows = self.asked, Company.objects.defer(*HEAVY)
        found = self._by_id("company", rows)
        if not asked.last_four or asked.names != [asked.last_four]:
            found += self._named(rows, "company", asked.names if _wordy(asked) else ())
        return _once(found, self.most)

    def _cards(self, people: Sequence[int], companies: Sequence[int]) -> Found:
        asked, rows = self.asked, _cards()
        found = self._by_id("card", rows)
        if asked.last_four:
            of_four = rows.filter(last4=asked.last_four)
            for word in asked.words:
                of_four = of_four.filter(self._held_by(word))
            why = _("Last four and name") if asked.words else _("Last four")
            found += [(row, why) for row in _live_first(of_four)[: self.most]]
        elif asked.words:
            named = self._by_words("card", asked.words) if self.clear else []
            theirs = Q(pk__in=named) | Q(cardholder__in=people) | Q(company__in=companies)
            found += [(row, _("Whose it is")) for row in _live_first(rows.filter(theirs))[: self.most]]
        return _once(found, self.most)

    def _held_by(self, word: str) -> Q:
        """Cards whose holder, company or own name has the word: looked up card by card, as those ending alike are few."""
        owners = (
            ("card", "pk"),
            ("cardholder", "cardholder"),
            ("company", "company"),
            ("company", "cardholder__company"),
        )
        found = Q()
        for noun, key in owners:
            found |= Q(Exists(self._terms(noun, word).filter(record_id=OuterRef(key))))
        return found

    def _merchants(self) -> list[str]:
        asked = self.asked
        pks = self._by_words("merchant", asked.names) if _wordy(asked) else []
        known = Merchant.objects.in_bulk(pks)
        return [known[pk].name for pk in pks if pk in known]

    def _transactions(self) -> Found:
        asked = self.asked
        rows = Transaction.objects.select_related("card", "cardholder__company", "company").defer(
            *HEAVY, "card__raw", "cardholder__raw", "company__raw", "cardholder__company__raw"
        )
        found = self._by_id("transaction", rows) + self._on_chain("transaction", rows)
        if asked.last_four and asked.words:
            at = Merchant.objects.filter(pk__in=self._by_words("merchant", asked.words)).values_list("name", flat=True)
            cards = Card.objects.filter(last4=asked.last_four).values_list("pk", flat=True)
            bought = rows.filter(card__in=list(cards[:100]), merchant_name__in=list(at))
            found += [(row, _("Last four and merchant")) for row in bought.order_by("-occurred_at", "-pk")[: self.most]]
        return _once(found, self.most)

    def _on_chain(self, noun: str, rows: QuerySet[Row]) -> Found:
        if not self.asked.address:
            return []
        pks = self._terms(noun, self.asked.address).values("record_id").distinct().order_by("-record_id")[: self.most]
        return [(row, _("Address or hash")) for row in rows.filter(pk__in=[one["record_id"] for one in pks])]

    def _disputes(self, transactions: Found) -> Found:
        rows = Dispute.objects.select_related("transaction").defer(*HEAVY, "transaction__raw")
        about = rows.filter(transaction__in=[row.pk for row, _why in transactions]).order_by("-pk")[: self.most]
        found = [(row, _("About this transaction")) for row in about] if transactions and self.asked.ids else []
        return _once(self._by_id("dispute", rows) + found, self.most)

    def _contracts(self) -> Found:
        rows = Contract.objects.select_related("cardholder", "company").defer(*HEAVY, "cardholder__raw", "company__raw")
        return _once(self._by_id("contract", rows) + self._on_chain("contract", rows), self.most)

    # --- what went between the provider and us ---
    def _deliveries(self) -> Found:
        if Permission.INBOX_READ not in self.permissions:
            return []
        found: Found = []
        rows = Delivery.objects.defer("body")
        if self.asked.ids:
            keyed = rows.filter(event_id__in=self.asked.ids).order_by("-received_at")
            found += [(row, _("Idempotency key")) for row in keyed[: self.most]]
            about = rows.filter(object_id__in=self.asked.ids).order_by("-received_at")
            found += [(row, _("About this id")) for row in about[: self.most]]
        if self.asked.number:
            found += [(row, self._which(row)) for row in rows.filter(pk=self.asked.number)]
        return _once(found, self.most)

    def _commands(self) -> Found:
        uuids = [typed for typed in self.asked.ids if _is_uuid(typed)]
        return [(row, _("Idempotency key")) for row in Command.objects.filter(pk__in=uuids[:1])] if uuids else []

    def _requests(self) -> Found:
        if Permission.PROVIDER_READ not in self.permissions or not self.asked.ids:
            return []
        keyed = Q(idempotency_key__in=self.asked.ids) | Q(request_id__in=self.asked.ids)
        rows = RequestLog.objects.filter(keyed).order_by("-pk")
        return [(row, _("Idempotency key")) for row in rows[: self.most]]


def _cards() -> QuerySet[Card]:
    return Card.objects.select_related("cardholder__company", "company").defer(
        *HEAVY, "cardholder__raw", "company__raw", "cardholder__company__raw"
    )


def _live_first(cards: QuerySet[Card]) -> QuerySet[Card]:
    return cards.order_by(Case(When(state=CANCELED, then=1), default=0), "-pk")


def _wordy(asked: Asked) -> bool:
    """Whether any word is more than digits that stand for something else."""
    return any(len(name) > 1 for name in asked.names)


def _once(found: Iterable[tuple[Any, str]], most: int) -> Found:
    """Each row once, for the first reason."""
    by_row: dict[int, tuple[Any, str]] = {}
    for row, why in found:
        by_row.setdefault(row.pk, (row, why))
    return list(by_row.values())[:most]


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
