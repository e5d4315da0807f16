"""Reads the provider's JSON values: exact numbers, times in UTC, and no card secret in what is kept."""

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

SECRET_KEYS = frozenset({"number", "cvv", "cvc", "pan", "pin", "mnemonic", "privatekey"})
MASKED_KEYS = frozenset({"maskedpan", "last4", "cardnumber"})  # ought to be masked; one that is not gets masked here
WHOLE_NUMBER = 12  # digits; fewer can be shown
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,3})?")
HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} (GMT|[+-][0-9]{4})")
EPOCH = re.compile(r"[0-9]{9,16}(\.[0-9]+)?")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # no database takes these as text
EXACT_FLOAT = 2**53
EPOCH_MILLISECONDS = 10**11
EARLIEST_EPOCH = 10**8
LONGEST_NUMBER = 60
LONGEST_INTEGER = 1000  # digits that JSON is read and written with; Python refuses some thousands
DEEPEST = 100  # levels of a record; both databases hold more, and no field lies so deep
YEARS = range(1900, 9999)  # outside lie the zero times of other languages, and times no zone can show


def normal(word: str | None) -> str:
    """A wire word for comparison: `NOT_STARTED`, `not started` and `notStarted` are one, so are both canceled."""
    return re.sub(r"[\s_-]", "", word or "").casefold().replace("cancelled", "canceled")


def clean(text: str) -> str:
    return UNSTORABLE.sub("\ufffd", text)


def loads(raw: bytes, made: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """JSON with Decimal for fractions; `made` makes its objects. ValueError is the only way it fails."""
    try:
        return json.loads(raw, parse_int=_integer, parse_float=Decimal, parse_constant=Decimal, object_pairs_hook=made)
    except (RecursionError, ArithmeticError) as error:
        raise ValueError("not JSON we can hold") from error


def _integer(digits: str) -> int | Decimal:
    """One endless number must not make the whole page unreadable."""
    return int(digits) if len(digits) < LONGEST_INTEGER else Decimal(digits)


def scrub(value: Any, depth: int = 0) -> Any:
    """A copy that can be stored as JSON, without card secrets at any depth. RecursionError: it is nested too deep."""
    if depth > DEEPEST:
        raise RecursionError
    match value:
        case Mapping():
            return {
                clean(str(key)): _masked(inner, depth) if normal(str(key)) in MASKED_KEYS else scrub(inner, depth + 1)
                for key, inner in value.items()
                if normal(str(key)) not in SECRET_KEYS
            }
        case list() | tuple():
            return [scrub(inner, depth + 1) for inner in value]
        case str():
            return clean(value)
        case Decimal() | float():
            return _plain(value)
        case bool() | int() | None:
            return value
        case _:
            return clean(str(value))


def without_secrets(raw: bytes) -> bytes:
    """JSON as it came, byte for byte; written anew only where it carries card secrets. What is no JSON stays."""
    leaks = False

    def made(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal leaks  # seen pair by pair, since one key can hide another of its name
        leaks = leaks or any(_leaks(normal(key), value) for key, value in pairs)
        return dict(pairs)

    try:
        value = loads(raw, made)
        return json.dumps(scrub(value)).encode() if leaks else raw
    except ValueError:
        return raw
    except RecursionError:
        return b""  # secrets, in something nested too deep to be taken apart


def _leaks(word: str, value: Any) -> bool:
    whole = isinstance(value, list | dict) or len(re.sub(r"[^0-9]", "", str(value))) >= WHOLE_NUMBER
    return word in SECRET_KEYS or (word in MASKED_KEYS and whole)


def _masked(value: Any, depth: int) -> Any:
    scrubbed = scrub(value, depth + 1)
    digits = re.sub(r"[^0-9]", "", str(scrubbed))
    return f"•••• {digits[-4:]}" if len(digits) >= WHOLE_NUMBER else scrubbed


def _plain(value: Decimal | float) -> float | int | str:
    """The same number for JSON; as text when a double would change it. Large ones are whole, since a database may
    give back all their digits."""
    finite = value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)
    if not finite:
        return str(value)
    near = float(value)
    if not math.isfinite(near) or not (near is value or Decimal(repr(near)) == value):
        return str(value)
    return int(Decimal(repr(near))) if abs(near) >= EXACT_FLOAT else near


def read_number(value: Any) -> Decimal | None:
    """A JSON number or numeric text, exactly; None for anything else, and for sizes no field can mean."""
    match value:
        case bool():
            return None
        case int():
            number = Decimal(value) if abs(value) < 10**LONGEST_NUMBER else None
        case float():
            number = Decimal(repr(value)) if abs(value) < EXACT_FLOAT else None
        case Decimal():
            number = value if value.is_finite() else None
        case str():
            number = Decimal(value.strip()) if len(value) < 100 and NUMBER.fullmatch(value.strip()) else None
        case _:
            return None
    if number is None or len(number.as_tuple().digits) > LONGEST_NUMBER or abs(number.adjusted()) > LONGEST_NUMBER:
        return None
    return number


def read_moment(value: Any) -> datetime | None:
    """ISO 8601, an HTTP date, or an epoch in seconds or milliseconds; in UTC (assumed where no zone is named)."""
    text = value.strip() if isinstance(value, str) else value
    number = read_number(text) if not isinstance(text, str) or EPOCH.fullmatch(text) else None
    try:
        if number is not None:
            moment = _from_epoch(number)
        elif isinstance(text, str):
            moment = _from_text(text)
        else:
            return None
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        utc = zoned.astimezone(UTC)
    except (ValueError, OverflowError, OSError, TypeError):
        return None
    return utc if utc.year in YEARS else None


def _from_epoch(number: Decimal) -> datetime:
    if number < EARLIEST_EPOCH:
        raise ValueError("not an epoch")
    return datetime.fromtimestamp(float(number / 1000 if number > EPOCH_MILLISECONDS else number), UTC)


def _from_text(text: str) -> datetime:
    if HTTP_DATE.fullmatch(text):
        return parsedate_to_datetime(text)
    return datetime.fromisoformat(text.removesuffix(" UTC"))
