"""The writer of people, companies, contracts and balances."""

from datetime import UTC, datetime, timedelta

import pytest

from cardholders.models import Balance, BalanceReading, Cardholder, Contract, ContractReading
from cardholders.sync import apply_balances, apply_cardholders, apply_contracts
from console.codego.records import BalanceRecord, ContractRecord, UserRecord
from console.notes.models import Note
from console.provider.mirror import Source, Verdict
from tests.factories import make_card, make_cardholder, make_staff

pytestmark = pytest.mark.django_db
T0 = datetime(2026, 11, 1, 12, tzinfo=UTC)
DELIVERY, READ = Source("delivery", T0), Source("read", T0)


def user(i: str = "u1", **more) -> UserRecord:
    return UserRecord.parse({"id": i, "applicationStatus": "approved", "updatedAt": T0.isoformat(), **more})


def test_the_person_staff_opened_is_the_person_the_provider_names():
    opened = make_cardholder(codego_id=None, external_id="dh_1", by_reference=True, state="", read_at=None)
    apply_cardholders([user(externalUserId="dh_1", firstName="Ana")], source=DELIVERY)
    opened.refresh_from_db()
    assert (opened.codego_id, opened.state, opened.by_reference) == ("u1", "approved", False)
    assert Cardholder.objects.count() == 1


def test_two_rows_that_prove_to_be_one_person_are_merged_with_all_that_hangs_on_them():
    opened = make_cardholder(codego_id=None, external_id="dh_1", by_reference=True, state="", read_at=None)
    known = make_cardholder(codego_id="u1", state="pending", application_status="pending")
    card = make_card(known)
    Note.objects.create(record="cardholder", record_id=known.pk, author=make_staff("operations"), text="called")
    apply_cardholders([user(externalUserId="dh_1")], source=Source("read", datetime.now(UTC)))
    assert list(Cardholder.objects.values_list("pk", "codego_id", "external_id")) == [(opened.pk, "u1", "dh_1")]
    card.refresh_from_db()
    assert card.cardholder_id == opened.pk
    assert Note.objects.get().record_id == opened.pk


def test_the_external_id_of_somebody_opened_elsewhere_is_remembered():
    apply_cardholders([user(externalUserId="theirs::7")], source=DELIVERY)
    assert Cardholder.objects.get().external_id == "theirs::7"


def test_the_age_of_a_state_starts_when_the_state_does():
    apply_cardholders([user(applicationStatus="pending")], source=DELIVERY)
    later = (T0 + timedelta(hours=1)).isoformat()
    apply_cardholders([user(applicationStatus="pending", firstName="Ana", updatedAt=later)], source=DELIVERY)
    assert Cardholder.objects.get().state_since == T0


def test_every_distinct_balance_is_kept_with_its_instant():
    holder = make_cardholder()
    figures = {"creditLimit": 1000, "pendingCharges": 0, "postedCharges": 0, "balanceDue": 0, "spendingPower": 1000}
    for minute, power in ((0, 1000), (1, 1000), (2, 900)):
        record = BalanceRecord.parse({**figures, "spendingPower": power})
        apply_balances([(holder, record)], source=Source("read", T0 + timedelta(minutes=minute)))
    assert Balance.objects.get().spending_power == 900
    assert list(BalanceReading.objects.order_by("at").values_list("spending_power", flat=True)) == [1000, 900]
    assert Balance.objects.get().read_at == T0 + timedelta(minutes=2)


def contract(balance: str = "10.5", **more) -> ContractRecord:
    token = {"address": "0xt", "balance": balance, "exchangeRate": 1, "advanceRate": 0.9}
    return ContractRecord.parse({"id": "k1", "chainId": "84532", "depositAddress": "0xd", "tokens": [token], **more})


def test_contract_tokens_are_kept_as_decimal_text_and_each_distinct_state_once():
    make_cardholder(codego_id="u1")
    for minute, balance in ((0, "10.5"), (1, "10.5"), (2, "11")):
        apply_contracts([contract(balance, userId="u1")], source=Source("read", T0 + timedelta(minutes=minute)))
    kept = Contract.objects.get()
    assert (kept.chain_id, kept.tokens[0]["balance"], kept.tokens[0]["advance_rate"]) == (84532, "11", "0.9")
    assert [r.tokens[0]["balance"] for r in ContractReading.objects.order_by("at")] == ["10.5", "11"]


def test_a_contract_that_names_nobody_waits_until_it_is_found_with_its_owner():
    assert apply_contracts([contract()], source=DELIVERY).verdicts == [Verdict.HINT]
    assert Contract.objects.get().by_reference
    make_cardholder(codego_id="u1")
    apply_contracts([contract(userId="u1")], source=READ)
    assert Contract.objects.get().cardholder.codego_id == "u1"


def test_a_contract_that_came_before_it_could_be_read_keeps_whose_it_is():
    assert apply_contracts([contract(companyId="o1")], source=DELIVERY).verdicts == [Verdict.HINT]
    kept = Contract.objects.get()
    assert (kept.by_reference, kept.company.codego_id, kept.dirty_at is not None) == (True, "o1", True)
    apply_contracts([contract("11", companyId="o1")], source=READ)
    kept.refresh_from_db()
    assert (kept.by_reference, kept.tokens[0]["balance"]) == (False, "11")
