"""static/charts.js in a real browser: one tab stop for a chart, arrows between its bars, the value read out."""

import pytest

from console.charts import Chart, Mark
from console.templatetags.console import draw
from tests.conftest import ROOT


@pytest.fixture
def page(browser):
    marks = [Mark(f"{day} Nov", day, f"${day}.00", f"#day-{day}", day) for day in range(1, 15)]
    opened = browser.new_page()
    opened.set_content(f"<a href='#before'>Before</a>{draw(Chart('Spend', marks, 'bars', 'Highest: 14 Nov'))}")
    opened.add_script_tag(path=ROOT / "static" / "charts.js")
    yield opened
    opened.close()


def said(page):
    return page.locator("[data-readout]").inner_text()


def test_a_chart_is_one_tab_stop_and_arrows_go_between_its_bars(page):
    page.get_by_text("Before").focus()
    page.keyboard.press("Tab")
    assert said(page) == "14 Nov: $14.00"
    page.keyboard.press("ArrowLeft")
    assert said(page) == "13 Nov: $13.00"
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")  # there is none before the first
    assert said(page) == "1 Nov: $1.00"
    page.keyboard.press("Enter")
    page.wait_for_function("location.hash === '#day-1'")
    page.keyboard.press("Tab")
    assert said(page) == "Highest: 14 Nov"
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_a_bar_that_is_pointed_at_is_read_out(page):
    page.locator("svg a").nth(4).hover()
    assert said(page) == "5 Nov: $5.00"
    page.mouse.move(0, 0)
    assert said(page) == "Highest: 14 Nov"
