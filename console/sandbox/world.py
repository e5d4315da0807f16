"""The made-up world: the same seed gives the same people, cards and payments, counted back from a base date."""

import random
from datetime import timedelta

from console.sandbox import cards, catalogue, clock, contracts, ledger, users
from console.sandbox.draft import Draft, Size
from console.sandbox.provider import Provider
from console.sandbox.wire import Json, Problem

SIZES = {
    "demo": Size(300, 25, 400, 20_000, 30, 7),
    "small": Size(12, 3, 15, 150, 5, 3),
    "empty": Size(0, 0, 0, 0, 0, 1),
}
TABLES = ("object", "evidence", "effect", "delivery")
NOT_APPROVED = (
    *("needsInformation", "manualReview", "denied", "pending"),
    *("needsVerification", "locked", "canceled", "notStarted"),
)
LIMITS = {
    "per24HourPeriod": (200_000, 500_000),
    "per7DayPeriod": (500_000, 1_000_000),
    "per30DayPeriod": (1_000_000, 2_000_000),
    "perYearPeriod": (5_000_000, 10_000_000),
    "allTime": (10_000_000, 25_000_000),
    "perAuthorization": (200_000, 500_000),
}


def ensure(provider: Provider) -> None:
    """A world the first time; the one that is there ever after."""
    if provider.store.setting("world") is None:
        options = provider.options
        build(provider, options.seed, options.size, options.base_date)


def build(provider: Provider, seed: int, size: str, base_date: str = "") -> None:
    if size not in SIZES:
        raise Problem(400, f"size must be one of: {', '.join(SIZES)}")
    base = clock.read(base_date) if base_date else clock.now().replace(minute=0, second=0, microsecond=0)
    draft = Draft(random.Random(seed), base, SIZES[size])  # noqa: S311 - repeatable on purpose
    _people(draft)
    _issue(draft)
    ledger.write(draft)
    store = provider.store
    with store.write():
        for table in TABLES:
            store.run(f"DELETE FROM {table}")  # noqa: S608 - our own names
        for noun, docs in draft.docs.items():
            store.add_many((noun, doc) for doc in sorted(docs, key=_moment))
        store.set("world", {"seed": seed, "size": size, "base": clock.iso(base)})


def _moment(doc: Json) -> str:
    return str(doc.get("authorizedAt") or doc.get("postedAt") or doc.get("createdAt") or doc.get("_createdAt") or "")


def _status(draft: Draft, index: int) -> str:
    turn, rest = divmod(index + 1, draft.size.undecided_every)
    return "approved" if rest else NOT_APPROVED[(turn - 1) % len(NOT_APPROVED)]


def _applicant(draft: Draft, index: int, prefix: str) -> Json:
    status, created = _status(draft, index), draft.before(30, 700)
    decided = min(created + timedelta(hours=draft.rng.uniform(0.1, 72)), draft.base)
    return {
        "id": draft.id(),
        "applicationStatus": status,
        "applicationReason": users.REASONS.get(status, ""),
        "kycStatus": "approved" if status == "approved" else "rejected" if status == "denied" else "pending",
        "createdAt": clock.iso(created),
        "updatedAt": clock.iso(decided),
        "_externalUserId": f"{prefix}-{index + 1:04}",
    }


def _address(draft: Draft, town: tuple[str, ...]) -> Json:
    city, region, postal_code, country, _ = town
    line = f"{draft.rng.randrange(1, 200)} {draft.rng.choice(('Main', 'Station', 'Church', 'Garden'))} Street"
    return {"line1": line, "city": city, "region": region, "postalCode": postal_code, "countryCode": country}


def _people(draft: Draft) -> None:
    employers = [_company(draft, index) for index in range(draft.size.companies)]
    approved = [company for company in employers if company["applicationStatus"] == "approved"]
    for index in range(draft.size.holders):
        employer = draft.rng.choice(approved) if approved and index % 5 == 4 else None
        user = _holder(draft, index, employer)
        if employer is None:
            _contract(draft, user, "userId", index)
    for index, company in enumerate(employers):
        _contract(draft, company, "companyId", index)


def _company(draft: Draft, index: int) -> Json:
    rng = draft.rng
    name = f"{catalogue.COMPANIES[index % len(catalogue.COMPANIES)]} {rng.choice(catalogue.COMPANY_ENDINGS)}"
    applicant = _applicant(draft, index, "company")
    owners = [_owner(draft, applicant["applicationStatus"]) for _ in range(rng.randint(1, 3))]
    company: Json = {"name": name, "email": f"office{index + 1}@company.example.test"}
    company |= {"address": _address(draft, rng.choice(catalogue.TOWNS)), "ultimateBeneficialOwners": owners}
    return draft.add("company", applicant | company)


def _owner(draft: Draft, company_status: str) -> Json:
    first, last = draft.rng.choice(catalogue.FIRST_NAMES), draft.rng.choice(catalogue.LAST_NAMES)
    status = "approved" if company_status == "approved" and draft.rng.random() < 0.7 else "needsVerification"
    return {
        "id": draft.id(),
        "firstName": first,
        "lastName": last,
        "email": f"owner{draft.rng.randrange(10_000)}@company.example.test",
        "applicationStatus": status,
        "applicationReason": "",
    }


def _holder(draft: Draft, index: int, employer: Json | None) -> Json:
    town = draft.rng.choice(catalogue.TOWNS)
    applicant = _applicant(draft, index, "holder")
    user = {
        "firstName": draft.rng.choice(catalogue.FIRST_NAMES),
        "lastName": draft.rng.choice(catalogue.LAST_NAMES),
        "email": f"holder{index + 1}@example.test",
        "isActive": applicant["applicationStatus"] not in {"locked", "canceled"},
        "isTermsOfServiceAccepted": True,
        "address": _address(draft, town),
        "phoneCountryCode": town[4],
        "phoneNumber": f"9{draft.rng.randrange(10**8):08}",
    }
    company = {"companyId": employer["id"]} if employer else {}
    return draft.add("user", applicant | user | company)


def _contract(draft: Draft, owner: Json, kind: str, index: int) -> None:
    """Approved applicants have one; a few hold a test token, a few an advance rate below one."""
    if owner["applicationStatus"] not in {"approved", "locked"}:
        return
    contract = contracts.build(owner, kind, [draft.hex(20) for _ in range(4)], draft.id())
    contract["_createdAt"] = owner["updatedAt"]
    token = contract["tokens"][0]
    token |= {"address": contracts.RUSD} if index % 15 == 14 else {}
    token |= {"advanceRate": 0.9} if index % 8 == 7 else {}
    draft.add("contract", contract)


def _issue(draft: Draft) -> None:
    holders = [user for user in draft.docs.get("user", []) if user["applicationStatus"] == "approved"]
    for index in range(draft.size.cards if holders else 0):
        user = holders[index] if index < len(holders) else draft.rng.choice(holders)
        draft.add("card", _card(draft, user, index))


def _card(draft: Draft, user: Json, index: int) -> Json:
    rng = draft.rng
    kind = "physical" if index % 3 == 2 else "virtual"
    ready = clock.read(user["updatedAt"])
    created = ready + (draft.base - ready) * rng.uniform(0.0, 0.4)
    card = cards.build(user, kind, created, rng, id=draft.id(), _until=clock.iso(draft.base))
    card["status"] = _card_status(index, kind)
    if card["status"] in {"locked", "canceled"}:
        ended = clock.iso(created + (draft.base - created) * rng.uniform(0.3, 0.95))
        card |= {"updatedAt": ended, "_until": ended}
    if index % 3:
        frequency = cards.FREQUENCIES[index % len(cards.FREQUENCIES)]
        low, high = LIMITS[frequency]
        card["limit"] = {"amount": rng.randrange(low, high + 1, 10_000), "frequency": frequency}
    if index % 20 == 4:
        soon = draft.base + timedelta(days=rng.randrange(0, 45))
        card |= {"expirationMonth": str(soon.month), "expirationYear": str(soon.year)}
    if index % 6 == 1:
        card["tokenWallets"] = [("Apple", "Google Pay")[index % 4 // 2]]
    if kind == "physical" and card["status"] == "active":
        card["_pin"] = f"{rng.randrange(1000, 9999) // 2 * 2 + 1:04}"
    return card


def _card_status(index: int, kind: str) -> str:
    if kind == "physical" and index % 9 == 8:
        return "notActivated"
    return {5: "locked", 7: "canceled"}.get(index % 11, "active")
