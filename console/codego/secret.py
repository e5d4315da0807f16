"""A text that must not be seen: it does not print, log, pickle or serialise. Also hides secrets inside other texts."""

import hmac
import re
from collections.abc import Iterable
from typing import NoReturn

HIDDEN = "•••"

# What a provider's message could repeat to us: keys, webhook secrets, session tokens, card numbers.
SECRET_LOOKING = re.compile(
    r"vcck_(?:sbx|live)_[\w-]*|whsec_[\w-]+|eyJ[\w-]+\.[\w-]+\.[\w-]*|(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])",
)


class Secret:
    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return HIDDEN

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled: hand over where to read it instead")


def redact(text: str, secrets: Iterable[Secret] = ()) -> str:
    for secret in secrets:
        if secret:
            text = text.replace(secret.reveal(), HIDDEN)
    return SECRET_LOOKING.sub(HIDDEN, text)
