"""Splits a difference into named pieces that add up to it exactly. Knows no database.

The provider's figures describe one moment of a story we also have: what we learned after the reading may be in them
already, and what we knew shortly before may not be in them yet. So the first question is at which place of the story
they stand; what is left is matched, to the cent, with rows that are known to make a difference (a kept hold, a
duplicate). What nothing explains is said to be unknown.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations, islice
from typing import Any, NamedTuple

from console.reconciliation.causes import Cause
from console.reconciliation.identity import Line, tolerated
from console.reconciliation.ours import Effect, cents, credit_limit, worth

ODD = 3  # rows counted otherwise than is expected, in one explanation
LITTLE = 5  # cents left over where such a row is taken too
NEAR = 6  # places at which such rows are looked for
STATES = 20_000  # sums looked at before a match is given up
FEW = 6_000  # combinations of a few rows looked at, at one place
LATE, LATELY = 200, 30  # places of the story looked at after and before the reading


class Evidence(NamedTuple):
    """A row of ours that shows it."""

    noun: str
    pk: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a difference, in minor units as it stands on its line: the provider's figure less ours."""

    line: Line
    cause: Cause
    amount: int
    evidence: tuple[Evidence, ...] = ()
    until: datetime | None = None  # when it should have gone by itself


@dataclass(frozen=True, slots=True)
class Event:
    """A step of a transaction's story: what it added to our figures when we learned of it."""

    effect: Effect
    cause: Cause
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row known to make a difference of this much where the provider counts it otherwise than we do. `step` is how many
    of the late steps of its transaction must have happened for it to stand so."""

    effect: Effect
    cause: Cause
    evidence: tuple[Evidence, ...]
    until: datetime | None = None
    expected: bool = False  # as the provider is known to count
    step: int = 0


@dataclass(frozen=True, slots=True)
class Story:
    """What is known around a reading. `late`: learned after it, in the order it happened; `lately`: known just before
    it, the newest first. `rounded`: how many amounts were converted from a foreign currency."""

    late: Sequence[Event] = ()
    lately: Sequence[Event] = ()
    candidates: Sequence[Candidate] = ()
    rounded: int = 0
    stale: bool = False  # our transactions were last read before the balance was


Placed = tuple[Event, int]  # an event, and whether it is added (1) or taken back (−1)


@dataclass(frozen=True, slots=True)
class _Guess:
    place: Sequence[Placed]
    chosen: Sequence[Candidate]
    rest: Effect


def explain_charges(difference: Effect, story: Story) -> list[Piece]:
    """Of pending charges and balance due together: a settlement moves an amount from the one to the other."""
    if difference == Effect():
        return []
    guess = _match(difference, story) or _match_any(difference, story) or _expected(difference, story)
    pieces = [
        piece
        for event, sign in guess.place
        for piece in _pieces(_times(event.effect, sign), event.cause if sign > 0 else Cause.TIMING, (event.evidence,))
    ]
    for one in guess.chosen:
        pieces += _pieces(one.effect, one.cause, one.evidence, one.until)
    pieces += _rest(Line.PENDING, guess.rest.held, story)
    pieces += _rest(Line.DUE, guess.rest.due, story)
    return _together(pieces)


def _together(pieces: Sequence[Piece]) -> list[Piece]:
    """What one row did twice for one reason is one piece; what cancels out is none."""
    found: dict[tuple[Line, Cause, tuple[Evidence, ...]], Piece] = {}
    for piece in pieces:
        key = (piece.line, piece.cause, piece.evidence)
        found[key] = replace(piece, amount=piece.amount + found[key].amount) if key in found else piece
    return [piece for piece in found.values() if piece.amount]


def _rest(line: Line, amount: int, story: Story) -> list[Piece]:
    if not amount:
        return []
    if abs(amount) <= tolerated(line, story.rounded):
        return [Piece(line, Cause.ROUNDING, amount)]
    return [Piece(line, Cause.STALE_SOURCE if story.stale else Cause.UNKNOWN, amount)]


def _match(difference: Effect, story: Story) -> _Guess | None:
    """The place of the story at which it ties: with what the provider is known to count, or with none of that; else with
    few rows counted otherwise. Behind us the provider is only where nothing else ties, and a rounding difference is
    taken only where nothing ties to the cent."""
    ahead, behind = list(_ahead(story)), list(_behind(story))
    cents = Effect(tolerated(Line.PENDING, story.rounded), tolerated(Line.DUE, story.rounded))
    tries = (
        (ahead, Effect(), 0), (ahead[:NEAR], Effect(), ODD), (behind, Effect(), 0),
        (ahead, cents, 0), (ahead[:1], Effect(min(cents.held, LITTLE), min(cents.due, LITTLE)), 1), (behind, cents, 0),
    )  # fmt: skip
    for places, spare, odd in tries:
        for place in places:
            if found := _tie(difference, story, place, spare, odd):
                return found
    return None


def _tie(difference: Effect, story: Story, place: Sequence[Placed], spare: Effect, odd: int) -> _Guess | None:
    """At one place, with at most so many rows counted otherwise than is expected, and so much left over."""
    difference = _less(difference, (_times(event.effect, sign) for event, sign in place))
    happened = Counter(event.evidence.pk for event, sign in place if sign > 0)
    valid = [one for one in story.candidates if one.step == happened[one.evidence[0].pk]]
    usual = {i for i, one in enumerate(valid) if one.expected}
    for base in (usual, set()) if usual else (set(),):
        left = _less(difference, (valid[i].effect for i in base))
        sums = _few([-one.effect if i in base else one.effect for i, one in enumerate(valid)], odd)
        nearest = left if left in sums else min(sums, key=lambda total: _size(left - total))
        rest = left - nearest
        if abs(rest.held) <= spare.held and abs(rest.due) <= spare.due:
            turned = base.symmetric_difference(sums[nearest])
            return _Guess(place, [valid[i] for i in sorted(turned)], rest)
    return None


def _less(difference: Effect, effects: Iterable[Effect]) -> Effect:
    for each in effects:
        difference -= each
    return difference


def _size(effect: Effect) -> int:
    return abs(effect.held) + abs(effect.due)


def _ahead(story: Story) -> Iterator[Sequence[Placed]]:
    """The reading itself, then each place after it."""
    yield ()
    for size in range(1, min(len(story.late), LATE) + 1):
        yield [(event, 1) for event in story.late[:size]]


def _behind(story: Story) -> Iterator[Sequence[Placed]]:
    for size in range(1, min(len(story.lately), LATELY) + 1):
        yield [(event, -1) for event in story.lately[:size]]


def _match_any(difference: Effect, story: Story) -> _Guess | None:
    """Some of what was learned late, in whatever order: a sweep finds things in the order of its pages."""
    late = story.late[:LATE]
    usual = [one for one in story.candidates if one.expected and not one.step]
    for base in (usual, []) if usual else ([],):
        left = _less(difference, (one.effect for one in base))
        indexes = _sums([event.effect for event in late]).get(left)
        if indexes:
            return _Guess([(late[i], 1) for i in indexes], base, Effect())
    return None


def _expected(difference: Effect, story: Story) -> _Guess:
    """Nothing ties. What the provider is known to count is named still, where that leaves less to explain."""
    usual = [one for one in story.candidates if one.expected and not one.step]
    left = _less(difference, (one.effect for one in usual))
    if _size(left) < _size(difference):
        return _Guess((), usual, left)
    return _Guess((), (), difference)


def _few(effects: Sequence[Effect], most: int) -> dict[Effect, tuple[int, ...]]:
    """Every sum that at most so many of these make, with the fewest that make it. Many rows can add up to anything, so
    few are taken, and of those that are alike no more than can be chosen."""
    alike = Counter[Effect]()
    useful = []
    for i, effect in enumerate(effects):
        alike[effect] += 1
        if alike[effect] <= most:
            useful.append(i)
    sums: dict[Effect, tuple[int, ...]] = {Effect(): ()}
    chosen_few = (chosen for size in range(1, most + 1) for chosen in combinations(useful, size))
    for chosen in islice(chosen_few, FEW):
        total = Effect(sum(effects[i].held for i in chosen), sum(effects[i].due for i in chosen))
        sums.setdefault(total, chosen)
    return sums


def _sums(effects: Sequence[Effect]) -> dict[Effect, tuple[int, ...]]:
    """Every sum that some of these make, with the fewest that make it."""
    sums: dict[Effect, tuple[int, ...]] = {Effect(): ()}
    for i, each in enumerate(effects):
        if len(sums) > STATES:
            break
        for total, chosen in list(sums.items()):
            new = Effect(total.held + each.held, total.due + each.due)
            if new not in sums or len(sums[new]) > len(chosen) + 1:
                sums[new] = (*chosen, i)
    return sums


def _times(effect: Effect, sign: int) -> Effect:
    return effect if sign > 0 else -effect


def _pieces(effect: Effect, cause: Cause, evidence: tuple[Evidence, ...], until: datetime | None = None) -> list[Piece]:
    lines = ((Line.PENDING, effect.held), (Line.DUE, effect.due))
    return [Piece(line, cause, amount, evidence, until) for line, amount in lines if amount]


# --- The credit limit -------------------------------------------------------------------------------------------------

TokenKey = tuple[int, str]  # contract, token address
Tokens = Mapping[TokenKey, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Deposit:
    """A collateral transaction, in cents."""

    amount: int
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Collateral:
    """An owner's tokens at the reading, as they were read later (the nearest first) and had been before."""

    now: Tokens
    later: Sequence[Tokens] = ()
    earlier: Sequence[Tokens] = ()
    deposits: Sequence[Deposit] = ()
    unread: Sequence[Deposit] = ()  # on the list since the contracts were last read
    stale: bool = False  # the contracts were last read before the balance was


def explain_limit(difference: int, collateral: Collateral) -> list[Piece]:
    """By the tokens as they were read at another time, else by what is known to move them."""
    if not difference:
        return []
    most = tolerated(Line.LIMIT, max(len(collateral.now), 1))
    ours = limit_of(collateral.now)
    for spare in (0, most):
        for other, after in _readings(collateral):
            moved = limit_of(other) - ours
            if abs(difference - moved) <= spare:
                pieces = _summing(_token_pieces(collateral, other, after=after), moved)
                rest = difference - moved
                return [*pieces, Piece(Line.LIMIT, Cause.ROUNDING, rest)] if rest else pieces
    if unread := _unread(difference, collateral):
        return unread
    if abs(difference) <= most:
        return [Piece(Line.LIMIT, Cause.ROUNDING, difference)]
    if collateral.stale:
        return [Piece(Line.LIMIT, Cause.STALE_SOURCE, difference, _contracts(collateral))]
    return [Piece(Line.LIMIT, Cause.UNKNOWN, difference)]


def _contracts(collateral: Collateral) -> tuple[Evidence, ...]:
    return tuple(Evidence("contract", pk) for pk in sorted({pk for pk, _address in collateral.now}))


def limit_of(tokens: Tokens) -> int:
    return credit_limit([list(tokens.values())])


def _readings(collateral: Collateral) -> Iterator[tuple[Tokens, bool]]:
    yield from ((tokens, True) for tokens in collateral.later if limit_of(tokens) != limit_of(collateral.now))
    yield from ((tokens, False) for tokens in collateral.earlier if limit_of(tokens) != limit_of(collateral.now))


def _token_pieces(collateral: Collateral, other: Tokens, *, after: bool) -> list[Piece]:
    pieces: list[Piece] = []
    for key in sorted({*collateral.now, *other}):
        old, new = collateral.now.get(key, {}), other.get(key, {})
        evidence = (Evidence("contract", key[0]),)
        rates = {"exchange_rate": old.get("exchange_rate"), "advance_rate": old.get("advance_rate")} if old else {}
        moved = cents(worth({**new, **rates}) - worth(old)) if new else -cents(worth(old))
        rerated = cents(worth(new) - worth({**new, **rates})) if new and old else 0
        if moved:
            pieces.append(_moved(collateral, moved, old, new, evidence, after=after))
        if rerated:
            pieces.append(Piece(Line.LIMIT, Cause.RATE_MOVE, rerated, evidence))
    return pieces


def _moved(
    collateral: Collateral, amount: int, old: Mapping[str, Any], new: Mapping[str, Any], evidence: tuple[Evidence, ...],
    *, after: bool,
) -> Piece:  # fmt: skip
    """Tokens came or went between two readings. A deposit on the list shows that it was a matter of time."""
    nominal = {"exchange_rate": None, "advance_rate": None}
    came = cents(worth({**new, **nominal}) - worth({**old, **nominal}))
    seen = _subset(came, [(each.amount, each.evidence) for each in collateral.deposits])
    cause = Cause.TIMING if seen or not after else Cause.UNSEEN_DEPOSIT
    return Piece(Line.LIMIT, cause, amount, (*evidence, *seen))


def _unread(difference: int, collateral: Collateral) -> list[Piece]:
    """Deposits that the list shows and the contracts, last read before, do not yet."""
    found = _subset(difference, [(each.amount, each.evidence) for each in collateral.unread])
    shown_by = (*found, *_contracts(collateral))
    return [Piece(Line.LIMIT, Cause.STALE_SOURCE, difference, shown_by)] if found else []


def _summing(pieces: list[Piece], whole: int) -> list[Piece]:
    """Each was cut off below the cent by itself: what is lost by that goes to the largest, and is rounding where all of
    it is lost."""
    if not pieces:
        return [Piece(Line.LIMIT, Cause.ROUNDING, whole)]
    lost = whole - sum(piece.amount for piece in pieces)
    largest = max(pieces, key=lambda piece: abs(piece.amount))
    return [replace(piece, amount=piece.amount + lost) if piece is largest else piece for piece in pieces]


def _subset(wanted: int, amounts: Sequence[tuple[int, Evidence]]) -> tuple[Evidence, ...]:
    chosen = _sums([Effect(amount) for amount, _ in amounts]).get(Effect(wanted), ())
    return tuple(amounts[i][1] for i in chosen)


# --- The provider's own sum, and contracts ----------------------------------------------------------------------------


def explain_sum(difference: int) -> list[Piece]:
    """The provider's spending power less what its own other figures come to."""
    if not difference:
        return []
    cause = Cause.ROUNDING if abs(difference) <= tolerated(Line.SUM, 1) else Cause.UNKNOWN
    return [Piece(Line.SUM, cause, difference)]


def explain_tokens(difference: int, *, unread: Sequence[Deposit], twice: Sequence[Deposit], tokens: int) -> list[Piece]:
    """Of a contract's tokens less the deposits seen, in cents: `unread` came on the list after the contract was read,
    `twice` are on it a second time."""
    if not difference:
        return []
    candidates = [(each, Cause.TIMING) for each in unread] + [(each, Cause.DUPLICATE) for each in twice]
    sums = _sums([Effect(-each.amount) for each, _ in candidates])
    most = tolerated(Line.CONTRACT, max(tokens, 1))
    for rest in sorted(range(-most, most + 1), key=abs):
        chosen = sums.get(Effect(difference - rest))
        if chosen is not None:
            pieces = [
                Piece(Line.CONTRACT, cause, -each.amount, (each.evidence,))
                for each, cause in (candidates[i] for i in chosen)
            ]
            return [*pieces, Piece(Line.CONTRACT, Cause.ROUNDING, rest)] if rest else pieces
    return [Piece(Line.CONTRACT, Cause.UNSEEN_DEPOSIT if difference > 0 else Cause.UNKNOWN, difference)]


def total(pieces: Sequence[Piece], line: Line) -> int:
    return sum(piece.amount for piece in pieces if piece.line == line)
