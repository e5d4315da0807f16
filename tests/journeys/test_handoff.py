"""The check on the applicant's own phone: staff make a link, a phone that knows nothing opens it, staff see it end."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

PATIENCE = 30_000  # milliseconds


@pytest.fixture
def staff(browser, console):
    context = browser.new_context(base_url=console.url, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto("/")
    page.fill("input[type=email]", "operations@demo.test")
    page.fill("input[type=password]", "demo")
    page.press("input[type=password]", "Enter")
    expect(page.locator("h1")).to_have_text("Home")
    yield page
    context.close()


@pytest.fixture
def phone(browser):
    """390 px, touch, and not one cookie."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    yield page
    assert context.cookies() == []
    context.close()


def check_axe(page: Page) -> None:
    assert [v["id"] for v in Axe().run(page).response["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def link_for(staff: Page, email: str) -> str:
    staff.goto("/cardholders/new/")
    staff.get_by_label(re.compile("mail", re.IGNORECASE)).fill(email)
    staff.get_by_role("button", name="Add only").click()
    staff.get_by_role("link", name="Send to their phone").click()
    staff.locator("#dialog").get_by_role("button", name="Make the link").click()
    expect(staff.get_by_role("img", name="QR code of the link")).to_be_visible()
    return staff.locator("#handoff-link").inner_text()


def test_a_phone_does_the_check_and_the_staff_page_follows_it(staff, phone, console):
    link = link_for(staff, "phone@holder.test")
    check_axe(staff)
    followed, staff_url = staff.locator("#handoff-live"), staff.url
    expect(followed).to_contain_text("Not opened yet")

    phone.goto(link)
    check_axe(phone)
    expect(followed).to_contain_text("Link loaded, check not started", timeout=PATIENCE)
    phone.get_by_role("button", name="Start").click()
    first = phone.locator("iframe").get_attribute("src")
    expect(followed).to_contain_text("Check open on their phone", timeout=PATIENCE)

    phone.reload()  # asks how far it is, and opens nothing
    expect(phone.locator("iframe")).to_have_count(0)
    phone.get_by_role("button", name="Continue").click()
    assert phone.locator("iframe").get_attribute("src") != first

    frame = phone.frame_locator("iframe")
    frame.locator("[name=firstName]").fill("Pia")
    frame.locator("[name=lastName]").fill("TestApproved")
    frame.locator("#sample").click()
    frame.locator("#send").click()
    expect(phone.locator("h1")).to_have_text(re.compile("Thank you, that is all we need|Your check is complete"))
    check_axe(phone)

    expect(followed).to_contain_text("The application is approved", timeout=PATIENCE)
    expect(followed.locator("li[data-done=yes]")).to_have_count(4)
    expect(staff.get_by_role("link", name="Issue card")).to_be_visible()
    assert staff.url == staff_url
    staff.reload()  # the link was shown once
    expect(staff.locator("#handoff-link")).to_have_count(0)
    assert link.rstrip("/").rsplit("/", 1)[1] not in console.log.read_text()


def test_without_script_the_way_to_the_frame_and_back_is_the_same(staff, browser):
    link = link_for(staff, "plain@holder.test")
    context = browser.new_context(viewport={"width": 320, "height": 640}, java_script_enabled=False)
    page = context.new_page()
    page.goto(link)
    page.get_by_role("button", name="Start").click()
    expect(page.locator("iframe")).to_have_count(1)
    page.get_by_role("button", name="I have finished").click()
    expect(page.locator("h1")).to_have_text("Thank you, that is all we need")
    context.close()
