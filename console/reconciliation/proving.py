"""The balance proof: the provider's figures of one reading beside those our rows made of the same moment, and the
difference explained. Many balances at once in a constant number of queries; a balance that ties costs no more.

Amounts are minor units of USD; a difference is the provider's figure less ours.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cardholders.models import Balance, ContractReading
from console.anyof import Ids
from console.history.models import Change
from console.reconciliation.causes import Cause
from console.reconciliation.evidence import History, charges_around, collateral_around, tokens_at
from console.reconciliation.explain import (
    Collateral,
    Piece,
    Story,
    Tokens,
    explain_charges,
    explain_limit,
    explain_sum,
    limit_of,
)
from console.reconciliation.identity import IDENTITY, RESULT, SIGNS, Line
from console.reconciliation.models import ProofState
from console.reconciliation.ours import Charges, Effect, charges_by
from console.reconciliation.readings import Reading, Subjects, reading_at
from console.reconciliation.steps import Late, late_steps
from console.snapshots import one_snapshot
from transactions.models import Transaction


@dataclass(frozen=True, slots=True)
class Proven:
    """A proof. `pieces` add up to `difference` exactly, each by its line's sign (`power` of a piece)."""

    reading: Reading
    tokens: Tokens
    our_limit: int  # what the tokens are good for
    charges: Charges  # as they were known at the reading
    pieces: tuple[Piece, ...] = ()
    missing: tuple[str, ...] = ()  # figures the provider did not give
    before_log: bool = False  # older than the change log: rebuilt with what is known now

    @property
    def our_power(self) -> int:
        return self.our_limit - self.charges.held - self.charges.due

    @property
    def ours(self) -> dict[Line, int]:
        return {Line.LIMIT: self.our_limit, Line.PENDING: self.charges.held, Line.DUE: self.charges.due}

    @property
    def difference(self) -> int | None:
        power = getattr(self.reading.figures, RESULT)
        return None if power is None or self.missing else power - self.our_power

    @property
    def unexplained(self) -> int:
        return sum(power(piece) for piece in self.pieces if piece.cause == Cause.UNKNOWN)

    @property
    def state(self) -> ProofState:
        if self.missing:
            return ProofState.INCOMPLETE
        if not self.pieces:
            return ProofState.TIED
        unknown = any(piece.cause == Cause.UNKNOWN for piece in self.pieces)
        return ProofState.UNEXPLAINED if unknown else ProofState.EXPLAINED


def power(piece: Piece) -> int:
    """What a piece makes of the spending power."""
    return SIGNS.get(piece.line, 1) * piece.amount


def prove(balance: Balance, at: datetime | None = None) -> Proven | None:
    """The proof of one balance as of an instant (UTC), or of its newest reading. None where there is no reading."""
    reading = reading_at(balance, at)
    return prove_all([reading])[0] if reading else None


def prove_all(readings: Sequence[Reading]) -> list[Proven]:
    """In the order given."""
    if not readings:
        return []
    subjects = Subjects.of(readings)
    with one_snapshot():  # the sums and the changes that are taken back from them have to be of one moment
        charges = _charges(subjects)
        contracts = _contracts(subjects)
        late = late_steps(subjects)
        began = _log_began()
        drafts = [_draft(reading, charges, contracts, late, began) for reading in readings]
        return _explained(drafts, charges, contracts, late)


def _charges(subjects: Subjects) -> dict[int, Charges]:
    """By balance, as they are known now."""
    found: dict[int, Charges] = {}
    for owner, of in (("company_id", subjects.companies), ("cardholder_id", subjects.people)):
        if of:
            sums = charges_by(owner, Transaction.objects.filter(**{f"{owner}__any_of": Ids(of)}))
            found |= {of[pk].balance.pk: added for pk, added in sums.items()}
    return found


Histories = Mapping[int, History]


def _contracts(subjects: Subjects) -> Histories:
    """Every token reading of their contracts by balance: (contract, instant, tokens), oldest first."""
    found: dict[int, list[tuple[int, datetime, list[dict[str, Any]]]]] = defaultdict(list)
    rows = ContractReading.objects.filter(subjects.rows("contract__")).order_by("at", "pk")
    columns = ("contract_id", "contract__company_id", "contract__cardholder_id", "at", "tokens")
    for contract, company, holder, at, tokens in rows.values_list(*columns):
        if (balance := subjects.balance_of(company, holder)) is not None:
            found[balance].append((contract, at, tokens))
    return found


def _draft(
    reading: Reading, charges: Mapping[int, Charges], contracts: Histories, late: Late, began: datetime | None
) -> Proven:
    pk = reading.balance.pk
    now = charges.get(pk, Charges())
    since = late.effect(pk)
    known = Charges(now.held - since.held, now.due - since.due, now.foreign, now.uncounted)
    missing = tuple(
        name for name in (*(term.figure for term in IDENTITY), RESULT) if getattr(reading.figures, name) is None
    )
    tokens = tokens_at(contracts.get(pk, ()), reading.at)
    return Proven(
        reading=reading,
        tokens=tokens,
        our_limit=limit_of(tokens),
        charges=known,
        missing=missing,
        before_log=began is None or reading.at < began,
    )


def _differences(proven: Proven) -> dict[Line, int]:
    figures, ours = proven.reading.figures, proven.ours
    theirs = {term.line: getattr(figures, term.figure) for term in IDENTITY}
    found = {line: value - ours[line] for line, value in theirs.items()}
    found[Line.SUM] = getattr(figures, RESULT) - sum(term.sign * theirs[term.line] for term in IDENTITY)
    return found


def _explained(drafts: list[Proven], known: Mapping[int, Charges], contracts: Histories, late: Late) -> list[Proven]:
    differing = {
        draft.reading.balance.pk: found
        for draft in drafts
        if not draft.missing and any((found := _differences(draft)).values())
    }
    if not differing:
        return drafts
    readings = [draft.reading for draft in drafts if draft.reading.balance.pk in differing]
    charges = [r for r in readings if differing[r.balance.pk][Line.PENDING] or differing[r.balance.pk][Line.DUE]]
    limits = [r for r in readings if differing[r.balance.pk][Line.LIMIT]]
    stories = charges_around(charges, known, late)
    around = collateral_around(limits, contracts)
    return [_with_pieces(draft, differing.get(draft.reading.balance.pk), stories, around) for draft in drafts]


def _with_pieces(
    draft: Proven, found: dict[Line, int] | None, stories: Mapping[int, Story], around: Mapping[int, Collateral]
) -> Proven:
    if found is None:
        return draft
    pk = draft.reading.balance.pk
    pieces = [
        *(explain_limit(found[Line.LIMIT], around[pk]) if pk in around else ()),
        *(explain_charges(Effect(found[Line.PENDING], found[Line.DUE]), stories[pk]) if pk in stories else ()),
        *explain_sum(found[Line.SUM]),
    ]
    return replace(draft, pieces=tuple(pieces))


def _log_began() -> datetime | None:
    return Change.objects.order_by("pk").values_list("written_at", flat=True).first()
