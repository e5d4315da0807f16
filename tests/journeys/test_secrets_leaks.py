"""What was shown of a card is nowhere else. Between browser and console, between console and provider and at the broker
stands a recorder; after a few looks every place is searched. Then a leak is planted in each kind of place, and the same
search has to name it."""

import base64
import os
import random
import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import expect

from tests.conftest import start_sandbox
from tests.journeys.canaries import codes_in, found_in, kinds_of, places_of
from tests.journeys.conftest import Console
from tests.journeys.recorder import FolderTap, Recorder, RedisTap
from tests.journeys.reveals import ProviderFile, ask, card_page, imported, show, taking_turns, type_pin

LONG_CODE = "730482915566"  # in place of a code of three digits, so that it can be looked for anywhere
PIN = "482913057264"


class World:
    """A provider, a console, and the recorders that everything they say passes through."""

    def __init__(self, folder) -> None:
        self.process, self.provider = start_sandbox(folder, "--size", "small", "--seed", "7", "--rate", "200")
        self.file = ProviderFile(folder / "sandbox.sqlite3")
        behind = Recorder(urlsplit(self.provider.url).port, "console", "provider")
        self.console = Console(
            folder,
            CODEGO_API_URL=f"http://localhost:{behind.port}/api/v1",
            CODEGO_KYC_URL=self.provider.kyc_url,
            CODEGO_API_KEY=self.provider.api_key,
            CODEGO_WEBHOOK_SECRETS=self.provider.webhook_secret,
            CODEGO_SECRETS_PUBLIC_KEY=self.provider.public_key.replace("\n", "\\n"),
        )
        given = os.environ.get("DATABASE_URL") and self.console.environment["CELERY_BROKER_URL"]
        broker = RedisTap(given) if given else FolderTap(folder / "var" / "broker" / "queue")
        self.console.start()
        before = Recorder(self.console.port, "browser", "console")
        self.url = f"http://localhost:{before.port}"
        self.provider.webhooks(url=f"{self.url}/webhooks/codego/")
        self.tapes = (before, behind, broker)
        self.passing: set[str] = set()
        self.sources: list[str] = []

    def close(self) -> None:
        self.console.stop()
        for tape in self.tapes:
            tape.close()
        self.provider.http.close()
        self.process.terminate()
        self.process.communicate(timeout=10)

    def places(self) -> dict[str, str]:
        return places_of(self.console, sources=self.sources, tapes=self.tapes)

    def shell(self, code: str) -> None:
        self.console.manage("shell", "-c", code)

    def sent(self, request) -> None:
        """What the browser sends encrypted passes through, and must be kept nowhere either."""
        given = parse_qs(request.post_data or "")
        self.passing |= {given[name][0] for name in ("session", "iv", "data") if name in given}

    def answered(self, response) -> None:
        if "/reveal/" in response.url and "json" in response.headers.get("content-type", ""):
            self.passing |= set(re.findall(r'"(?:iv|data)": ?"([^"]+)"', response.text()))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("leaks"))
    imported(made.console)
    yield made
    made.close()


@pytest.fixture(scope="module")
def people(browser, world):
    return taking_turns(browser, world.url)


@pytest.fixture
def page(browser, world, people):
    context = browser.new_context(base_url=world.url, storage_state=next(people))
    opened = context.new_page()
    opened.on("request", world.sent)
    opened.on("response", world.answered)
    yield opened
    context.close()


@pytest.fixture(scope="module")
def cards(world) -> list[dict]:
    """One with a code long enough to be looked for anywhere, and one just as the provider made it."""
    found = [c["id"] for c in world.provider.list("cards") if (c["status"], c["type"]) == ("active", "virtual")]
    world.file.change(found[0], _cvc=LONG_CODE)
    return [world.file.card(card_id) for card_id in found[:2]]


def test_what_was_shown_is_nowhere_else(page, world, cards):
    """A code of twelve digits is looked for like a number; a real one of three, behind its own name. What passed
    encrypted may be on the wires, and nowhere that lasts."""
    for card in cards:
        show(page, card)
        expect(page.locator("[data-secret=cvc]")).to_have_text(card["_cvc"])
        page.get_by_role("button", name="Hide now").click()
        world.sources.append(page.content())
    ask(page, cards[0], "pin")
    type_pin(page, PIN)
    expect(page.locator("[data-news]")).to_contain_text("The new PIN is set.")
    assert world.file.card(cards[0]["id"])["_pin"] == PIN
    page.get_by_role("button", name="Show PIN").click()
    expect(page.locator("[data-secret=pin]")).to_have_text(PIN)
    page.keyboard.press("Escape")
    world.sources.append(page.content())
    world.sources.append(f"{card_page(page, cards[0])} {page.content()}")

    places = world.places()
    print("\nsearched:", *kinds_of(places), sep="\n  ")
    assert found_in(places, {cards[0]["_pan"], cards[1]["_pan"], PIN, LONG_CODE}) == set()
    assert codes_in(places, {card["_cvc"] for card in cards}) == set()
    assert len(world.passing) == 4 + 2 + 2 * 4 + 2  # four sessions, the PIN sent, two numbers with codes, the PIN shown
    wires = {name for name in places if "→" in name}
    assert len(wires) == 4
    assert found_in(places, world.passing) == wires


# --- Leaks, planted ---------------------------------------------------------------------------------------------------

NOTE = """
from cards.models import Card
from console.access import Actor
from console.notes import services
from console.staff.models import User
services.add_note("card", Card.objects.get(codego_id="{card}").pk, "PIN {digits}", actor=Actor(User.objects.first().pk))
"""
MESSAGE = """
from console.celery import app
app.send_task("deckhand.read", args=["{digits}"], queue="planted")
"""
RUNG = """
from console.celery import app
app.send_task("deckhand.read", kwargs={{"pin": "{digits}"}}, expires=1)
"""
FILE = """
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
default_storage.save("planted.csv", ContentFile("card,pin\\n4169,{digits}\\n"))
"""
IN_THE_CLEAR = """
from contextlib import suppress
from console.codego.errors import CodegoError
from console.codego.protocols import Priority
from console.codego.records import Encrypted
from console.codego.secret import Secret
from console.provider.factory import client
with client(Priority.WORKER) as provider, suppress(CodegoError):
    provider.set_card_pin("{card}", Secret("x"), Encrypted(iv="AA==", data="{digits}"), idempotency_key="planted")
"""


@pytest.fixture
def digits() -> str:
    return f"9{random.SystemRandom().randrange(10**11):011}"


def named(world: World, digits: str) -> set[str]:
    """Where they are, by kind: the database is a file or tables, the broker a folder or Redis."""
    kinds = {"table": "database", "key": "broker"}
    found = {name if "→" in name else name.split()[0] for name in found_in(world.places(), {digits})}
    return {kinds.get(name, name) for name in found}


@pytest.mark.parametrize(("place", "code"), [
    ("database", NOTE), ("broker", MESSAGE), ("file", FILE), ("console → provider", IN_THE_CLEAR),
])  # fmt: skip
def test_a_leak_planted_from_within_is_named(world, cards, digits, place, code):
    assert named(world, digits) == set()
    world.shell(code.format(card=cards[0]["id"], digits=digits))
    assert named(world, digits) == {place}


def test_a_leak_in_a_message_that_the_worker_took_at_once_is_named(world, digits):
    for _ in range(3):  # on a busy machine one message may come and go between two looks
        world.shell(RUNG.format(digits=digits))
        if "broker" in (found := named(world, digits)):
            break
    assert "broker" in found


def test_a_leak_planted_in_the_log_is_named(world, digits):
    httpx.get(f"{world.console.url}/{digits}")
    world.console.wait(lambda: named(world, digits), "nothing was found")
    assert named(world, digits) == {"log"}


def test_a_leak_planted_in_what_the_browser_sends_is_named(world, digits):
    httpx.post(f"{world.url}/accounts/login/", data={"password": digits})
    assert named(world, digits) == {"browser → console"}


def test_a_leak_planted_in_what_the_browser_gets_is_named(page, world, cards, digits):
    world.shell(NOTE.format(card=cards[0]["id"], digits=digits))
    card_page(page, cards[0])
    expect(page.locator("main")).to_contain_text(digits)
    assert named(world, digits) == {"database", "console → browser"}
    world.sources.append(page.content())
    assert named(world, digits) == {"database", "console → browser", "page"}


def test_a_leak_planted_in_what_the_provider_says_is_named(world, cards):
    """A provider that sends numbers where it should not: the search hears them, and the console keeps none."""
    shown = {card["id"] for card in cards}
    other = world.file.card(next(c["id"] for c in world.provider.list("cards") if c["id"] not in shown))
    assert named(world, other["_pan"]) == set()
    world.provider.switch(leaks_pan="on")
    world.console.manage("sync", "cards")
    assert named(world, other["_pan"]) == {"provider → console"}
    assert codes_in(world.places(), {other["_cvc"]}) == {"provider → console"}


def test_a_code_of_three_digits_is_found_behind_its_name():
    places = {
        "row": '{"cvc": "458"}',
        "page": "Security code</dt><dd>458</dd>",
        "chance": "id 1458",
        "far": f"cvc{'x' * 80}458",
        "other": '{"cvc": "4589"}',
    }
    assert codes_in(places, {"458"}) == {"row", "page"}


@pytest.mark.parametrize("written", ["{}", "pin={}&", "x{}", "xy{}", "xyz{}"])
@pytest.mark.parametrize(
    "code", [str, lambda text: base64.b64encode(text.encode()).decode(), lambda text: text.encode().hex()]
)
def test_the_search_knows_each_spelling(written, code):
    places = {"somewhere": code(written.format(PIN)), "elsewhere": code("482913057265")}
    assert found_in(places, {PIN}) == {"somewhere"}
