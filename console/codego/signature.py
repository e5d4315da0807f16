"""Tells whether a webhook's bytes were signed with one of our secrets (HMAC-SHA256, hex)."""

import hashlib
import hmac
import re
from collections.abc import Sequence

from console.codego.secret import Secret

HEX_DIGEST = re.compile(r"[0-9a-f]{64}")


def is_well_formed(header: str) -> bool:
    return bool(HEX_DIGEST.fullmatch(_digest(header)))


def verify(raw: bytes, header: str | None, secrets: Sequence[Secret]) -> bool:
    """The header may carry the prefix `sha256=` or not. No secret, no trust."""
    given = _digest(header or "")
    if not HEX_DIGEST.fullmatch(given):
        return False
    matches = [
        hmac.compare_digest(hmac.new(secret.reveal().encode(), raw, hashlib.sha256).hexdigest(), given)
        for secret in secrets
        if secret
    ]
    return any(matches)


def _digest(header: str) -> str:
    return header.strip().lower().removeprefix("sha256=")
