"""Every lifecycle the provider's sandbox can play, told in any order, with repeats and in batches of any size, ends in the
same rows once the hints are read. Also when several processes take it in at once."""

import itertools
import json
import math
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

from console.provider.models import Budget
from console.sandbox.script import SCENES
from console.sync import forged, inbox, reading
from console.sync.models import Delivery
from tests.conftest import ROOT
from tests.deliveries import Told, digest, mirrored, play

WHOLE = 5  # so many deliveries are tried in every order there is
SAMPLES = 12  # orders tried of longer ones
SEED = 20261125
TAKERS = 4  # processes
TOGETHER = ("purchase", "company_owner", "physical_card", "dispute_won", "needs_information")


def orders(told: Sequence[Told], luck: random.Random) -> Iterator[tuple[Told, ...]]:
    """All of them where there are few deliveries, else some by luck; the first is as it happened."""
    if len(told) <= WHOLE:
        yield from itertools.permutations(told)
        return
    yield tuple(told)
    yield tuple(reversed(told))
    for _ in range(SAMPLES - 2):
        yield tuple(luck.sample(told, len(told)))


def deliver(told: Sequence[Told], batch: int) -> None:
    """Signature and all; what has come is applied after every so many."""
    for n, each in enumerate(told, 1):
        assert forged.is_signed(each.raw, [each.sent["Signature"]])
        inbox.accept(each.raw, each.sent, "127.0.0.1")
        if n % batch == 0:
            inbox.drain()
    while inbox.drain():
        pass


def settle() -> None:
    """The hints are read over HTTP until none is left."""
    until = time.monotonic() + 30
    while any(model._default_manager.filter(dirty_at__isnull=False).exists() for model in mirrored()):
        assert time.monotonic() < until, "some hints are never read"
        if not reading.read_dirty():
            time.sleep(0.05)


def clear() -> None:
    for model in (Delivery, *mirrored()):
        model._default_manager.all().delete()


def mixed(order: Sequence[Told], luck: random.Random) -> list[Told]:
    """Some of them a second time, anywhere."""
    found = list(order)
    for each in luck.choices(order, k=luck.randint(0, len(order))):
        found.insert(luck.randint(0, len(found)), each)
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("scene", SCENES)
def test_a_lifecycle_in_any_order_ends_in_the_same_rows(sandbox, settings, scene):
    """All orders of at most five deliveries, else twelve: 390 in a run of all thirteen scenes."""
    Budget.objects.update_or_create(pk=1, defaults={"interval": 0.002})
    told, settings.CODEGO_WEBHOOK_SECRETS = play(sandbox, scene)
    luck, tried = random.Random(f"{SEED} {scene}"), 0
    deliver(told, batch=1)
    settle()
    expected = digest()
    for order in orders(told, luck):
        clear()
        deliver(mixed(order, luck), batch=luck.randint(1, len(told)))
        settle()
        assert digest() == expected, f"order {tried} of seed {SEED}"
        tried += 1
    assert tried == (math.factorial(len(told)) if len(told) <= WHOLE else SAMPLES)
    assert {name for name, _id in expected} >= {"Transaction" if scene != "company_owner" else "Company"}


# --- Several processes at once ----------------------------------------------------------------------------------------


def take(told: Sequence[Told], settings, folder: Path) -> list[dict]:
    """Every process is handed all of them, in an order of its own, and applies what is due between; what each was
    answered."""
    given = folder / "told.json"
    given.write_text(json.dumps([[each.raw.decode(), each.sent] for each in told]))
    name = connection.settings_dict["NAME"]
    database = (
        urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
        if connection.vendor == "postgresql"
        else f"sqlite:///{name}"
    )
    environment = os.environ | {
        "DATABASE_URL": database,
        "CODEGO_WEBHOOK_SECRETS": ",".join(settings.CODEGO_WEBHOOK_SECRETS),
        "VAR_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "console.settings",
    }
    (folder / "broker" / "queue").mkdir(parents=True)
    command = [sys.executable, "-m", "tests.console.sync.taker", str(given)]
    takers = [
        subprocess.Popen([*command, str(seed)], cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for seed in range(TAKERS)
    ]  # fmt: skip
    for taker in takers:
        assert taker.stdout.readline() == "ready\n"
    for taker in takers:
        taker.stdin.write("go\n")
        taker.stdin.flush()
    answers = [json.loads(taker.communicate(timeout=120)[0]) for taker in takers]
    assert [taker.returncode for taker in takers] == [0] * TAKERS
    return answers


@pytest.mark.django_db(transaction=True)
def test_processes_that_take_in_the_same_deliveries_at_once_make_the_same_rows(sandbox, settings, tmp_path):
    Budget.objects.update_or_create(pk=1, defaults={"interval": 0.002})
    played = [play(sandbox, scene) for scene in TOGETHER]
    told, settings.CODEGO_WEBHOOK_SECRETS = [each for some, _secrets in played for each in some], played[0][1]
    deliver(told, batch=1)
    settle()
    expected = digest()
    clear()
    answers = take(told, settings, tmp_path)
    while inbox.drain():
        pass
    settle()

    assert Counter(status for each in answers for status in each["answers"]) == {200: TAKERS * len(told)}
    assert sum(each["new"] for each in answers) == len(told)
    verdicts = Counter(Delivery.objects.values_list("verdict", flat=True))
    assert verdicts["duplicate"] == (TAKERS - 1) * len(told)
    assert set(verdicts) <= {"duplicate", "applied", "hint", "stale", "unhandled"}
    assert sum(1 for each in answers if each["drained"]) > 1, "only one of them applied anything"
    assert digest() == expected
