"""What could not be verified: kept within bounds, never believed, and verified again once the secret is there."""

import hashlib
import hmac
import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cards.models import Card
from console.audit.events import Action
from console.audit.models import Entry
from console.sync import forged, health, inbox, silence
from console.sync.models import Delivery, Rejected, Rejection
from tests.factories import make_delivery

pytestmark = pytest.mark.django_db
COMING = "whsec_coming"


def body(status: str = "active", **more) -> bytes:
    content = {"id": "c1", "userId": "u1", "status": status, "updatedAt": "2026-11-01T12:00:00Z", **more}
    return json.dumps({"type": "card.updated", "body": content}).encode()


def post(raw: bytes, secret: str = COMING, key: str = "k1", signature: str = "") -> int:
    made = "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    headers = {"signature": signature or made, "idempotency-key": key}
    return Client().post("/webhooks/codego/", raw, content_type="application/json", headers=headers).status_code


def verdicts() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("verdict", flat=True))


@pytest.fixture
def learn(settings):
    """The administrator adds the secret."""

    def add() -> None:
        settings.CODEGO_WEBHOOK_SECRETS = [*settings.CODEGO_WEBHOOK_SECRETS, COMING]

    return add


# --- Never believed ---------------------------------------------------------------------------------------------------


def test_a_forged_delivery_does_not_stand_in_the_way_of_the_true_one():
    assert post(body(), secret="an impostor's") == 401
    assert post(body(), secret="whsec_test_one") == 200
    inbox.drain()
    assert verdicts() == ["forged", "applied"]
    assert not Delivery.objects.get(verdict="applied").conflict
    assert post(body(), secret="an impostor's second") == 401
    assert verdicts() == ["forged", "applied", "forged"]


def test_nothing_takes_a_forged_delivery_up():
    post(body())
    (found,) = Delivery.objects.all()
    assert inbox.drain() == 0
    assert inbox.replay([found.pk]) == 0
    call_command("replay", stdout=StringIO())
    assert verdicts() == ["forged"]
    assert not Card.objects.exists()
    assert health.inbox_age() == timedelta()
    assert silence.newest() is None


@pytest.mark.parametrize("change", [{"due_at": timezone.now()}, {"applied_at": timezone.now()}], ids=["due", "applied"])
def test_the_database_itself_keeps_forged_deliveries_out_of_the_queue(change):
    post(body())
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.update(**change)


def test_on_screen_they_are_apart_and_cannot_be_replayed(client_as):
    post(body())
    (found,) = Delivery.objects.all()
    client = client_as("admin")
    assert client.get("/inbox/").context["rows"] == []
    ((row, _took, error),) = client.get("/inbox/?verdict=forged").context["rows"]
    assert (row, error) == (found, "Wrong signature")
    page = client.get(reverse("sync:delivery", args=[found.pk]))
    assert "Nothing in it is believed" in page.text
    assert not page.context["may_replay"]
    client.post(reverse("sync:replay", args=[found.pk]))
    client.post("/inbox/replay/?verdict=forged")
    assert verdicts() == ["forged"]


# --- Kept within bounds -----------------------------------------------------------------------------------------------


def test_beyond_the_share_of_an_hour_they_are_only_counted():
    for n in range(forged.HOURLY_ELSE + 5):
        post(body(n=n), signature="none of ours", key=f"k{n}")
    post(body())
    assert dict(Rejected.objects.values_list("reason", "count")) == {
        "malformed signature": forged.HOURLY_ELSE + 5, "bad signature": 1,
    }  # fmt: skip
    assert Delivery.objects.filter(rejection=Rejection.MALFORMED).count() == forged.HOURLY_ELSE
    assert Delivery.objects.filter(rejection=Rejection.WRONG).count() == 1
    Rejected.objects.update(hour=timezone.now() - timedelta(hours=2))
    post(body(n="later"), signature="none of ours")
    assert Delivery.objects.filter(rejection=Rejection.MALFORMED).count() == forged.HOURLY_ELSE + 1


def test_a_retry_of_a_kept_one_is_counted_but_not_kept_again():
    for _ in range(3):
        post(body())
    assert verdicts() == ["forged"]
    assert Rejected.objects.get().count == 3


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (body(number="4111111111111111", cvc="987", maskedPan="4111111111111111"), "bad signature"),
        (b'{"body": {"number": "4111111111111111", "cvc": "987", "pin": 4321, "a": "\xff', "not JSON"),
        (b"card 4111 1111 1111 1111 cvc=987&pin=4321", "not JSON"),
    ],
)
def test_card_secrets_of_a_forged_body_are_not_kept(raw, reason):
    post(raw)
    kept = Delivery.objects.get()
    assert kept.rejection == reason
    assert len(kept.body) > 0
    for secret in (b"4111111111111111", b"4111 1111", b"987", b"4321"):
        assert secret not in bytes(kept.body)
    assert forged.is_altered(kept)


@pytest.mark.parametrize("raw", [b"eyJ" * 300_000, b"pin " * 200_000, b"1 " * 400_000, b'"pin":"' * 100_000], ids=len)
def test_what_a_stranger_sends_to_keep_us_busy_is_kept_like_any_other(raw):
    assert post(raw) == 401
    assert len(Delivery.objects.get().body) <= forged.LARGEST


def test_a_long_body_is_cut_after_its_secrets_were_taken_out():
    post(body(padding="x" * forged.LARGEST, cvc="987"))
    kept = Delivery.objects.get()
    assert len(kept.body) == forged.LARGEST
    assert b"987" not in bytes(kept.body)


def test_a_secret_sent_as_a_signature_is_not_kept():
    post(body(), signature="whsec_abcdef0123")
    assert Delivery.objects.get().signatures == ["•••"]


def test_old_ones_and_too_many_are_forgotten(monkeypatch):
    monkeypatch.setattr(forged, "MOST_KEPT", 2)
    now = timezone.now()
    ages = [timedelta(days=20), timedelta(days=3), timedelta(days=2), timedelta(days=1)]
    made = [make_delivery(verdict="forged", rejection="bad signature", received_at=now - age) for age in ages]
    old = make_delivery(received_at=now - timedelta(days=300))
    assert forged.prune() == 2
    assert set(Delivery.objects.values_list("pk", flat=True)) == {made[2].pk, made[3].pk, old.pk}


# --- Verified again ---------------------------------------------------------------------------------------------------


def test_what_verifies_with_a_secret_added_later_is_applied_in_its_place_in_time(learn):
    post(body())
    came = Delivery.objects.get().received_at
    assert forged.verify_again(Delivery.objects.values_list("pk", flat=True)).unverified == 1
    learn()
    outcome = forged.verify_again(Delivery.objects.values_list("pk", flat=True))
    assert (outcome.verified, outcome.unverified) == (1, 0)
    inbox.drain()
    found = Delivery.objects.get()
    assert (found.verdict, found.received_at, found.rejection) == ("applied", came, "bad signature")
    assert found.replayed_at <= found.applied_at
    assert Card.objects.get().status == "active"
    assert forged.verify_again([found.pk]) == forged.Outcome()


def test_one_whose_retry_was_there_first_becomes_its_duplicate(learn):
    post(body())
    learn()
    assert post(body()) == 200
    inbox.drain()
    outcome = forged.verify_again(Delivery.objects.filter(verdict="forged").values_list("pk", flat=True))
    assert (outcome.verified, outcome.duplicates) == (1, 1)
    assert verdicts() == ["duplicate", "applied"]
    assert post(body()) == 200
    assert verdicts() == ["duplicate", "applied", "duplicate"]


def test_one_that_conflicts_with_what_came_asks_for_a_read(learn):
    post(body())
    learn()
    post(body(), key="another")
    inbox.drain()
    Card.objects.update(dirty_at=None)
    forged.verify_again(Delivery.objects.filter(verdict="forged").values_list("pk", flat=True))
    inbox.drain()
    assert Card.objects.get().dirty_at is not None


def test_an_altered_body_cannot_verify_and_says_so(learn, client_as):
    post(body(cvc="987"))
    learn()
    (found,) = Delivery.objects.all()
    assert forged.verify_again([found.pk]) == forged.Outcome(altered=1)
    page = client_as("admin").get(reverse("sync:delivery", args=[found.pk]))
    assert "cannot be verified again" in page.text
    assert reverse("sync:verify", args=[found.pk]) not in page.text


def test_an_administrator_verifies_all_under_the_filter(learn, client_as):
    post(body())
    post(body("locked"), signature="0" * 64, key="k2")
    learn()
    client = client_as("admin")
    assert "2" in dict(client.get("/inbox/verify/?verdict=forged").context["facts"]).values()
    assert verdicts() == ["forged", "forged"]
    answer = client.post("/inbox/verify/?verdict=forged", follow=True)
    assert "1 delivery is genuine and is applied now." in answer.text
    assert "1 fit none of the secrets" in answer.text
    assert verdicts() == ["new", "forged"]
    entry = Entry.objects.get(action=Action.DELIVERY_VERIFY)
    assert (entry.detail["verified"], entry.detail["unverified"], entry.detail["filters"]) == (1, 1, ["verdict"])


def test_one_is_verified_from_its_page(learn, client_as):
    post(body())
    learn()
    (found,) = Delivery.objects.all()
    client = client_as("admin")
    assert "Verify again?" in client.get(reverse("sync:verify", args=[found.pk])).text
    assert client.post(reverse("sync:verify", args=[found.pk])).status_code == 303
    assert verdicts() == ["new"]
    assert "Verified after all" in client.get(reverse("sync:delivery", args=[found.pk])).text
    assert client_as("compliance").post(reverse("sync:verify", args=[found.pk])).status_code == 403


def test_a_filter_that_is_not_understood_verifies_nothing(learn, client_as):
    post(body())
    learn()
    client_as("admin").post("/inbox/verify/?from=soon")
    assert verdicts() == ["forged"]


# --- The page ---------------------------------------------------------------------------------------------------------


def advice(client_as):
    return client_as("admin").get("/inbox/rejected/").context["advice"]


def test_the_page_says_that_our_secret_is_wrong_and_what_to_do(client_as):
    assert advice(client_as).level == "good"
    make_delivery(received_at=timezone.now() - timedelta(hours=3))
    post(body())
    assert advice(client_as).level == "warn"
    for _ in range(2):
        post(body())
    found = advice(client_as)
    assert (found.level, len(found.steps)) == ("bad", 3)
    assert "The webhook secret is wrong" in found.lead
    assert "Nothing has been verified since" in found.text


def test_the_page_tells_a_second_sender_from_a_wrong_secret(client_as):
    post(body())
    post(body(), secret="whsec_test_one")
    assert advice(client_as).level == "warn"


def test_strangers_without_a_signature_alarm_nobody(client_as):
    post(body(), signature="me")
    assert advice(client_as).level == "info"


def test_the_page_counts_by_reason_and_hour(client_as):
    for n in range(3):
        post(body(n=n))
    post(body(), signature="me")
    page = client_as("finance").get("/inbox/rejected/")
    assert [(r.label, r.number) for r in page.context["reasons"]] == [
        ("Wrong signature", 3),
        ("Malformed signature", 1),
    ]
    assert [n for _hour, n, _shown in page.context["hours"]][-1] == 4
    assert len(page.context["newest"]) == 4
    assert "/inbox/verify/" not in page.text
    for reason in page.context["reasons"]:
        assert len(client_as("finance").get(reason.url).context["rows"]) == reason.number


def test_an_hour_of_a_reason_we_no_longer_have_is_still_shown(client_as):
    Rejected.objects.create(
        hour=timezone.now().replace(minute=0, second=0, microsecond=0),
        reason="old word",
        count=2,
        last_at=timezone.now(),
    )
    assert "old word" in client_as("admin").get("/inbox/rejected/").text


# --- The command ------------------------------------------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    try:
        call_command("replay", *arguments, stdout=out, stderr=err)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_the_command_filters_and_counts_before_it_acts():
    now = timezone.now()
    make_delivery(verdict="parked", type="transaction.created", object_id="t1", received_at=now - timedelta(days=2))
    make_delivery(verdict="failed", received_at=now - timedelta(days=1))
    make_delivery(verdict="duplicate")
    assert run("--dry-run")[1] == "2 would be queued: parked 1, failed 1\n"
    assert run("--verdict", "parked", "--verdict", "failed", "--dry-run")[1].startswith("2 would")
    assert run("--type", "transaction", "--object", "t1", "--dry-run")[1] == "1 would be queued: parked 1\n"
    middle = (now - timedelta(hours=36)).isoformat()
    assert run("--since", middle, "--dry-run")[1] == "1 would be queued: failed 1\n"
    assert run("--until", middle, "--dry-run")[1] == "1 would be queued: parked 1\n"
    assert not Delivery.objects.filter(verdict="new").exists()
    assert run("--until", middle) == (0, "1 queued\n", "")
    assert Delivery.objects.get(verdict="new").object_id == "t1"
    entry = Entry.objects.get(action=Action.DELIVERY_REPLAY)
    assert (entry.actor_id, entry.detail) == (None, {"count": 1, "filters": ["until"]})


@pytest.mark.parametrize(
    "arguments",
    [
        ("--since", "soon"),
        ("--until", "2026-11-01T00:00:00"),
        ("--since", "2026-13-01T00:00:00Z"),
        ("--forged", "--verdict", "parked"),
    ],
)
def test_the_command_refuses_what_it_does_not_understand(arguments):
    code, _out, err = run(*arguments)
    assert code == 2
    assert err.strip().endswith(".")


def test_the_command_verifies_again_and_says_if_some_stay(learn, settings):
    assert run("--forged") == (0, "No delivery matches.\n", "")
    post(body())
    assert run("--forged", "--dry-run")[1] == "1 would be verified: forged 1\n"
    assert run("--forged")[0] == 1
    learn()
    assert run("--forged") == (0, "1 delivery is genuine and is applied now.\n", "")
    assert verdicts() == ["new"]
    settings.CODEGO_WEBHOOK_SECRETS = []
    assert run("--forged")[0] == 2
