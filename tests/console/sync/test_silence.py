"""Silence against the usual rate, from made-up histories."""

import re
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.utils import timezone

from console.sync import silence
from console.sync.models import Cursor, Delivery
from tests.factories import make_delivery

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _fresh():
    caches["local"].clear()


def history(*, days: float, an_hour: int, quiet: timedelta, only=lambda _hour: True, **fields) -> None:
    """So many an hour, at the hours of the day that `only` allows, until the quiet began."""
    last = timezone.now() - quiet
    moments = [last - HOUR * n / an_hour for n in range(int(days * 24 * an_hour))]
    Delivery.objects.bulk_create(
        Delivery(
            event_id=f"e{n}", body_hash=str(n), body=b"", received_at=at, due_at=None,
            **{"verdict": "applied", **fields},
        )
        for n, at in enumerate(moments) if only(at.hour)
    )  # fmt: skip


def test_a_busy_programme_is_missed_after_minutes():
    history(days=5, an_hour=20, quiet=timedelta(minutes=30))
    found = silence.webhook_silence()
    assert (found.usual, round(found.quiet.total_seconds() / 60)) == (10, 30)


def test_a_quarter_of_an_hour_is_never_silence():
    history(days=4, an_hour=60, quiet=timedelta(minutes=14))
    assert silence.webhook_silence() is None


def test_a_quiet_programme_is_given_time():
    history(days=10, an_hour=2, quiet=3 * HOUR)
    assert silence.webhook_silence() is None
    Delivery.objects.all().delete()
    caches["local"].clear()
    history(days=10, an_hour=2, quiet=4 * HOUR)
    assert silence.webhook_silence().usual == 8


def test_hours_that_are_always_quiet_expect_nothing():
    """Busy only in the hours of the day before these four: no alarm now, and one in busy hours."""
    now = timezone.now()
    quiet_hours = {(now - HOUR * n).hour for n in range(5)}
    history(days=7, an_hour=10, quiet=4 * HOUR, only=lambda hour: hour not in quiet_hours)
    assert silence.webhook_silence() is None
    Delivery.objects.all().delete()
    caches["local"].clear()
    history(days=7, an_hour=10, quiet=4 * HOUR, only=lambda hour: hour in quiet_hours)
    assert silence.webhook_silence().usual > silence.UNLIKELY


def test_with_little_history_a_constant_decides():
    history(days=2, an_hour=30, quiet=5 * HOUR)
    assert silence.webhook_silence() is None
    Delivery.objects.all().delete()
    history(days=2, an_hour=30, quiet=7 * HOUR)
    assert silence.webhook_silence().usual is None


def test_before_the_first_webhook_the_last_sweep_counts():
    assert silence.webhook_silence() is None
    for name in ("cards", "transactions"):
        Cursor.objects.create(resource=name, swept_at=timezone.now() - 7 * HOUR)
    assert silence.webhook_silence().usual is None


def test_older_habits_are_forgotten():
    """Three weeks ago it was busy; since then one comes each hour."""
    history(days=14, an_hour=1, quiet=3 * HOUR)
    old = timezone.now() - timedelta(days=20)
    Delivery.objects.bulk_create(
        Delivery(
            event_id=f"o{n}", body_hash=f"o{n}", body=b"", received_at=old + n * timedelta(minutes=1), verdict="applied"
        )
        for n in range(3000)
    )
    assert silence.webhook_silence() is None


def test_a_long_silence_does_not_dilute_the_rate_it_is_measured_by():
    history(days=4, an_hour=10, quiet=timedelta(days=6))
    assert silence.webhook_silence().usual == pytest.approx(6 * 24 * 10, rel=0.02)


def test_what_was_not_verified_neither_breaks_the_silence_nor_makes_a_habit():
    history(days=5, an_hour=20, quiet=HOUR)
    make_delivery(verdict="forged", rejection="bad signature")
    assert silence.webhook_silence().usual == 20
    Delivery.objects.all().delete()
    caches["local"].clear()
    history(days=5, an_hour=20, quiet=HOUR, verdict="forged")
    assert silence.webhook_silence() is None


def test_a_second_look_reads_no_history(django_assert_num_queries):
    history(days=5, an_hour=20, quiet=HOUR)
    silence.webhook_silence()
    with django_assert_num_queries(1):
        silence.webhook_silence()
    make_delivery()
    with django_assert_num_queries(1):
        assert silence.webhook_silence() is None


def test_home_and_readyz_tell_it(client_as):
    history(days=5, an_hour=20, quiet=timedelta(hours=2, minutes=10, seconds=5))
    said = client_as("admin").get("/").text  # how many are usual depends a little on the minute of the hour
    assert re.search(r"Nothing has come for 2 h 10 min; 4[2-5] would be usual\.", said), said
    assert client_as().get("/readyz").json()["silent_s"] == pytest.approx(7805, abs=60)
