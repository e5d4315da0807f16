"""Disputes of settled spend, with their evidence."""

from email.parser import BytesParser
from email.policy import HTTP

from console.sandbox import clock
from console.sandbox.provider import Provider
from console.sandbox.store import new_id
from console.sandbox.wire import Json, Problem, Request, Response, field_of, one_of

STATUSES = ("pending", "inReview", "accepted", "rejected", "canceled")
OPEN = ("pending", "inReview")
LARGEST_FILE = 20 * 1024 * 1024


def build(transaction: Json, text: str | None, at: str, id: str | None = None) -> Json:  # noqa: A002 - the wire's word
    owner = {name: transaction[name] for name in ("userId", "companyId", "cardId") if transaction.get(name)}
    return {
        "id": id or new_id(),
        "transactionId": transaction["id"],
        "status": "pending",
        "textEvidence": text,
        "createdAt": at,
        "resolvedAt": None,
        "hasFileEvidence": False,
        **{f"_{name}": value for name, value in owner.items()},
    }


def open_one(provider: Provider, request: Request, transaction_id: str) -> Response:
    transaction = provider.need("transaction", transaction_id)
    return provider.created(create(provider, transaction, field_of(request.json(), "textEvidence", str)))


def create(provider: Provider, transaction: Json, text: str | None) -> Json:
    if transaction["type"] != "spend" or transaction["status"] != "completed" or transaction["amount"] <= 0:
        raise Problem(400, "only settled spend can be disputed")
    known = provider.store.find("dispute", [("transactionId = ?", transaction["id"])])
    if any(dispute["status"] in OPEN for dispute in known):
        raise Problem(409, "transaction already has an open dispute")
    dispute = provider.store.add("dispute", build(transaction, text, clock.stamp()))
    provider.emit("dispute.created", dispute)
    return dispute


def decide(provider: Provider, dispute: Json, status: str) -> Json:
    dispute["status"] = status
    dispute["resolvedAt"] = None if status in OPEN else clock.stamp()
    return changed(provider, dispute)


def changed(provider: Provider, dispute: Json) -> Json:
    provider.store.save("dispute", dispute)
    provider.emit("dispute.updated", dispute)
    return dispute


def get(provider: Provider, _request: Request, dispute_id: str) -> Response:
    return provider.answer(provider.need("dispute", dispute_id))


def index(provider: Provider, request: Request) -> Response:
    paths = {"transactionId": "$.transactionId", "userId": "$._userId", "companyId": "$._companyId"}
    where = [
        (f"json_extract(doc, '{path}') = ?", value) for name, path in paths.items() if (value := request.one(name))
    ]
    return provider.page(request, "dispute", where, dict)


def update(provider: Provider, request: Request, dispute_id: str) -> Response:
    dispute = provider.need("dispute", dispute_id)
    body = request.json()
    status, text = one_of(body, "status", ("canceled",)), field_of(body, "textEvidence", str)
    if dispute["status"] not in OPEN:
        raise Problem(400, f"dispute is {dispute['status']}")
    if text is not None:
        dispute["textEvidence"] = text
    if status:
        decide(provider, dispute, status)
    elif text is not None:
        changed(provider, dispute)
    return Response(status=204)


def put_evidence(provider: Provider, request: Request, dispute_id: str) -> Response:
    dispute = provider.need("dispute", dispute_id)
    parts = _multipart(request)
    missing = [name for name in ("name", "type", "evidence") if not parts.get(name)]
    if missing:
        raise Problem(400, f"body must have required property '{missing[0]}'")
    if len(parts["evidence"]) > LARGEST_FILE:
        raise Problem(400, "evidence must have 20 MB or less")
    sql = "INSERT OR REPLACE INTO evidence VALUES (?, ?, ?, ?)"
    name, kind = parts["name"].decode(errors="replace"), parts["type"].decode(errors="replace")
    provider.store.run(sql, dispute_id, name, kind, parts["evidence"])
    changed(provider, dispute | {"hasFileEvidence": True})
    return Response(status=204)


def get_evidence(provider: Provider, _request: Request, dispute_id: str) -> Response:
    provider.need("dispute", dispute_id)
    rows = provider.store.rows("SELECT content FROM evidence WHERE dispute_id = ?", dispute_id)
    if not rows:
        raise Problem(404, "evidence not found")
    return Response(body=bytes(rows[0][0]), content_type="application/octet-stream")


def _multipart(request: Request) -> dict[str, bytes]:
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        raise Problem(400, "body must be multipart/form-data")
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.body)
    parts: dict[str, bytes] = {}
    for part in message.iter_parts():
        name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            parts[name] = content
    return parts
