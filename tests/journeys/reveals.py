"""What the tests of card secrets do over and over: people who may look, a card's page, and the provider's own file."""

import contextlib
import itertools
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import Console

PASSWORD = "a long made-up pass phrase"
PEOPLE = 4  # a person may look twenty times in an hour
STAFF = f"""
from console.access import SYSTEM
from console.staff import services
for n in range({PEOPLE}):
    services.create(email=f"op{{n}}@secrets.test", name="", roles=["operations"], password="{PASSWORD}", actor=SYSTEM)
"""


class ProviderFile:
    """The provider's cards with what it never tells in the clear."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def card(self, card_id: str) -> dict:
        with contextlib.closing(sqlite3.connect(self.path)) as file:
            found = file.execute("SELECT doc FROM object WHERE noun = 'card' AND id = ?", (card_id,)).fetchone()
        return json.loads(found[0])

    def change(self, card_id: str, **fields: str) -> None:
        doc = json.dumps(self.card(card_id) | fields)
        with contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as file:
            file.execute("UPDATE object SET doc = ? WHERE noun = 'card' AND id = ?", (doc, card_id))


def imported(console: Console) -> None:
    """Waits for the first import, and adds people who may look."""
    console.wait(lambda: console.status()["resources"]["balances"]["age_s"] is not None, "the first import did not end")
    console.manage("shell", "-c", STAFF)


def taking_turns(browser: Browser, url: str) -> Iterator[dict]:
    """Each person signed in once."""
    states = []
    for n in range(PEOPLE):
        page = browser.new_page(base_url=url)
        sign_in(page, n)
        states.append(page.context.storage_state())
        page.close()
    return itertools.cycle(states)


def sign_in(page: Page, n: int) -> None:
    page.goto("/")
    page.fill("input[type=email]", f"op{n}@secrets.test")
    page.fill("input[type=password]", PASSWORD)
    page.press("input[type=password]", "Enter")
    expect(page.locator("h1")).to_have_text("Home")


def card_page(page: Page, card: dict) -> str:
    page.goto(f"/cards/by-id/{card['id']}/")
    return urlsplit(page.url).path


def ask(page: Page, card: dict, what: str = "reveal") -> None:
    page.goto(f"{card_page(page, card)}{what}/")
    page.get_by_label("Reason").fill("Holder is on the phone")


def show(page: Page, card: dict, seconds: float = 30) -> None:
    """The number stands on the screen, for so many seconds."""
    ask(page, card)
    page.locator("[data-reveal]").evaluate("(root, seconds) => { root.dataset.seconds = seconds; }", seconds)
    page.get_by_role("button", name="Show card number").click()
    expect(page.locator("[data-secret=pan]")).to_have_text(fours(card["_pan"]))


def type_pin(page: Page, pin: str, again: str | None = None) -> None:
    page.get_by_label("New PIN", exact=True).fill(pin)
    page.get_by_label("Repeat new PIN").fill(pin if again is None else again)
    page.get_by_role("button", name="Set PIN").click()


def fours(number: str) -> str:
    return " ".join(number[n : n + 4] for n in range(0, 16, 4))
