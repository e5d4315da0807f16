"""The endpoint: verified over the raw body, stored, answered."""

import hashlib
import hmac

import pytest
from django.test import Client

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


@pytest.mark.parametrize("signature", ["", "sha256=00", sign(BODY, "someone else's"), sign(BODY + b" ")])
def test_a_bad_signature_is_401_counted_and_not_kept(signature):
    answer = post(signature=signature) if signature else post()
    assert answer.status_code == 401
    assert not Delivery.objects.exists()
    assert Rejected.objects.get().count == 1


def test_without_a_secret_nothing_is_believed(settings):
    settings.CODEGO_WEBHOOK_SECRETS = []
    assert post(signature=sign(BODY)).status_code == 503


def test_only_post():
    assert Client().get(URL).status_code == 405
