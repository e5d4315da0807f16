"""The one writer of breaks: what a reconciliation found becomes new, changed, re-opened or cleared breaks, each with the
movement that it made of the open sum."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from cardholders.models import Balance, Contract
from console.anyof import Ids
from console.reconciliation.contracts import Fault
from console.reconciliation.explain import Evidence
from console.reconciliation.models import (
    Break,
    BreakState,
    Movement,
    MovementKind,
    Reconciliation,
    ReconciliationState,
)
from console.reconciliation.proving import Proven, power

GROUPS = ("balances", "contracts")  # breaks that add up to differences of spending power, and those beside them


@dataclass(slots=True)
class Draft:
    """A break as found this time."""

    line: str
    cause: str
    amount: int
    evidence: list[Evidence] = field(default_factory=list)
    until: datetime | None = None
    balance: Balance | None = None
    contract: Contract | None = None
    company_id: int | None = None
    cardholder_id: int | None = None


Drafts = dict[str, Draft]


def of_proofs(proofs: Iterable[Proven]) -> Drafts:
    """By key: pieces of one line, cause and row are one break."""
    found: Drafts = {}
    for proven in proofs:
        balance = proven.reading.balance
        for piece in proven.pieces:
            shown_by = piece.evidence[0] if piece.evidence else None
            key = f"b{balance.pk}:{piece.line}:{piece.cause}:{f'{shown_by.noun}{shown_by.pk}' if shown_by else ''}"
            draft = found.setdefault(
                key,
                Draft(
                    piece.line, piece.cause, 0, until=piece.until, balance=balance, company_id=balance.company_id,
                    cardholder_id=None if balance.company_id else balance.cardholder_id,
                ),
            )  # fmt: skip
            draft.amount += power(piece)
            draft.evidence += [one for one in piece.evidence if one not in draft.evidence]
    return {key: draft for key, draft in found.items() if draft.amount}


def of_faults(faults: Iterable[Fault]) -> Drafts:
    found: Drafts = {}
    for fault in faults:
        company, cardholder = fault.owner
        whose = f"c{fault.contract.pk}" if fault.contract else "n"
        key = f"{whose}:{fault.piece.line}:{fault.piece.cause}:{fault.suffix}"
        found[key] = Draft(
            fault.piece.line, fault.piece.cause, fault.piece.amount, list(fault.piece.evidence),
            contract=fault.contract, company_id=company, cardholder_id=cardholder,
        )  # fmt: skip
    return found


def standing(**of: Any) -> QuerySet[Break]:
    return Break.objects.exclude(state=BreakState.CLEARED).filter(**of)


def settle(reconciliation: Reconciliation, found: Drafts, before: QuerySet[Break]) -> None:
    """Call it in a transaction. `before` are the standing breaks of all that was looked at."""
    now = timezone.now()
    known = {each.key: each for each in before.select_for_update()}
    new = [_new(key, draft, now) for key, draft in found.items() if key not in known]
    Break.objects.bulk_create(new)
    moves = [(each, MovementKind.NEW, each.amount) for each in new]
    same = {each.pk for key, each in known.items() if key in found and _is_same(each, found[key])}
    others = {key: each for key, each in known.items() if each.pk not in same}
    for key, each in others.items():
        draft = found.get(key)
        moves += _cleared(each, now) if draft is None else _seen(each, draft, now)
    Break.objects.filter(pk__any_of=Ids(same)).update(last_seen=now)
    fields = ["state", "amount", "evidence", "expected_until", "last_seen", "cleared_at"]
    Break.objects.bulk_update(others.values(), fields, batch_size=200)
    Movement.objects.bulk_create(
        Movement(reconciliation=reconciliation, about=each, kind=kind, amount=amount, at=now)
        for each, kind, amount in moves
    )


def _is_same(each: Break, draft: Draft) -> bool:
    told = (draft.amount, draft.until, _kept(draft.evidence))
    return (each.amount, each.expected_until, each.evidence) == told


def _new(key: str, draft: Draft, now: datetime) -> Break:
    return Break(
        key=key, line=draft.line, cause=draft.cause, amount=draft.amount, evidence=_kept(draft.evidence),
        expected_until=draft.until, balance=draft.balance, contract=draft.contract, company_id=draft.company_id,
        cardholder_id=draft.cardholder_id, first_seen=now, last_seen=now,
    )  # fmt: skip


def _kept(evidence: Iterable[Evidence]) -> list[dict[str, Any]]:
    return [{"noun": one.noun, "id": one.pk} for one in evidence]


Move = tuple[Break, MovementKind, int]


def _seen(each: Break, draft: Draft, now: datetime) -> list[Move]:
    """A break that somebody has resolved stays so while it stays the same; another amount opens it again."""
    by, each.amount = draft.amount - each.amount, draft.amount
    each.evidence, each.expected_until, each.last_seen = _kept(draft.evidence), draft.until, now
    if not by:
        return []
    if each.state == BreakState.RESOLVED:
        each.state = BreakState.OPEN
        return [(each, MovementKind.REOPENED, each.amount)]
    return [(each, MovementKind.CHANGED, by)]


def _cleared(each: Break, now: datetime) -> list[Move]:
    was_open, each.state, each.cleared_at = each.state == BreakState.OPEN, BreakState.CLEARED, now
    return [(each, MovementKind.CLEARED, -each.amount)] if was_open else []


# --- The roll-forward -------------------------------------------------------------------------------------------------

# What each kind of movement does to the number of open breaks.
COUNTS = {
    MovementKind.NEW: 1,
    MovementKind.CHANGED: 0,
    MovementKind.REOPENED: 1,
    MovementKind.RESOLVED: -1,
    MovementKind.CLEARED: -1,
}


def roll_forward(reconciliation: Reconciliation, before: Mapping[str, Any]) -> dict[str, dict[str, dict[str, int]]]:
    """Opening, what moved it, closing; by group, as counts and amounts. What people did since the one before is taken
    in, and what one that failed has moved. Call it in a transaction."""
    left = Q(reconciliation=None) | Q(reconciliation__state=ReconciliationState.FAILED)
    Movement.objects.filter(left).update(reconciliation=reconciliation)
    forward: dict[str, dict[str, dict[str, int]]] = {}
    for group in GROUPS:
        opening = before.get(group, {}).get("closing", {"count": 0, "amount": 0})
        moves = of_group(group, reconciliation.movements.all(), "about__")
        sums = {
            kind: {"count": n, "amount": amount}
            for kind, n, amount in moves.order_by().values_list("kind").annotate(n=Count("pk"), sum=Sum("amount"))
        }
        none = {"count": 0, "amount": 0}
        parts = {str(kind): sums.get(kind, none) for kind in MovementKind.values}
        closing = {
            "count": opening["count"] + sum(COUNTS[MovementKind(k)] * part["count"] for k, part in parts.items()),
            "amount": opening["amount"] + sum(part["amount"] for part in parts.values()),
        }
        forward[group] = {"opening": opening, **parts, "closing": closing}
    return forward


def of_group(group: str, rows: QuerySet[Any], path: str = "") -> QuerySet[Any]:
    return rows.filter(**{f"{path}balance__isnull": group != "balances"})
