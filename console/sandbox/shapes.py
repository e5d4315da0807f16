"""The last reshaping of every answer, record or refusal, by the switches."""

import html
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from console.sandbox.variants import Switches
from console.sandbox.wire import Json, Request, Response

WORDS = {"status", "applicationStatus", "kycStatus", "completionReason"}
MONEY = {
    *("amount", "localAmount", "authorizedAmount", "authorizationUpdateAmount"),
    *("creditLimit", "pendingCharges", "postedCharges", "balanceDue", "spendingPower"),
}
EXPIRY = {"expirationMonth": "expiryMonth", "expirationYear": "expiryYear"}
# What other integrations have seen without, or only in some answers.
SOMETIMES = {
    *("region", "applicationReason", "kycStatus", "updatedAt", "tokenWallets", "configuration", "memo", "receipt"),
    *("enrichedMerchantName", "merchantCategory", "exchangeRate", "advanceRate", "depositAddress", "adminAddresses"),
}
UNHEARD_OF = "underObservation"
SYNONYMS = {"active": "activated", "locked": "frozen"}
NUMBERS: dict[str, Callable[[float], Any]] = {"as_is": lambda value: value, "string": str, "float": float}
CASES: dict[str, Callable[[str], str]] = {
    "as_is": str,
    "upper": str.upper,
    "snake": lambda word: re.sub(r"(?<=[a-z])([A-Z])", r"_\1", word).lower(),
    "british": lambda word: word.replace("canceled", "cancelled"),
    "synonyms": lambda word: word,
}


def shape(value: Any, switches: Switches) -> Any:
    """The value as this provider would spell it today, sandbox-only keys left out."""
    if isinstance(value, list):
        return [shape(item, switches) for item in value]
    if not isinstance(value, dict):
        return value
    hidden = SOMETIMES if switches.on("missing_fields") else set()
    shaped = {
        _name(name, value, switches): _word(name, shape(item, switches), switches)
        for name, item in value.items()
        if not name.startswith("_") and name not in hidden
    }
    if switches.on("extra_fields") and "id" in shaped:
        shaped |= {"programRegion": "eu", "labels": [{"key": "tier", "value": 1}]}
    if switches.on("unknown_enum") and one_in_five(value):
        shaped |= {name: UNHEARD_OF for name in ("status", "applicationStatus") if name in shaped}
    return shaped


def _name(name: str, record: Json, switches: Switches) -> str:
    if name == "type" and "last4" in record:
        return str(switches["card_type_field"])
    if switches["expiry_spelling"] == "expiryMonth":
        return EXPIRY.get(name, name)
    return name


def _word(name: str, value: Any, switches: Switches) -> Any:
    if name in WORDS and isinstance(value, str):
        if name == "status" and switches["status_case"] == "synonyms":  # of cards; nothing else is active or locked
            return SYNONYMS.get(value, value)
        return CASES[switches["status_case"]](value)
    if name in MONEY and isinstance(value, int | float):
        return NUMBERS[switches["numbers"]](value)
    return value


def one_in_five(record: Json, turn: int = 0) -> bool:
    """The same records every time, so that a second reading does not look like a change; others at each `turn`."""
    return zlib.crc32(str(record.get("id") or record.get("cardId") or "").encode()) % 5 == turn


def reworded(found: Response, request: Request, switches: Switches) -> Response:
    """A refusal in the words that are in fashion; any other answer as it is."""
    if found.status < 400 or not isinstance(found.body, dict):
        return found
    body = found.body
    if found.status == 404 and switches["not_found_path"] == "everywhere":
        body = body | {"path": request.path}
    return STYLES[switches["error_style"]](replace(found, body=body))


def _fastify(found: Response) -> Response:
    title = HTTPStatus(found.status).phrase
    code = f"FST_ERR_{'VALIDATION' if found.status == 400 else title.replace(' ', '_').upper()}"
    worded = {"statusCode": found.status, "code": code, "error": title, "message": _sentence(found.body)}
    return replace(found, body=found.body | worded)


def _text(found: Response) -> Response:
    return replace(found, body=_sentence(found.body).encode(), content_type="text/plain")


def _empty(found: Response) -> Response:
    return replace(found, body=b"", content_type="text/plain")


def _html(found: Response) -> Response:
    title = f"{found.status} {HTTPStatus(found.status).phrase}"
    page = f"<!doctype html><title>{title}</title><h1>{title}</h1><p>{html.escape(_sentence(found.body))}</p>"
    return replace(found, body=page.encode(), content_type="text/html")


def _sentence(body: Json) -> str:
    return str(body.get("message") or body["error"])


STYLES: dict[str, Callable[[Response], Response]] = {
    "documented": lambda found: found,
    "fastify": _fastify,
    "text": _text,
    "empty": _empty,
    "html": _html,
}
