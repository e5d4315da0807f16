"""The whole main job in a real browser, over the processes that `make run` starts: from sign-in to dispute and export.
Afterwards every place that could hold a secret is searched for the ones the journey met."""

import re
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.journeys.canaries import found_in, places_of, provider_numbers
from tests.journeys.conftest import Console

PATIENCE = 30_000  # milliseconds


@pytest.fixture(scope="module")
def met() -> dict[str, set[str]]:
    """Secrets the journey met, and the page sources it was shown."""
    return {"iframe": set(), "sources": set()}


@pytest.fixture(scope="module")
def page(browser, console: Console, met):
    context = browser.new_context(base_url=console.url, viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda m: errors.append(m.text) if m.type == "error" and "401" not in m.text else None)

    def seen(response) -> None:
        inside = response.url.startswith(console.url) and "html" in (response.headers.get("content-type") or "")
        if inside and response.request.method == "GET" and response.status == 200:
            met["sources"].add(response.text())

    opened.on("response", seen)
    yield opened
    context.close()
    assert errors == []


def sign_in(page: Page, role: str) -> None:
    page.goto("/")
    page.fill("input[type=email]", f"{role}@demo.test")
    page.fill("input[type=password]", "demo")
    page.press("input[type=password]", "Enter")
    expect(page.locator("h1")).to_have_text("Home")


def check_axe(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:120]) for v in found if v["impact"] in {"serious", "critical"}] == []


def submit(page: Page, button: str) -> None:
    page.locator("main, #dialog").get_by_role("button", name=button, exact=True).last.click()


@pytest.fixture(scope="module", autouse=True)
def _imported(console: Console) -> None:
    console.sandbox.switch(leaks_pan="on")  # a provider that sends card numbers where it should not
    console.wait(lambda: console.status()["resources"]["balances"]["age_s"] is not None, "the first import did not end")


def test_a_cardholder_is_onboarded_through_the_iframe(page, console, met):
    sign_in(page, "operations")
    check_axe(page)
    page.goto("/cardholders/new/")
    page.get_by_label(re.compile("mail", re.IGNORECASE)).fill("journey@holder.test")
    page.get_by_label("Last name").fill("Whatever")
    submit(page, "Add and start the check")
    frame_at = page.locator("iframe").get_attribute("src")
    met["iframe"].add(frame_at.split("token=")[1])
    frame = page.frame_locator("iframe")
    frame.locator("[name=firstName]").fill("Jo")
    frame.locator("[name=lastName]").fill("TestApproved")
    frame.locator("#sample").click()
    frame.locator("#send").click()
    expect(page.locator("main")).to_contain_text("Approved", timeout=PATIENCE)
    expect(page.locator("iframe")).to_have_count(0)


def holder_url(page: Page) -> str:
    page.goto("/cardholders/?sort=-created")
    return page.locator("table a").filter(has_text="Jo TestApproved").first.get_attribute("href")


def test_the_outcome_and_the_contract_arrive_by_themselves(page, console):
    page.goto(holder_url(page))
    expect(page.locator("main")).to_contain_text("Approved")

    def contract_shown() -> bool:
        page.reload()
        return "0x" in page.locator("main").inner_text()

    console.wait(contract_shown, "no contract appeared")
    check_axe(page)


def test_a_virtual_card_is_issued(page, console):
    page.goto(holder_url(page))
    page.get_by_role("link", name="Issue card").first.click()
    form = page.locator("form[data-card-form]")
    form.locator("[name=type][value=virtual]").check()
    form.locator("[name=amount]").fill("250.00")
    form.locator("[name=frequency][value=per7DayPeriod]").check()
    form.get_by_role("button", name="Issue card").click()
    expect(page.locator("main")).to_contain_text("$250.00")
    check_axe(page)


def card_url(page: Page) -> str:
    page.goto(holder_url(page))
    return page.locator("main table a[href^='/cards/']").filter(has_text="••••").first.get_attribute("href")


@pytest.mark.parametrize(("action", "path", "state"), [
    ("Lock card", "lock", "Locked"), ("Unlock card", "unlock", "Active"),
])  # fmt: skip
def test_the_card_is_locked_and_unlocked(page, action, path, state):
    url = card_url(page)
    page.goto(f"{url}{path}/")
    for other in page.get_by_text("Another reason").all():
        other.click()
    for reason in page.locator("main [name=reason]").all():
        reason.fill("asked by phone")
    submit(page, action)
    page.wait_for_url(re.compile(re.escape(url) + "$"))
    expect(page.locator("main")).to_contain_text(state)


def test_the_limit_is_changed(page):
    url = card_url(page)
    page.goto(f"{url}limit/")
    page.locator("main [name=amount]").fill("1000")
    submit(page, "Change limit")
    page.wait_for_url(re.compile(re.escape(url) + "$"))
    expect(page.locator("main")).to_contain_text("$1,000.00")


def test_what_comes_to_a_record_appears_on_its_open_page(page):
    url = card_url(page)
    page.goto(url)
    page.evaluate("window.kept = true")
    page.locator("#timeline-people").click()
    elsewhere = page.context.new_page()
    elsewhere.goto(url)
    note = elsewhere.locator("#note-text")
    note.press_sequentially("Look here, @oper")
    expect(elsewhere.locator("#note-people [role=option]")).to_contain_text("operations@demo.test")
    note.press("Enter")
    expect(note).to_have_value("Look here, @operations ")
    elsewhere.get_by_role("button", name="Add note").click()
    elsewhere.close()
    expect(page.locator("#timeline")).to_contain_text("Look here, @operations@demo.test", timeout=PATIENCE)
    expect(page.locator("#timeline-people")).to_have_attribute("aria-current", "true")
    assert page.evaluate("window.kept")


def test_a_purchase_appears_settles_and_is_disputed(page, console):
    url = card_url(page)
    last4 = page.locator(f"main a[href='{url}']").first.inner_text()[-4:]
    card = next(c for c in console.sandbox.list("cards") if c["last4"] == last4 and c["limit"]["amount"] == 100_000)
    console.sandbox.story("fund", userId=card["userId"], amount=50_000)
    spend = console.sandbox.story("authorise", cardId=card["id"], amount=4_200, merchantName="Canary Books")

    def shown(words: str) -> bool:
        page.goto(url)
        row = page.locator("main tr").filter(has_text="Canary Books")
        return row.count() > 0 and words in row.first.inner_text()

    console.wait(lambda: shown("Pending"), "the authorisation did not appear")
    page.locator("main tr a").filter(has_text="Canary Books").first.click()
    expect(page.locator("main")).to_contain_text("not settled yet")
    expect(page.get_by_role("link", name="Open dispute")).to_have_count(0)
    console.sandbox.story("settle", transactionId=spend["id"])
    console.wait(lambda: shown("Completed"), "the settlement did not appear")
    page.locator("main tr a").filter(has_text="Canary Books").first.click()
    check_axe(page)
    page.get_by_role("link", name="Open dispute").click()
    page.locator("#dialog [name=text]").fill("The books never arrived.")
    submit(page, "Open dispute")
    expect(page.locator("h1")).to_contain_text("Dispute of Canary Books")
    expect(page.locator("main")).to_contain_text("The books never arrived.")
    found = [d for d in console.sandbox.list("disputes") if d["transactionId"] == spend["id"]]
    assert len(found) == 1


def test_what_is_shown_is_exported(page):
    page.goto("/transactions/")
    page.locator("#list-export summary").click()
    with page.expect_download() as download:
        page.locator("#list-export a").first.click()
    lines = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    assert any("Canary Books" in line and "42.00" in line for line in lines)


def test_a_company_is_onboarded(page, met):
    page.goto("/companies/new/")
    page.get_by_label(re.compile("mail", re.IGNORECASE)).fill("office@journey.test")
    page.get_by_label(re.compile("name", re.IGNORECASE)).first.fill("Journey TestApproved Ltd")
    submit(page, "Add and start the check")
    met["iframe"].add(page.locator("iframe").get_attribute("src").split("token=")[1])
    frame = page.frame_locator("iframe")
    frame.locator("[name=name]").fill("Journey TestApproved Ltd")
    frame.locator("[name=firstName]").fill("Rui")
    frame.locator("[name=lastName]").fill("Owner")
    for field in frame.locator("[name=ownerEmail]:visible").all():
        field.fill("rui@journey.test")
    frame.locator("#sample").click()
    frame.locator("#send").click()
    expect(page.locator("main")).to_contain_text("Approved", timeout=PATIENCE)


def test_the_card_number_is_shown_to_whom_it_is_meant_for(page, console, met):
    url = card_url(page)
    page.goto(url)
    page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name="Show card number").click()
    page.get_by_label("Reason").fill("Read out to the holder")
    submit(page, "Show card number")
    shown = page.locator("#dialog [data-secret=pan]")
    expect(shown).to_have_text(re.compile(r"^\d{4} \d{4} \d{4} \d{4}$"))
    numbers, _keys = provider_numbers(console.folder / "var" / "sandbox.sqlite3")
    assert shown.inner_text().replace(" ", "") in numbers
    check_axe(page)
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()
    met["sources"].add(page.content())


def test_another_accent_shows_everywhere_without_a_restart(browser, console):
    context = browser.new_context(base_url=console.url, viewport={"width": 1280, "height": 900})
    admin, red = context.new_page(), "rgb(176, 0, 32)"
    sign_in(admin, "admin")
    admin.goto("/settings/brand/")
    admin.get_by_label("Accent colour", exact=True).fill("#b00020")
    expect(admin.get_by_label("Choose the accent colour")).to_have_value("#b00020")
    expect(admin.locator(".preview .button.primary").first).to_have_css("background-color", red)
    check_axe(admin)
    submit(admin, "Save")
    expect(admin.locator("#toasts")).to_contain_text("Saved.")
    expect(admin.locator("#brand-form .button.primary")).to_have_css("background-color", red)

    def told() -> bool:
        """By every process that answers."""
        pages = {httpx.get(f"{console.url}/brand.css").text for _ in range(8)}
        return len(pages) == 1 and "--accent:light-dark(#b00020" in pages.pop()

    console.wait(told, "a process goes on with the colour of before")
    stranger = browser.new_context(base_url=console.url).new_page()
    stranger.goto("/accounts/login/")
    expect(stranger.get_by_role("button", name="Sign in")).to_have_css("background-color", red)
    stranger.context.close()
    context.close()


def test_no_secret_is_anywhere(console, met):
    """Canaries: every card number of a provider that leaks them, every iframe token, both keys."""
    numbers, keys = provider_numbers(console.folder / "var" / "sandbox.sqlite3")
    assert len(met["iframe"]) == 2
    places = places_of(console, sources=met["sources"])
    assert found_in(places, numbers | keys | met["iframe"]) == set()
    planted = places | {"planted": f"… {next(iter(met['iframe']))} …"}
    assert found_in(planted, numbers | keys | met["iframe"]) == {"planted"}
