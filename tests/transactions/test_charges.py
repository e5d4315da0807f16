"""Charging a fee: charged once, whatever happens on the way, and known afterwards by the fee it became."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from cardholders.models import Cardholder, Company
from console.access import Actor
from console.audit.models import Entry
from console.codego.errors import CodegoError
from console.provider import features
from console.provider.commands import CannotDo
from console.provider.models import Capability, Command, CommandState
from console.sync import settle
from tests.factories import make_balance, make_cardholder, make_command, make_company, make_staff
from transactions import charges
from transactions.models import Transaction

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = "Replacement card"


@pytest.fixture
def actor(db) -> Actor:
    return Actor(make_staff("finance").pk, ("finance",), "10.0.0.1")


@pytest.fixture
def holder(sandbox) -> Cardholder:
    approved = next(u for u in sandbox.list("users") if u["applicationStatus"] == "approved" and not u.get("companyId"))
    return make_cardholder(codego_id=approved["id"], read_at=None)


@pytest.fixture
def company(sandbox) -> Company:
    approved = next(c for c in sandbox.list("companies") if c["applicationStatus"] == "approved")
    return make_company(codego_id=approved["id"], read_at=None)


def fees_at(sandbox, owner) -> list[str]:
    """Ids of the owner's fees that read as ours do, or nearly."""
    fees = [one | one["fee"] for one in sandbox.list("transactions") if one["type"] == "fee"]
    return [
        fee["id"]
        for fee in fees
        if owner.codego_id in {fee.get("userId"), fee.get("companyId")} and fee["amount"] == 1_999
    ]


def looked(command: Command | None = None) -> Command | None:
    """The worker looks at what is open."""
    Command.objects.exclude(check_at=None).update(check_at=timezone.now() - timedelta(seconds=1))
    settle.settle_due()
    if command:
        command.refresh_from_db()
    return command


def charged(owner, actor, words=WORDS, amount=1_999) -> Command:
    return charges.charge(owner, amount, words, actor=actor, reason="lost by the holder")


@pytest.mark.parametrize("named", ["transaction", "own"])
def test_a_fee_is_charged_read_and_linked(sandbox, holder, actor, named):
    sandbox.switch(charge_id=named)
    balance = make_balance(holder)
    command = charged(holder, actor)
    (fee,) = fees_at(sandbox, holder)
    row = Transaction.objects.get(codego_id=fee)
    assert (command.state, command.result, command.check_at) == (CommandState.DONE, fee, None)
    assert (row.cardholder, row.amount, row.signed_amount, row.description) == (holder, 1_999, -1_999, WORDS)
    balance.refresh_from_db()
    assert balance.dirty_at
    entry = Entry.objects.get(command=command.pk)
    assert (entry.action, entry.outcome, entry.record, entry.reason) == (
        "charge:make", "done", "cardholder", "lost by the holder",
    )  # fmt: skip


def test_a_company_is_charged(sandbox, company, actor):
    command = charged(company, actor)
    assert Transaction.objects.get(codego_id=command.result).company == company
    assert fees_at(sandbox, company) == [command.result]


@pytest.mark.parametrize("named", ["transaction", "own"])
def test_a_lost_answer_is_settled_by_reading_and_never_sent_again(sandbox, holder, actor, named):
    sandbox.switch(charge_id=named)
    sandbox.fault("POST /users/*/charges", "drop_after")
    command = charged(holder, actor)
    assert command.state == CommandState.UNKNOWN
    looked(command)
    (fee,) = fees_at(sandbox, holder)
    assert (command.state, command.result) == (CommandState.DONE, fee)
    assert Transaction.objects.filter(cardholder=holder, codego_id=fee, amount=1_999).count() == 1


def test_an_older_fee_of_the_same_amount_and_words_is_not_taken_for_it(sandbox, holder, actor):
    earlier = charged(holder, actor)
    sandbox.story("fee", userId=holder.codego_id, amount=1_999, description=WORDS)
    sandbox.fault("POST /users/*/charges", "drop_before")
    command = looked(charged(holder, actor))
    assert earlier.state == CommandState.DONE
    assert command.state == CommandState.UNKNOWN


def test_not_charged_is_said_only_after_a_day_without_such_a_fee(sandbox, holder, actor):
    sandbox.fault("POST /users/*/charges", "drop_before")
    command = charged(holder, actor)
    for _ in range(4):
        looked(command)
    assert command.state == CommandState.UNKNOWN
    Command.objects.update(sent_at=timezone.now() - timedelta(hours=23))
    looked(command)
    assert command.state == CommandState.UNKNOWN
    Command.objects.update(sent_at=timezone.now() - timedelta(days=1, minutes=1))
    looked(command)
    assert (command.state, fees_at(sandbox, holder)) == (CommandState.NOT_DONE, [])


def test_fees_of_others_and_of_other_amounts_do_not_matter(sandbox, holder, company, actor):
    sandbox.fault("POST /users/*/charges", "drop_before")
    command = charged(holder, actor)
    sandbox.story("fee", companyId=company.codego_id, amount=1_999, description=WORDS)
    sandbox.story("fee", userId=holder.codego_id, amount=2_000, description=WORDS)
    assert looked(command).state == CommandState.UNKNOWN


def test_several_new_fees_are_for_a_person_to_decide(sandbox, holder, actor):
    sandbox.fault("POST /users/*/charges", "drop_after")
    command = charged(holder, actor)
    sandbox.story("fee", userId=holder.codego_id, amount=1_999, description=WORDS)
    looked(command)
    assert (command.state, command.result) == (CommandState.SEVERAL, "")
    found = charges.candidates(command)
    assert {fee.codego_id for fee in found} == set(fees_at(sandbox, holder))
    charges.claim(command, found[0], actor=actor)
    with pytest.raises(CannotDo, match="already"):
        charges.claim(command, found[1], actor=actor)
    looked(command)
    assert (command.state, command.result, command.check_at) == (CommandState.DONE, found[0].codego_id, None)


def test_a_fee_that_another_charge_has_taken_meanwhile_is_not_said_to_be_this_ones(sandbox, holder, actor):
    sandbox.fault("POST /users/*/charges", "drop_after")
    command = charged(holder, actor)
    sandbox.story("fee", userId=holder.codego_id, amount=1_999, description=WORDS)
    looked(command)
    fee = charges.candidates(command)[0]
    make_command("cardholder", holder.pk, kind="charge", state=CommandState.DONE, result=fee.codego_id)
    with pytest.raises(CannotDo, match="another charge"):
        charges.claim(command, fee, actor=actor)
    command.refresh_from_db()
    assert command.state == CommandState.SEVERAL


def test_a_new_fee_in_other_words_is_for_a_person_too(sandbox, holder, actor):
    sandbox.fault("POST /users/*/charges", "drop_before")
    command = charged(holder, actor)
    sandbox.story("fee", userId=holder.codego_id, amount=1_999, description="REPLACEMENT CRD")
    assert looked(command).state == CommandState.SEVERAL
    assert charges.claim(command, None, actor=actor).state == CommandState.NOT_DONE


def test_while_the_fee_of_an_equal_charge_is_awaited_a_new_one_may_be_either_s(sandbox, holder, actor):
    sandbox.switch(charge_id="own")
    earlier = charged(holder, actor)
    Command.objects.filter(pk=earlier.pk).update(result="a-charge", check_at=timezone.now() + timedelta(hours=1))
    Transaction.objects.filter(kind="fee").delete()
    sandbox.fault("POST /users/*/charges", "drop_after")
    command = charged(holder, actor)
    Command.objects.filter(pk=command.pk).update(check_at=timezone.now() - timedelta(seconds=1))
    settle.settle_due()
    command.refresh_from_db()
    assert command.state == CommandState.SEVERAL


def test_a_fee_that_another_charge_became_is_not_taken_for_it(sandbox, holder, actor):
    """Both looked before either was charged, so neither knows the other's fee as an old one."""
    earlier = charged(holder, actor)
    command = make_command(
        "cardholder", holder.pk, kind="charge", state="unknown", target=holder.codego_id, sent_at=timezone.now(),
        payload={"amount": 1_999, "description": WORDS}, check_at=timezone.now(),
    )  # fmt: skip
    assert fees_at(sandbox, holder) == [earlier.result]
    assert looked(command).state == CommandState.UNKNOWN


def test_a_fee_that_shows_late_is_waited_for(sandbox, holder, actor):
    """The charge was taken and has an id of its own; its transaction comes when it comes."""
    command = make_command(
        "cardholder", holder.pk, kind="charge", target=holder.codego_id, payload={"amount": 1_999, "description": WORDS},
        result="a-charge", settled_at=timezone.now(), check_at=timezone.now(),
    )  # fmt: skip
    looked(command)
    assert (command.state, command.result) == (CommandState.DONE, "a-charge")
    assert command.check_at
    fee = sandbox.story("fee", userId=holder.codego_id, amount=1_999, description=WORDS)
    looked(command)
    assert (command.state, command.result, command.check_at) == (CommandState.DONE, fee["id"], None)
    assert Transaction.objects.get(codego_id=fee["id"]).cardholder == holder
    assert not Entry.objects.filter(command=command.pk).exists()


def test_a_fee_that_never_shows_is_not_waited_for_longer_than_a_day(sandbox, holder, actor):
    command = make_command(
        "cardholder", holder.pk, kind="charge", target=holder.codego_id, payload={"amount": 1_999, "description": WORDS},
        result="a-charge", settled_at=timezone.now() - timedelta(days=1), check_at=timezone.now(),
    )  # fmt: skip
    looked(command)
    assert (command.state, command.check_at) == (CommandState.DONE, None)


def test_while_one_charge_is_open_a_second_of_the_same_owner_is_refused(sandbox, holder, company, actor):
    sandbox.fault("POST /users/*/charges", "drop_before")
    charged(holder, actor)
    with pytest.raises(CannotDo, match="still open"):
        charged(holder, actor, amount=5)
    assert charged(company, actor).state == CommandState.DONE


def test_the_provider_s_refusal_is_kept_in_its_words(sandbox, holder, actor):
    command = charged(holder, actor, amount=10**12 + 1)
    assert command.state == CommandState.REFUSED
    assert "body/amount" in command.message


def test_a_provider_that_lacks_it_is_not_asked_twice(sandbox, holder, company, actor):
    sandbox.switch(charges="off")
    assert charged(holder, actor).state == CommandState.REFUSED
    with pytest.raises(CannotDo, match="does not offer"):
        charged(holder, actor)
    known = {standing.feature.key: standing.presence for standing in features.standings()}
    assert known["charges"] == features.Presence.ABSENT
    features.try_again(features.BY_KEY["charges"])
    sandbox.switch(charges="on")
    assert charged(holder, actor).state == CommandState.DONE
    assert Capability.objects.get(route=features.CHARGES["cardholder"]).present


def test_whose_money_is_the_company_s_and_who_is_not_approved_cannot_be_charged(actor):
    employee = make_cardholder(company=make_company())
    with pytest.raises(CannotDo, match="Charge Harbour Trading SA instead"):
        charged(employee, actor)
    with pytest.raises(CannotDo, match="approved"):
        charged(make_cardholder(state="pending"), actor)
    assert list(Entry.objects.values_list("action", "outcome")) == [("charge:make", "refused")] * 2
    assert not Command.objects.exists()


def test_nothing_is_sent_when_the_provider_cannot_be_asked_first(holder, settings, actor):
    settings.CODEGO_API_URL = "http://127.0.0.1:9/api/v1"
    with pytest.raises(CodegoError):
        charged(holder, actor)
    assert not Command.objects.exists()
    assert connection.is_usable()
