"""A year of movements for the made-up world, from which every balance in it follows."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from console.sandbox import catalogue, clock, contracts, disputes, money
from console.sandbox.draft import Draft
from console.sandbox.wire import Json

YEAR = timedelta(days=365)
CHARGED = ("spend", "fee")
PER_OWNER, REFUNDS = 10, 0.02  # about what payments and deposits add, and which share refunds are


def write(draft: Draft) -> None:
    holders = {user["id"]: user for user in draft.docs.get("user", [])}
    spenders = [card for card in draft.docs.get("card", []) if card["status"] != "notActivated"]
    if not spenders:
        return
    movements = [fee(draft, contract) for contract in draft.docs["contract"] if draft.rng.random() < 0.4]
    others = PER_OWNER * len(draft.docs["contract"]) / draft.size.transactions + REFUNDS
    wanted = int(draft.size.transactions * (1 - min(others, 0.5)))
    while len(movements) < wanted:
        card = draft.rng.choice(spenders)
        movements += purchase(draft, card, holders[card["userId"]], _when(draft, card), len(movements))
    movements += _unopened(draft, holders)
    movements += _refunds(draft, movements)
    movements += _funding(draft, movements)
    room = draft.size.transactions - len(movements)
    extra: list[Json] = []
    while len(extra) < room:  # declines change no balance, so they fill up to the round number
        card = draft.rng.choice(spenders)
        at = _when(draft, card)
        extra.append(decline(draft, card, holders[card["userId"]], at, len(extra)))
    for movement in movements + extra:
        draft.add("transaction", movement)
    _disputes(draft, movements)


def _when(draft: Draft, card: Json) -> datetime:
    """An instant of the card's life within the last year; some very recent, so that much is still open."""
    first, last = clock.read(card["createdAt"]), clock.read(card["_until"])
    first = min(max(first, draft.base - YEAR), last)
    if draft.rng.random() < 0.03:
        first = max(first, last - timedelta(days=2))
    return first + (last - first) * draft.rng.random()


def _price(draft: Draft, usual: int) -> int:
    return max(50, min(180_000, int(usual * draft.rng.lognormvariate(0, 0.5))))


def _spend(draft: Draft, card: Json, user: Json, at: datetime, cents: int | None = None) -> Json:
    rng = draft.rng
    name, plain, code, category, city, country, currency, usual = rng.choice(catalogue.MERCHANTS)
    amount = _price(draft, usual) if cents is None else cents
    told: dict[str, Any] = {
        "id": draft.id(),
        "merchantName": name,
        "enrichedMerchantName": plain,
        "merchantCategoryCode": code,
        "merchantCategory": category,
        "merchantCity": city,
        "merchantCountry": country,
        "merchantId": f"{rng.randrange(10**12):015}",
        "localAmount": max(1, round(amount * catalogue.RATES[currency])),
        "localCurrency": currency,
        "authorizationMethod": rng.choice(catalogue.METHODS),
    }
    return money.spend(card, user, amount, clock.iso(at), **told)


def _post(spent: Json, at: datetime, reason: str = "settlement") -> Json:
    return spent | {"status": "completed", "postedAt": clock.iso(at), "completionReason": reason}


def purchase(draft: Draft, card: Json, user: Json, at: datetime, count: int) -> list[Json]:
    """One purchase, mostly one movement; a closed one that settles late makes two."""
    rng = draft.rng
    chance = rng.random()
    if chance < 0.05:
        return [decline(draft, card, user, at, count)]
    spent = _spend(draft, card, user, at)
    age = draft.base - at
    if chance < 0.07:
        return [_reversed(spent)]
    if settles_late(chance) and age > timedelta(days=40):
        late = _spend(draft, card, user, at + timedelta(days=rng.uniform(20, 35)), spent["amount"])
        same = ("merchantName", "merchantId", "localAmount", "localCurrency", "merchantCategoryCode", "exchangeRate")
        late |= {name: spent[name] for name in same} | {"isForcePosted": True}
        late["closedAuthorizationTransactionId"] = spent["id"]
        closed = _reversed(spent) | {"completionReason": "authorization_reversal"}
        return [closed, _post(late, clock.read(late["authorizedAt"]))]
    if age < timedelta(days=2) or (age < timedelta(days=5) and rng.random() < 0.3):
        return [spent | {"_hold": spent["amount"]}]
    if chance < 0.11:  # a tip: the total grew before it settled
        tip = spent["amount"] // 10
        spent |= {"amount": spent["amount"] + tip, "authorizationUpdateAmount": tip}
        spent["localAmount"] += spent["localAmount"] // 10
    posted = _post(spent, draft.after(at, 0.5, 3))
    return [posted | {"isForcePosted": True} if chance > 0.997 else posted]


def settles_late(chance: float) -> bool:
    return 0.07 <= chance < 0.08


def _reversed(spent: Json) -> Json:
    return spent | {
        "status": "reversed",
        "amount": 0,
        "localAmount": 0,
        "authorizationUpdateAmount": -spent["amount"],
    }


def decline(draft: Draft, card: Json, user: Json, at: datetime, count: int) -> Json:
    """For one of the reasons there are, by turns."""
    reason = money.DECLINE_REASONS[count % len(money.DECLINE_REASONS)]
    return _spend(draft, card, user, at) | {"status": "declined", "declinedReason": reason}


def _unopened(draft: Draft, holders: dict[str, Json]) -> list[Json]:
    """Someone tried a card that was never activated, and each reason turns up at least once."""
    waiting = [card for card in draft.docs["card"] if card["status"] == "notActivated"]
    first = draft.docs["card"][0]
    tried = [
        _spend(draft, card, holders[card["userId"]], _when(draft, card))
        | {"status": "declined", "declinedReason": "card not activated"}
        for card in waiting[:5]
    ]
    user = holders[first["userId"]]
    return tried + [decline(draft, first, user, _when(draft, first), n) for n in range(len(money.DECLINE_REASONS))]


def _refunds(draft: Draft, movements: list[Json]) -> list[Json]:
    settled = [one for one in movements if one.get("status") == "completed" and one["type"] == "spend"]
    count = max(2, len(settled) // 60)
    chosen = draft.rng.sample(settled, min(count, len(settled)))
    refunds = [refund(draft, spent) for spent in chosen]
    newest = sorted(settled, key=lambda one: str(one["postedAt"]))[-max(1, count // 40) :]
    open_ones = [refund(draft, spent, pending=True) for spent in newest]
    return refunds + open_ones


def refund(draft: Draft, spent: Json, at: datetime | None = None, *, pending: bool = False) -> Json:
    at = at or draft.after(clock.read(spent["postedAt"]), 1, 20)
    part = draft.rng.choice((1, 1, 2))
    amount, local = -(spent["amount"] // part), -(spent["localAmount"] // part)
    back = spent | {"id": draft.id(), "amount": amount, "localAmount": local, "authorizedAmount": amount}
    back |= {"authorizedAt": clock.iso(at), "postedAt": None, "status": "pending", "_hold": 0}
    for name in ("completionReason", "isForcePosted", "closedAuthorizationTransactionId", "authorizationUpdateAmount"):
        back.pop(name, None)
    return back if pending else _post(back, draft.after(at, 1, 3), "refund")


def fee(draft: Draft, contract: Json, at: datetime | None = None) -> Json:
    description, cents = draft.rng.choice(catalogue.FEES)
    kind = "userId" if "_userId" in contract else "companyId"
    owner = contract["_owner"]
    since = max(clock.read(contract["_createdAt"]), draft.base - YEAR)
    at = at or since + (draft.base - since) * draft.rng.random()
    charged = {"id": draft.id(), "type": "fee", "amount": cents, "currency": "usd", "description": description}
    return charged | {kind: owner, "postedAt": clock.iso(at), "_owner": owner}


def _funding(draft: Draft, movements: list[Json]) -> list[Json]:
    """Each owner pays last month's charges on the third, and holds collateral for what is open."""
    monthly: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    held: dict[str, int] = defaultdict(int)
    for one in movements:
        held[one["_owner"]] += one.get("_hold", 0)
        if one["type"] in CHARGED and one.get("status", "completed") == "completed":
            monthly[one["_owner"]][one["postedAt"][:7]] += one["amount"]
    found: list[Json] = []
    for contract in draft.docs["contract"]:
        owner = contract["_owner"]
        found += _payments(draft, contract, monthly[owner])
        found += _deposits(draft, contract, held[owner] + 2 * max(monthly[owner].values(), default=0))
    return found


def _payments(draft: Draft, contract: Json, monthly: dict[str, int]) -> list[Json]:
    found = []
    for month, cents in sorted(monthly.items()):
        first = clock.read(f"{month}-01T09:30:00Z")
        at = (first + timedelta(days=32)).replace(day=3)
        if at < draft.base and cents > 0:
            found.append(payment(draft, contract, cents, at))
    return found


def payment(draft: Draft, contract: Json, cents: int, at: datetime) -> Json:
    return _moved(draft, "payment", cents, contract, at, currency="usd", status="completed")


def _deposits(draft: Draft, contract: Json, exposure: int) -> list[Json]:
    rng = draft.rng
    first = max(clock.read(contract["_createdAt"]), draft.base - YEAR)
    sums = [collateral_for(contract, exposure)] + [top_up(draft) for _ in range(rng.randrange(4))]
    span = draft.base - first
    times = [first + timedelta(minutes=rng.uniform(1, 600))] + [first + span * rng.random() for _ in sums[1:]]
    contract["tokens"][0]["balance"] = f"{sum(sums) / 100:.2f}"
    return [deposit(draft, contract, cents, min(at, draft.base)) for cents, at in zip(sums, times, strict=True)]


def collateral_for(contract: Json, exposure: int) -> int:
    """Cents that carry so much exposure with room to spare."""
    needed = int(exposure / contract["tokens"][0]["advanceRate"]) + 100_000
    return needed // 50_000 * 50_000 + 50_000


def top_up(draft: Draft) -> int:
    return draft.rng.randrange(1, 9) * 12_345


def deposit(draft: Draft, contract: Json, cents: int, at: datetime) -> Json:
    currency = "usdc" if contract["tokens"][0]["address"] != contracts.RUSD else "rusd"
    return _moved(draft, "collateral", cents, contract, at, currency=currency)


def _moved(draft: Draft, type_: str, cents: int, contract: Json, at: datetime, **more: Any) -> Json:
    kind = "userId" if "_userId" in contract else "companyId"
    chain = {"id": draft.id(), "walletAddress": draft.hex(20), "transactionHash": draft.hex(32)}
    return money.moved(type_, cents, contract["_owner"], kind, clock.iso(at), **chain, **more)


def _disputes(draft: Draft, movements: list[Json]) -> None:
    recent = clock.iso(draft.base - timedelta(days=150))
    settled = [
        one
        for one in movements
        if one["type"] == "spend" and one["status"] == "completed" and one["amount"] > 0 and one["postedAt"] > recent
    ]
    for index, spent in enumerate(draft.rng.sample(settled, min(draft.size.disputes, len(settled)))):
        dispute(draft, spent, draft.after(clock.read(spent["postedAt"]), 0.5, 9), index)


def dispute(draft: Draft, spent: Json, at: datetime, index: int) -> Json:
    status = disputes.STATUSES[index % len(disputes.STATUSES)]
    opened = disputes.build(spent, draft.rng.choice(catalogue.EVIDENCE), clock.iso(at), draft.id())
    solved = draft.after(at, 2, 30)
    opened |= {"status": status, "resolvedAt": None if status in disputes.OPEN else clock.iso(solved)}
    return draft.add("dispute", opened)
