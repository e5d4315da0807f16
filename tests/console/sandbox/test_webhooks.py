"""Signed deliveries that keep coming until they are answered."""

import base64
import hashlib
import hmac
import json
import pathlib

import pytest

from console.sandbox import webhooks

VECTORS = json.loads((pathlib.Path(__file__).parents[2] / "vectors.json").read_text())["signatures"]


def tell(sandbox):
    return sandbox.story("authorise", cardId=sandbox.card()["id"], amount=100)


@pytest.mark.parametrize("case", VECTORS, ids=range(len(VECTORS)))
def test_signatures_match_the_golden_vectors(case):
    signature = webhooks.sign(case["secret"], base64.b64decode(case["body"]))
    assert f"sha256={signature}" == case["accept"][0]
    assert signature not in case["reject"]


def test_a_delivery_is_signed_over_its_raw_body(sandbox, receiver):
    sandbox.switch(transaction_requested_events="off")
    tell(sandbox)
    headers, raw = receiver.wait(1)[0]
    want = hmac.new(sandbox.facts["webhook_secret"].encode(), raw, hashlib.sha256).hexdigest()
    assert headers["Signature"] == f"sha256={want}"
    assert headers["Idempotency-Key"]
    assert set(json.loads(raw)) == {"type", "body"}


def test_a_purchase_is_told_from_request_to_settlement(sandbox, receiver):
    held = tell(sandbox)
    sandbox.story("settle", transactionId=held["id"])
    receiver.wait(3)
    kinds = [one["type"] for one in receiver.events()]
    assert kinds == ["transaction.requested", "transaction.created", "transaction.completed"]
    assert "id" not in receiver.events()[0]["body"]
    assert receiver.events()[2]["body"]["spend"]["status"] == "completed"


def test_a_failing_receiver_gets_the_same_delivery_again(sandbox, receiver):
    for status in (500, 302):
        receiver.answers.put(status)
    sandbox.switch(transaction_requested_events="off")
    tell(sandbox)
    arrived = receiver.wait(3)
    assert len({headers["Idempotency-Key"] for headers, _ in arrived}) == 1
    assert len({raw for _, raw in arrived}) == 1
    sandbox.control("POST", "tick")
    (delivery,) = sandbox.control("GET", "deliveries")
    assert (delivery["attempts"], delivery["last_status"], delivery["state"]) == (3, 200, "delivered")


def test_every_change_is_told(sandbox, receiver):
    user, card = sandbox.person(), sandbox.card()
    sandbox.api.post(f"/users/{user['id']}/cards", json={"type": "virtual"})
    sandbox.api.patch(f"/cards/{card['id']}", json={"status": "locked"})
    posted = sandbox.story("force_post", cardId=card["id"], amount=5000)
    dispute = sandbox.api.post(f"/transactions/{posted['id']}/disputes", json={}).json()
    sandbox.story("decide_dispute", disputeId=dispute["id"], status="accepted")
    sandbox.story("fund", userId=card["userId"], amount=5000)
    receiver.wait(6)
    assert [one["type"] for one in receiver.events()] == [
        *("card.created", "card.updated", "transaction.completed"),
        *("dispute.created", "dispute.updated", "transaction.created"),
    ]


def test_a_refused_write_tells_nothing(sandbox, receiver):
    sandbox.api.patch(f"/cards/{sandbox.card('canceled')['id']}", json={"status": "active"})
    assert sandbox.control("GET", "deliveries") == []


def test_tricks_of_the_line(sandbox, receiver):
    sandbox.switch(transaction_requested_events="off")
    sandbox.control("POST", "webhooks", {"paused": True})
    tell(sandbox)
    sandbox.control("POST", "webhooks", {"paused": False, "duplicate": True, "forge": True})
    arrived = receiver.wait(3)
    secret = sandbox.facts["webhook_secret"].encode()
    genuine = [h["Signature"] == f"sha256={hmac.new(secret, raw, hashlib.sha256).hexdigest()}" for h, raw in arrived]
    assert genuine == [False, True, True]
    assert arrived[1][0]["Idempotency-Key"] == arrived[2][0]["Idempotency-Key"]


def test_what_was_lost_can_be_sent_again(sandbox, receiver):
    sandbox.switch(transaction_requested_events="off")
    sandbox.control("POST", "webhooks", {"lose": True})
    tell(sandbox)
    (lost,) = sandbox.control("GET", "deliveries")
    assert (lost["state"], receiver.arrived) == ("lost", [])
    assert sandbox.control("POST", "redeliver", {"ids": [lost["id"]]}) == {"count": 1}
    assert receiver.wait(1)[0][0]["Idempotency-Key"] == lost["id"]
    assert sandbox.control("POST", "redeliver", {"since": lost["created_at"]}) == {"count": 1}
    assert receiver.wait(2)[1][0]["Idempotency-Key"] == lost["id"]


@pytest.mark.parametrize(
    ("switches", "keys"),
    [
        ({"envelope": "data"}, {"type", "data"}),
        ({"envelope": "resource_action"}, {"id", "resource", "action", "version", "body", "eventReceivedAt"}),
    ],
)
def test_envelopes_have_other_spellings(sandbox, receiver, switches, keys):
    sandbox.switch(**switches, signature="bare", idempotency_header="off")
    tell(sandbox)
    headers, raw = receiver.wait(1)[0]
    assert set(json.loads(raw)) == keys
    assert len(headers["Signature"]) == 64
    assert "Idempotency-Key" not in headers


@pytest.mark.parametrize("url", ["nonsense", "ftp://x.test/", "http://", "http://localhost:0/"])
def test_a_receiver_must_have_a_web_address(sandbox, url):
    assert sandbox.browser.post("/control/api/webhooks", json={"url": url}).status_code == 400


def test_events_without_a_receiver_are_held_until_asked_for(sandbox, receiver):
    sandbox.switch(transaction_requested_events="off")
    sandbox.control("POST", "webhooks", {"url": ""})
    tell(sandbox)
    sandbox.control("POST", "webhooks", {"url": receiver.url})
    assert sandbox.control("GET", "deliveries")[0]["state"] == "held"
    sandbox.control("POST", "redeliver", {})
    assert receiver.wait(1)


def test_deliveries_can_be_late(sandbox, receiver):
    sandbox.switch(transaction_requested_events="off")
    sandbox.control("POST", "webhooks", {"delay_s": 3600})
    tell(sandbox)
    sandbox.control("POST", "webhooks", {"delay_s": 0})
    tell(sandbox)
    receiver.wait(1)
    late, early = sorted(sandbox.control("GET", "deliveries"), key=lambda one: one["n"])
    assert (late["state"], late["attempts"]) == ("pending", 0)
    assert receiver.arrived[0][0]["Idempotency-Key"] == early["id"]
    for wrong in (-1, "soon", True):
        assert sandbox.browser.post("/control/api/webhooks", json={"delay_s": wrong}).status_code == 400


def signed_by(secret, headers, raw, name="Signature"):
    return headers.get(name) == f"sha256={webhooks.sign(secret, raw)}"


def test_a_secret_is_rotated_with_both_signing_meanwhile(sandbox, receiver):
    sandbox.switch(transaction_requested_events="off")
    old = sandbox.facts["webhook_secret"]
    told = sandbox.story("make_webhook_secret")
    new = sandbox.control("GET", "webhooks")["next_secret"]
    assert (told["secret"], told["next_secret"]) == (old, new)
    tell(sandbox)
    headers, raw = receiver.wait(1)[0]
    assert signed_by(old, headers, raw)
    assert signed_by(new, headers, raw, "Secondary-Signature")
    sandbox.story("retire_webhook_secret")
    tell(sandbox)
    headers, raw = receiver.wait(2)[1]
    assert signed_by(new, headers, raw)
    assert "Secondary-Signature" not in headers
    assert sandbox.browser.post("/control/api/story/retire_webhook_secret", json={}).status_code == 400
    sandbox.control("POST", "reset", {"size": "small"})
    settings = sandbox.control("GET", "webhooks")
    assert (settings["secret"], settings["next_secret"]) == (old, None)


def test_a_restart_keeps_the_secret_it_was_changed_to(start, tmp_path):
    file = ("--database", str(tmp_path / "world.sqlite3"), "--size", "empty")
    first = start(*file)
    first.story("make_webhook_secret")
    new = first.control("GET", "webhooks")["next_secret"]
    first.story("retire_webhook_secret")
    first.stop()
    assert start(*file).facts["webhook_secret"] == new
