"""Card number, CVC and PIN, encrypted to the session key the reader sent."""

import base64
import binascii
import os
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from console.sandbox import cards
from console.sandbox.provider import Provider
from console.sandbox.wire import Json, Problem, Request, Response, required

SHA1 = hashes.SHA1()  # noqa: S303 - what the scheme prescribes
OAEP = padding.OAEP(mgf=padding.MGF1(SHA1), algorithm=SHA1, label=None)
PIN = re.compile(r"\d{4,12}")


def session_secret(provider: Provider, request: Request) -> bytes:
    """The 16 bytes the reader chose. What is encrypted is their base64 text."""
    sent = request.headers.get("sessionid")
    if not sent:
        raise Problem(400, "SessionId header is required")
    try:
        text = provider.private_key.decrypt(base64.b64decode(sent, validate=True), OAEP)
        secret = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        secret = b""
    if len(secret) != 16:
        raise Problem(400, "Failed to Decrypt Session ID, RSA Public key Not Matching")
    return secret


def encrypted(secret: bytes, text: str, iv_bytes: int = 16) -> Json:
    iv = os.urandom(iv_bytes)
    data = AESGCM(secret).encrypt(iv, text.encode(), None)
    return {"iv": base64.b64encode(iv).decode(), "data": base64.b64encode(data).decode()}


def decrypted(secret: bytes, value: Json) -> str:
    try:
        iv, data = (base64.b64decode(required(value, name, str), validate=True) for name in ("iv", "data"))
        return AESGCM(secret).decrypt(iv, data, None).decode()
    except (InvalidTag, ValueError, binascii.Error):
        raise Problem(400, "encryptedPin could not be decrypted") from None


def pin_block(pin: str) -> str:
    return f"2{len(pin):X}{pin}".ljust(16, "F")


def read_pin_block(block: str) -> str:
    found = re.fullmatch(r"2([4-9A-C])(\d{4,12})(F*)", block)
    if len(block) != 16 or not found or int(found[1], 16) != len(found[2]):
        raise Problem(400, "PIN block is malformed")
    return found[2]


def _card(provider: Provider, card_id: str) -> Json:
    card = provider.need("card", card_id)
    if card["status"] == "canceled":
        raise Problem(400, "card is canceled")
    return card


def secrets_of(provider: Provider, request: Request, card_id: str) -> Response:
    card = _card(provider, card_id)
    secret = session_secret(provider, request)
    body = {"encryptedPan": encrypted(secret, card["_pan"]), "encryptedCvc": encrypted(secret, card["_cvc"], 12)}
    return Response(body=body, headers={"Cache-Control": "no-store"})


def get_pin(provider: Provider, request: Request, card_id: str) -> Response:
    card = _card(provider, card_id)
    secret = session_secret(provider, request)
    if card["_pin"] is None:
        raise Problem(400, "card does not have PIN set")
    body = {"encryptedPin": encrypted(secret, pin_block(card["_pin"]))}
    return Response(body=body, headers={"Cache-Control": "no-store"})


def set_pin(provider: Provider, request: Request, card_id: str) -> Response:
    card = _card(provider, card_id)
    secret = session_secret(provider, request)
    pin = read_pin_block(decrypted(secret, required(request.json(), "encryptedPin", dict)))
    if len(set(pin)) == 1:
        raise Problem(400, "PIN is too weak")
    cards.changed(provider, card | {"_pin": pin})
    return Response(status=204)
