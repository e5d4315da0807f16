"""Fees charged over the API: each becomes a transaction of its own."""

from console.sandbox import cards, money, users
from console.sandbox.provider import Provider
from console.sandbox.store import new_id
from console.sandbox.wire import Json, Problem, Request, Response, required


def charge_user(provider: Provider, request: Request, user_id: str) -> Response:
    """An employee's money is the company's."""
    user = users.approved(users.document(provider, user_id))
    if user.get("companyId"):
        return _charge(provider, request, provider.need("company", user["companyId"]), "companyId")
    return _charge(provider, request, user, "userId")


def charge_company(provider: Provider, request: Request, company_id: str) -> Response:
    return _charge(provider, request, users.approved(provider.need("company", company_id)), "companyId")


def _charge(provider: Provider, request: Request, owner: Json, kind: str) -> Response:
    body = request.json()
    amount, description = required(body, "amount", int), required(body, "description", str)
    if not 0 < amount <= cards.MOST_CENTS:
        raise Problem(400, f"body/amount must be between 1 and {cards.MOST_CENTS} cents")
    key = request.headers.get("idempotency-key")
    fee = None
    if key and provider.switches.on("honours_idempotency_key"):
        fee = provider.store.first("transaction", "idempotencyKey = ?", key)
    own = new_id() if provider.switches["charge_id"] == "own" else None
    fee = fee or money.charge(provider, owner, kind, amount, description, _idempotencyKey=key, _chargeId=own)
    return provider.created(
        {
            "id": fee["_chargeId"] or fee["id"],
            "createdAt": fee["postedAt"],
            "amount": amount,
            "description": description,
        }
    )
