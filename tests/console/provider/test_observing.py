"""What the provider can do, learned from its answers."""

from datetime import timedelta

import pytest
from django.utils import timezone

from console.codego.protocols import Exchange
from console.provider.models import Capability
from console.provider.observing import Recorder, lacks

pytestmark = pytest.mark.django_db


def answered(route: str, status: int, *, missing: bool = False) -> None:
    exchange = Exchange(method="GET", route=route, status=status, seconds=0.1, error="", route_missing=missing)
    Recorder().observe(exchange)


def test_a_route_that_was_never_there_is_missing():
    answered("GET /never/{id}", 404, missing=True)
    assert lacks("GET /never/{id}")


def test_one_missing_object_that_names_its_path_takes_no_route_away():
    answered("GET /objects/{id}", 200)
    answered("GET /objects/{id}", 404, missing=True)
    assert not lacks("GET /objects/{id}")


def test_a_missing_route_is_asked_for_again_after_a_day():
    answered("GET /someday", 404, missing=True)
    assert lacks("GET /someday")
    Capability.objects.update(seen_at=timezone.now() - timedelta(hours=25))
    assert not lacks("GET /someday")
