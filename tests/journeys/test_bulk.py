"""Many cards at once in a real browser: chosen over two pages, by mouse and by keyboard, locked with a reason."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Console
from tests.journeys.test_journey import check_axe, sign_in

COUNT = ".select-bar .count"
BOX = "input[form=selection][name=pk]"


@pytest.fixture(scope="module")
def page(browser, console: Console):
    context = browser.new_context(base_url=console.url, viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(30_000)
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    holder = next(u for u in console.sandbox.list("users") if u["applicationStatus"] == "approved")
    for _ in range(52):
        console.sandbox.story("issue_card", userId=holder["id"])
    console.wait(lambda: console.status()["resources"]["cards"]["rows"] > 60, "the cards did not come")
    sign_in(opened, "operations")
    yield opened
    context.close()
    assert errors == []


def turn(page: Page, rel: str) -> None:
    first = page.locator(BOX).first.get_attribute("value")
    page.locator(f"a[rel={rel}]").click()
    expect(page.locator(BOX).first).not_to_have_value(first)


def test_rows_are_chosen_over_two_pages_and_by_keyboard(page):
    page.goto("/cards/?status=active")
    expect(page.locator(".select-bar")).to_be_hidden()
    page.locator(BOX).nth(0).check()
    page.locator(BOX).nth(2).click(modifiers=["Shift"])
    expect(page.locator(COUNT)).to_have_text("3 selected")
    expect(page.locator("#announce")).to_have_text("3 selected")
    check_axe(page)
    turn(page, "next")
    page.locator("#list tbody th a").first.focus()
    page.keyboard.press("x")
    expect(page.locator(COUNT)).to_have_text("4 selected")
    expect(page.locator(BOX).first).to_be_checked()
    turn(page, "prev")
    expect(page.locator(BOX).nth(1)).to_be_checked()
    expect(page.locator(COUNT)).to_have_text("4 selected")


def test_only_numbers_of_rows_are_remembered(page):
    kept = page.evaluate("Object.entries(sessionStorage).filter(([key]) => key.startsWith('select:'))")
    assert len(kept) == 1
    assert re.fullmatch(r"select:cards:[0-9a-f]{12}", kept[0][0])
    assert re.fullmatch(r"\[[\d,]+\]", kept[0][1])


def test_they_are_tried_dry_and_then_locked_each_with_its_result(page, console):
    chosen = int(page.locator(COUNT).inner_text().split()[0])
    page.locator(".select-bar").get_by_role("button", name="Lock", exact=True).click()
    page.get_by_label("Reason").fill("Fraud alarm")
    page.get_by_role("button", name="Dry run").click()
    expect(page.locator(".figure")).to_have_text(f"{chosen} cards will be locked")
    check_axe(page)
    page.get_by_role("button", name=f"Lock {chosen} cards").click()
    expect(page.get_by_text("All done")).to_be_visible()
    expect(page.locator("#bulk-run tbody tr").filter(has_text="Locked").filter(has_text="Done")).to_have_count(chosen)
    check_axe(page)
    assert page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('select:'))") == []


def test_another_filter_forgets_and_escape_clears(page):
    page.goto("/cards/?status=locked")
    page.locator("[data-select-page]").check()
    expect(page.locator(COUNT)).not_to_have_text("Nothing is selected")
    page.keyboard.press("Escape")
    expect(page.locator(".select-bar")).to_be_hidden()
    expect(page.locator("[data-select-page]")).not_to_be_checked()
    page.locator(BOX).first.check()
    page.goto("/cards/?status=active")
    expect(page.locator(".select-bar")).to_be_hidden()
    page.goto("/cards/?status=locked")
    expect(page.locator(".select-bar")).to_be_hidden()


def test_everything_stays_chosen_on_the_next_page(page):
    page.goto("/cards/")
    page.locator(BOX).first.check()
    page.get_by_label("All of this list, on every page").check()
    expect(page.locator(COUNT)).to_have_text("Everything that matches is selected")
    turn(page, "next")
    expect(page.locator(COUNT)).to_have_text("Everything that matches is selected")
    expect(page.locator(BOX).first).to_be_checked()
    page.locator(".select-bar").get_by_role("button", name="Clear").click()
    expect(page.locator(".select-bar")).to_be_hidden()
    expect(page.locator("[data-select-page]")).to_be_focused()


def test_single_keys_can_be_switched_off(page):
    page.evaluate("document.body.dataset.keys = 'off'")
    page.locator("#list tbody th a").first.focus()
    page.keyboard.press("x")
    expect(page.locator(".select-bar")).to_be_hidden()
