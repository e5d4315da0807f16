"""Card secrets in a real browser, over the processes that `make run` starts: shown to whom they are meant for, and gone."""

import json
import re
from urllib.parse import parse_qs

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.conftest import ROOT
from tests.journeys.conftest import Console
from tests.journeys.reveals import ProviderFile, ask, card_page, fours, imported, show, sign_in, taking_turns, type_pin

PATIENCE = 20_000  # milliseconds
OTHER_KEY = json.loads((ROOT / "tests" / "vectors.json").read_text())["secrets"]["public_key_pem"]
PIN = "482913057264"


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    """It answers to a name that the browser does not take for this machine, too."""
    running = Console(tmp_path_factory.mktemp("secrets"), ALLOWED_HOSTS="localhost,127.0.0.1,console.test")
    running.start()
    imported(running)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def provider_file(console) -> ProviderFile:
    return ProviderFile(console.folder / "var" / "sandbox.sqlite3")


@pytest.fixture(scope="module")
def people(browser, console):
    return taking_turns(browser, console.url)


@pytest.fixture
def page(browser, console, people):
    context = browser.new_context(base_url=console.url, storage_state=next(people))
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == []


@pytest.fixture(scope="module")
def cards(console, provider_file) -> list[dict]:
    """Virtual cards have no PIN yet."""
    found = [c["id"] for c in console.sandbox.list("cards") if (c["status"], c["type"]) == ("active", "virtual")]
    return [provider_file.card(card_id) for card_id in found[:2]]


@pytest.fixture
def card(cards) -> dict:
    return cards[0]


@pytest.fixture
def other_card(cards) -> dict:
    return cards[1]


def is_gone(page: Page, card: dict) -> None:
    expect(page.locator("[data-shown]")).to_be_hidden()
    assert not {card["_pan"], fours(card["_pan"]), card["_cvc"]} & set(re.findall(r">([\d ]+)<", page.content()))


def check_axe(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:120]) for v in found] == []


# --- Shown ------------------------------------------------------------------------------------------------------------


def test_the_digits_are_the_providers_own(page, card):
    show(page, card)
    expect(page.locator("[data-secret=cvc]")).to_have_text(card["_cvc"])
    expect(page.locator("[data-shown]")).to_contain_text(f"{int(card['expirationMonth']):02}/{card['expirationYear']}")
    expect(page.locator("[data-shown]")).to_be_focused()
    expect(page.locator("[data-said]")).to_have_text("Shown for 30 seconds.")
    check_axe(page)


def test_in_the_dialog_of_the_card_too_and_closing_it_wipes_them(page, card):
    card_page(page, card)
    page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name="Show card number").click()
    page.get_by_label("Reason").fill("Holder is on the phone")
    page.locator("#dialog").get_by_role("button", name="Show card number").click()
    place = page.locator("#dialog [data-secret=pan]")
    expect(place).to_have_text(fours(card["_pan"]))
    check_axe(page)
    left_behind = place.element_handle()
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()
    assert left_behind.text_content() == ""
    expect(page.locator("[data-reveal]")).to_have_count(0)


def test_without_a_reason_nothing_is_asked(page, card):
    ask(page, card)
    page.get_by_label("Reason").fill("   ")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("button", name="Show card number").click()
    expect(page.locator("[data-problem]")).to_contain_text("Say why")
    expect(page.get_by_label("Reason")).to_be_focused()
    assert asked == []


# --- Gone again -------------------------------------------------------------------------------------------------------

SWAP = "document.querySelector('#cards-reveal').outerHTML = '<p>something else</p>'"
TAB_LEFT = """Object.defineProperty(document, 'hidden', { configurable: true, value: true });
  document.dispatchEvent(new Event('visibilitychange')); delete document.hidden;"""


@pytest.mark.parametrize(("how", "words"), [
    (lambda page: page.get_by_role("button", name="Hide now").click(), "Hidden again"),
    (lambda page: page.keyboard.press("Escape"), "Hidden again"),
    (lambda page: page.evaluate(TAB_LEFT), "this tab was left"),
    (lambda page: page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))"), "Hidden again"),
], ids=["button", "escape", "tab hidden", "pagehide"])  # fmt: skip
def test_the_digits_go(page, card, how, words):
    show(page, card)
    how(page)
    is_gone(page, card)
    expect(page.locator("[data-news]")).to_contain_text(words)
    expect(page.locator("[data-news]")).to_be_focused()


def test_they_go_when_the_time_is_up(page, card):
    show(page, card, seconds=1)
    is_gone(page, card)
    expect(page.locator("[data-news]")).to_contain_text("Hidden again")


def test_they_stay_longer_if_asked(page, card):
    show(page, card, seconds=4)
    page.get_by_role("button", name="Show 30 s longer").click()
    page.wait_for_timeout(5000)
    expect(page.locator("[data-secret=pan]")).to_have_text(fours(card["_pan"]))
    is_gone(page, card)


def test_they_are_wiped_even_from_what_a_swap_took_away(page, card):
    show(page, card)
    left_behind = [page.locator(f"[data-secret={name}]").element_handle() for name in ("pan", "cvc")]
    page.evaluate(SWAP)
    page.wait_for_function("node => node.textContent === ''", arg=left_behind[0])
    assert [handle.text_content() for handle in left_behind] == ["", ""]


def test_they_are_not_there_on_the_way_back(page, card):
    show(page, card)
    page.get_by_role("link", name="Cards", exact=True).first.click()
    expect(page.locator("h1")).to_have_text("Cards")
    page.go_back()
    expect(page.locator("[data-asking]")).to_be_visible()
    is_gone(page, card)
    expect(page.get_by_label("Reason")).to_have_value("")


def test_an_answer_that_comes_after_the_tab_was_left_is_not_shown(page, console, card):
    console.sandbox.fault("GET /cards/*/secrets", "latency", seconds=2)
    ask(page, card)
    page.get_by_role("button", name="Show card number").click()
    expect(page.locator("[data-waiting]")).to_be_visible()
    page.evaluate(TAB_LEFT)
    expect(page.locator("[data-news]")).to_contain_text("this tab was left")
    page.wait_for_timeout(3000)
    is_gone(page, card)
    page.get_by_role("button", name="Show card number").click()
    expect(page.locator("[data-secret=pan]")).to_have_text(fours(card["_pan"]))


def test_they_stay_when_another_window_is_looked_at(page, card):
    show(page, card)
    page.evaluate("addEventListener('blur', () => { window.blurred = true; })")
    page.context.new_cdp_session(page).send("Emulation.setFocusEmulationEnabled", {"enabled": False})
    other = page.context.new_page()
    other.bring_to_front()
    page.wait_for_function("window.blurred")
    expect(page.locator("[data-secret=pan]")).to_have_text(fours(card["_pan"]))


# --- Where it cannot be done ------------------------------------------------------------------------------------------


def test_over_plain_http_it_is_off_and_says_why(browser, console, card):
    page = browser.new_page(base_url=f"http://console.test:{console.port}")
    sign_in(page, 0)
    for what in ("reveal", "pin"):
        page.goto(f"{card_page(page, card)}{what}/")
        assert page.evaluate("isSecureContext") is False
        expect(page.locator("[data-problem]")).to_contain_text("Open the console over HTTPS, or on localhost")
        expect(page.locator("[data-asking]")).to_be_hidden()
        expect(page.get_by_role("link", name="Go back")).to_be_visible()
    page.close()


def test_a_browser_that_fails_its_own_test_is_told_so(page, card):
    page.add_init_script("crypto.subtle.decrypt = async () => { throw new Error('no'); };")
    page.goto(f"{card_page(page, card)}reveal/")
    expect(page.locator("[data-problem]")).to_contain_text("This browser cannot do it")
    expect(page.locator("[data-asking]")).to_be_hidden()


def test_a_setting_that_is_no_key_is_named(page, card):
    where = f"{card_page(page, card)}reveal/"

    def spoil(route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=re.sub(r'data-key="[^"]+"', 'data-key="AAAA"', answer.text()))

    page.route(f"**{where}", spoil)
    page.goto(where)
    expect(page.locator("[data-problem]")).to_contain_text("CODEGO_SECRETS_PUBLIC_KEY is not a key that can be used")


def test_the_key_of_another_environment_is_named_by_the_provider(page, card):
    ask(page, card)
    page.locator("[data-reveal]").evaluate("(root, key) => { root.dataset.key = key; }", OTHER_KEY)
    page.get_by_role("button", name="Show card number").click()
    expect(page.locator("[data-problem]")).to_contain_text("is not the public key of this environment")
    expect(page.locator("[data-problem]")).to_contain_text("Failed to Decrypt Session ID")
    check_axe(page)


def test_after_a_failure_one_tries_again_with_a_fresh_session(page, console, card):
    sessions = []
    page.on("request", lambda request: sessions.extend(parse_qs(request.post_data or "").get("session", [])))
    console.sandbox.fault("GET /cards/*/secrets", "unavailable", times=4)
    ask(page, card)
    page.get_by_role("button", name="Show card number").click()
    expect(page.locator("[data-problem]")).to_contain_text("The provider has trouble answering")
    page.get_by_role("button", name="Show card number").click()
    expect(page.locator("[data-secret=pan]")).to_have_text(fours(card["_pan"]))
    assert len(set(sessions)) == 2


def test_whoever_was_signed_out_meanwhile_is_told_so(page, console, card):
    ask(page, card)
    page.context.clear_cookies(name=f"deckhand_{console.port}")
    page.get_by_role("button", name="Show card number").click()
    expect(page.locator("[data-problem]")).to_contain_text("You are signed out. Sign in again.")


def test_a_page_out_of_date_is_to_be_reloaded(page, console, card):
    ask(page, card)
    page.context.clear_cookies(name=f"deckhand_csrf_{console.port}")
    page.get_by_role("button", name="Show card number").click()
    expect(page.locator("[data-problem]")).to_contain_text("Reload the page")


# --- The PIN ----------------------------------------------------------------------------------------------------------


def test_a_pin_is_set_and_seen_again(page, provider_file, card):
    ask(page, card, "pin")
    page.get_by_role("button", name="Show PIN").click()
    expect(page.locator("[data-news]")).to_contain_text("No PIN is set on this card.")
    type_pin(page, PIN)
    expect(page.locator("[data-news]")).to_contain_text("The new PIN is set.")
    assert [field.input_value() for field in page.locator("[data-pin]").all()] == ["", ""]
    assert provider_file.card(card["id"])["_pin"] == PIN
    check_axe(page)
    page.get_by_role("button", name="Show PIN").click()
    expect(page.locator("[data-secret=pin]")).to_have_text(PIN)
    page.get_by_role("button", name="Hide now").click()
    assert PIN not in page.content()


@pytest.mark.parametrize(("pin", "again", "words"), [
    ("1234", None, "follow one another"),
    ("2580", None, "pattern of the keypad"),
    ("12", None, "4 to 12 digits"),
    ("482913", "482914", "not the same"),
])  # fmt: skip
def test_a_weak_pin_never_leaves_the_page(page, card, pin, again, words):
    ask(page, card, "pin")
    sent = []
    page.on("request", lambda request: sent.append(request.method))
    type_pin(page, pin, again)
    expect(page.locator("[data-problem]")).to_contain_text(words)
    assert [field.input_value() for field in page.locator("[data-pin]").all()] == ["", ""]
    assert "POST" not in sent


def test_a_pin_whose_answer_was_lost_is_to_be_set_again(page, console, other_card):
    console.sandbox.fault("PUT /cards/*/pin", "drop_after")
    ask(page, other_card, "pin")
    type_pin(page, PIN)
    expect(page.locator("[data-problem]")).to_contain_text("Whether the new PIN was taken is not known. Set it again.")
    type_pin(page, PIN)
    expect(page.locator("[data-news]")).to_contain_text("The new PIN is set.")
    card_page(page, other_card)
    expect(page.locator("#provider-commands")).to_contain_text("Never known")
