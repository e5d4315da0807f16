"""The endpoint: verified over the raw body, stored, answered."""

import hashlib
import hmac

import pytest
from django.test import Client

from console.sync import inbox, webhooks
from console.sync.models import Delivery, Rejected

pytestmark = pytest.mark.django_db
URL = "/webhooks/codego/"
BODY = b'{"type":"card.updated","body":{"id":"c1"}}'


def sign(body: bytes, secret: str = "whsec_test_one") -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def post(body: bytes = BODY, **headers):
    return Client(enforce_csrf_checks=True).post(URL, body, content_type="application/json", headers=headers)


@pytest.mark.parametrize("secret", ["whsec_test_one", "whsec_test_two"])
def test_any_configured_secret_verifies(secret):
    answer = post(signature=sign(BODY, secret), idempotency_key="k1")
    assert (answer.status_code, answer.json()["received"]) == (200, True)
    assert bytes(Delivery.objects.get().body) == BODY


def test_a_duplicate_is_answered_200():
    headers = {"signature": sign(BODY), "idempotency_key": "k1"}
    assert [post(**headers).json()["duplicate"] for _ in range(2)] == [False, True]


@pytest.mark.parametrize(
    ("raw", "signature", "reason"),
    [
        (BODY, "", "no signature"),
        (BODY, "sha256=00", "malformed signature"),
        (BODY, "t=1,v1=" + "0" * 64, "malformed signature"),
        (BODY, sign(BODY, "someone else's"), "bad signature"),
        (BODY, sign(BODY + b" "), "bad signature"),
        (BODY[:-5], sign(BODY), "not JSON"),
    ],
)
def test_what_cannot_be_verified_is_401_counted_by_reason_and_kept_apart(raw, signature, reason):
    answer = post(raw, signature=signature) if signature else post(raw)
    assert answer.status_code == 401
    kept = Delivery.objects.get()
    assert (kept.verdict, kept.rejection, kept.due_at, bytes(kept.body)) == ("forged", reason, None, raw)
    assert kept.signatures == ([signature] if signature else [])
    counted = Rejected.objects.get()
    assert (counted.reason, counted.count, counted.kept) == (reason, 1, 1)
    assert inbox.drain() == 0


def test_a_body_that_is_too_large_is_not_read():
    answer = post(b"x" * (webhooks.MOST + 1), signature="0" * 64)
    assert answer.status_code == 413
    kept = Delivery.objects.get()
    assert (kept.rejection, bytes(kept.body)) == ("too large", b"")


def test_the_secondary_signature_verifies_too():
    answer = post(signature=sign(BODY, "the present one"), secondary_signature=sign(BODY), idempotency_key="k1")
    assert answer.status_code == 200


def test_without_a_secret_nothing_is_believed(settings):
    settings.CODEGO_WEBHOOK_SECRETS = []
    assert post(signature=sign(BODY)).status_code == 503
    assert not Delivery.objects.exists()
    assert not Rejected.objects.exists()


def test_only_post():
    assert Client().get(URL).status_code == 405
