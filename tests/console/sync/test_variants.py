"""Every switch of the sandbox, one at a time: the same rows as in the default world, save what the switch is about."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from django.db import transaction

from cardholders.models import Balance, Cardholder, Company, Contract
from cards.models import Card
from console.codego.wire import normal
from console.provider.models import Budget
from console.sandbox.variants import SWITCHES
from console.sync import reading, runs
from console.sync.models import RunState
from tests.conftest import Sandbox, point_at
from transactions.models import Dispute, Transaction

pytestmark = pytest.mark.django_db
MODELS = (Cardholder, Company, Contract, Balance, Card, Transaction, Dispute)
# Our own clocks and keys. `raw` is the wire as sent, which is what the switches change.
OURS = {"id", "created_at", "read_at", "heard_at", "dirty_at", "reading_at", "external_id"}
FROM = {"cardholder_id": "cardholder", "company_id": "company", "card_id": "card", "transaction_id": "transaction"}
Values = dict[str, object]
World = dict[str, dict[str, Values]]  # model, provider's id, column
Rule = Callable[[Values, Values, str], bool]  # (default row, this row, column): is this how it may differ?


# How a column may differ


def respelled(was: Values, now: Values, column: str) -> bool:
    return normal(str(was[column])) == normal(str(now[column]))


def empty(_was: Values, now: Values, column: str) -> bool:
    return now[column] in (None, "", [], {})


def unheard_of(_was: Values, now: Values, column: str) -> bool:
    return normal(str(now[column])) in {"underobservation", "adjustment"}


def doubted(was: Values, now: Values, _column: str) -> bool:
    return not was["flags"] and len(now["flags"]) > 0


def without_fraction(_was: Values, now: Values, column: str) -> bool:
    return now[column] is None and now["flags"] == ["amount: not whole minor units"]


def synonym(was: Values, now: Values, column: str) -> bool:
    return (was[column], now[column]) in {("active", "activated"), ("locked", "frozen")}


def counted(was: Values, now: Values, column: str) -> bool:
    """A status nobody knows is not known to mean that no money moved."""
    return was[column] == 0 and abs(now[column]) == abs(now["amount"])


def not_counted(_was: Values, now: Values, column: str) -> bool:
    return now[column] in (0, None)


def nothing_of_unknown_unit(_was: Values, now: Values, column: str) -> bool:
    return now[column] is None and f"{column}: unit unknown for this type" in now["flags"]


def in_dollars(was: Values, now: Values, column: str) -> bool:
    amount = was["amount"]
    told = {"decimal_amount": f"{amount / 100:.2f}", "amount": None, "signed_amount": None, "currency": "usdc",
            "type": "transfer", "kind": "transfer"}  # fmt: skip
    return now[column] == told[column]


def network_s(_was: Values, now: Values, column: str) -> bool:
    return now[column] == now["raw"]["spend"]["merchantName"].strip()


def without_rates(was: Values, now: Values, column: str) -> bool:
    gone = {"exchange_rate": None, "advance_rate": None}
    return now[column] == [token | gone for token in was[column]]


def owners_unheard_of(was: Values, now: Values, column: str) -> bool:
    told = {"applicationStatus": "underObservation"}
    return all(n in (w, w | told) for w, n in zip(was[column], now[column], strict=True))


def without_what_is_sometimes_there(was: Values, now: Values, column: str) -> bool:
    kept = was[column]
    if isinstance(kept, list):
        return all(set(n) <= set(w) for w, n in zip(kept, now[column], strict=True))
    return isinstance(kept, dict) and now[column].items() <= kept.items()


def with_more(was: Values, now: Values, column: str) -> bool:
    return all(w.items() <= n.items() for w, n in zip(was[column], now[column], strict=True))


def higher(was: Values, now: Values, column: str) -> bool:
    return now[column] > was[column]


def lower(was: Values, now: Values, column: str) -> bool:
    return now[column] < was[column]


def by_our_clock(_was: Values, now: Values, column: str) -> bool:
    return isinstance(now[column], datetime)


WORDS = {
    "Cardholder.application_status": respelled, "Cardholder.kyc_status": respelled, "Company.application_status": respelled,
    "Company.kyc_status": respelled, "Company.owners": respelled, "Card.status": respelled, "Transaction.status": respelled,
    "Transaction.completion_reason": respelled, "Dispute.status": respelled,
}  # fmt: skip
UNVERSIONED = {
    "Cardholder.version": empty, "Company.version": empty, "Cardholder.state_since": by_our_clock,
    "Company.state_since": by_our_clock,
}  # fmt: skip

# What a switch may change in the rows, and nothing besides. A switch that is not here changes nothing.
MAY_DIFFER: dict[tuple[str, str], dict[str, Rule]] = {
    ("status_case", "upper"): WORDS,
    ("status_case", "snake"): WORDS,
    ("status_case", "british"): WORDS,
    ("status_case", "synonyms"): {"Card.status": synonym, "Card.flags": doubted},
    ("fractional_cents", "on"): {
        "Transaction.amount": without_fraction, "Transaction.signed_amount": without_fraction, "Transaction.flags": doubted,
    },
    ("missing_fields", "on"): UNVERSIONED | {
        "Card.version": empty, "Card.state_since": by_our_clock, "Card.display_name": empty, "Card.token_wallets": empty,
        "Cardholder.address": without_what_is_sometimes_there, "Company.address": without_what_is_sometimes_there,
        "Cardholder.application_reason": empty, "Company.application_reason": empty,
        "Cardholder.kyc_status": empty, "Company.kyc_status": empty, "Company.owners": without_what_is_sometimes_there,
        "Contract.deposit_address": empty, "Contract.tokens": without_rates, "Dispute.version": empty,
        "Transaction.merchant_name": network_s, "Transaction.merchant_category": empty,
        "Transaction.memo": empty, "Transaction.version": empty,
    },
    ("extra_fields", "on"): {"Company.owners": with_more},
    ("unknown_enum", "on"): {
        **{f"{model}.{column}": unheard_of for model in ("Card", "Dispute", "Transaction") for column in ("status", "state")},
        **{f"{model}.{column}": unheard_of for model in ("Cardholder", "Company") for column in ("application_status", "state")},
        **{f"{model}.flags": doubted for model in ("Card", "Dispute", "Transaction", "Cardholder", "Company")},
        "Company.owners": owners_unheard_of, "Transaction.signed_amount": counted,
    },
    ("unknown_types", "on"): {
        "Transaction.type": unheard_of, "Transaction.kind": unheard_of, "Transaction.flags": doubted,
        "Transaction.signed_amount": not_counted, "Transaction.amount": nothing_of_unknown_unit,
    },
    ("transfers", "on"): {
        **{f"Transaction.{column}": in_dollars for column in ("type", "kind", "amount", "signed_amount", "currency", "decimal_amount")},
        **{f"Transaction.{column}": empty for column in ("chain_id", "wallet_address", "transaction_hash")},
    },
    ("user_updated_at", "off"): UNVERSIONED,
    ("pending_refunds", "at_once"): {"Balance.pending_charges": lower, "Balance.spending_power": higher},
    ("fx_rounding", "on"): {
        "Balance.posted_charges": higher, "Balance.balance_due": higher, "Balance.spending_power": lower,
    },
}  # fmt: skip
# Rows that may be missing, or be more than in the default world: what the provider does not show cannot be known.
OTHER_ROWS: dict[tuple[str, str], set[str]] = {
    ("disputes_api", "create_only"): {"Dispute"},
    ("users_list", "off"): {"Cardholder", "Company"},  # those nobody refers to
    ("company_finance", "off"): {"Contract", "Balance"},
    ("company_cardholder_balance", "company"): {"Balance"},
    ("unknown_enum", "on"): {"Contract", "Balance"},  # of those who are not known to be approved
}
MORE = {"page_cap": ("7",), "rate": ("200",), "rate_window_s": ("2",), "balances_lag_s": ("600",)}
VARIANTS = [
    (name, choice)
    for name, switch in SWITCHES.items()
    for choice in (switch.choices[1:] or MORE[name])
]  # fmt: skip
_known: dict[str, World] = {}


@pytest.fixture(scope="module")
def world(sandbox_process: Sandbox) -> Iterator[Sandbox]:
    """The small world, built once: a switch changes how it is told, not what it is."""
    sandbox_process.reset()
    sandbox_process.webhooks(paused=True)
    yield sandbox_process
    _known.clear()


@pytest.fixture
def provider(world: Sandbox, settings) -> Iterator[Sandbox]:
    point_at(world, settings)
    before = world.http.get("/control/api/switches").json()
    yield world
    world.switch(**before)


def imported() -> World:
    """What `manage.py sync` leaves behind."""
    Budget.objects.update_or_create(pk=1, defaults={"interval": 0.002})
    run = runs.start("import")
    while run.state == RunState.RUNNING and not run.failures:
        run = runs.work(runs.claim(run.pk), seconds=60)
    assert (run.state, run.error) == (RunState.DONE, "")
    assert not any(counts["failed"] for counts in run.counts.values()), run.differences
    reading.read_dirty(seconds=60)
    return {model.__name__: {row.codego_id: values(row) for row in model._default_manager.all()} for model in MODELS}


def values(row) -> Values:
    found = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if f.attname not in OURS}
    links = {name: getattr(row, FROM[name]) for name in found if name in FROM}
    return found | {name: linked and linked.codego_id for name, linked in links.items()}


@pytest.fixture
def default(provider: Sandbox) -> World:
    if "default" not in _known:
        with transaction.atomic():
            _known["default"] = imported()
            transaction.set_rollback(True)
    return _known["default"]


def differences(was: World, now: World) -> list[tuple[str, str, str]]:
    """(model, id, column) wherever a row that both worlds have differs."""
    return [
        (model, codego_id, column)
        for model, rows in was.items()
        for codego_id, row in rows.items()
        if codego_id in now[model]
        for column, value in row.items()
        if column != "raw" and now[model][codego_id][column] != value
    ]


@pytest.mark.parametrize(("name", "choice"), VARIANTS, ids=lambda word: word)
def test_the_world_is_the_same_however_it_is_told(provider, default, name, choice):
    provider.switch(**{name: choice if SWITCHES[name].choices else float(choice)})
    now = imported()
    rules = MAY_DIFFER.get((name, choice), {})
    found = differences(default, now)
    odd = [
        (model, column, default[model][i][column], now[model][i][column])
        for model, i, column in found
        if not rules.get(f"{model}.{column}", lambda *_: False)(default[model][i], now[model][i], column)
    ]
    assert odd == []
    others = {model for model in default if default[model].keys() != now[model].keys()}
    assert others == OTHER_ROWS.get((name, choice), set())
    assert bool(found) == bool(rules), "the switch is said to change rows, and does not"


def test_every_rule_is_about_a_switch_that_exists():
    assert {*MAY_DIFFER, *OTHER_ROWS} <= set(VARIANTS)


def test_a_leaked_card_number_changes_nothing_at_all(provider, default):
    provider.switch(leaks_pan="on")
    told = provider.http.get("/api/v1/cards", headers={"X-Api-Key": provider.api_key}).json()
    numbers = [card["number"] for card in told]
    imported()
    kept = str(list(Card.objects.values()))
    assert numbers
    assert not any(number in kept for number in numbers)
