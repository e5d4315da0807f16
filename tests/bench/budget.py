"""Two workers and a web process on one budget of five requests a second: a full import while somebody at a screen locks
and unlocks cards. Prints requests per second over time, the refusals, and how long the person waited."""

import os
import re
import sys
import time
from collections import Counter
from pathlib import Path
from statistics import median

import httpx

from tests.bench.log import Logged, requests_of
from tests.bench.result import Result
from tests.journeys.conftest import Console

RATE = 5
PAUSE = 4.0  # seconds between two clicks


def measure(folder: Path) -> list[Result]:
    os.environ.pop("DATABASE_URL", None)
    console = Console(folder, SANDBOX_RATE=str(RATE), SANDBOX_SIZE="demo")
    console.start()
    try:
        waited = _work_at_a_screen(console)
    finally:
        console.stop()
    made = requests_of(folder / "var" / "deckhand.sqlite3")
    _show(made, waited)
    span = (made[-1].at - made[0].at).total_seconds()
    refused = sum(request.status == 429 for request in made)
    note = f"429s: {refused} of {len(made)}; a click took {median(waited):.2f} s, the slowest {max(waited):.2f} s"
    return [Result(f"budget of {RATE}/s, two workers and web", [span], [len(made) / RATE], "s", 1.1, note)]


def _work_at_a_screen(console: Console) -> list[float]:
    """Seconds that each lock and unlock took, until the import has ended."""
    waited = []
    with httpx.Client(base_url=console.url, timeout=60, follow_redirects=True) as person:
        _sign_in(person)
        card = ""
        while console.status()["resources"]["balances"]["age_s"] is None:
            card = card or _an_active_card(person)
            for action in ("lock", "unlock") if card else ():
                waited.append(_click(person, f"{card}{action}/"))
                time.sleep(PAUSE)
    return waited


def _sign_in(person: httpx.Client) -> None:
    page = person.get("/accounts/login/").text
    form = {"login": "operations@demo.test", "password": "demo", "csrfmiddlewaretoken": _token(page)}
    assert "Home" in person.post("/accounts/login/", data=form).text


def _token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found
    return found[1]


def _an_active_card(person: httpx.Client) -> str:
    found = re.search(r'href="(/cards/\d+/)"', person.get("/cards/?status=active").text)
    return found[1] if found else ""


def _click(person: httpx.Client, address: str) -> float:
    form = {"reason": "measuring", "csrfmiddlewaretoken": _token(person.get(address).text)}
    started = time.monotonic()
    person.post(address, data=form).raise_for_status()
    return time.monotonic() - started


def _show(made: list[Logged], waited: list[float]) -> None:
    begin = made[0].at
    per_second = Counter(int((request.at - begin).total_seconds()) for request in made)
    refused = Counter(int((request.at - begin).total_seconds()) for request in made if request.status == 429)
    sys.stdout.write(f"requests in each second (limit {RATE}); ! marks a 429\n")
    for start in range(0, max(per_second) + 1, 20):
        seconds = range(start, min(start + 20, max(per_second) + 1))
        counts = " ".join(f"{per_second[second]}{'!' * refused[second]}" for second in seconds)
        sys.stdout.write(f"{start:>5} s  {counts}\n")
    sys.stdout.write(f"clicks: {len(waited)}, seconds each: {' '.join(f'{each:.2f}' for each in waited)}\n\n")
