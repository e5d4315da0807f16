"""The made-up world: the same seed gives the same people, cards and payments, counted back from a base date."""

import random
from datetime import datetime

from console.sandbox import clock, ledger, people
from console.sandbox.draft import Draft, Size
from console.sandbox.provider import Provider
from console.sandbox.scale import Scale
from console.sandbox.unwritten import Nothing, Unwritten
from console.sandbox.wire import Json, Problem

SIZES = {
    "demo": Size(300, 25, 400, 20_000, 30, 7),
    "small": Size(12, 3, 15, 150, 5, 3),
    "empty": Size(0, 0, 0, 0, 0, 1),
    "scale": Size(10_000, 200, 12_000, 1_000_000, 1_200, 7, written=False),
}
TABLES = ("object", "past", "evidence", "effect", "delivery")


def ensure(provider: Provider) -> None:
    """A world the first time; the one that is there ever after."""
    known, options = provider.store.setting("world"), provider.options
    if known is None:
        build(provider, options.seed, options.size, options.base_date)
    else:
        provider.store.unwritten = _unwritten(**known)


def build(provider: Provider, seed: int, size: str, base_date: str = "") -> None:
    if size not in SIZES:
        raise Problem(400, f"size must be one of: {', '.join(SIZES)}")
    base = clock.read(base_date) if base_date else clock.now().replace(minute=0, second=0, microsecond=0)
    facts: Json = {"seed": seed, "size": size, "base": clock.iso(base)}
    docs = _written(seed, base, SIZES[size]) if SIZES[size].written else {}
    store = provider.store
    with store.write():
        for table in TABLES:
            store.run(f"DELETE FROM {table}")  # noqa: S608 - our own names
        store.unwritten = _unwritten(**facts)
        for noun, made in docs.items():
            store.add_many((noun, doc) for doc in sorted(made, key=_moment))
        store.set("world", facts)


def _unwritten(seed: int, size: str, base: str) -> Unwritten:
    return Nothing() if SIZES[size].written else Scale(seed, base, SIZES[size])


def _written(seed: int, base: datetime, size: Size) -> dict[str, list[Json]]:
    draft = Draft(random.Random(seed), base, size)  # noqa: S311 - repeatable on purpose
    _people(draft)
    _issue(draft)
    ledger.write(draft)
    return draft.docs


def _moment(doc: Json) -> str:
    return str(doc.get("authorizedAt") or doc.get("postedAt") or doc.get("createdAt") or doc.get("_createdAt") or "")


def _people(draft: Draft) -> None:
    employers = [people.company(draft, index) for index in range(draft.size.companies)]
    approved = [company for company in employers if company["applicationStatus"] == "approved"]
    for index in range(draft.size.holders):
        employer = draft.rng.choice(approved) if approved and index % 5 == 4 else None
        user = people.holder(draft, index, employer)
        if employer is None and user["applicationStatus"] in people.WITH_CONTRACT:
            people.contract(draft, user, "userId", index)
    for index, company in enumerate(employers):
        if company["applicationStatus"] in people.WITH_CONTRACT:
            people.contract(draft, company, "companyId", index)


def _issue(draft: Draft) -> None:
    holders = [user for user in draft.docs.get("user", []) if user["applicationStatus"] == "approved"]
    for index in range(draft.size.cards if holders else 0):
        user = holders[index] if index < len(holders) else draft.rng.choice(holders)
        people.card(draft, user, index)
