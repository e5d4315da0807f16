"""The people, companies, cards and contracts of a made-up world, one at a time."""

from datetime import datetime, timedelta

from console.sandbox import cards, catalogue, clock, contracts, users
from console.sandbox.draft import Draft
from console.sandbox.wire import Json

NOT_APPROVED = (
    *("needsInformation", "manualReview", "denied", "pending"),
    *("needsVerification", "locked", "canceled", "notStarted"),
)
WITH_CONTRACT = ("approved", "locked")
LIMITS = {
    "per24HourPeriod": (200_000, 500_000),
    "per7DayPeriod": (500_000, 1_000_000),
    "per30DayPeriod": (1_000_000, 2_000_000),
    "perYearPeriod": (5_000_000, 10_000_000),
    "allTime": (10_000_000, 25_000_000),
    "perAuthorization": (200_000, 500_000),
}


def status(index: int, undecided_every: int) -> str:
    """Of the application: one in so many is not approved, each in its own way."""
    turn, rest = divmod(index + 1, undecided_every)
    return "approved" if rest else NOT_APPROVED[(turn - 1) % len(NOT_APPROVED)]


def _applicant(draft: Draft, index: int, prefix: str, created: datetime | None) -> Json:
    decision = status(index, draft.size.undecided_every)
    created = created or draft.before(30, 700)
    decided = min(created + timedelta(hours=draft.rng.uniform(0.1, 72)), draft.base)
    return {
        "id": draft.id(),
        "applicationStatus": decision,
        "applicationReason": users.REASONS.get(decision, ""),
        "kycStatus": "approved" if decision == "approved" else "rejected" if decision == "denied" else "pending",
        "createdAt": clock.iso(created),
        "updatedAt": clock.iso(decided),
        "_externalUserId": f"{prefix}-{index + 1:04}",
    }


def _address(draft: Draft, town: tuple[str, ...]) -> Json:
    city, region, postal_code, country, _ = town
    line = f"{draft.rng.randrange(1, 200)} {draft.rng.choice(('Main', 'Station', 'Church', 'Garden'))} Street"
    return {"line1": line, "city": city, "region": region, "postalCode": postal_code, "countryCode": country}


def company(draft: Draft, index: int, created: datetime | None = None) -> Json:
    rng = draft.rng
    name = f"{catalogue.COMPANIES[index % len(catalogue.COMPANIES)]} {rng.choice(catalogue.COMPANY_ENDINGS)}"
    applicant = _applicant(draft, index, "company", created)
    owners = [_owner(draft, applicant["applicationStatus"]) for _ in range(rng.randint(1, 3))]
    told: Json = {"name": name, "email": f"office{index + 1}@company.example.test"}
    told |= {"address": _address(draft, rng.choice(catalogue.TOWNS)), "ultimateBeneficialOwners": owners}
    return draft.add("company", applicant | told)


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


def holder(draft: Draft, index: int, employer: Json | None, created: datetime | None = None) -> Json:
    town = draft.rng.choice(catalogue.TOWNS)
    applicant = _applicant(draft, index, "holder", created)
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
    works_for = {"companyId": employer["id"]} if employer else {}
    return draft.add("user", applicant | user | works_for)


def contract(draft: Draft, owner: Json, kind: str, index: int) -> Json:
    """A few hold a test token, a few an advance rate below one. It is empty still."""
    made = contracts.build(owner, kind, [draft.hex(20) for _ in range(4)], draft.id())
    made["_createdAt"] = owner["updatedAt"]
    token = made["tokens"][0]
    token |= {"address": contracts.RUSD} if index % 15 == 14 else {}
    token |= {"advanceRate": 0.9} if index % 8 == 7 else {}
    return draft.add("contract", made)


def card(draft: Draft, user: Json, index: int, created: datetime | None = None) -> Json:
    rng = draft.rng
    kind = card_type(index)
    ready = clock.read(user["updatedAt"])
    created = created or ready + (draft.base - ready) * rng.uniform(0.0, 0.4)
    made = cards.build(user, kind, created, rng, id=draft.id(), _until=clock.iso(draft.base))
    made["status"] = card_status(index)
    if made["status"] in {"locked", "canceled"}:
        ended = clock.iso(created + (draft.base - created) * rng.uniform(0.3, 0.95))
        made |= {"updatedAt": ended, "_until": ended}
    if index % 3:
        frequency = cards.FREQUENCIES[index % len(cards.FREQUENCIES)]
        low, high = LIMITS[frequency]
        made["limit"] = {"amount": rng.randrange(low, high + 1, 10_000), "frequency": frequency}
    if index % 20 == 4:
        soon = draft.base + timedelta(days=rng.randrange(0, 45))
        made |= {"expirationMonth": str(soon.month), "expirationYear": str(soon.year)}
    if index % 6 == 1:
        made["tokenWallets"] = [("Apple", "Google Pay")[index % 4 // 2]]
    if kind == "physical" and made["status"] == "active":
        made["_pin"] = f"{rng.randrange(1000, 9999) // 2 * 2 + 1:04}"
    return draft.add("card", made)


def card_type(index: int) -> str:
    return "physical" if index % 3 == 2 else "virtual"


def card_status(index: int) -> str:
    if index % 9 == 8:  # of the physical ones
        return "notActivated"
    return {5: "locked", 7: "canceled"}.get(index % 11, "active")
