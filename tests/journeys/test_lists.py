"""Lists by keyboard alone, in a real browser: walking the rows, the preview that follows, the focus after a swap, and
choosing columns. Axe looks at each state in both themes and at two widths."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Console

PATIENCE = 30_000  # milliseconds
NAMES = "#list tbody th[scope=row] a:not(.peek)"


@pytest.fixture(scope="module", autouse=True)
def _imported(console: Console) -> None:
    ready = "transactions"
    console.wait(lambda: console.status()["resources"][ready]["age_s"] is not None, "the first import did not end")


@pytest.fixture(scope="module")
def page(browser, console: Console):
    context = browser.new_context(base_url=console.url, viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    opened.goto("/")
    opened.fill("input[type=email]", "operations@demo.test")
    opened.fill("input[type=password]", "demo")
    opened.press("input[type=password]", "Enter")
    expect(opened.locator("h1")).to_have_text("Home")
    yield opened
    context.close()
    assert errors == []


def has_focus(page: Page) -> str:
    return page.evaluate("document.activeElement.textContent.trim()")


def names(page: Page) -> list[str]:
    return [name.strip() for name in page.locator(NAMES).all_inner_texts()]


def clean(page: Page) -> None:
    """Axe finds nothing of weight, light and dark, wide and narrow."""
    for scheme in ("light", "dark"):
        for width in (1280, 390):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 900})
            found = Axe().run(page).response["violations"]
            serious = [v for v in found if v["impact"] in {"serious", "critical"}]
            assert [(v["id"], v["nodes"][0]["html"][:120]) for v in serious] == [], (scheme, width)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})


def test_rows_are_walked_previewed_and_opened_by_keyboard_alone(page):
    page.goto("/cards/")
    first, second, third = names(page)[:3]
    page.keyboard.press("j")
    assert has_focus(page) == first
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert has_focus(page) == second
    expect(page.locator("tr[aria-current=true] th")).to_contain_text(second)
    page.keyboard.press("Space")
    expect(page.locator("#preview-title")).to_have_text(second)
    expect(page.locator("#announce")).to_contain_text(second)
    assert has_focus(page) == second  # it opens beside the list, and the list goes on
    clean(page)
    page.keyboard.press("ArrowDown")
    expect(page.locator("#preview-title")).to_have_text(third)
    page.keyboard.press("ArrowRight")
    assert has_focus(page) == third  # now that of the preview
    assert page.evaluate("!!document.activeElement.closest('#peek')")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.locator("#peek")).to_be_hidden()
    assert page.evaluate("!!document.activeElement.closest('#list')")
    assert has_focus(page) == third
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text(third)


def test_letters_typed_into_a_field_do_nothing_else(page):
    page.goto("/cards/")
    page.keyboard.press("f")
    assert page.evaluate("document.activeElement.matches('.filters .panel *')")
    page.keyboard.press("Escape")
    search = page.locator(".filters input[type=search]")
    search.focus()
    page.keyboard.type("jpk]")
    assert search.input_value() == "jpk]"
    expect(page.locator("tr[aria-current=true]")).to_have_count(0)
    page.keyboard.press("Control+j")
    expect(page.locator("tr[aria-current=true]")).to_have_count(0)


def test_somebody_who_switched_letters_off_keeps_arrows_and_the_space_bar(page):
    page.goto("/cards/")
    page.evaluate("document.body.dataset.keys = 'off'")
    page.locator(NAMES).first.focus()
    page.keyboard.press("j")
    first, second = names(page)[:2]
    assert has_focus(page) == first
    page.keyboard.press("ArrowDown")
    assert has_focus(page) == second
    page.keyboard.press("Space")
    expect(page.locator("#preview-title")).to_have_text(second)


def test_pages_turn_by_key_and_the_focus_stays_with_its_record(page):
    page.goto("/transactions/")
    page.keyboard.press("]")
    page.wait_for_url("**cursor=**")
    page.wait_for_function("document.activeElement.closest('#list tbody tr')?.rowIndex === 1")
    page.keyboard.press("[")
    page.wait_for_function("document.activeElement.closest('#list tbody tr')?.rowIndex === 1")
    page.goto("/cards/")
    for _ in range(4):
        page.keyboard.press("j")
    record = page.evaluate("document.activeElement.href")
    page.evaluate("htmx.ajax('GET', location.href, {target: '#list'})")  # as a live list brings itself up to date
    page.wait_for_function("!document.querySelector('#list .htmx-settling, #list.htmx-request')")
    page.wait_for_timeout(400)
    assert page.evaluate("document.activeElement.href") == record
    assert page.locator("tr[aria-current=true] th a").first.evaluate("link => link.href") == record


def test_columns_are_chosen_and_moved_by_keyboard_and_kept_in_the_address(page):
    page.goto("/cards/?status=active")
    page.locator(".columns-menu summary").focus()
    page.keyboard.press("Enter")
    page.locator(".columns-menu input[value=wallets]").focus()
    page.keyboard.press("Space")
    page.wait_for_url("**columns=**wallets")
    up = page.get_by_role("button", name="Move Wallets up")
    up.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**wallets,issued")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Move Wallets up"
    expect(page.locator("#announce")).to_contain_text("Wallets is now in place 7")
    heads = page.locator("#list thead th").all_inner_texts()
    assert heads[-2:] == ["Wallets", "Issued"]
    clean(page)
    page.keyboard.press("Escape")
    expect(page.locator(".columns-menu")).not_to_have_attribute("open", "")
    page.reload()
    assert page.locator("#list thead th").all_inner_texts() == heads


def test_a_view_is_saved_in_a_dialog_and_stands_as_a_tab(page):
    page.goto("/cards/?status=locked&columns=last4,holder,limit")
    page.get_by_role("link", name="Save view").press("Enter")
    page.get_by_label("Name", exact=True).fill("Locked, by limit")
    page.keyboard.press("Enter")
    tab = page.get_by_role("navigation", name="Saved views").get_by_role("link", name="Locked, by limit")
    expect(tab).to_have_attribute("aria-current", "page")
    clean(page)
    page.locator("#list thead").get_by_role("link", name="Limit").press("Enter")
    expect(page.get_by_role("button", name="Save changes")).to_be_visible()
    page.get_by_role("button", name="Save changes").press("Enter")
    expect(page.locator("#toasts")).to_contain_text("The view is saved")
    expect(page.get_by_role("button", name="Save changes")).to_have_count(0)
