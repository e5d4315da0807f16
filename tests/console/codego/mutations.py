"""Realistic records of every noun, ways to spoil them, and a reading of the wire that shares no code with ours."""

import json
import re
from copy import deepcopy
from decimal import Decimal

from hypothesis import strategies as st

PAN, CODE = "4556737586899855", "canary-7731"
SECRET_NAMES = [
    "number", "Number", "cvv", "cvc", "CVC", "pan", "pin", "mnemonic", "privateKey", "private_key", "PRIVATE KEY",
]  # fmt: skip
SECRETS = {"number", "cvv", "cvc", "pan", "pin", "mnemonic", "privatekey"}
MASKED = {"maskedpan", "last4", "cardnumber"}
AT, LATER = "2026-07-01T10:00:00.000Z", "2026-07-02T10:00:00.000Z"

USER = {
    "id": "u1", "externalUserId": "dh_1", "firstName": "Ana", "lastName": "Test", "email": "ana@example.test",
    "isActive": True, "applicationStatus": "approved", "applicationReason": "", "kycStatus": "approved",
    "address": {"line1": "1 Main St", "city": "Lisbon", "region": "", "postalCode": "1000", "countryCode": "PT"},
    "phoneCountryCode": "351", "phoneNumber": "910000000", "companyId": "co1", "createdAt": AT, "updatedAt": LATER,
}  # fmt: skip
OWNER = {"id": "ub1", "firstName": "Rui", "email": "rui@example.test", "applicationStatus": "needsVerification"}
COMPANY = {
    "id": "co1", "name": "Acme SA", "email": "office@example.test", "applicationStatus": "pending",
    "applicationReason": "documents", "address": {"city": "Lisbon"}, "ultimateBeneficialOwners": [OWNER, OWNER | {"id": "ub2"}],
    "createdAt": AT, "updatedAt": LATER,
}  # fmt: skip
TOKEN = {"address": "0xT", "balance": "250.000001", "exchangeRate": 1, "advanceRate": 0.9}
CONTRACT = {
    "id": "ct1", "chainId": 84532, "contractVersion": 2, "controllerAddress": "0xC", "proxyAddress": "0xP",
    "depositAddress": "0xD", "adminAddresses": ["0xA"], "tokens": [TOKEN, TOKEN | {"address": "0xU"}], "userId": "u1",
}  # fmt: skip
BALANCE = {
    "creditLimit": 150000, "pendingCharges": 1200, "postedCharges": 4300, "balanceDue": 4300, "spendingPower": 144500,
    "available": 77,
}  # fmt: skip
CARD = {
    "id": "c1", "userId": "u1", "companyId": "co1", "type": "virtual", "status": "active", "last4": "4242",
    "expirationMonth": "3", "expirationYear": "2032", "limit": {"amount": 50000, "frequency": "per30DayPeriod"},
    "configuration": {"currency": "usd", "displayName": "ANA"}, "tokenWallets": ["Apple"], "createdAt": AT, "updatedAt": LATER,
}  # fmt: skip
CHARGE = {"id": "ch1", "createdAt": "2026-07-01T10:00:00Z", "amount": 1999, "description": "Replacement card"}
DISPUTE = {
    "id": "dp1", "transactionId": "t1", "status": "pending", "textEvidence": "Never came.", "createdAt": AT,
    "resolvedAt": None, "hasFileEvidence": False, "updatedAt": LATER,
}  # fmt: skip
CHAIN = {"currency": "rusd", "chainId": 84532, "walletAddress": "0xW", "transactionHash": "0xH", "userId": "u1"}
LEG = {"amount": "2.00", "currency": "usdc", "rail": "base"}
PAYLOADS = {
    "spend": {
        "amount": 1250, "currency": "usd", "localAmount": 1150, "localCurrency": "eur", "authorizedAmount": 1250,
        "authorizationUpdateAmount": 50, "status": "completed", "declinedReason": None, "merchantName": "SHOP     ",
        "merchantCategoryCode": "5814", "enrichedMerchantName": "Shop", "cardId": "c1", "userId": "u1", "companyId": "co1",
        "completionReason": "settlement", "isForcePosted": False, "closedAuthorizationTransactionId": "t0",
        "authorizedAt": AT, "postedAt": LATER, "memo": None,
    },
    "collateral": {"amount": 100000.0, "postedAt": AT, **CHAIN},
    "payment": {"amount": 5000, "status": "completed", "postedAt": AT, **CHAIN},
    "fee": {"amount": 100, "description": "Monthly", "userId": "u1", "postedAt": AT},
    "transfer": {
        "source": LEG, "destination": LEG | {"currency": "usd"}, "fees": [], "status": "pending", "localAmount": "3.00",
        "authorizedAmount": "4.00", "userId": "u1",
    },
    "cashback": {"amount": 500, "localAmount": 600, "userId": "u1", "postedAt": AT},
}  # fmt: skip
NOUNS = {"user": USER, "company": COMPANY, "contract": CONTRACT, "balance": BALANCE, "card": CARD, "dispute": DISPUTE}
NOUNS |= {kind: {"id": "t1", "type": kind, kind: payload, "updatedAt": LATER} for kind, payload in PAYLOADS.items()}
SESSION = {
    "sessionId": "s1",
    "token": "eyJ.a.b",
    "iframeUrl": "https://kyc.example/embed?token=eyJ",
    "expiresAt": LATER,
}
SEALED = {"iv": "aXY=", "data": "ZGF0YQ=="}
ERROR = {"error": "Bad Request", "message": "body/limit must be an object", "statusCode": 400}

SPELLINGS = {
    "type": "cardType", "cardType": "type", "expirationMonth": "expiryMonth", "expirationYear": "expiryYear",
    "last4": "maskedPan", "id": "cardId", "externalUserId": "externalId", "data": "items", "items": "data",
    "error": "code", "userId": "user_id",
}  # fmt: skip

# Numbers exactly as they stand in the text, between signs that `encode` takes away together with the quotes.
LITERALS = [
    "12.50", "1250.0", "1250.000000000000000000001", "1e400", "1E+3", "-0", "-0.0", "1e23", "5e-324", "0.1", "9007199254740993",
    "9007199254740993.0", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1e18", "2e-1",
    "NaN", "Infinity", "-Infinity", "1" + "0" * 59, "7" * 61, "7" * 5000,
]  # fmt: skip
WORDS = [
    "", " ", "0", "12", "12.50", " 1250 ", "1250", "-7", "1_250", "1,250", "1.250,00", "NaN", "Infinity", "1e3", "١٢٥٠", "0x10",
    "\x00", "\ud800", "a\x00b\udfff", "\ufb03" * 60, "é" * 200, "x" * 5000, "true", "2026-07-01", "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z", "1783000000", "spend", "transfer", "canceled", "null", "[]", "\u202e\u0000", "💳",
]  # fmt: skip
SCALARS = (
    st.sampled_from([*WORDS, *(f"§{literal}§" for literal in LITERALS), None, True, False, 0, -1, 2**31, 2**63, 10**40])
    | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12)
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


class Twin(str):
    """A key that stands beside its equal, as JSON text allows."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


def _places(tree: object) -> list[tuple]:
    """Every container with every key in it."""
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [place for key, value in inner for place in ((tree, key), *_places(value))]


def _deep(value: object, levels: int) -> object:
    for _ in range(levels):
        value = {"a": value}
    return value


def _number(value: object, change) -> object:
    return change(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


# What may become of one value.
CHANGES = {
    "null": lambda draw, value: None,
    "anything": lambda draw, value: draw(VALUES),
    "scalar": lambda draw, value: draw(SCALARS),
    "text": lambda draw, value: _number(value, str),
    "float": lambda draw, value: _number(value, float),
    "fraction": lambda draw, value: _number(value, lambda number: number + 0.5),
    "negative": lambda draw, value: _number(value, lambda number: -number),
    "padded": lambda draw, value: f"  {value}\t" if isinstance(value, str) else value,
    "case": lambda draw, value: draw(st.sampled_from([value.upper(), value.title()])) if isinstance(value, str) else value,
    "as_number": lambda draw, value: draw(st.integers(0, 10**20)) if isinstance(value, str) else value,
    "unicode": lambda draw, value: value + draw(st.sampled_from(["\x00", "\ud800", "é", "𓀀"])) if isinstance(value, str) else value,
    "long": lambda draw, value: (value * 2000)[:9000] if isinstance(value, str) else value,
    "listed": lambda draw, value: [value],
    "unlisted": lambda draw, value: value[0] if isinstance(value, list) and value else value,
    "deep": lambda draw, value: _deep(value, draw(st.sampled_from([3, 80, 130]))),
}  # fmt: skip


@st.composite
def spoiled(draw, record: object, most: int = 4) -> object:
    """The record after up to `most` accidents, and now and then with card secrets somewhere in it."""
    tree = {"": deepcopy(record)}
    for _ in range(draw(st.integers(0, most))):
        container, key = draw(st.sampled_from(_places(tree)))
        accident = draw(st.sampled_from([*CHANGES, "drop", "add", "rename", "twice", "secret"]))
        if accident in CHANGES:
            container[key] = CHANGES[accident](draw, container[key])
        elif container is not tree:
            _rearrange(draw, accident, container, key)
    return tree[""]


def _rearrange(draw, accident: str, container: dict | list, key) -> None:
    if accident == "drop" or isinstance(container, list):
        del container[key]
    elif accident == "add":
        container[draw(st.text(min_size=1, max_size=8))] = draw(VALUES)
    elif accident == "rename":
        container[SPELLINGS.get(key, key)] = container.pop(key)
    elif accident == "twice":
        container[Twin(key)] = draw(SCALARS)
    else:
        container[draw(st.sampled_from(SECRET_NAMES))] = draw(
            st.sampled_from([PAN, int(PAN), CODE, [CODE, {"x": PAN}]])
        )
        container[draw(st.sampled_from(["maskedPan", "cardNumber", "last4"]))] = draw(
            st.sampled_from([PAN, f"{PAN[:4]} {PAN[4:]}"])
        )


def encode(tree: object) -> bytes:
    return re.sub(r'"\\u00a7([^"\\]*)\\u00a7"', r"\1", json.dumps(tree)).encode()


# The other reading


class Number(str):
    """A JSON number as it stood in the text."""

    __slots__ = ()


def decode(raw: bytes) -> object:
    return json.loads(raw, parse_int=Number, parse_float=Number, parse_constant=Number)


def folded(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).casefold()


def storable(text: str) -> str:
    return re.sub("[\x00\ud800-\udfff]", "\ufffd", text)


def whole(value: object) -> int | None:
    """The integer a JSON number or numeric text means, in the range of a column; None for anything else."""
    if not isinstance(value, str) or not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,3})?", value.strip()):
        return None
    mantissa, _, exponent = value.strip().lower().partition("e")
    whole_part, _, fraction = mantissa.partition(".")
    digits, scale = whole_part + fraction, int(exponent or 0) - len(fraction)
    digits, rest = (digits + "0" * scale, "") if scale >= 0 else (digits[:scale], digits[scale:].lstrip("-+"))
    if rest.strip("0") or len(digits) > 4000:
        return None
    number = int(digits) if digits.lstrip("+-") else 0
    return number if abs(number) < 2**63 else None


def contains(kept: object, sent: object) -> bool:
    """Whether everything that was sent is kept, less card secrets and with card numbers masked."""
    if isinstance(sent, dict):
        return isinstance(kept, dict) and all(
            folded(key) in SECRETS or (storable(key) in kept and _kept_under(key, kept[storable(key)], value))
            for key, value in sent.items()
        )
    if isinstance(sent, list):
        return isinstance(kept, list) and len(kept) == len(sent) and all(map(contains, kept, sent))
    if isinstance(sent, Number):
        return not isinstance(kept, bool) and _same_number(str(kept), sent)
    return kept == (storable(sent) if isinstance(sent, str) else sent)


def _kept_under(key: str, kept: object, sent: object) -> bool:
    digits = re.sub("[^0-9]", "", str(sent))
    masked = folded(key) in MASKED and len(digits) >= 12 and isinstance(kept, str) and kept.startswith("•••• ")
    return masked or contains(kept, sent)


def _same_number(kept: str, sent: str) -> bool:
    ours, theirs = Decimal(kept), Decimal(sent)
    return (ours.is_nan() and theirs.is_nan()) or ours == theirs
