"""Things that happen outside the API, told one at a time: a purchase, a settlement, a verdict."""

import re
import secrets
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from console.sandbox import cards, cast, clock, companies, contracts, disputes, money, transactions, turns, users
from console.sandbox.provider import Provider
from console.sandbox.shapes import shape
from console.sandbox.store import new_id
from console.sandbox.wire import Json, Problem, field_of, number_of, one_of, required

UNITS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,18})?")  # so many digits are added up exactly
MOST_RATE = 10**6
Told = tuple[str, Json]  # noun and document
TELLABLE = (
    *("currency", "localAmount", "localCurrency", "authorizationMethod"),
    *("merchantName", "merchantCategory", "merchantCategoryCode", "merchantCity", "merchantCountry", "merchantId"),
)


def tell(provider: Provider, name: str, body: Json) -> Json:
    """Tells one story and returns what came of it, as the API would show it. With `lose`, none of its webhooks is sent."""
    if name not in STORIES:
        raise Problem(404, f"no story is called {name}", stories=list(STORIES))
    lose = bool(field_of(body, "lose", bool))
    with provider.store.write(), provider.webhooks.lost(wanted=lose):
        noun, found = STORIES[name](provider, body)
    shown = transactions.public(provider, found) if noun == "transaction" else found
    told: Json = shape(shown, provider.switches)
    return told


def _amount(body: Json, name: str = "amount") -> int:
    amount = required(body, name, int)
    if amount <= 0:
        raise Problem(400, f"body/{name} must be above 0 cents")
    return amount


def _units(body: Json, name: str = "units") -> Decimal:
    """Of a token, as exact decimals; else the amount, in which a unit has a hundred cents."""
    text = field_of(body, name, str)
    if text is None:
        return Decimal(_amount(body)) / 100
    if not UNITS.fullmatch(text) or not Decimal(text):
        raise Problem(400, f"body/{name} must be a decimal number above 0, as a string, such as 100.005678")
    return Decimal(text)


def _rates(body: Json) -> Json:
    named = {name: number_of(body, name, 0, MOST_RATE) for name in ("exchangeRate", "advanceRate")}
    return {name: rate for name, rate in named.items() if rate is not None}


def _card(provider: Provider, body: Json) -> Json:
    return provider.need("card", required(body, "cardId", str))


def _transaction(provider: Provider, body: Json) -> Json:
    return provider.need("transaction", required(body, "transactionId", str))


def _told(body: Json) -> dict[str, Any]:
    return {name: body[name] for name in TELLABLE if body.get(name) is not None}


def _owner(provider: Provider, body: Json) -> tuple[Json, str]:
    """Who is meant, and under which name the wire knows them; an employee's money is the company's."""
    company, user = field_of(body, "companyId", str), field_of(body, "userId", str)
    if user and not company:
        found = provider.need("user", user)
        company = found.get("companyId")
        if not company:
            return found, "userId"
    if not company:
        raise Problem(400, "body must have userId or companyId")
    return provider.need("company", company), "companyId"


def _contract(provider: Provider, body: Json) -> Json:
    return contracts.need(provider, _owner(provider, body)[0]["id"])


def _authorise(provider: Provider, body: Json) -> Told:
    return "transaction", money.authorise(provider, _card(provider, body), _amount(body), **_told(body))


def _decline(provider: Provider, body: Json) -> Told:
    reason = field_of(body, "reason", str) or "transaction declined by rules"
    return "transaction", money.authorise(provider, _card(provider, body), _amount(body), reason, **_told(body))


def _increment(provider: Provider, body: Json) -> Told:
    return "transaction", money.increment(provider, _transaction(provider, body), _amount(body))


def _settle(provider: Provider, body: Json) -> Told:
    return "transaction", money.settle(provider, _transaction(provider, body), field_of(body, "amount", int))


def _reverse(provider: Provider, body: Json) -> Told:
    return "transaction", money.reverse(provider, _transaction(provider, body), field_of(body, "newAmount", int) or 0)


def _refund(provider: Provider, body: Json) -> Told:
    spent = _transaction(provider, body)
    amount = _amount(body) if "amount" in body else spent["amount"] or spent["authorizedAmount"]
    found = money.refund(provider, spent, amount)
    return "transaction", money.settle(provider, found) if body.get("settle") else found


def _force_post(provider: Provider, body: Json) -> Told:
    closed = _transaction(provider, body) if body.get("transactionId") else None
    card = provider.need("card", closed["cardId"]) if closed else _card(provider, body)
    return "transaction", money.force_post(provider, card, _amount(body), closed, **_told(body))


def _close_authorisation(provider: Provider, body: Json) -> Told:
    return "transaction", money.close(provider, _transaction(provider, body))


def _fund(provider: Provider, body: Json) -> Told:
    return "transaction", money.fund(provider, *_owner(provider, body), _units(body), field_of(body, "token", str))


def _withdraw_collateral(provider: Provider, body: Json) -> Told:
    owner, kind = _owner(provider, body)
    units, token = -_units(body), field_of(body, "token", str)
    if body.get("silent"):
        return "contract", contracts.move(provider, contracts.need(provider, owner["id"]), units, token)
    return "transaction", money.fund(provider, owner, kind, units, token)


def _silent_deposit(provider: Provider, body: Json) -> Told:
    return "contract", contracts.move(provider, _contract(provider, body), _units(body), field_of(body, "token", str))


def _add_token(provider: Provider, body: Json) -> Told:
    address = field_of(body, "token", str) or f"0x{secrets.token_hex(20)}"
    contract = _contract(provider, body)
    if any(token["address"] == address for token in contract["tokens"]):
        raise Problem(400, "the contract holds this token already")
    told = {"address": address, "balance": f"{_units(body):f}", "exchangeRate": 1, "advanceRate": 1} | _rates(body)
    return "contract", contracts.change_token(provider, contract, told)


def _move_rate(provider: Provider, body: Json) -> Told:
    contract, rates = _contract(provider, body), _rates(body)
    if not rates:
        raise Problem(400, "body must have exchangeRate or advanceRate")
    token = contracts.token_of(contract, field_of(body, "token", str))
    return "contract", contracts.change_token(provider, contract, token | rates)


def _move_contract(provider: Provider, body: Json) -> Told:
    address, chain = field_of(body, "depositAddress", str), field_of(body, "chainId", int)
    return "contract", contracts.relocate(provider, _contract(provider, body), address, chain)


def _drop_contract(provider: Provider, body: Json) -> Told:
    return "contract", contracts.drop(provider, _contract(provider, body))


def _double_post(provider: Provider, body: Json) -> Told:
    return "transaction", money.double(provider, _transaction(provider, body))


def _release_hold(provider: Provider, body: Json) -> Told:
    return "transaction", money.release(provider, _transaction(provider, body))


def _payment(provider: Provider, body: Json) -> Told:
    return "transaction", money.pay(provider, *_owner(provider, body), _amount(body))


def _fee(provider: Provider, body: Json) -> Told:
    description = field_of(body, "description", str) or "Monthly fee"
    return "transaction", money.charge(provider, *_owner(provider, body), _amount(body), description)


def _transfer(provider: Provider, body: Json) -> Told:
    """Live only: amounts are decimal strings in dollars."""
    owner, kind = _owner(provider, body)
    legs, at = transactions.legs(_amount(body)), clock.stamp()
    found = {"id": new_id(), "type": "transfer", **legs, "fees": [], "status": "pending", "createdAt": at}
    found |= {kind: owner["id"], "_owner": owner["id"]}
    provider.store.add("transaction", found)
    provider.emit("transaction.created", transactions.public(provider, found))
    return "transaction", found


def _decide_dispute(provider: Provider, body: Json) -> Told:
    dispute = provider.need("dispute", required(body, "disputeId", str))
    required(body, "status", str)
    return "dispute", disputes.decide(provider, dispute, one_of(body, "status", disputes.STATUSES) or "")


def _decide_applicant(provider: Provider, body: Json) -> Told:
    named = next((body[name] for name in ("id", "companyId", "userId") if body.get(name)), None)
    applicant_id, status = required({"id": named}, "id", str), required(body, "status", str)
    one_of(body, "status", users.APPLICATION_STATUSES)
    reason = field_of(body, "reason", str)
    user = provider.store.get("user", applicant_id)
    if user is not None:
        found, noun = users.decide(provider, user, status, reason), "user"
    else:
        found, noun = companies.decide(provider, provider.need("company", applicant_id), status, reason), "company"
    if status == "approved" and not found.get("companyId"):
        contracts.create(provider, found, f"{noun}Id")
    return noun, found


def _ship_card(provider: Provider, body: Json) -> Told:
    card = _card(provider, body)
    if card["type"] != "physical":
        raise Problem(400, "only a physical card is shipped")
    return "card", cards.changed(provider, card | {"_shippedAt": clock.stamp()})


def _choose_card(provider: Provider, body: Json) -> Told:
    return "card", cast.card(provider, _amount(body), field_of(body, "cardId", str))


def _choose_person(provider: Provider, body: Json) -> Told:
    return "user", cast.person(provider, _amount(body), field_of(body, "userId", str))


def _new_company(provider: Provider, body: Json) -> Told:
    return "company", cast.new_company(provider, field_of(body, "status", str) or "pending")


def _issue_card(provider: Provider, body: Json) -> Told:
    user = users.approved(provider.need("user", required(body, "userId", str)))
    kind = one_of(body, "type", cards.TYPES) or "virtual"
    shipping = cast.parcel(user) if kind == "physical" else None
    return "card", cards.create(provider, user, kind, cards.checked_limit(body), _shipping=shipping)


def _set_card(provider: Provider, body: Json) -> Told:
    card = _card(provider, body)
    required(body, "status", str)
    return "card", cards.changed(provider, card | {"status": one_of(body, "status", cards.STATUSES)})


def _decide_owner(provider: Provider, body: Json) -> Told:
    """The last of a company's owners."""
    company = provider.need("company", required(body, "companyId", str))
    status = one_of(body, "status", users.APPLICATION_STATUSES) or "approved"
    company["ultimateBeneficialOwners"][-1] |= {
        "applicationStatus": status,
        "applicationReason": field_of(body, "reason", str) or "",
    }
    return "company", companies.changed(provider, company)


def _open_dispute(provider: Provider, body: Json) -> Told:
    text = field_of(body, "textEvidence", str)
    return "dispute", disputes.create(provider, _transaction(provider, body), text)


def _wait(provider: Provider, body: Json) -> Told:
    return "clock", turns.advance(provider, required(body, "days", int) * 86400)


def _make_webhook_secret(provider: Provider, _body: Json) -> Told:
    provider.webhooks.begin_rotation()
    return "webhooks", provider.webhooks.settings()


def _retire_webhook_secret(provider: Provider, _body: Json) -> Told:
    provider.webhooks.finish_rotation()
    return "webhooks", provider.webhooks.settings()


def _restore_webhook_secret(provider: Provider, _body: Json) -> Told:
    provider.webhooks.undo_rotation()
    return "webhooks", provider.webhooks.settings()


STORIES: dict[str, Callable[[Provider, Json], Told]] = {
    "authorise": _authorise,
    "decline": _decline,
    "increment": _increment,
    "settle": _settle,
    "reverse": _reverse,
    "refund": _refund,
    "force_post": _force_post,
    "close_authorisation": _close_authorisation,
    "fund": _fund,
    "withdraw_collateral": _withdraw_collateral,
    "silent_deposit": _silent_deposit,
    "add_token": _add_token,
    "move_rate": _move_rate,
    "move_contract": _move_contract,
    "drop_contract": _drop_contract,
    "double_post": _double_post,
    "release_hold": _release_hold,
    "payment": _payment,
    "fee": _fee,
    "transfer": _transfer,
    "decide_dispute": _decide_dispute,
    "decide_applicant": _decide_applicant,
    "ship_card": _ship_card,
    "choose_card": _choose_card,
    "choose_person": _choose_person,
    "new_company": _new_company,
    "issue_card": _issue_card,
    "set_card": _set_card,
    "decide_owner": _decide_owner,
    "open_dispute": _open_dispute,
    "wait": _wait,
    "make_webhook_secret": _make_webhook_secret,
    "retire_webhook_secret": _retire_webhook_secret,
    "restore_webhook_secret": _restore_webhook_secret,
}
