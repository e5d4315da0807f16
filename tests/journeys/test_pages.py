"""Every page that can be reached by links, as somebody with every role: axe finds nothing in both themes and at two
widths, nothing scrolls sideways from 320 to 2560 pixels, no error is logged, nothing moves, and pages stay light."""

import re
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.journeys.conftest import Console

PASSWORD = "every purple tractor"
WIDTHS = (1280, 390)
FRAMES = (320, 2560)
LEAST_SHAPES = 55  # fewer means that the walk itself broke
FIRST_KB, LATER_KB = 150, 20
NOT_WALKED = re.compile(r"logout|/export|download|mailto:|\.csv|/static/|/control/")
WEIGHT = "performance.getEntries().reduce((sum, e) => sum + (e.transferSize || 0), 0) / 1000"
SHIFTS = """new Promise(done => {
  let sum = 0;
  new PerformanceObserver(list => { for (const e of list.getEntries()) if (!e.hadRecentInput) sum += e.value; })
    .observe({type: "layout-shift", buffered: true});
  setTimeout(() => done(sum), 50);
})"""


def shape(url: str) -> str:
    return re.sub(r"/[0-9a-f-]{32,}|/\d+", "/*", urlsplit(url).path)


@pytest.fixture(scope="module", autouse=True)
def _imported(console: Console) -> None:
    console.wait(lambda: console.status()["resources"]["balances"]["age_s"] is not None, "the first import did not end")


@pytest.fixture
def page(browser: Browser, console: Console):
    roles = [part for role in ("operations", "compliance", "finance", "admin") for part in ("--role", role)]
    console.manage("create_staff", "everything@staff.test", *roles, typed=PASSWORD, check=False)  # once is enough
    context = browser.new_context(base_url=console.url, viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.goto("/")
    opened.fill("input[type=email]", "everything@staff.test")
    opened.fill("input[type=password]", PASSWORD)
    opened.press("input[type=password]", "Enter")
    opened.wait_for_selector("nav.side", state="attached")
    yield opened
    context.close()


def looked_at(page: Page) -> list[str]:
    """What is wrong with the page that is open, in both themes and at each width."""
    wrong = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            found = Axe().run(page).response["violations"]
            wrong += [f"{theme} {width}: {each['id']} {each['nodes'][0]['html'][:160]}" for each in found]
    page.emulate_media(color_scheme="light")
    for width in FRAMES:
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"):
            wrong.append(f"scrolls sideways at {width}")
    page.set_viewport_size({"width": 1280, "height": 900})
    return wrong


def walked(page: Page, console: Console):
    """Opens one page of each shape that links lead to, and says which and what the browser complained of."""
    todo, seen = ["/"], set()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    while todo:
        path = todo.pop(0)
        if shape(path) in seen:
            continue
        seen.add(shape(path))
        errors.clear()
        page.goto(path, wait_until="networkidle")
        yield path, errors
        links = page.eval_on_selector_all(
            "a[href]", "all => all.map(a => new URL(a.getAttribute('href'), location).href)"
        )
        todo += [
            link.removeprefix(console.url)
            for link in links
            if link.startswith(console.url) and not NOT_WALKED.search(link) and shape(link) not in seen
        ]
    assert len(seen) >= LEAST_SHAPES, sorted(seen)


def test_every_page_is_accessible_light_and_still(page: Page, console: Console):
    wrong = {}
    for number, (path, errors) in enumerate(walked(page, console)):
        weight = page.evaluate(WEIGHT)
        found = looked_at(page) + errors
        if weight > (LATER_KB if number else FIRST_KB):
            found.append(f"weighs {weight:.0f} kB")
        page.goto(path, wait_until="networkidle")
        if (shift := page.evaluate(SHIFTS)) > 0.01:
            found.append(f"moves by {shift:.3f}")
        if found:
            wrong[path] = found
    assert wrong == {}


@pytest.mark.parametrize("language", ["it", "es"])
def test_every_page_works_in_each_language(page: Page, console: Console, language):
    page.goto("/staff/me/")
    page.select_option("[name=language]", language)
    page.locator("main form").last.get_by_role("button").last.click()
    page.wait_for_selector(f"html[lang={language}]")
    page.set_viewport_size({"width": FRAMES[0], "height": 900})
    wrong = {}
    for path, errors in walked(page, console):
        sideways = page.evaluate("document.documentElement.scrollWidth > innerWidth + 1")
        if errors or sideways:
            wrong[path] = [*errors[:3], *(["scrolls sideways"] if sideways else [])]
    assert wrong == {}
