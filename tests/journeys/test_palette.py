"""The palette by keyboard alone, every press counted: a card is locked in four, one is issued in five."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_journey import PATIENCE, check_axe, sign_in

OFFLINE = "ERR_INTERNET_DISCONNECTED"  # the browser reports what is lost with its line as an error of the page


class Hand:
    """What a person does: a press, or a run of typing, counts one."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def press(self, keys: str) -> None:
        self.count += 1
        self.page.keyboard.press(keys)

    def write(self, text: str) -> None:
        self.count += 1
        self.page.keyboard.type(text)


@pytest.fixture(scope="module")
def page(browser, console):
    def imported() -> bool:
        return all(told["age_s"] is not None for told in console.status()["resources"].values())

    console.wait(imported, "the import did not end")
    context = browser.new_context(base_url=console.url, viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda m: errors.append(m.text) if m.type == "error" and OFFLINE not in m.text else None)
    sign_in(opened, "operations")
    yield opened
    context.close()
    assert errors == []


@pytest.fixture
def card(page) -> tuple[str, str]:
    """The last four of an active card of a person, and their last name."""
    page.goto("/cards/?status=active&type=virtual")
    row = page.locator("tbody tr").filter(has=page.locator("a[href^='/cardholders/']")).first
    last4 = re.search(r"•••• (\d{4})", row.inner_text())[1]
    name = row.locator("a[href^='/cardholders/']").first.inner_text().split()[-1]
    return last4, name


def test_a_card_is_found_by_last_four_and_name_and_locked_with_a_reason_in_four(page, card):
    last4, name = card
    page.goto("/transactions/")
    hand = Hand(page)
    hand.press("Control+k")
    hand.write(f"lock {last4} {name}")
    hand.press("Enter")  # at once: the palette waits for what it asked
    expect(page.locator("#dialog")).to_contain_text(last4)
    expect(page.get_by_role("button", name="Cardholder asked")).to_be_focused()
    check_axe(page)
    hand.press("Enter")
    page.wait_for_url(re.compile(r"/cards/\d+/$"))
    expect(page.locator("main")).to_contain_text("Locked")
    expect(page.locator("h1")).to_contain_text(last4)
    assert hand.count <= 4


def test_a_card_is_issued_in_five(page, card):
    page.goto("/")
    hand = Hand(page)
    hand.press("/")
    hand.write(f"issue card {card[1]}")
    hand.press("Enter")
    page.wait_for_url(re.compile(r"/cards/issue/\d+/$"))
    expect(page.locator("[name=amount]")).to_be_focused()
    hand.write("25")
    hand.press("Enter")
    page.wait_for_url(re.compile(r"/cards/\d+/$"))
    expect(page.locator("main")).to_contain_text("$25.00")
    assert hand.count <= 5


def test_the_keys_choose_open_beside_and_close(page, card):
    page.goto("/cards/")
    page.locator("#main a").first.focus()
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox")
    options = page.locator("#palette [role=option]")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("End")
    expect(options.last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.type(card[0])
    expect(page.locator("#palette-said")).to_have_text(re.compile(r"^\d+ results?$"))
    expect(page.locator("#palette [role=option][href]").first).to_contain_text(card[0])
    first = page.locator("[aria-selected=true]").get_attribute("id")
    expect(box).to_have_attribute("aria-activedescendant", first)
    with page.context.expect_page() as beside:
        page.keyboard.press("Control+Enter")
    assert re.search(r"/cards/\d+/", beside.value.url)
    beside.value.close()
    box.fill("zzqqzz")
    expect(page.locator("#palette")).to_contain_text("Nothing found for “zzqqzz”")
    for scheme, width in (("light", 1280), ("dark", 390)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        check_axe(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    expect(page.locator("#main a").first).to_be_focused()


def test_without_a_line_it_says_so_and_goes_on_by_itself(page, card):
    page.goto("/cards/")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette [role=option]").first).to_be_visible()
    page.context.set_offline(True)
    page.keyboard.type(card[0])
    expect(page.locator("#palette [role=alert]")).to_contain_text("You are offline")
    page.context.set_offline(False)
    expect(page.locator("#palette [role=option][href]").first).to_contain_text(card[0])
    expect(page.locator("#palette [role=alert]")).to_be_hidden()
