"""A delivery's body as text for the screen: as it came, without card secrets, and without personal data for those who
may not read it."""

import json
from typing import Any

from console.codego.wire import MASKED_KEYS, SECRET_KEYS, clean, normal
from console.privacy import DOTS

PERSONAL_KEYS = frozenset(
    [
        "name",
        "firstname",
        "middlename",
        "lastname",
        "fullname",
        "displayname",
        "email",
        "phone",
        "phonenumber",
        "phonecountrycode",
        "userfirstname",
        "userlastname",
        "useremail",
        "userphonenumber",
        "birthdate",
        "dateofbirth",
        "nationalid",
        "ssn",
        "ipaddress",
        "passport",
        "occupation",
        "annualsalary",
        "textevidence",
        "applicationreason",
        "cardholdername",
        "nameoncard",
        "holdername",
        "username",
        "line1",
        "line2",
        "postalcode",
        "memo",
        "description",
        "taxid",
    ]
)
PERSONAL_BRANCHES = frozenset(
    ["address", "billing", "shipping", "owners", "ultimatebeneficialowners", "representatives", "initialuser"]
)
LONGEST = 60_000  # characters shown
CARD_DIGITS = 12  # as many as this is more than the last four
HIDDEN = json.dumps(DOTS, ensure_ascii=False)


class _Number(str):
    """A number as it was written, digit for digit."""

    __slots__ = ()


def readable(raw: bytes, *, clear: bool) -> str:
    """The JSON indented; empty where it is none, since nothing then tells what may be shown."""
    try:
        body = json.loads(raw, parse_int=_Number, parse_float=_Number, parse_constant=_Number)
        text = "\n".join(_lines(body, clear=clear))
    except (ValueError, RecursionError):
        return ""
    return clean(text if len(text) <= LONGEST else f"{text[:LONGEST]}\n…")


def _lines(value: Any, *, clear: bool, masked: bool = False) -> list[str]:
    match value:
        case dict() if value:
            parts = [_pair(key, inner, clear=clear, masked=masked) for key, inner in value.items()]
            return ["{", *_indented(parts), "}"]
        case list() if value:
            return ["[", *_indented([_lines(inner, clear=clear, masked=masked) for inner in value]), "]"]
        case _ if masked and value not in (None, "", [], {}):
            return [HIDDEN]
        case _Number():
            return [str(value)]
    return [json.dumps(value, ensure_ascii=False)]


def _pair(key: str, value: Any, *, clear: bool, masked: bool) -> list[str]:
    word = normal(key)
    masked = masked or (not clear and _is_personal(word, value))
    first, *rest = [HIDDEN] if _is_secret(word, value) else _lines(value, clear=clear, masked=masked)
    return [f"{json.dumps(key, ensure_ascii=False)}: {first}", *rest]


def _is_secret(word: str, value: Any) -> bool:
    whole_number = sum(map(str.isdigit, str(value))) >= CARD_DIGITS
    return word in SECRET_KEYS or (word in MASKED_KEYS and whole_number)


def _is_personal(word: str, value: Any) -> bool:
    """A single `address` is one on a chain; that of a person is an object."""
    return word in PERSONAL_KEYS or (word in PERSONAL_BRANCHES and isinstance(value, dict | list))


def _indented(parts: list[list[str]]) -> list[str]:
    lines = []
    for place, part in enumerate(parts):
        comma = "," if place < len(parts) - 1 else ""
        lines += [f"  {line}" for line in part[:-1]] + [f"  {part[-1]}{comma}"]
    return lines
