"""Contracts against the transaction list: the tokens they hold beside the deposits seen, contracts that are missing or
have changed, and collateral in a token or on a chain that nobody knows. In cents."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from cardholders.chains import CHAINS, EXPECTED_TOKENS
from cardholders.models import APPROVED, Cardholder, Company, Contract
from console.anyof import Ids
from console.history.models import Change
from console.reconciliation.causes import Cause
from console.reconciliation.evidence import learned_at
from console.reconciliation.explain import Deposit, Evidence, Piece, explain_tokens
from console.reconciliation.identity import Line
from console.reconciliation.ours import DOLLARS, cents, worth
from transactions.models import Transaction

CONTRACTLESS = timedelta(days=1)  # after approval
REMEMBERED = timedelta(days=90)  # how long a changed address is worth a word
COLUMNS = ("cardholder", "company", "chain_id", "tokens", "read_at", "missing_since")  # all that is looked at
ADDRESSES = ("chain_id", "deposit_address", "proxy_address", "controller_address")

Owner = tuple[int | None, int | None]  # company, cardholder
Place = tuple[Owner, int | None]  # an owner's contracts on one chain: deposits name no contract


@dataclass(frozen=True, slots=True)
class Fault:
    """A break of a contract, or of an owner who has none. `suffix` tells breaks of one contract and cause apart."""

    owner: Owner
    contract: Contract | None
    piece: Piece
    suffix: str = ""


def faults_of(contracts: Sequence[Contract]) -> Iterator[Fault]:
    """Of these contracts. Those of one owner on one chain are looked at together, at the oldest of them."""
    together = _by_place(contracts)
    given = {each.pk for each in contracts}
    places = {place: held for place, held in together.items() if min(each.pk for each in held) in given}
    yield from _token_faults(places)
    changed = _changes(given)
    for contract in contracts:
        yield from _own_faults(contract, changed.get(contract.pk, ()))


def contractless() -> Iterator[Fault]:
    """Approved for a day, without a contract; a company's people spend from the company's."""
    long_ago = timezone.now() - CONTRACTLESS
    for model, noun in ((Cardholder, "cardholder"), (Company, "company")):
        approved: QuerySet[Any] = model._default_manager.filter(state=APPROVED, state_since__lt=long_ago)
        if model is Cardholder:
            approved = approved.filter(company=None)
        without = approved.filter(~Exists(Contract.objects.filter(**{noun: OuterRef("pk")})))
        for pk in without.values_list("pk", flat=True).iterator():
            owner: Owner = (None, pk) if model is Cardholder else (pk, None)
            piece = Piece(Line.CONTRACT, Cause.CONTRACT_MISSING, 0, (Evidence(noun, pk),))
            yield Fault(owner, None, piece, f"{noun}:{pk}")


def _owner(contract: Contract) -> Owner:
    """A company's contract is the company's, whoever of its people is named beside it."""
    return (contract.company_id, None) if contract.company_id else (None, contract.cardholder_id)


def _by_place(contracts: Sequence[Contract]) -> dict[Place, list[Contract]]:
    """All contracts of their owners, the oldest of each place first."""
    held = {each.pk: each for each in contracts}
    for whose in _whose(map(_owner, contracts)):
        theirs = Contract.objects.filter(whose, by_reference=False)
        others = set(theirs.values_list("pk", flat=True)) - held.keys()
        held |= Contract.objects.only(*COLUMNS).in_bulk(others)
    found: dict[Place, list[Contract]] = defaultdict(list)
    for _pk, contract in sorted(held.items()):
        found[_owner(contract), contract.chain_id].append(contract)
    return found


# --- Tokens beside deposits -------------------------------------------------------------------------------------------


def _token_faults(places: Mapping[Place, list[Contract]]) -> Iterator[Fault]:
    listed = _listed(places)
    differing = {
        place: difference
        for place, held in places.items()
        if (difference := _nominal(held) - listed.get(place, 0)) and any(each.read_at for each in held)
    }
    for place, difference in differing.items():
        held = places[place]
        contract = held[0]
        unread, twice = _doubtful(place, min(each.read_at for each in held if each.read_at))
        tokens = sum(len(each.tokens) for each in held)
        for piece in explain_tokens(difference, unread=unread, twice=twice, tokens=tokens):
            evidence = (Evidence("contract", contract.pk), *piece.evidence)
            suffix = str(piece.evidence[0].pk) if piece.evidence else ""
            yield Fault(place[0], contract, Piece(piece.line, piece.cause, piece.amount, evidence), suffix)


def _nominal(contracts: Iterable[Contract]) -> int:
    """Cents of the tokens we know to be dollars, whatever the provider lends on them."""
    plain = {"exchange_rate": None, "advance_rate": None}
    held = (
        worth({**token, **plain}) for each in contracts for token in each.tokens if is_expected(each.chain_id, token)
    )
    return cents(sum(held, Decimal(0)))


def is_expected(chain: int | None, token: Mapping[str, Any]) -> bool:
    return (chain, str(token.get("address") or "").lower()) in EXPECTED_TOKENS


def _deposits_of(whose: Q) -> QuerySet[Transaction]:
    rows = Transaction.objects.filter(whose, kind="collateral", currency__in=DOLLARS)
    return rows.exclude(state__in=("declined", "reversed"))


def _whose(owners: Iterable[Owner]) -> Iterator[Q]:
    """One condition for companies and one for people: the database finds each by an index, and neither by both."""
    owners = list(owners)
    if companies := [company for company, _ in owners if company]:
        yield Q(company__any_of=Ids(companies))
    if people := [holder for _, holder in owners if holder]:
        yield Q(cardholder__any_of=Ids(people), company=None)


def _listed(places: Mapping[Place, Any]) -> dict[Place, int]:
    """Cents of deposits on the list by place; one that names no chain counts where its owner has only one."""
    chains: dict[Owner, list[int | None]] = defaultdict(list)
    for owner, chain in places:
        chains[owner].append(chain)
    found: dict[Place, int] = defaultdict(int)
    by = ("company_id", "cardholder_id", "chain_id")
    for whose in _whose(chains):
        for one in _deposits_of(whose).order_by().values(*by).annotate(cents=Sum("amount")):
            depositor: Owner = (one["company_id"], None) if one["company_id"] else (None, one["cardholder_id"])
            chain = one["chain_id"]
            if chain not in chains[depositor] and len(chains[depositor]) == 1:
                chain = chains[depositor][0]
            found[depositor, chain] += one["cents"] or 0
    return found


def _doubtful(place: Place, read_at: datetime) -> tuple[list[Deposit], list[Deposit]]:
    """Deposits that came on the list after the contract was read, and those that are on it a second time."""
    rows = _deposits_of(next(_whose([place[0]])))
    newest = list(rows.order_by("-pk").values("pk", "amount", "created_at")[:50])
    learned = learned_at(newest)
    unread = [
        Deposit(one["amount"], Evidence("transaction", one["pk"]))
        for one in newest
        if one["amount"] and learned[one["pk"]] > read_at
    ]
    hashes = rows.exclude(transaction_hash="").order_by().values("transaction_hash").annotate(n=Count("pk"))
    repeated = hashes.filter(n__gt=1).values_list("transaction_hash", flat=True)[:50]
    twice: list[Deposit] = []
    seen: set[str] = set()
    for pk, amount, name in (
        rows.filter(transaction_hash__in=list(repeated)).order_by("pk").values_list("pk", "amount", "transaction_hash")
    ):
        if name in seen and amount:
            twice.append(Deposit(amount, Evidence("transaction", pk)))
        seen.add(name)
    return unread, twice


# --- The contract itself ----------------------------------------------------------------------------------------------


def _changes(contracts: Iterable[int]) -> dict[int, list[Change]]:
    found: dict[int, list[Change]] = defaultdict(list)
    since = timezone.now() - REMEMBERED
    for change in Change.objects.filter(
        record="contract", record_id__any_of=Ids(contracts), created=False, at__gt=since
    ):
        if any(change.before.get(name) for name in ADDRESSES):
            found[change.record_id].append(change)
    return found


def _own_faults(contract: Contract, changes: Iterable[Change]) -> Iterator[Fault]:
    owner, evidence = _owner(contract), (Evidence("contract", contract.pk),)
    if contract.missing_since:
        yield Fault(owner, contract, Piece(Line.CONTRACT, Cause.CONTRACT_MISSING, -_worth(contract), evidence))
    for change in changes:
        piece = Piece(Line.CONTRACT, Cause.CONTRACT_CHANGED, 0, evidence)
        yield Fault(owner, contract, piece, str(change.pk))
    if contract.chain_id not in CHAINS:
        yield Fault(owner, contract, Piece(Line.CONTRACT, Cause.UNEXPECTED_TOKEN, _worth(contract), evidence), "chain")
        return
    for token in contract.tokens:
        if not is_expected(contract.chain_id, token):
            piece = Piece(Line.CONTRACT, Cause.UNEXPECTED_TOKEN, cents(worth(token)), evidence)
            yield Fault(owner, contract, piece, str(token.get("address") or "")[:60])


def _worth(contract: Contract) -> int:
    return cents(sum((worth(token) for token in contract.tokens), Decimal(0)))
