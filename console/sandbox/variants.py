"""The uncertain facts of the provider's API as switches: what each may be, what it means, and how it stands now."""

from dataclasses import dataclass
from typing import Any

from console.sandbox.store import Store
from console.sandbox.wire import Json, Problem


@dataclass(frozen=True, slots=True)
class Switch:
    meaning: str
    choices: tuple[str, ...] = ()  # the first is the default; none: a number above 0
    number: float = 0  # where 0 is the default it is allowed, and means none


LARGEST = 10**9
OFF_ON, ON_OFF = ("off", "on"), ("on", "off")

# Heading -> switches, in the order the control page shows them.
GROUPS: dict[str, dict[str, Switch]] = {
    "Lists and pages": {
        "list_envelope": Switch("What a list is wrapped in.", ("bare", "data", "items", "named", "nested")),
        "paging": Switch("How the next page is asked for, if at all.", ("cursor", "offset", "ignored")),
        "page_cap": Switch("The longest page given, whatever limit asks for.", number=100),
    },
    "Spelling": {
        "status_case": Switch(
            "How words such as needsInformation, canceled and locked are written.",
            ("as_is", "upper", "snake", "british", "synonyms"),
        ),
        "card_type_field": Switch("What the field virtual or physical is called.", ("type", "cardType")),
        "expiry_spelling": Switch("What a card's expiry is called.", ("expirationMonth", "expiryMonth")),
        "numbers": Switch("How cents are written.", ("as_is", "string", "float")),
        "fractional_cents": Switch("A few purchases carry half a cent, which no amount should.", OFF_ON),
        "padded_merchants": Switch("Merchant names are filled up with spaces, as card networks do.", ON_OFF),
    },
    "Surprises in records": {
        "missing_fields": Switch("Fields that are only sometimes there are left out.", OFF_ON),
        "extra_fields": Switch("Records have fields nobody has heard of.", OFF_ON),
        "unknown_enum": Switch("One record in five has a status nobody has heard of.", OFF_ON),
        "unknown_types": Switch("One transaction in five is of a type nobody has heard of.", OFF_ON),
        "transfers": Switch("Some payments are told as transfers, in dollars with a decimal point.", OFF_ON),
        "user_updated_at": Switch("People and companies say when they last changed.", ON_OFF),
        "leaks_pan": Switch("Cards show their number and CVV in clear, which must never be kept.", OFF_ON),
    },
    "Answers": {
        "created_status": Switch(
            "The status of an answer that made something; 204 says nothing.", ("201", "200", "202", "204")
        ),
        "patch_status": Switch("The status of an answer to a change of a card; 204 says nothing.", ("200", "204")),
        "patch_echo": Switch("Whether a change answers with the card before it or after it.", ("stale", "fresh")),
        "honours_idempotency_key": Switch("The same Idempotency-Key makes one card or fee, not two.", OFF_ON),
        "charge_id": Switch(
            "Whether a charge answers with the id of its transaction or one of its own.", ("transaction", "own")
        ),
        "error_style": Switch("How refusals are worded.", ("documented", "fastify", "text", "empty", "html")),
        "not_found_path": Switch(
            "Whether a 404 names its path: of routes that do not exist, never, or of missing objects too.",
            ("on", "off", "everywhere"),
        ),
    },
    "What exists": {
        "disputes_api": Switch("All of disputes, or opening them only.", ("full", "create_only")),
        "users_list": Switch("People and companies can be listed.", ON_OFF),
        "company_finance": Switch("Companies have contracts and balances to ask for.", ON_OFF),
        "company_cardholder_balance": Switch("What an employee's balance answers.", ("404", "company")),
        "applications": Switch("Applications can be read apart from people.", ON_OFF),
        "pin_set": Switch("A PIN can be set.", ON_OFF),
        "charges": Switch("People and companies can be charged fees.", ON_OFF),
    },
    "Webhooks": {
        "envelope": Switch("How an event is wrapped.", ("type_body", "data", "resource_action")),
        "signature": Switch("Whether the signature begins with sha256=.", ("prefixed", "bare")),
        "idempotency_header": Switch("Deliveries carry an Idempotency-Key.", ON_OFF),
        "external_user_id_in_webhook": Switch("Events of people and companies carry our own id.", ON_OFF),
        "transaction_requested_events": Switch("A purchase is announced before it is decided.", ON_OFF),
    },
    "Pace": {
        "rate": Switch("Requests allowed in a window.", number=50),
        "rate_window_s": Switch("Length of the window in seconds.", number=1),
        "rate_algorithm": Switch("How requests are counted.", ("fixed_window", "token_bucket")),
        "reset_unit": Switch(
            "How X-RateLimit-Reset is written.", ("epoch_s", "epoch_ms", "seconds", "iso", "http_date")
        ),
        "limit_header": Switch("Answers carry X-RateLimit-Limit.", ON_OFF),
    },
    "Money": {
        "hold_after_reversal": Switch("Whether a reversed purchase keeps its hold for a while.", ("kept", "released")),
        "balances_lag_s": Switch("Balances are as they were so many seconds ago; 0 for none."),
        "pending_refunds": Switch(
            "When a refund lowers balances: once it settles, or at once, as a negative pending charge.",
            ("on_settlement", "at_once"),
        ),
        "credit_limit_rounding": Switch(
            "Which way a credit limit is rounded to the cent.", ("down", "half_even", "up")
        ),
        "fx_rounding": Switch("Balances count a settled purchase in a foreign currency one cent dearer.", OFF_ON),
    },
}
SWITCHES = {name: switch for group in GROUPS.values() for name, switch in group.items()}


class Switches:
    def __init__(self, store: Store, rate: float) -> None:
        self.store = store
        self.defaults: dict[str, Any] = {
            name: switch.choices[0] if switch.choices else switch.number for name, switch in SWITCHES.items()
        }
        self.defaults["rate"] = rate
        self.values = self.defaults | store.setting("switches", {})

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def on(self, name: str) -> bool:
        return bool(self.values[name] == "on")

    def change(self, wanted: Json) -> None:
        self._keep(self.values | {name: _checked(name, value) for name, value in wanted.items()})

    def reset(self) -> None:
        self._keep(dict(self.defaults))

    def _keep(self, values: dict[str, Any]) -> None:
        self.values = values
        changed = {name: value for name, value in values.items() if value != self.defaults[name]}
        self.store.set("switches", changed)


def _checked(name: str, value: Any) -> Any:
    if name not in SWITCHES:
        raise Problem(400, f"no switch is called {name}")
    choices, usual = SWITCHES[name].choices, SWITCHES[name].number
    if choices and str(value) not in choices:
        raise Problem(400, f"{name} must be one of: {', '.join(choices)}")
    if not choices and not _is_number(value, zero_too=not usual):
        raise Problem(400, f"{name} must be {'a number above 0' if usual else '0 or a number above it'}")
    return str(value) if choices else value


def _is_number(value: Any, *, zero_too: bool) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 <= value <= LARGEST and (zero_too or value > 0)
