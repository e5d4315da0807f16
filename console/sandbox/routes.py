"""The provider's routes in one table, and which switch makes some of them vanish."""

import re
from collections.abc import Callable

from console.sandbox import balances, cards, charges, companies, contracts, disputes, kyc, reveal, transactions, users
from console.sandbox.provider import Provider
from console.sandbox.wire import Response, pattern

Handler = Callable[..., Response]  # (provider, request, **ids)

API = "/api/v1"
SESSION_PATH = "/api/session/create"

TABLE: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/applications/{user_id}", users.get_application),
    ("GET", "/applications/companies/{company_id}", companies.get),
    ("GET", "/users", users.index),
    ("GET", "/users/{user_id}", users.get),
    ("GET", "/users/{user_id}/contracts", contracts.user_contracts),
    ("GET", "/users/{user_id}/balances", balances.user_balances),
    ("GET", "/users/{user_id}/cards", cards.list_for_user),
    ("POST", "/users/{user_id}/cards", cards.issue),
    ("POST", "/users/{user_id}/charges", charges.charge_user),
    ("GET", "/companies", companies.index),
    ("GET", "/companies/{company_id}", companies.get),
    ("GET", "/companies/{company_id}/users", companies.list_users),
    ("GET", "/companies/{company_id}/contracts", contracts.company_contracts),
    ("GET", "/companies/{company_id}/balances", balances.company_balances),
    ("POST", "/companies/{company_id}/charges", charges.charge_company),
    ("GET", "/cards", cards.index),
    ("GET", "/cards/{card_id}", cards.get),
    ("PATCH", "/cards/{card_id}", cards.update),
    ("GET", "/cards/{card_id}/secrets", reveal.secrets_of),
    ("GET", "/cards/{card_id}/pin", reveal.get_pin),
    ("PUT", "/cards/{card_id}/pin", reveal.set_pin),
    ("GET", "/transactions", transactions.index),
    ("GET", "/transactions/{transaction_id}", transactions.get),
    ("POST", "/transactions/{transaction_id}/disputes", disputes.open_one),
    ("GET", "/disputes", disputes.index),
    ("GET", "/disputes/{dispute_id}", disputes.get),
    ("PATCH", "/disputes/{dispute_id}", disputes.update),
    ("PUT", "/disputes/{dispute_id}/evidence", disputes.put_evidence),
    ("GET", "/disputes/{dispute_id}/evidence", disputes.get_evidence),
    ("POST", SESSION_PATH, kyc.create_session),
)

# (switch, value) -> the routes that do not exist then.
ABSENT: dict[tuple[str, str], frozenset[Handler]] = {
    ("disputes_api", "create_only"): frozenset(
        {disputes.index, disputes.get, disputes.update, disputes.put_evidence, disputes.get_evidence}
    ),
    ("users_list", "off"): frozenset({users.index, companies.index, companies.list_users}),
    ("company_finance", "off"): frozenset({contracts.company_contracts, balances.company_balances}),
    ("applications", "off"): frozenset({users.get_application}),
    ("pin_set", "off"): frozenset({reveal.set_pin}),
    ("charges", "off"): frozenset({charges.charge_user, charges.charge_company}),
}

COMPILED: list[tuple[str, re.Pattern[str], Handler]] = [
    (method, pattern(path if path == SESSION_PATH else API + path), handler) for method, path, handler in TABLE
]


def resolve(provider: Provider, method: str, path: str) -> tuple[Handler, dict[str, str]] | None:
    for verb, expression, handler in COMPILED:
        found = expression.fullmatch(path)
        if verb == method and found and not _absent(provider, handler, path):
            return handler, found.groupdict()
    return None


def _absent(provider: Provider, handler: Handler, path: str) -> bool:
    if handler is companies.get and path.startswith(f"{API}/applications/"):
        return not provider.switches.on("applications")
    return any(handler in gone and provider.switches[name] == value for (name, value), gone in ABSENT.items())
