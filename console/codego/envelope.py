"""Opens a webhook's envelope, whichever of the known spellings it has."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.codego.wire import clean, loads


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """`type` and `body` are None where the delivery names none: it is kept, but nobody handles it."""

    type: str | None
    id: str
    body: dict[str, Any] | None
    body_hash: str
    json_ok: bool


def parse_envelope(raw: bytes, headers: Mapping[str, str]) -> Envelope:
    """Never raises. The identifier is the Idempotency-Key, else the envelope's own, else the hash of the bytes."""
    body_hash = hashlib.sha256(raw).hexdigest()
    key = next((value for name, value in headers.items() if name.casefold() == "idempotency-key"), None)
    try:
        payload, json_ok = loads(raw), True
    except ValueError:
        payload, json_ok = None, False
    if not isinstance(payload, dict):
        return Envelope(type=None, id=_text(key) or body_hash, body=None, body_hash=body_hash, json_ok=json_ok)
    identifier = _first(_text(key), _text(payload.get("id")), _text(payload.get("eventId")))
    inner = (payload.get(name) for name in ("body", "data"))
    flat = {name: value for name, value in payload.items() if name != "type"}  # the event's, not the object's
    return Envelope(
        type=_type(payload),
        id=identifier or body_hash,
        body=next((value for value in inner if isinstance(value, dict)), flat),
        body_hash=body_hash,
        json_ok=True,
    )


def _type(payload: dict[str, Any]) -> str | None:
    named = _first(*(_text(payload.get(name)) for name in ("type", "event_type", "eventType")))
    resource, action = _text(payload.get("resource")), _text(payload.get("action"))
    return named or (f"{resource}.{action}" if resource and action else None)


def _first(*texts: str | None) -> str | None:
    return next((text for text in texts if text), None)


def _text(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return clean(value).strip() if isinstance(value, str) else None
