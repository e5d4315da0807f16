"""Two people at work: what one does and what the provider tells shows in the other's open pages, without reload; a lock is
taken back by keyboard."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Console

PATIENCE = 40_000  # milliseconds; a list asks every ten seconds
KEEP = "window.kept = true"  # gone after a reload


@pytest.fixture(scope="module", autouse=True)
def _imported(console: Console) -> None:
    console.wait(lambda: console.status()["resources"]["balances"]["age_s"] is not None, "the first import did not end")


@pytest.fixture(scope="module")
def people(browser, console: Console):
    """A page of operations, and one of a viewer."""
    errors: list[str] = []
    contexts = [browser.new_context(base_url=console.url, viewport={"width": 1280, "height": 900}) for _ in range(2)]
    pages = []
    for context, role in zip(contexts, ("operations", "viewer"), strict=True):
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.goto("/")
        page.fill("input[type=email]", f"{role}@demo.test")
        page.fill("input[type=password]", "demo")
        page.press("input[type=password]", "Enter")
        expect(page.locator("h1")).to_have_text("Home")
        pages.append(page)
    yield pages
    for context in contexts:
        context.close()
    assert errors == []


def check_axe(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:120]) for v in found if v["impact"] in {"serious", "critical"}] == []


def open_in_another_tab(page: Page, address: str) -> Page:
    tab = page.context.new_page()
    tab.set_default_timeout(PATIENCE)
    tab.goto(address)
    tab.evaluate(KEEP)
    return tab


def test_a_lock_shows_in_anothers_list_and_record_and_is_taken_back_by_keyboard(people):
    olga, vic = people
    olga.goto("/cards/?status=active")
    card = olga.locator("tbody th a").first.get_attribute("href")
    lists = open_in_another_tab(vic, "/cards/")
    record = open_in_another_tab(vic, card)
    row = lists.locator("tbody tr").filter(has=lists.locator(f'a[href="{card}"]'))
    expect(row).to_contain_text("Active")

    olga.goto(card)
    olga.get_by_role("link", name="Lock card", exact=True).first.click()
    olga.get_by_role("button", name="Card lost").click()
    undo = olga.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    expect(olga.locator("#announce")).to_contain_text("The card is locked. You can undo this for")
    check_axe(olga)
    expect(record.locator("#cards-record")).to_contain_text("Every new purchase is declined", timeout=PATIENCE)
    expect(row).to_contain_text("Locked", timeout=PATIENCE)
    assert lists.evaluate("window.kept")
    assert record.evaluate("window.kept")

    olga.goto("/transactions/")  # it is not lost on the way to another page
    expect(undo).to_be_visible()
    olga.keyboard.press("Tab")
    olga.keyboard.press("Enter")  # to the content
    for _ in range(3):
        olga.keyboard.press("Tab")
        if undo.evaluate("button => button === document.activeElement"):
            break
    left = olga.locator("[data-left]").text_content()
    olga.wait_for_timeout(2500)
    assert olga.locator("[data-left]").text_content() == left  # its time stands still under the keyboard
    olga.keyboard.press("Enter")
    expect(olga.locator("#toasts")).to_contain_text("Undone. The card is unlocked.")
    expect(row).to_contain_text("Active", timeout=PATIENCE)
    assert lists.evaluate("window.kept")
    lists.close()
    record.close()


def test_a_new_purchase_waits_behind_a_button_and_moves_nothing(people, console):
    _olga, vic = people
    vic.goto("/transactions/")
    vic.evaluate(KEEP)
    first = vic.locator("tbody th a").first
    before = first.get_attribute("href")
    card = next(c for c in console.sandbox.list("cards") if c["status"] == "active")
    console.sandbox.story("fund", userId=card["userId"], amount=50_000)
    console.sandbox.story("authorise", cardId=card["id"], amount=4_200, merchantName="Live Books")
    more = vic.get_by_role("link", name=re.compile("new Show"))
    expect(more).to_be_visible(timeout=PATIENCE)
    expect(vic.locator("#announce")).to_contain_text("new")
    assert first.get_attribute("href") == before
    check_axe(vic)
    more.press("Enter")
    expect(vic.locator("tbody")).to_contain_text("Live Books")
    expect(more).to_have_count(0)
    assert vic.evaluate("window.kept")


def test_the_bell_opens_by_keyboard_and_a_page_comes_back_when_the_console_does(people):
    olga, _vic = people
    olga.goto("/notices/settings/")
    check_axe(olga)
    olga.locator(".bell summary").focus()
    olga.keyboard.press("Enter")
    expect(olga.locator("#notices-latest")).to_contain_text("Nothing yet")
    olga.keyboard.press("Escape")
    expect(olga.locator(".bell summary")).to_be_focused()
