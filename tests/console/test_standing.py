"""Where a record stands: each state says something, who can change it, and what to do, to those who may."""

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.utils import timezone

from console.access import ROLE_PERMISSIONS, Permission, Role
from console.audit.events import Action
from console.audit.models import Entry
from console.standing import Case, Facts, Fixer, Step, stand
from tests.factories import (
    make_balance,
    make_card,
    make_cardholder,
    make_command,
    make_company,
    make_contract,
    make_dispute,
    make_staff,
    make_transaction,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forgetful():
    caches["local"].clear()


def standing(client, row):
    return client.get(row.get_absolute_url()).context["standing"]


def labels(found) -> list[str]:
    return [str(step.label) for each in (found, *found.also) for step in each.steps]


def ready(**fields):
    """A cardholder that lacks nothing but a card."""
    holder = make_cardholder(**fields)
    make_contract(holder)
    return holder


APPLICATIONS = [
    # state, role, what it says, who, what can be done
    (
        "needsInformation",
        "operations",
        "needs more than was submitted",
        "CARDHOLDER",
        ["Start identity check", "Send to their phone"],
    ),
    (
        "needsVerification",
        "operations",
        "not verified yet",
        "CARDHOLDER",
        ["Start identity check", "Send to their phone"],
    ),
    (
        "notStarted",
        "operations",
        "Nothing has been submitted",
        "CARDHOLDER",
        ["Start identity check", "Send to their phone"],
    ),
    (
        "tosNotAccepted",
        "operations",
        "terms are not accepted",
        "CARDHOLDER",
        ["Start identity check", "Send to their phone"],
    ),
    ("needsInformation", "viewer", "needs more than was submitted", "CARDHOLDER", []),
    ("pending", "operations", "checking what was submitted", "PROVIDER", []),
    ("manualReview", "operations", "A person at the provider", "PROVIDER", []),
    ("denied", "compliance", "turned this application down", "US", ["Record a decision"]),
    ("denied", "operations", "turned this application down", "US", []),
    ("locked", "compliance", "locked this application", "US", ["Record a decision"]),
    ("canceled", "operations", "was cancelled", "US", ["Add a cardholder"]),
    ("exempt", "operations", "no identity check", "NOBODY", []),
    ("onTheMoon", "operations", "does not know: “onTheMoon”", "PROVIDER", []),
]


@pytest.mark.parametrize(("state", "role", "text", "who", "steps"), APPLICATIONS)
@pytest.mark.parametrize("make", [make_cardholder, make_company])
def test_an_application_says_whose_turn_it_is_and_offers_what_helps(client_as, make, state, role, text, who, steps):
    found = standing(client_as(role), make(application_status=state, state=state.lower()))
    assert text in found.text
    assert found.who.name == who
    assert labels(found) == steps


def test_what_another_role_could_do_is_said_by_its_name(client_as):
    found = standing(client_as("viewer"), make_cardholder(application_status="denied", state="denied"))
    assert found.others == ("Record a decision: Compliance can do this.",)


def test_a_session_that_is_open_is_resumed_and_one_that_was_submitted_is_waited_for(client_as):
    holder = make_cardholder(application_status="needsInformation", state="needsinformation")
    session = holder.kyc_sessions.create(session_id="s1", opened_at=timezone.now())
    assert labels(standing(client_as("operations"), holder)) == ["Resume KYC session", "Send to their phone"]
    session.submitted_at = timezone.now()
    session.save()
    found = standing(client_as("operations"), holder)
    assert "waiting for the provider's decision" in found.text
    assert labels(found) == []


def test_a_decision_that_was_recorded_is_not_asked_for_again(client_as):
    holder = make_cardholder(application_status="denied", state="denied")
    Entry.objects.create(action=Action.REVIEW_DECIDE, outcome="done", record="cardholder", record_id=holder.pk)
    page = client_as("compliance").get(holder.get_absolute_url())
    assert labels(page.context["standing"]) == []
    assert page.text.count("Record a decision") == 1  # beside the title it can still be recorded anew


def test_an_approved_person_is_led_to_a_card_to_money_and_then_left_alone(client_as):
    client = client_as("operations")
    assert standing(client, make_cardholder()).text == "Approved without a contract"
    holder = ready()
    page = client.get(holder.get_absolute_url())
    assert page.context["standing"].text == "Approved, and without a card"
    assert labels(page.context["standing"]) == ["Issue card"]
    assert page.text.count(f"/cards/issue/{holder.pk}/") == 1
    card = make_card(holder)
    assert standing(client, holder).level == "good"
    make_balance(holder, spending_power=100)
    low = standing(client, holder)
    assert low.text == "Spending power is low: $1.00"
    assert labels(low) == ["See the deposit address"]
    card.status = card.state = "canceled"
    card.save()
    closed = standing(client, holder)
    assert closed.text == "All cards are cancelled"
    assert [each.text for each in closed.also] == ["Spending power is low: $1.00"]


CARDS = [
    ("active", {}, "operations", "Active", None, []),
    ("locked", {}, "operations", "Locked, but not from this console", "US", ["Unlock card"]),
    ("locked", {}, "compliance", "Locked, but not from this console", "US", []),
    ("blocked", {}, "operations", "Blocked at the provider", "US", ["Unlock card"]),
    ("notActivated", {}, "operations", "Not activated yet", "US", ["Activate card"]),
    ("inactive", {}, "operations", "Not active", "US", ["Activate card"]),
    ("canceled", {}, "operations", "Cancelled", "US", ["Issue a new card"]),
    ("active", {"left": 20}, "operations", "Expires in 20 days", "US", ["Replace card"]),
    ("active", {"left": -3}, "operations", "Expired on", "US", ["Replace card"]),
    ("frosted", {}, "operations", "does not know: “frosted”", "PROVIDER", []),
]


@pytest.mark.parametrize(("status", "more", "role", "text", "who", "steps"), CARDS)
def test_a_card_says_what_it_needs(client_as, status, more, role, text, who, steps):
    fields = {"expires_on": timezone.now().date() + timedelta(days=more["left"])} if more else {}
    found = standing(client_as(role), make_card(ready(), status=status, state=status.lower(), **fields))
    assert text in found.text
    assert (found.who.name if found.who else None) == who
    assert labels(found) == steps


def test_a_lock_of_ours_says_who_when_and_why_to_those_who_may_read_it(client_as):
    card = make_card(status="locked", state="locked")
    make_command("card", card.pk, kind="lock", actor=make_staff("operations", name="Olga Ops"), reason="Ana lost it")
    found = standing(client_as("operations"), card)
    assert found.text.startswith("Locked by Olga Ops, ")
    assert "Ana lost it" in found.why
    assert "Ana" not in standing(client_as("viewer"), card).why
    make_command("card", card.pk, kind="unlock")
    assert standing(client_as("operations"), card).text == "Locked, but not from this console"


def test_declines_of_the_last_day_lead_to_what_mends_them(client_as):
    card = make_card(ready())
    lately = timezone.now() - timedelta(hours=2)
    for reason in ("card spending limit exceeded", "Card Spending Limit Exceeded", "cvv mismatch"):
        make_transaction(card, state="declined", status="declined", declined_reason=reason, occurred_at=lately)
    make_transaction(
        card, state="declined", status="declined", declined_reason="invalid pin", occurred_at=lately - timedelta(days=3)
    )
    page = client_as("operations").get(card.get_absolute_url())
    found = page.context["standing"]
    assert found.text == "3 purchases were declined in the last 24 hours, most often: Over the card's limit"
    assert found.who is Fixer.US
    assert labels(found) == ["Change limit"]
    assert page.text.count(f"/cards/{card.pk}/limit/") == 1  # offered once
    assert next((each.folded, each.times) for each in page.context["reasons"]) == ("cardspendinglimitexceeded", 2)
    assert standing(client_as("viewer"), card).others == ("Change limit: Operations can do this.",)


def ago(days: int):
    return timezone.now() - timedelta(days=days)


TRANSACTIONS = [
    ({"state": "pending", "amount": 1250, "authorized_at": ago(3)}, "On hold until", "14 days after", []),
    ({"state": "pending", "amount": 250_000, "authorized_at": ago(3)}, "On hold until", "31 days after", []),
    ({"state": "pending", "amount": 1250, "authorized_at": ago(20)}, "longer than a hold should last", "support", []),
    ({"state": "completed", "posted_at": ago(3)}, "Settled", "usually possible until", ["Open dispute"]),
    ({"state": "completed", "posted_at": ago(200)}, "Settled", "ended on", ["Open dispute"]),
    ({"state": "reversed", "authorized_at": ago(3)}, "yet still held", "let go by itself", []),
    ({"state": "reversed", "authorized_at": ago(90)}, "Given up by the merchant", "", []),
    ({"state": "pending", "amount": -500, "authorized_at": ago(3)}, "Refund on its way", "lapses on", []),
    ({"state": "completed", "amount": -500}, "Refunded", "", []),
    (
        {"state": "completed", "kind": "collateral", "type": "collateral"},
        "Collateral",
        "",
        ["See balance and contract"],
    ),
    ({"state": "pending", "kind": "payment", "type": "payment"}, "not counted yet", "", ["See balance and contract"]),
    ({"state": "completed", "kind": "fee", "type": "fee"}, "Fee", "", ["See balance and contract"]),
    ({"state": "pondering"}, "a word this console does not know: “pondering”", "support", []),
]


@pytest.mark.parametrize(("fields", "text", "how", "steps"), TRANSACTIONS)
def test_a_transaction_says_what_it_means_for_the_money(client_as, fields, text, how, steps):
    found = standing(client_as("operations"), make_transaction(make_card(ready()), status=fields["state"], **fields))
    assert text in found.text
    assert how in found.how
    assert labels(found) == steps


@pytest.mark.parametrize(
    ("reason", "card", "text", "who", "steps"),
    [
        ("card locked", "locked", "Declined: Card locked", "US", ["Unlock card"]),
        ("card locked", "active", "Declined: Card locked", None, []),
        ("card spending limit exceeded", "active", "Declined: Over the card's limit", "US", ["Change limit"]),
        ("blocked mcc", "active", "Declined: Kind of merchant not allowed", "NOBODY", []),
        ("balance inquiry not permitted", "active", "Declined: Balance inquiry", "MERCHANT", []),
        ("Do not honour", "active", "Declined: reason not known", "PROVIDER", []),
        ("", "active", "Declined: no reason given", "PROVIDER", []),
    ],
)
def test_a_decline_says_who_can_mend_it(client_as, reason, card, text, who, steps):
    of = make_card(ready(), state=card, status=card)
    found = standing(
        client_as("operations"), make_transaction(of, state="declined", status="declined", declined_reason=reason)
    )
    assert found.text == text
    assert (found.who.name if found.who else None) == who
    assert labels(found) == steps
    assert found.said == reason


def test_a_purchase_under_dispute_leads_to_the_dispute(client_as):
    dispute = make_dispute()
    found = standing(client_as("operations"), dispute.transaction)
    assert "dispute about it is open" in found.text
    assert [step.url for step in found.steps] == [dispute.get_absolute_url()]


@pytest.mark.parametrize(
    ("state", "opened", "text", "why"),
    [
        ("pending", 3, "puts it to the merchant", "usually has until"),
        ("pending", 40, "longer than is usual", "ended on"),
        ("inReview", 3, "is looking at it", "ends on"),
        ("accepted", 3, "for the cardholder", "comes back"),
        ("rejected", 3, "for the merchant", "stays"),
        ("canceled", 3, "Withdrawn", "dropped"),
        ("appealed", 3, "does not know: “appealed”", "not known"),
    ],
)
def test_a_dispute_says_what_comes_next(client_as, state, opened, text, why):
    dispute = make_dispute(status=state, state=state.lower(), opened_at=ago(opened))
    found = standing(client_as("operations"), dispute)
    assert text in found.text
    assert why in found.why
    is_open = state in {"pending", "inReview"}
    assert labels(found) == (["Attach file", "Change statement"] if is_open else ["See the purchase"])


@pytest.mark.parametrize("make", [make_cardholder, make_company, make_card, make_transaction, make_dispute])
def test_a_record_that_is_gone_unread_or_known_by_name_only_says_so(client_as, make):
    client = client_as("viewer")
    gone = make(read_error="There is no such object.", dirty_at=None)
    assert standing(client, gone).text == "The provider does not know this record"
    assert "There is no such object." in standing(client, gone).why
    older = standing(client, make(read_error="It timed out.", dirty_at=timezone.now()))
    assert "what you see is older" in " ".join(each.text for each in (older, *older.also))
    fields = {"by_reference": True, "read_at": None} | ({} if make is make_dispute else {"state": ""})
    assert "Known by reference" in standing(client, make(**fields)).text


@pytest.mark.parametrize("role", list(Role))
def test_nobody_is_offered_what_they_may_not_do(client_as, role):
    """Every step on every page is one that opens."""
    rows = [
        make_cardholder(application_status="denied", state="denied"), ready(), make_card(status="locked", state="locked"),
        make_transaction(), make_dispute(),
    ]  # fmt: skip
    client = client_as(role.value)
    for row in rows:
        for step in standing(client, row).steps:
            answer = client.get(step.url)
            assert answer.status_code in {200, 405}, step


def test_a_table_fills_its_words_in_and_asks_for_the_right_permission():
    step = Step("Do", "cards:lock", Permission.CARD_LOCK)
    cases = [Case("late", "warn", "%(n)s late", adds=True), Case("", "info", "fine", steps=(step,))]
    facts = Facts(flags=frozenset({"late"}), words={"n": 3}, ids={"record": 7})
    found = stand(cases, facts, ROLE_PERMISSIONS[Role.COMPLIANCE])
    assert (found.text, found.steps, found.also) == ("3 late", (), ())
    fine = stand(cases, Facts(flags=frozenset(), ids={"record": 7}), ROLE_PERMISSIONS[Role.COMPLIANCE])
    assert [press.url for press in fine.steps] == ["/cards/7/lock/"]
    assert stand(cases, Facts(flags=frozenset(), ids={}), ROLE_PERMISSIONS[Role.COMPLIANCE]).steps == ()
