"""A proof of any stored reading: our figures as they were known then, and the provider's beside them."""

from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection
from django.utils import timezone

from cardholders.models import Balance, BalanceReading, ContractReading
from console.history.models import Change
from console.reconciliation.causes import Cause
from console.reconciliation.identity import Line
from console.reconciliation.models import ProofState
from console.reconciliation.ours import Effect, charges_by, effect
from console.reconciliation.proving import power, prove, prove_all
from console.reconciliation.readings import reading_at
from tests import injections
from tests.factories import make_balance, make_cardholder, make_company, make_contract, make_transaction
from transactions.models import Transaction

pytestmark = pytest.mark.django_db


def holder(**figures: int) -> Balance:
    """A cardholder whose contract holds 250 dollars and who has neither charges nor debts."""
    owner = make_cardholder()
    contract = make_contract(owner)
    ContractReading.objects.create(contract=contract, at=timezone.now() - timedelta(hours=2), tokens=contract.tokens)
    none = {"credit_limit": 25000, "pending_charges": 0, "posted_charges": 0, "balance_due": 0, "spending_power": 25000}
    return make_balance(owner, **none | figures)


def test_a_balance_that_ties_has_no_pieces():
    proven = prove(holder())
    assert (proven.state, proven.difference, proven.pieces) == (ProofState.TIED, 0, ())
    assert proven.ours == {Line.LIMIT: 25000, Line.PENDING: 0, Line.DUE: 0}


def test_what_nothing_explains_is_unknown_once_everything_was_read_since():
    from console.sync.models import Cursor

    balance = holder(balance_due=700, spending_power=24300)
    stale = prove(balance)
    assert [(p.line, p.cause, power(p)) for p in stale.pieces] == [(Line.DUE, Cause.STALE_SOURCE, -700)]
    Cursor.objects.create(resource="transactions", swept_at=timezone.now() + timedelta(seconds=1))
    proven = prove(balance)
    assert [(p.line, p.cause, power(p)) for p in proven.pieces] == [(Line.DUE, Cause.UNKNOWN, -700)]
    assert (proven.state, proven.unexplained, proven.difference) == (ProofState.UNEXPLAINED, -700, -700)


def test_a_figure_the_provider_does_not_give_makes_it_unprovable_not_wrong():
    proven = prove(holder(pending_charges=None))
    assert (proven.state, proven.difference, proven.missing) == (ProofState.INCOMPLETE, None, ("pending_charges",))


def test_the_providers_own_figures_that_do_not_add_up_are_said_so():
    proven = prove(holder(spending_power=20000))
    assert [(p.line, p.cause, power(p)) for p in proven.pieces] == [(Line.SUM, Cause.UNKNOWN, -5000)]


def test_a_companys_proof_counts_what_its_people_spend():
    company = make_company()
    contract = make_contract(company)
    ContractReading.objects.create(contract=contract, at=timezone.now() - timedelta(hours=1), tokens=contract.tokens)
    employee = make_cardholder(company=company)
    make_transaction(cardholder=employee, company=company, status="pending", state="pending", amount=900)
    figures = {"pending_charges": 900, "balance_due": 0, "spending_power": 24100}
    assert prove(make_balance(company, **figures)).state == ProofState.TIED


def test_a_reading_before_the_asked_instant_is_the_nearest_one():
    balance = holder()
    now = timezone.now()
    for hours, due in ((5, 100), (3, 200)):
        BalanceReading.objects.create(
            balance=balance, at=now - timedelta(hours=hours), credit_limit=25000, pending_charges=0, posted_charges=0,
            balance_due=due, spending_power=25000 - due,
        )  # fmt: skip
    assert prove(balance, now - timedelta(hours=4)).reading.figures.balance_due == 100
    assert prove(balance, now - timedelta(hours=1)).reading.at == now - timedelta(hours=3)
    assert prove(balance, now - timedelta(hours=6)) is None


def test_a_duplicate_is_found_among_very_many_purchases_alike():
    balance = holder(balance_due=201 * 2 * 500 + 700, spending_power=25000 - 201 * 2 * 500 - 700)
    owner, now = balance.cardholder, timezone.now()
    for n in range(201):  # the same coffee on two days is nothing odd
        for days in (4, 3):
            make_transaction(
                cardholder=owner, amount=500, merchant_name=f"Coffee {n}", occurred_at=now - timedelta(days=days)
            )
    first, second = (
        make_transaction(cardholder=owner, amount=700, merchant_name="Tram", occurred_at=now - timedelta(minutes=m))
        for m in (70, 65)
    )
    pieces = prove(balance).pieces
    assert [(p.line, p.cause, p.amount) for p in pieces] == [(Line.DUE, Cause.DUPLICATE, -700)]
    assert [one.pk for one in pieces[0].evidence] == [second.pk, first.pk]


def test_one_persons_purchase_is_no_duplicate_of_anothers():
    one, other = holder(), holder()
    at = timezone.now() - timedelta(hours=1)
    for balance in (one, other):
        make_transaction(cardholder=balance.cardholder, amount=700, merchant_name="Tram", occurred_at=at)
    readings = [reading_at(balance) for balance in (one, other)]
    assert [(p.cause, p.amount) for proven in prove_all(readings) for p in proven.pieces] == [
        (Cause.STALE_SOURCE, -700), (Cause.STALE_SOURCE, -700),
    ]  # fmt: skip


def test_the_aggregate_adds_up_the_effects_of_each():
    owner = make_cardholder()
    for kind in ("spend", "fee", "payment", "collateral", "transfer"):
        for state in ("pending", "completed", "reversed", "declined", ""):
            for amount in (500, -120, None):
                for currency in ("usd", "USD", "eur", ""):
                    make_transaction(cardholder=owner, kind=kind, state=state, amount=amount, currency=currency)
    rows = list(Transaction.objects.values("kind", "state", "amount", "currency"))
    effects = [effect(row) for row in rows]
    added = charges_by("cardholder_id", Transaction.objects.all())[owner.pk]
    assert Effect(added.held, added.due) == Effect(sum(e.held for e in effects), sum(e.due for e in effects))
    assert added.uncounted > 0


@pytest.mark.django_db(transaction=True)
def test_what_comes_while_it_is_proven_makes_no_difference():
    balance = holder()
    came: list[int] = []

    def purchase() -> None:
        new = make_transaction(cardholder=balance.cardholder, status="pending", state="pending", amount=900)
        Change.objects.create(
            record="transaction", record_id=new.pk, source="delivery", at=timezone.now(), created=True
        )
        came.append(new.pk)
        connection.close()

    def meanwhile(execute, sql, *rest):
        result = execute(sql, *rest)
        if "SUM(" in sql and not came:
            other = Thread(target=purchase)
            other.start()
            other.join()
        return result

    with connection.execute_wrapper(meanwhile):
        proven = prove(balance)
    assert came
    assert (proven.state, proven.pieces) == (ProofState.TIED, ())


@pytest.mark.django_db(transaction=True)
def test_any_reading_is_proven_later_as_it_was_proven_then(console):
    card = injections.somebody(console)
    balance = Balance.objects.get(cardholder__codego_id=card["userId"])
    owner = card["userId"]
    then = []

    def noted(found: dict) -> dict:
        balance.refresh_from_db()
        proven = prove(balance)
        then.append((proven.reading.at, proven.ours, proven.difference))
        return found

    first = noted(console.story("authorise", cardId=card["id"], amount=1000))
    noted(console.story("increment", transactionId=first["id"], amount=1600))
    noted(console.story("fund", userId=owner, amount=7000))
    noted(console.story("reverse", transactionId=first["id"], newAmount=400))
    second = noted(console.story("authorise", cardId=card["id"], amount=350))
    noted(console.story("settle", transactionId=second["id"]))
    noted(console.story("payment", userId=owner, amount=300))
    noted(console.story("settle", transactionId=first["id"]))

    balance.refresh_from_db()
    assert len({at for at, _, _ in then}) == len(then)
    for at, ours, difference in then:
        again = prove(balance, at)
        assert again.reading.at <= at  # a reading that told nothing new is not kept: the one before it is named
        assert again.reading.at < at or (again.ours, again.difference) == (ours, difference)
        assert sum(power(piece) for piece in again.pieces) == again.difference
        assert again.state in {ProofState.TIED, ProofState.EXPLAINED}


def test_what_was_learned_late_of_one_holder_is_no_concern_of_another():
    from console.history import services as history
    from console.history.services import Written
    from console.provider.mirror import image
    from console.reconciliation.proving import prove_all
    from console.reconciliation.readings import reading_at

    tied, differing = holder(), holder(balance_due=300, spending_power=24700)
    found = make_transaction(cardholder=tied.cardholder, status="pending", state="pending", amount=400)
    history.note(
        "transaction", [Written(found.pk, None, image(found))], source="run", at=timezone.now() + timedelta(seconds=5)
    )
    proofs = prove_all([reading_at(tied), reading_at(differing)])
    assert [proven.state for proven in proofs] == [ProofState.TIED, ProofState.EXPLAINED]
