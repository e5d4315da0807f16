"""Companies: the company, its owners, its application, and who works there."""

from typing import Any

from console.sandbox import clock, users
from console.sandbox.provider import Provider
from console.sandbox.store import new_id
from console.sandbox.wire import Json, Request, Response


def public(provider: Provider, company: Json) -> Json:
    keep_version = provider.switches.on("user_updated_at")
    return {
        name: value for name, value in company.items() if name != "kycStatus" and (keep_version or name != "updatedAt")
    }


def create(provider: Provider, **fields: Any) -> Json:
    at = clock.stamp()
    return provider.store.add("company", {"id": new_id(), **fields, "createdAt": at, "updatedAt": at})


def decide(provider: Provider, company: Json, status: str, reason: str | None = None) -> Json:
    company["applicationStatus"] = status
    company["kycStatus"] = "approved" if status == "approved" else "rejected" if status == "denied" else "pending"
    company["applicationReason"] = users.REASONS.get(status, "") if reason is None else reason
    return changed(provider, company)


def changed(provider: Provider, company: Json) -> Json:
    company["updatedAt"] = clock.stamp()
    provider.store.save("company", company)
    body = public(provider, company) | {"kycStatus": company["kycStatus"]}
    if provider.switches.on("external_user_id_in_webhook") and company.get("_externalUserId"):
        body["externalUserId"] = company["_externalUserId"]
    provider.emit("company.updated", body)
    return company


def get(provider: Provider, _request: Request, company_id: str) -> Response:
    return provider.answer(public(provider, provider.need("company", company_id)))


def index(provider: Provider, request: Request) -> Response:
    return provider.page(request, "company", [], lambda company: public(provider, company))


def list_users(provider: Provider, request: Request, company_id: str) -> Response:
    provider.need("company", company_id)
    where = [("companyId = ?", company_id)]
    return provider.page(request, "user", where, lambda user: users.public(provider, user))
