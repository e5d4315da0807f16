"""A request body as it may be kept: which fields it had, its numbers, and the words of the provider's own vocabulary.
Whatever is not known to be harmless is hidden, so a new field can leak nothing."""

from typing import Any

from console.codego.secret import HIDDEN

# Fields whose text is a word of the provider's. Names, addresses, free text, ciphertext and keys are in none of them.
OPEN = frozenset({
    "type", "status", "frequency", "applicantType", "locale", "method", "countryCode", "currency", "productId", "origin",
})  # fmt: skip
CLOSED = frozenset({"encryptedPin", "encryptedPan", "encryptedCvc"})


def outline(value: Any, name: str = "") -> Any:
    match value:
        case dict():
            return {key: HIDDEN if key in CLOSED else outline(inner, key) for key, inner in value.items()}
        case list() | tuple():
            return [outline(inner, name) for inner in value]
        case bool() | None:
            return value
        case int() | float() if name == "amount":
            return value
        case str() if name in OPEN:
            return value
    return HIDDEN
