"""Deliveries as the provider really sends them, in every envelope, signature and header: the same rows."""

import itertools
import time

import pytest

from cardholders.models import Cardholder
from cards.models import Card
from console.provider.models import Budget
from console.sandbox.variants import SWITCHES
from console.sync import inbox, reading
from console.sync.models import Delivery, Rejected
from transactions.models import Dispute, Transaction

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = ("envelope", "signature", "idempotency_header")
STYLES = list(itertools.product(*(SWITCHES[name].choices for name in NAMES)))


def delivered(sandbox, seconds: float = 20) -> int:
    """How many deliveries there are, once all of them have arrived."""
    end = time.monotonic() + seconds
    while (states := sandbox.http.get("/control/api/state").json()["deliveries"]).keys() != {"delivered"}:
        assert time.monotonic() < end, states
        time.sleep(0.05)
    return states["delivered"]


def tell(sandbox) -> tuple[str, str, str, str]:
    """Approves somebody, locks a card, settles a purchase and opens a dispute of it; their ids."""
    person = next(u["id"] for u in sandbox.list("users") if u["applicationStatus"] == "pending")
    sandbox.story("decide_applicant", id=person, status="approved")
    card = next(c for c in sandbox.list("cards") if c["status"] == "active" and not c.get("companyId"))
    headers = {"X-Api-Key": sandbox.api_key}
    spent = sandbox.story("authorise", cardId=card["id"], amount=1250, merchantName="SHOP", currency="usd")
    sandbox.story("settle", transactionId=spent["id"])
    sandbox.http.patch(f"/api/v1/cards/{card['id']}", json={"status": "locked"}, headers=headers).raise_for_status()
    opened = sandbox.http.post(
        f"/api/v1/transactions/{spent['id']}/disputes", json={}, headers=headers
    ).raise_for_status()
    return person, card["id"], spent["id"], opened.json()["id"]


@pytest.mark.parametrize("style", STYLES, ids="-".join)
def test_deliveries_end_in_the_same_rows(sandbox, live_server, settings, style):
    settings.CODEGO_WEBHOOK_SECRETS = ["whsec_another", sandbox.webhook_secret]
    Budget.objects.update_or_create(pk=1, defaults={"interval": 0.002})
    sandbox.switch(**dict(zip(NAMES, style, strict=True)))
    sandbox.webhooks(url=f"{live_server.url}/webhooks/codego/", duplicate=True, shuffle=True)
    person, card, spent, dispute = tell(sandbox)
    sandbox.webhooks(paused=False)
    sent = delivered(sandbox)
    while inbox.drain():
        pass
    reading.read_dirty(seconds=30)

    assert not Rejected.objects.exists()
    kept = Delivery.objects.exclude(verdict="duplicate")
    assert set(kept.values_list("verdict", flat=True)) <= {"applied", "hint", "stale", "unhandled"}
    assert set(kept.filter(verdict="unhandled").values_list("type", flat=True)) == {"transaction.requested"}
    assert kept.count() == sent
    assert Cardholder.objects.get(codego_id=person).state == "approved"
    assert Card.objects.get(codego_id=card).state == "locked"
    bought = Transaction.objects.get(codego_id=spent)
    assert (bought.state, bought.amount, bought.merchant_name, bought.card.codego_id) == (
        "completed",
        1250,
        "Shop",
        card,
    )
    found = Dispute.objects.get(codego_id=dispute)
    assert (found.transaction, found.state) == (bought, "pending")
    assert not any(row.dirty_at or row.flags for row in (bought, found, bought.card))
