"""The control page in a real browser: a newcomer plays a story, bends the provider, and starts over."""

import os
import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

CHROMIUM = shutil.which("chromium")

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM:
        reason = "this machine lacks Chromium (on Debian: apt-get install chromium)"
        (pytest.fail if os.environ.get("REQUIRE_ALL") else pytest.skip)(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def visit(sandbox, browser):
    """Opens the control page; no script may complain while it is used."""
    errors, contexts = [], []

    def visit(width=1280, scheme="light"):
        viewport = {"width": width, "height": 844}
        contexts.append(browser.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce"))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda said: (
                errors.append(said.text) if said.type == "error" and "Failed to load" not in said.text else None
            ),
        )
        page.goto(f"{sandbox.url}/control/")
        expect(page.locator("#transactions tbody tr").first).to_be_visible()
        return page

    yield visit
    for context in contexts:
        context.close()
    assert errors == []


def scene(page, title):
    return page.locator("article", has=page.get_by_role("heading", name=title))


def violations(page):
    return [(one["id"], one["nodes"][0]["html"][:120]) for one in Axe().run(page).response["violations"]]


def test_a_story_plays_with_one_press_and_ticks_off_its_steps(sandbox, visit):
    page = visit()
    told = scene(page, "The total grows before it settles")
    told.get_by_role("button", name="Play").click()
    expect(told.locator("li.done")).to_have_count(4, timeout=60_000)
    expect(told.get_by_text("Now: 150.00 USD at HOTEL AVENIDA, completed. Sent: transaction.completed")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="that was all")).to_be_visible(timeout=30_000)
    newest = sandbox.api.get("/transactions?limit=1").json()[0]["spend"]
    assert (newest["status"], newest["amount"]) == ("completed", 15_000)


def test_a_story_waits_for_each_press_from_the_keyboard(sandbox, visit):
    page = visit()
    told = scene(page, "The webhook secret is changed")
    for count in (1, 2):
        told.get_by_role("button", name="Next step").press("Enter")
        expect(told.locator("li.done")).to_have_count(count)
        expect(told.get_by_role("button", name="Next step")).to_be_focused()
    assert sandbox.control("GET", "webhooks")["next_secret"] in told.inner_text()
    expect(page.get_by_role("button", name="Switch to the second secret")).to_be_visible()
    page.get_by_role("button", name="Put the first secret back").click()
    expect(page.get_by_role("button", name="Make a second secret")).to_be_visible()
    assert sandbox.control("GET", "webhooks")["next_secret"] is None


def test_a_refused_step_says_why(sandbox, visit):
    page = visit()
    told = scene(page, "A purchase, from yes to refund")
    told.get_by_role("button", name="Next step").click()
    expect(told.locator("li.done")).to_have_count(1)
    sandbox.control("POST", "reset", {"size": "empty"})
    told.get_by_role("button", name="Next step").click()
    expect(told.locator("li.bad")).to_contain_text("Refused: card not found")
    page.get_by_role("button", name="Collateral arrives").click()
    expect(page.get_by_role("status")).to_have_text("Refused: body must have userId or companyId")


def test_a_single_purchase_is_authorised_and_settled(sandbox, visit):
    page = visit()
    page.get_by_label("Amount, US dollars", exact=True).fill("33.10")
    page.get_by_role("textbox", name="Merchant").fill("PAPER SHOP")
    page.get_by_role("button", name="Authorise").click()
    page.get_by_role("button", name="Settle PAPER SHOP $33.10").click()
    expect(page.get_by_role("status")).to_have_text("Done. It is now completed.")


def test_what_nobody_is_told_happens_and_webhooks_of_one_event_are_lost(sandbox, visit):
    page = visit()
    card = page.get_by_label("Card (last four, name, state)").input_value()
    owner = next(one["userId"] for one in sandbox.control("GET", "list/cards") if one["id"] == card)
    before = sandbox.truth(owner)["limit"]
    page.get_by_label("Token units (empty: the amount above)").fill("100.009")
    page.get_by_role("button", name="Tokens arrive unseen").click()
    expect(page.get_by_role("status")).to_have_text("Done.")
    assert sandbox.truth(owner)["limit"] == before + 10_000
    assert sandbox.control("GET", "deliveries") == []
    page.get_by_role("button", name="Rates move").click()
    page.get_by_role("button", name="The contract vanishes").click()
    expect(page.get_by_role("status")).to_have_text("Done.")
    page.get_by_label("Lose the webhooks of what happens here").check()
    page.get_by_role("button", name="Charge a fee").click()
    expect(page.locator("#delivery-list tbody tr").first).to_contain_text("lost")
    (token,) = sandbox.truth(owner)["tokens"]
    assert (token["exchangeRate"], token["listed"]) == (0.99, False)
    page.get_by_label("Lose the next, deliveries").fill("3")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    assert sandbox.control("GET", "webhooks")["lose_next"] == 3


def test_time_failures_the_line_and_spelling_are_set(sandbox, visit):
    page = visit()
    page.get_by_role("button", name="15 days on").click()
    expect(page.get_by_text("15.0 days ahead of the real time.")).to_be_visible()
    page.get_by_role("combobox", name="What happens").select_option("hang_after")
    expect(page.get_by_text("It is done at once, but the answer hangs")).to_be_visible()
    page.get_by_role("button", name="Arm", exact=True).click()
    expect(page.locator("#armed li")).to_contain_text("POST /users/*/cards")
    assert sandbox.control("GET", "faults")[0]["seconds"] == 60
    page.get_by_label("Shuffle.").check()
    expect(page.get_by_role("status")).to_contain_text("random order")
    assert sandbox.control("GET", "webhooks")["shuffle"] is True
    page.get_by_text("Lists and pages").click()
    page.get_by_label("What a list is wrapped in.").select_option("nested")
    expect(page.get_by_text("Changed: list envelope.")).to_be_visible()
    page.get_by_role("button", name="All as at first").click()
    expect(page.get_by_text("Nothing is changed.")).to_be_visible()
    page.once("dialog", lambda asked: asked.accept())
    page.get_by_role("combobox", name="Size").select_option("empty")
    page.get_by_role("button", name="Replace the world").click()
    expect(page.get_by_text("0 users")).to_be_visible()
    assert sandbox.control("GET", "faults") == []


def test_the_page_works_however_the_provider_spells_things(sandbox, visit):
    sandbox.switch(list_envelope="nested", status_case="upper", unknown_types="on", transfers="on", missing_fields="on")
    page = visit()
    page.get_by_role("button", name="Authorise").click()
    expect(page.get_by_role("button", name="Settle COFFEE SHOP $12.50").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_can_be_read_by_everybody(visit, width, scheme):
    page = visit(width, scheme)
    scene(page, "A dispute is won").get_by_role("button", name="Steps").click()
    page.evaluate("() => document.querySelectorAll('#spelling details').forEach((one) => { one.open = true; })")
    assert violations(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth") == width
