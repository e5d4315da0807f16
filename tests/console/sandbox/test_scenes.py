"""Each scripted story ends where it promises, and tells the console of it in order."""

import pytest

HELD = ["transaction.requested", "transaction.created"]
UPDATED, DONE, MADE = ["transaction.updated"], ["transaction.completed"], ["transaction.created"]
HOTEL, SHOP = "USD at HOTEL AVENIDA,", "USD at BLUE HARBOUR,"

# scene → what each step comes to (the end of its label) and which events of its own it sends
EXPECTED = {
    "purchase": [
        ("active", []),
        (f"80.00 {HOTEL} pending", HELD),
        (f"80.00 {HOTEL} completed", DONE),
        (f"-30.00 {HOTEL} pending", MADE),
        (f"-30.00 {HOTEL} completed", DONE),
    ],
    "tip": [
        ("active", []),
        (f"100.00 {HOTEL} pending", HELD),
        (f"150.00 {HOTEL} pending", UPDATED),
        (f"150.00 {HOTEL} completed", DONE),
    ],
    "partial_reversal": [
        ("active", []),
        (f"100.00 {HOTEL} pending", HELD),
        (f"40.00 {HOTEL} pending", UPDATED),
        (f"40.00 {HOTEL} completed", DONE),
    ],
    "late_settlement": [
        ("active", []),
        (f"80.00 {HOTEL} pending", HELD),
        ("UTC", UPDATED),
        (f"80.00 {HOTEL} completed", DONE),
    ],
    "refund_after_close": [
        ("active", []),
        (f"80.00 {HOTEL} pending", HELD),
        ("UTC", UPDATED),
        (f"-80.00 {HOTEL} pending", MADE),
        (f"-80.00 {HOTEL} completed", DONE),
    ],
    "declines": [
        ("active", []),
        ("locked", ["card.updated"]),
        (f"12.00 {SHOP} declined: card locked", HELD),
        ("active", ["card.updated"]),
        ("declined: account credit limit exceeded", HELD),
        ("declined: cvv mismatch", HELD),
        ("declined: blocked mcc", HELD),
        ("declined: transaction declined by risk rules", HELD),
    ],
    "spend_limit": [
        ("approved", []),
        ("active", ["card.created"]),
        (f"30.00 {SHOP} pending", HELD),
        (f"30.00 {SHOP} declined: card spending limit exceeded", HELD),
        ("UTC", []),
        (f"30.00 {SHOP} pending", HELD),
    ],
    "physical_card": [
        ("approved", []),
        ("notActivated", ["card.created"]),
        ("notActivated", ["card.updated"]),
        ("UTC", []),
        (f"25.00 {SHOP} declined: card not activated", HELD),
        ("active", ["card.updated"]),
        (f"25.00 {SHOP} pending", HELD),
    ],
    "needs_information": [
        ("active", []),
        ("needsInformation", ["user.updated"]),
        (f"12.00 {SHOP} declined: blocked entity", HELD),
        ("pending", ["user.updated"]),
        ("approved", ["user.updated"]),
    ],
    "company_owner": [
        ("pending", ["company.updated"]),
        ("pending", ["company.updated"]),
        ("needsInformation", ["company.updated"]),
        ("needsInformation", ["company.updated"]),
        ("approved", ["company.updated", "contract.created"]),
    ],
    "dispute_won": [
        ("active", []),
        (f"120.00 {HOTEL} pending", HELD),
        (f"120.00 {HOTEL} completed", DONE),
        ("pending", ["dispute.created"]),
        ("inReview", ["dispute.updated"]),
        ("accepted", ["dispute.updated"]),
    ],
    "dispute_lost": [
        ("active", []),
        (f"120.00 {HOTEL} pending", HELD),
        (f"120.00 {HOTEL} completed", DONE),
        ("pending", ["dispute.created"]),
        ("inReview", ["dispute.updated"]),
        ("rejected", ["dispute.updated"]),
    ],
    "key_rotation": [
        ("active", []),
        ("", []),
        (f"12.00 {SHOP} pending", HELD),
        ("coming secret none", []),
        (f"12.00 {SHOP} completed", DONE),
    ],
}


@pytest.fixture
def calm(sandbox):
    """Nothing is open that moving time on could close, and no account has to be filled up."""
    for one in sandbox.control("GET", "list/transactions?status=pending"):
        sandbox.story("settle", transactionId=one["id"])
    sandbox.story("choose_card", amount=100_000)
    sandbox.story("choose_person", amount=100_000)
    return sandbox


def play(sandbox, name, **body):
    return sandbox.control("POST", f"scene/{name}", body)


def spend(sandbox, step):
    return sandbox.api.get(f"/transactions/{step['id']}").json()["spend"]


def test_the_table_here_knows_every_scene(sandbox):
    listed = sandbox.control("GET", "scenes")
    assert {one["name"]: len(one["steps"]) for one in listed} == {name: len(steps) for name, steps in EXPECTED.items()}
    assert all(one["title"] and one["about"] for one in listed)
    assert all(step["happens"] and step["look"] for one in listed for step in one["steps"])


@pytest.mark.parametrize("name", EXPECTED)
def test_a_scene_comes_to_what_it_promises(calm, name):
    told = play(calm, name)["steps"]
    for step, (label, events) in zip(told, EXPECTED[name], strict=True):
        assert step["label"].endswith(label)
        assert step["events"] == events


@pytest.mark.parametrize("name", EXPECTED)
def test_a_scene_is_the_same_step_by_step(calm, name):
    ids = {}
    for number, (label, events) in enumerate(EXPECTED[name], 1):
        told = play(calm, name, step=number, **ids)
        ids = told["ids"]
        (step,) = told["steps"]
        assert step["label"].endswith(label)
        assert step["events"] == events


@pytest.mark.parametrize("size", ["demo", "empty", "small"])
def test_every_scene_plays_in_any_world_and_after_the_others(sandbox, size):
    sandbox.control("POST", "reset", {"seed": 2, "size": size})
    for name, steps in EXPECTED.items():
        told = play(sandbox, name)["steps"]
        assert [step["label"].endswith(label) for step, (label, _) in zip(told, steps, strict=True)] == [True] * len(
            steps
        )


def test_the_events_of_a_scene_arrive_in_order(calm, receiver):
    told = play(calm, "company_owner")["steps"]
    sent = [kind for step in told for kind in step["events"]]
    receiver.wait(len(sent))
    assert [one["type"] for one in receiver.events()] == sent
    statuses = [one["body"].get("applicationStatus") for one in receiver.events()]
    assert statuses == ["pending", "pending", "needsInformation", "needsInformation", "approved", None]
    moments = [one["body"]["updatedAt"] for one in receiver.events()[:-1]]
    assert moments == sorted(set(moments))


def test_the_one_who_plays_can_be_chosen(sandbox):
    card = sandbox.card(company=True)
    told = play(sandbox, "purchase", cardId=card["id"])
    assert told["ids"]["cardId"] == card["id"]
    assert spend(sandbox, told["steps"][1])["cardId"] == card["id"]
    person = sandbox.control("GET", "list/users?limit=3")[-1]
    assert play(sandbox, "physical_card", step=1, userId=person["id"])["ids"]["userId"] == person["id"]


def test_the_hold_of_a_partial_reversal_stays_until_it_settles(calm):
    ids = play(calm, "partial_reversal", step=1)["ids"]
    card = {"userId": ids["userId"]}
    before = calm.balances(card)["pendingCharges"]
    for number, held in ((2, 10_000), (3, 10_000), (4, 0)):
        ids = play(calm, "partial_reversal", step=number, **ids)["ids"]
        assert calm.balances(card)["pendingCharges"] - before == held


def test_a_late_settlement_names_what_was_closed(calm):
    asked, _, late = play(calm, "late_settlement")["steps"][1:]
    closed, forced = spend(calm, asked), spend(calm, late)
    assert (closed["status"], closed["amount"]) == ("reversed", 0)
    assert closed["completionReason"] == "authorization_reversal"
    assert (forced["isForcePosted"], forced["closedAuthorizationTransactionId"]) == (True, asked["id"])


def test_a_refund_after_the_close_leaves_the_holder_up(calm):
    ids = play(calm, "refund_after_close", step=1)["ids"]
    before = calm.balances(ids)["balanceDue"]
    told = play(calm, "refund_after_close", **ids)["steps"]
    assert calm.balances(ids)["balanceDue"] == before - 8000
    assert spend(calm, told[-1])["completionReason"] == "refund"
    assert spend(calm, told[1])["status"] == "reversed"


def test_the_company_has_its_contract_only_in_the_end(calm):
    ids = play(calm, "company_owner", step=1)["ids"]
    path = f"/companies/{ids['companyId']}"
    for number in (2, 3, 4):
        play(calm, "company_owner", step=number, **ids)
        assert calm.api.get(f"{path}/contracts").json() == []
    play(calm, "company_owner", step=5, **ids)
    owners = calm.api.get(path).json()["ultimateBeneficialOwners"]
    assert [one["applicationStatus"] for one in owners] == ["approved", "approved"]
    assert len(calm.api.get(f"{path}/contracts").json()) == 1


@pytest.mark.parametrize(("name", "verdict"), [("dispute_won", "accepted"), ("dispute_lost", "rejected")])
def test_a_dispute_ends_with_its_verdict_and_a_date(calm, name, verdict):
    told = play(calm, name)
    dispute = calm.api.get(f"/disputes/{told['ids']['disputeId']}").json()
    assert (dispute["status"], dispute["transactionId"]) == (verdict, told["ids"]["transactionId"])
    assert dispute["resolvedAt"]


def test_a_rotation_ends_with_the_new_secret(calm):
    old = calm.facts["webhook_secret"]
    play(calm, "key_rotation")
    settings = calm.control("GET", "webhooks")
    assert settings["secret"] != old
    assert settings["next_secret"] is None
    assert calm.story("restore_webhook_secret")["secret"] == old


def test_a_scene_or_a_step_that_does_not_exist_is_refused(sandbox):
    post = sandbox.browser.post
    assert post("/control/api/scene/opera", json={}).status_code == 404
    for step in (0, 9, "two"):
        assert post("/control/api/scene/purchase", json={"step": step}).status_code == 400
    assert post("/control/api/scene/purchase", json={"step": 3}).status_code == 400  # nothing to settle yet
    assert post("/control/api/scene/purchase", json={"cardId": "nobody"}).status_code == 404
