"""A hundred open tabs of twenty people, all in sight and in use, polling at their real intervals while a purchase comes in
every second: what they cost the server that `make run` starts, on PostgreSQL, beside as many requests for a page that does
nothing but know who asks. First all of them on lists, then also on home and on twenty
records, of which one is of the owner who buys. Prints requests per second, how
many were answered 204, latencies, and what a tab costs in bytes."""

import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from pathlib import Path
from random import Random
from statistics import median, quantiles

import httpx

from tests.bench.result import Result
from tests.journeys.conftest import Console
from tests.services import postgres

TABS, PEOPLE = 100, 20
SECONDS, ROUNDS = 45, 2
MOST_OF_A_CORE = 10.0  # per cent
MOST = 3.0  # times the CPU of a request that only knows who asks
POLL = re.compile(r'data-poll hx-get="([^"]+)" hx-trigger="every ([\d.]+)s')
TICK = os.sysconf("SC_CLK_TCK")
SESSIONS = f"""
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from cards.models import Card
from console.staff.models import User
store = import_module(settings.SESSION_ENGINE).SessionStore
roles = ["operations", "compliance", "finance", "viewer"]
people = [User.objects.create_user(f"tab{{n}}@bench.test", "x", roles=[roles[n % 4]]) for n in range({PEOPLE})]
for n in range({TABS}):
    person, session = people[n % {PEOPLE}], store()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(person.pk), settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    print("session", settings.SESSION_COOKIE_NAME, session.session_key, "-")
for card in Card.objects.filter(state="active").select_related("cardholder").order_by("pk"):
    owner = card.company_id or card.cardholder.company_id
    print("card", card.pk, f"company{{owner}}" if owner else f"holder{{card.cardholder_id}}", card.codego_id)
"""


class Busy(Console):
    buying: Sequence[str] = ()  # the provider's ids of the cards that are used


@dataclass
class Tab:
    cookie: dict[str, str]
    page: str
    polls: list[tuple[str, float]] = field(default_factory=list)


@dataclass
class Seen:
    """What the polls of a round came to."""

    statuses: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    taken: list[float] = field(default_factory=list)  # seconds
    bytes: int = 0


def measure(folder: Path) -> list[Result]:
    with postgres() as url:
        console = Busy(folder, DATABASE_URL=url, CELERY_BROKER_URL="", SANDBOX_SIZE="small")
        try:
            console.start(300)
            console.wait(lambda: console.status()["resources"]["balances"]["age_s"] is not None, "no import", 300)
            tabs = _tabs(console)
            return [result for name, pages in tabs.items() for result in _rounds(console, name, pages)]
        finally:
            console.stop()


def _rounds(console: Busy, name: str, tabs: list[Tab]) -> list[Result]:
    shares, ours, bare = [], [], []
    note = ""
    with httpx.Client(base_url=console.url, timeout=30, limits=httpx.Limits(max_connections=64)) as http:
        for _ in range(ROUNDS):
            for tab in tabs:
                page = http.get(tab.page, cookies=tab.cookie)
                assert page.status_code == 200, (tab.page, page.status_code)
                tab.polls = _polls(page.text)
            before, seen = _cpu(console), Seen()
            _poll(console, http, tabs, seen)
            used, n = _cpu(console) - before, sum(seen.statuses.values())
            shares.append(100 * used / SECONDS)
            ours.append(1000 * used / n)
            note = _words(seen, n)
            sys.stderr.write(f"{note}; {used:.2f} s of CPU\n")
            before = _cpu(console)
            for number in range(n):
                http.get("/healthz", cookies=tabs[number % TABS].cookie)
            bare.append(1000 * (_cpu(console) - before) / n)
    return [
        Result(f"{TABS} tabs on {name}", shares, [MOST_OF_A_CORE] * len(shares), "% of a core", 1.0, note),
        Result(f"a poll of them, {name}", ours, bare, "ms of CPU", MOST, "beside a page that knows who asks"),
    ]


def _tabs(console: Busy) -> dict[str, list[Tab]]:
    """The same sessions on lists alone, and on everything."""
    said = console.manage("shell", "-c", SESSIONS).splitlines()
    told = [line.split() for line in said if line.startswith(("session ", "card "))]
    cookies = [{name: key} for kind, name, key, _none in told if kind == "session"]
    found = [row for row in told if row[0] == "card"]
    buyer = found[0][2]
    console.buying = [row[3] for row in found if row[2] == buyer]
    cards = [f"/cards/{row[1]}/" for row in [found[0], *(row for row in found if row[2] != buyer)]]
    lists = ["/transactions/", "/transactions/", "/cards/", "/transactions/", "/cards/"]
    return {
        "lists": [Tab(cookie, lists[n % 5]) for n, cookie in enumerate(cookies)],
        "lists, home and records": [
            Tab(cookie, [*lists[:3], "/", cards[n // 5 % len(cards)]][n % 5]) for n, cookie in enumerate(cookies)
        ],
    }


def _polls(page: str) -> list[tuple[str, float]]:
    return [(url.replace("&amp;", "&"), float(every)) for url, every in POLL.findall(page)]


def _poll(console: Busy, http: httpx.Client, tabs: list[Tab], seen: Seen) -> None:
    """Each poll at its own pace from a random start, and one purchase a second, until the time is up."""
    spread, end, lock = Random(1), time.monotonic() + SECONDS, threading.Lock()
    line = [
        (time.monotonic() + spread.random() * every, n, url, every)
        for n, tab in enumerate(tabs)
        for url, every in tab.polls
    ]
    heapify(line)
    shopping = threading.Thread(target=_shop, args=(console, end))
    shopping.start()

    def ask(n: int, url: str, every: float) -> None:
        begun = time.monotonic()
        answer = http.get(url, cookies=tabs[n].cookie, headers={"HX-Request": "true"})
        with lock:
            seen.taken.append(time.monotonic() - begun)
            seen.statuses[answer.status_code] += 1
            seen.kinds[f"{_kind(url)} {answer.status_code}"] += 1
            seen.bytes += len(answer.content) + sum(len(k) + len(v) + 4 for k, v in answer.headers.raw)
            anew = [u for u, _every in _polls(answer.text) if u.split("?")[0] == url.split("?", maxsplit=1)[0]] or [url]
            heappush(line, (begun + every, n, anew[0], every))

    with ThreadPoolExecutor(24) as browsers:
        while (now := time.monotonic()) < end:
            with lock:
                due = [heappop(line) for _ in range(len(line)) if line and line[0][0] <= now]
            for _at, n, url, every in due:
                browsers.submit(ask, n, url, every)
            time.sleep(0.02)
    shopping.join()


def _shop(console: Busy, end: float) -> None:
    for n in range(SECONDS):
        if time.monotonic() >= end:
            return
        console.sandbox.story("authorise", cardId=console.buying[n % len(console.buying)], amount=100 + n)
        time.sleep(1)


def _cpu(console: Busy) -> float:
    """Seconds of CPU that the web server's processes have used."""
    found = subprocess.run(
        ["pgrep", "-f", f"granian.*--port {console.port} "], capture_output=True, text=True, check=True
    ).stdout.split()
    spent = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in found]
    return sum(int(one[11]) + int(one[12]) for one in spent) / TICK


def _kind(url: str) -> str:
    first, *more = url.partition("?")[0].strip("/").split("/")
    return f"a record of {first}" if more and more[0].isdigit() else first or "home"


def _words(seen: Seen, n: int) -> str:
    slow = quantiles(seen.taken, n=100)[98]
    kinds = ", ".join(f"{kind}: {count}" for kind, count in sorted(seen.kinds.items()))
    return (
        f"{n / SECONDS:.1f} requests/s, {100 * seen.statuses[204] / n:.0f} % 204, p50 {1000 * median(seen.taken):.0f} ms, "
        f"p99 {1000 * slow:.0f} ms, {seen.bytes / TABS / (SECONDS / 60) / 1024:.1f} KiB a tab and minute ({kinds})"
    )
