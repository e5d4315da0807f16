"""Disputes and their evidence."""


def settled(sandbox):
    card = sandbox.card()
    held = sandbox.story("force_post", cardId=card["id"], amount=4200)
    return held["id"]


def test_a_dispute_is_opened_read_amended_and_withdrawn(sandbox):
    transaction = settled(sandbox)
    opened = sandbox.api.post(f"/transactions/{transaction}/disputes", json={"textEvidence": "Not mine"})
    dispute = opened.json()
    assert opened.status_code == 201
    assert (dispute["status"], dispute["transactionId"], dispute["resolvedAt"]) == ("pending", transaction, None)
    assert sandbox.api.get("/disputes", params={"transactionId": transaction}).json() == [dispute]
    amended = sandbox.api.patch(f"/disputes/{dispute['id']}", json={"textEvidence": "Really not mine"})
    assert (amended.status_code, amended.content) == (204, b"")
    assert sandbox.api.patch(f"/disputes/{dispute['id']}", json={"status": "accepted"}).status_code == 400
    sandbox.api.patch(f"/disputes/{dispute['id']}", json={"status": "canceled"})
    ended = sandbox.api.get(f"/disputes/{dispute['id']}").json()
    assert (ended["status"], ended["textEvidence"]) == ("canceled", "Really not mine")
    assert ended["resolvedAt"]


def test_only_settled_spend_and_only_once(sandbox):
    held = sandbox.story("authorise", cardId=sandbox.card()["id"], amount=100)
    assert sandbox.api.post(f"/transactions/{held['id']}/disputes", json={}).status_code == 400
    transaction = settled(sandbox)
    codes = [sandbox.api.post(f"/transactions/{transaction}/disputes", json={}).status_code for _ in range(2)]
    assert codes == [201, 409]


def test_evidence_comes_back_as_it_went(sandbox):
    dispute = sandbox.api.post(f"/transactions/{settled(sandbox)}/disputes", json={}).json()["id"]
    assert sandbox.api.get(f"/disputes/{dispute}/evidence").status_code == 404
    content = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    form = {"name": "receipt.png", "type": "image/png"}
    sent = sandbox.api.put(f"/disputes/{dispute}/evidence", data=form, files={"evidence": ("receipt.png", content)})
    assert sent.status_code == 204
    got = sandbox.api.get(f"/disputes/{dispute}/evidence")
    assert (got.content, got.headers["Content-Type"]) == (content, "application/octet-stream")
    assert sandbox.api.get(f"/disputes/{dispute}").json()["hasFileEvidence"] is True
    assert sandbox.api.put(f"/disputes/{dispute}/evidence", json={}).status_code == 400


def test_the_provider_decides(sandbox):
    dispute = sandbox.api.post(f"/transactions/{settled(sandbox)}/disputes", json={}).json()["id"]
    assert sandbox.story("decide_dispute", disputeId=dispute, status="inReview")["resolvedAt"] is None
    assert sandbox.story("decide_dispute", disputeId=dispute, status="accepted")["resolvedAt"]
