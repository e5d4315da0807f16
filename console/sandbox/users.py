"""Individual cardholders: the user, the application behind it, and its state changes."""

from typing import Any

from console.sandbox import clock
from console.sandbox.provider import Provider
from console.sandbox.store import new_id
from console.sandbox.wire import Json, Problem, Request, Response

APPLICATION_STATUSES = (
    *("approved", "pending", "needsInformation", "needsVerification"),
    *("manualReview", "denied", "locked", "canceled", "notStarted"),
)
REASONS = {
    "needsInformation": "Proof of address is older than three months",
    "needsVerification": "Identity document could not be read",
    "manualReview": "Possible name match, under review",
    "denied": "Identity could not be verified",
    "locked": "Account locked by the programme",
}
UNFINISHED = ("needsInformation", "needsVerification", "notStarted")


def document(provider: Provider, user_id: str) -> Json:
    return provider.need("user", user_id)


def public(provider: Provider, user: Json) -> Json:
    """As a GET shows it: neither the reason nor our own id is told here."""
    hidden = {"applicationReason", "kycStatus"}
    if not provider.switches.on("user_updated_at"):
        hidden.add("updatedAt")
    return {name: value for name, value in user.items() if name not in hidden}


def application(user: Json) -> Json:
    names = ("id", "applicationStatus", "applicationReason", "kycStatus", "createdAt", "updatedAt")
    found: Json = {name: user[name] for name in names if user.get(name) is not None}
    if user["applicationStatus"] in UNFINISHED:
        link = {"url": "https://kyc.invalid/complete", "params": {"userId": user["id"], "signature": "not-for-use"}}
        found["applicationCompletionLink"] = link
    return found


def create(provider: Provider, **fields: Any) -> Json:
    at = clock.stamp()
    user = {"id": new_id(), "isActive": True, "isTermsOfServiceAccepted": True, **fields}
    return provider.store.add("user", user | {"createdAt": at, "updatedAt": at})


def decide(provider: Provider, user: Json, status: str, reason: str | None = None) -> Json:
    user["applicationStatus"] = status
    user["kycStatus"] = "approved" if status == "approved" else "rejected" if status == "denied" else "pending"
    user["applicationReason"] = REASONS.get(status, "") if reason is None else reason
    user["isActive"] = status not in {"locked", "canceled"}
    return changed(provider, user)


def changed(provider: Provider, user: Json) -> Json:
    user["updatedAt"] = clock.stamp()
    provider.store.save("user", user)
    body = public(provider, user) | {"applicationReason": user["applicationReason"], "kycStatus": user["kycStatus"]}
    if provider.switches.on("external_user_id_in_webhook") and user.get("_externalUserId"):
        body["externalUserId"] = user["_externalUserId"]
    provider.emit("user.updated", body)
    return user


def approved(user: Json) -> Json:
    """The user, or a refusal that names its state."""
    if user["applicationStatus"] != "approved":
        raise Problem(403, f"user exists, but is not approved: application status is {user['applicationStatus']}")
    return user


def get(provider: Provider, _request: Request, user_id: str) -> Response:
    return provider.answer(public(provider, document(provider, user_id)))


def get_application(provider: Provider, _request: Request, user_id: str) -> Response:
    return provider.answer(application(document(provider, user_id)))


def index(provider: Provider, request: Request) -> Response:
    company = request.one("companyId")
    where = [("companyId = ?", company)] if company else []
    return provider.page(request, "user", where, lambda user: public(provider, user))
