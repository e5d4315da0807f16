"""The uncertain facts of the provider's API as switches, and the last reshaping of every answer by them."""

import re
import zlib
from typing import Any

from console.sandbox.store import Store
from console.sandbox.wire import Json, Problem

# Every switch with what it may be; the first is the default.
CHOICES: dict[str, tuple[str, ...]] = {
    "list_envelope": ("bare", "data", "items"),
    "paging": ("cursor", "offset", "ignored"),
    "status_case": ("as_is", "upper", "snake"),
    "card_type_field": ("type", "cardType"),
    "expiry_spelling": ("expirationMonth", "expiryMonth"),
    "numbers": ("as_is", "string", "float"),
    "padded_merchants": ("on", "off"),
    "patch_echo": ("stale", "fresh"),
    "created_status": ("201", "200"),
    "not_found_path": ("on", "off"),
    "disputes_api": ("full", "create_only"),
    "users_list": ("on", "off"),
    "company_finance": ("on", "off"),
    "applications": ("on", "off"),
    "envelope": ("type_body", "data", "resource_action"),
    "signature": ("prefixed", "bare"),
    "idempotency_header": ("on", "off"),
    "reset_unit": ("epoch_s", "epoch_ms", "seconds", "iso", "http_date"),
    "rate_algorithm": ("fixed_window", "token_bucket"),
    "user_updated_at": ("on", "off"),
    "extra_fields": ("off", "on"),
    "unknown_enum": ("off", "on"),
    "honours_idempotency_key": ("off", "on"),
    "pin_set": ("on", "off"),
    "external_user_id_in_webhook": ("on", "off"),
    "transaction_requested_events": ("on", "off"),
    "leaks_pan": ("off", "on"),
    "hold_after_reversal": ("kept", "released"),
}
# Switches that are quantities: requests allowed in a window of so many seconds.
NUMBERS: dict[str, float] = {"rate": 50, "rate_window_s": 1}

WORDS = {"status", "applicationStatus", "kycStatus", "completionReason"}
MONEY = {
    *("amount", "localAmount", "authorizedAmount", "authorizationUpdateAmount"),
    *("creditLimit", "pendingCharges", "postedCharges", "balanceDue", "spendingPower"),
}
EXPIRY = {"expirationMonth": "expiryMonth", "expirationYear": "expiryYear"}
UNHEARD_OF = "underObservation"


class Switches:
    def __init__(self, store: Store, rate: float) -> None:
        self.store = store
        self.defaults: dict[str, Any] = {name: choices[0] for name, choices in CHOICES.items()} | NUMBERS
        self.defaults["rate"] = rate
        self.values = self.defaults | store.setting("switches", {})

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def on(self, name: str) -> bool:
        return bool(self.values[name] == "on")

    def change(self, wanted: Json) -> None:
        for name, value in wanted.items():
            if name not in self.defaults:
                raise Problem(400, f"no switch is called {name}")
            if name in CHOICES and str(value) not in CHOICES[name]:
                raise Problem(400, f"{name} must be one of: {', '.join(CHOICES[name])}")
            if name in NUMBERS and (isinstance(value, bool) or not isinstance(value, int | float) or value <= 0):
                raise Problem(400, f"{name} must be a number above 0")
        self._keep(self.values | {name: str(v) if name in CHOICES else v for name, v in wanted.items()})

    def reset(self) -> None:
        self._keep(dict(self.defaults))

    def _keep(self, values: dict[str, Any]) -> None:
        self.values = values
        changed = {name: value for name, value in values.items() if value != self.defaults[name]}
        self.store.set("switches", changed)


def shape(value: Any, switches: Switches) -> Any:
    """The value as this provider would spell it today, sandbox-only keys left out."""
    if isinstance(value, list):
        return [shape(item, switches) for item in value]
    if not isinstance(value, dict):
        return value
    shaped = {
        _name(name, value, switches): _word(name, shape(item, switches), switches)
        for name, item in value.items()
        if not name.startswith("_")
    }
    if switches.on("extra_fields") and "id" in shaped:
        shaped |= {"programRegion": "eu", "labels": [{"key": "tier", "value": 1}]}
    if switches.on("unknown_enum") and _one_in_five(value):
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
        return _case(value, switches["status_case"])
    if name in MONEY and isinstance(value, int):
        return {"as_is": value, "string": str(value), "float": float(value)}[switches["numbers"]]
    return value


def _case(word: str, case: str) -> str:
    if case == "upper":
        return word.upper()
    if case == "snake":
        return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", word).lower()
    return word


def _one_in_five(record: Json) -> bool:
    """The same records every time, so that a second reading does not look like a change."""
    return zlib.crc32(str(record.get("id") or record.get("cardId") or "").encode()) % 5 == 0
