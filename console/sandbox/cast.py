"""Who plays in a scene: people, companies and cards that can do what the scene needs; chosen, or made where there are none."""

import secrets
from decimal import Decimal

from console.sandbox import balances, cards, catalogue, companies, contracts, money, users
from console.sandbox.provider import Provider
from console.sandbox.store import new_id
from console.sandbox.wire import Json

LOOKED_AT = 200  # the newest; one that fits is among them in any world but an empty one
SPARE_CENTS = 10_000


def person(provider: Provider, cents: int, user_id: str | None = None) -> Json:
    """The one asked for, else an approved cardholder who is nobody's employee; able to pay so many cents."""
    user = provider.need("user", user_id) if user_id else _any_person(provider)
    _fund(provider, user, cents)
    return user


def _any_person(provider: Provider) -> Json:
    found = provider.store.find("user", limit=LOOKED_AT)
    return next((one for one in found if _stands_alone(one)), None) or _new_person(provider)


def _stands_alone(user: Json) -> bool:
    return user["applicationStatus"] == "approved" and not user.get("companyId")


def card(provider: Provider, cents: int, card_id: str | None = None) -> Json:
    """The one asked for, else an active card without a limit; its account able to pay so many cents."""
    found = provider.need("card", card_id) if card_id else _any_card(provider)
    _fund(provider, provider.need("user", found["userId"]), cents)
    return found


def _fund(provider: Provider, user: Json, cents: int) -> None:
    kind = "companyId" if user.get("companyId") else "userId"
    owner = provider.need("company", user["companyId"]) if user.get("companyId") else user
    contracts.create(provider, owner, kind)
    lacking = cents - int(balances.now(provider, owner["id"])["spendingPower"])
    if lacking > 0:
        money.fund(provider, owner, kind, Decimal(_deposit(provider, owner["id"], lacking + SPARE_CENTS)) / 100)


def _deposit(provider: Provider, owner: str, cents: int) -> int:
    """What must arrive for so much credit: a token may count for less than its worth."""
    token = contracts.of_owner(provider, owner)[0]["tokens"][0]
    return int(cents / (token["advanceRate"] * token["exchangeRate"])) + 1


def _any_card(provider: Provider) -> Json:
    for found in provider.store.find("card", [("status = ?", "active")], limit=LOOKED_AT):
        if "limit" not in found and _stands_alone(provider.need("user", found["userId"])):
            return found
    return cards.create(provider, _any_person(provider), "virtual")


def _names() -> tuple[str, str]:
    return secrets.choice(catalogue.FIRST_NAMES), secrets.choice(catalogue.LAST_NAMES)


def _address() -> Json:
    city, region, postal_code, country, _ = catalogue.TOWNS[0]
    return {"line1": "1 Main Street", "city": city, "region": region, "postalCode": postal_code, "countryCode": country}


def _new_person(provider: Provider) -> Json:
    first, last = _names()
    mark = secrets.token_hex(4)
    user = users.create(
        provider,
        firstName=first,
        lastName=last,
        email=f"scene-{mark}@example.test",
        address=_address(),
        phoneCountryCode="351",
        phoneNumber="910000000",
        _externalUserId=f"scene-{mark}",
    )
    users.decide(provider, user, "approved")
    contracts.create(provider, user, "userId")
    return user


def new_company(provider: Provider, status: str) -> Json:
    """With two owners: the first verified, the second not."""
    mark = secrets.token_hex(4)
    ending = secrets.choice(catalogue.COMPANY_ENDINGS)
    owners = [_owner(mark, number, state) for number, state in enumerate(("approved", "needsVerification"), 1)]
    company = companies.create(
        provider,
        name=f"{secrets.choice(catalogue.COMPANIES)} {ending}",
        email=f"office-{mark}@company.example.test",
        address=_address(),
        ultimateBeneficialOwners=owners,
        _externalUserId=f"scene-{mark}",
    )
    return companies.decide(provider, company, status)


def _owner(mark: str, number: int, status: str) -> Json:
    first, last = _names()
    email = f"owner{number}-{mark}@company.example.test"
    names = {"id": new_id(), "firstName": first, "lastName": last, "email": email}
    return names | {"applicationStatus": status, "applicationReason": ""}


def parcel(user: Json) -> Json:
    """Where a physical card is sent."""
    address = user.get("address") or _address()
    phone = f"{user.get('phoneCountryCode', '')}{user.get('phoneNumber', '')}"
    names = {"firstName": user["firstName"], "lastName": user["lastName"], "phoneNumber": phone}
    return names | {"method": "standard", **address}
