"""However the provider answers a write, it has one effect and the console ends up knowing it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cardholders import services as kyc
from cardholders.models import Cardholder, KycSession
from cards import services as cards
from cards.models import Card
from console.access import Actor
from console.provider.models import Budget, Command, CommandKind, CommandState
from console.sandbox.variants import SWITCHES
from console.sync import reading, settle
from tests.conftest import Sandbox
from tests.factories import make_cardholder, make_staff
from transactions import charges
from transactions import services as disputes
from transactions.models import Dispute, Transaction

pytestmark = pytest.mark.django_db
ANSWERS = (
    "created_status", "patch_status", "patch_echo", "honours_idempotency_key", "error_style", "not_found_path", "disputes_api",
    "pin_set", "charge_id", "idempotency_header", "envelope", "signature", "list_envelope", "paging", "status_case", "numbers",
    "card_type_field", "missing_fields", "extra_fields", "leaks_pan", "user_updated_at", "page_cap",
)  # fmt: skip
VARIANTS = [{name: choice} for name in ANSWERS for choice in SWITCHES[name].choices[1:] or (7,)]
VARIANTS += [{"created_status": "204", "honours_idempotency_key": "on"}, {"created_status": "204", "paging": "ignored"}]
ORDER = cards.Order(type="virtual", limit_amount=50_000, limit_frequency="per30DayPeriod", display_name="ANA TEST")


@pytest.fixture
def actor(db) -> Actor:
    Budget.objects.update_or_create(pk=1, defaults={"interval": 0.002})
    return Actor(make_staff("operations").pk, ("operations",), "10.0.0.1")


@pytest.fixture
def holder(sandbox: Sandbox) -> Cardholder:
    approved = next(u for u in sandbox.list("users") if u["applicationStatus"] == "approved" and not u.get("companyId"))
    sandbox.story("fund", userId=approved["id"], amount=100_000)
    return make_cardholder(codego_id=approved["id"])


def settled(command: Command) -> Command:
    """After the worker has looked, where the answer did not say what came of it."""
    Command.objects.exclude(check_at=None).update(check_at=timezone.now() - timedelta(seconds=1))
    settle.settle_due()
    command.refresh_from_db()
    return command


def effects(sandbox: Sandbox, method: str, path: str) -> int:
    return sandbox.effects(method, path)["count"]


def purchase(sandbox: Sandbox, card: Card) -> Transaction:
    """A settled purchase with the card, as the worker reads it."""
    made = sandbox.story("authorise", cardId=card.codego_id, amount=1250, currency="usd", merchantName="SHOP")
    sandbox.story("settle", transactionId=made["id"])
    bought = Transaction.objects.create(codego_id=made["id"], by_reference=True, dirty_at=timezone.now())
    reading.read_dirty(seconds=20)
    bought.refresh_from_db()
    return bought


@pytest.mark.parametrize("switches", VARIANTS, ids=str)
def test_every_write_has_one_effect_and_is_known(sandbox, holder, actor, switches):
    sandbox.switch(**switches)

    issued = settled(cards.issue(holder, ORDER, actor=actor))
    card = Card.objects.get(codego_id=issued.result)
    assert (issued.state, effects(sandbox, "POST", f"/users/{holder.codego_id}/cards")) == (CommandState.DONE, 1)
    assert (card.state, card.type, card.limit_amount, card.cardholder) == ("active", "virtual", 50_000, holder)

    limited = settled(cards.set_limit(card, 12_345, "perAuthorization", actor=actor))
    locked = settled(cards.change_status(card, CommandKind.LOCK, actor=actor))
    card.refresh_from_db()
    assert (limited.state, locked.state, effects(sandbox, "PATCH", f"/cards/{card.codego_id}")) == ("done", "done", 2)
    assert (card.state, card.limit_amount, card.limit_frequency) == ("locked", 12_345, "perAuthorization")
    settled(cards.change_status(card, CommandKind.UNLOCK, actor=actor))
    card.refresh_from_db()
    assert card.state == "active"

    bought = purchase(sandbox, card)
    opened = settled(disputes.open_dispute(bought, "Never arrived.", actor=actor))
    dispute = Dispute.objects.get(codego_id=opened.result)
    assert (opened.state, effects(sandbox, "POST", f"/transactions/{bought.codego_id}/disputes")) == ("done", 1)
    assert dispute.transaction == bought

    charged = settled(charges.charge(holder, 1_999, "Replacement card", actor=actor, reason="asked"))
    fee = Transaction.objects.get(codego_id=charged.result)
    assert (charged.state, effects(sandbox, "POST", f"/users/{holder.codego_id}/charges")) == (CommandState.DONE, 1)
    assert (fee.cardholder, fee.kind, fee.amount, fee.description) == (holder, "fee", 1_999, "Replacement card")

    applicant = kyc.add_cardholder(email="new@holder.test", first_name="", last_name="", actor=actor)
    begun, session = kyc.open_session(applicant, actor=actor)
    assert (begun.state, effects(sandbox, "POST", "/session/create")) == (CommandState.DONE, 1)
    assert session
    assert KycSession.objects.get().cardholder == applicant


def test_a_dispute_nobody_can_list_waits_for_somebody_and_is_not_sent_again(sandbox, holder, actor):
    card = Card.objects.get(codego_id=cards.issue(holder, ORDER, actor=actor).result)
    bought = purchase(sandbox, card)
    sandbox.switch(created_status="204", disputes_api="create_only")
    opened = settled(disputes.open_dispute(bought, "Never arrived.", actor=actor))
    assert opened.state == CommandState.UNKNOWN
    assert effects(sandbox, "POST", f"/transactions/{bought.codego_id}/disputes") == 1


@pytest.mark.parametrize("style", SWITCHES["error_style"].choices)
@pytest.mark.parametrize("path", SWITCHES["not_found_path"].choices)
def test_a_refusal_is_a_refusal_in_any_words(sandbox, holder, actor, style, path):
    sandbox.switch(error_style=style, not_found_path=path)
    wrong = cards.Order(type="virtual", limit_amount=100, limit_frequency="monthly")
    refused = cards.issue(holder, wrong, actor=actor)
    assert refused.state == CommandState.REFUSED
    assert refused.message
    assert effects(sandbox, "POST", f"/users/{holder.codego_id}/cards") == 0
    unknown = make_cardholder(codego_id="a-ghost")
    assert cards.issue(unknown, ORDER, actor=actor).state == CommandState.REFUSED
