"""Every job of every role by keyboard alone: after the sign-in nothing is clicked, filled in or gone to. At each stop the
focus can be seen, and no swap loses it. Ten daily jobs are counted; `-s` prints their table."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.journeys.conftest import Console
from tests.journeys.test_journey import PATIENCE

PASSWORD = "every purple tractor"
FARTHEST = 90  # stops: the longest way that anybody tabs here
# What is the matter with the place that has the focus; nothing when it can be seen.
BLIND = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return "nothing has the focus";
  if (at.matches("main, [tabindex='-1'], iframe")) return "";
  const about = at.outerHTML.slice(0, 160);
  const box = at.getBoundingClientRect();
  if (box.bottom < 1 || box.top > innerHeight - 1 || box.right < 1 || box.left > innerWidth - 1) return "off the screen: " + about;
  const typed = at.matches("input:not([type=checkbox], [type=radio], [type=submit]), textarea"); // has a caret
  const drawn = [at, ...at.querySelectorAll("rect"), ...(at.labels || [])].some((part) => {
    const style = getComputedStyle(part);
    return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== "none"
      || (part.matches("rect") && style.stroke !== "none");
  });
  if (!typed && !drawn) return "looks as if it had no focus: " + about;
  const [line] = at.getClientRects();
  const seen = [.1, .5, .9].some((part) => {
    const top = document.elementFromPoint(line.left + line.width * part, line.top + line.height / 2);
    return top && (at.contains(top) || top.contains(at) || [...(at.labels || [])].some((label) => label.contains(top)));
  });
  return seen ? "" : "covered: " + about;
}"""
# A swap that leaves nobody with the focus is an error of the page; the test ends with those.
WATCH = """(() => {
  const held = new WeakSet();
  let asking = 0; // what is being sent is switched off for as long, and cannot have the focus
  const somewhere = () => document.activeElement && document.activeElement !== document.body;
  document.addEventListener("htmx:beforeRequest", () => { asking += 1; });
  document.addEventListener("htmx:afterRequest", (event) => { if (!event.detail.xhr.getResponseHeader("HX-Redirect")) asking -= 1; });
  for (const name of ["htmx:beforeRequest", "htmx:beforeSwap"]) {
    document.addEventListener(name, (event) => { if (somewhere()) held.add(event.detail.xhr); });
  }
  document.addEventListener("htmx:afterSettle", (event) => setTimeout(() => {
    if (!held.has(event.detail.xhr) || asking || somewhere()) return;
    console.error(`the focus is lost at ${location.pathname} after a swap of #${event.detail.target.id}`);
  }, 200));
})()"""


class Hands:
    """Somebody without a mouse. Each chord, and each run of typing, counts one."""

    def __init__(self, page: Page) -> None:
        self._page, self.count = page, 0

    def press(self, *chords: str) -> None:
        for chord in chords:
            self.count += 1
            self._page.keyboard.press(chord)

    def type(self, text: str) -> None:
        self.count += 1
        self._page.keyboard.type(text)

    def until(self, place: Locator, chord: str = "Tab") -> None:
        """Goes on, stop by stop, until this place has the focus."""
        expect(place).to_be_visible()
        for _ in range(FARTHEST):
            if place.evaluate("place => place === place.ownerDocument.activeElement"):
                return
            self.press(chord)
            assert self._page.evaluate(BLIND) == ""
        raise AssertionError(f"{place} is not reached by {chord}")


class Desk:
    """Somebody signed in: the page to look at, and the hands to work with."""

    def __init__(self, context: BrowserContext, email: str, password: str) -> None:
        context.add_init_script(WATCH)
        self.errors: list[str] = []
        self.page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.goto("/")
        self.page.fill("input[type=email]", email)
        self.page.fill("input[type=password]", password)
        self.page.press("input[type=password]", "Enter")
        expect(self.page.locator("h1")).to_have_text("Home")
        self.page.wait_for_load_state()
        self.hands = Hands(self.page)

    @property
    def main(self) -> Locator:
        return self.page.locator("main")

    @property
    def dialog(self) -> Locator:
        return self.page.locator("#dialog")

    @property
    def rows(self) -> Locator:
        return self.page.locator("#list tbody tr")

    def ask(self, words: str) -> None:
        """The palette, from wherever one is, once the page listens."""
        self.page.wait_for_load_state()
        self.hands.press("Control+k")
        self.hands.type(words)
        self.hands.press("Enter")

    def at(self, address: str) -> None:
        self.page.wait_for_url(re.compile(address))

    def to(self, place: Locator) -> None:
        """Past what stands before the content, then on to the place, and in."""
        if self.page.evaluate("document.activeElement === document.body"):
            self.hands.press("Tab", "Enter")
        self.hands.until(place)
        self.hands.press("Enter")

    def button(self, name: str, within: Locator | None = None) -> Locator:
        return (within or self.main).get_by_role("button", name=name, exact=True).last

    def link(self, name: str | re.Pattern[str], within: Locator | None = None) -> Locator:
        return (within or self.main).get_by_role("link", name=name, exact=True).first


@pytest.fixture(scope="module", autouse=True)
def _imported(console: Console) -> None:
    expect.set_options(timeout=PATIENCE)
    console.wait(lambda: console.status()["resources"]["balances"]["age_s"] is not None, "the first import did not end")


@pytest.fixture(scope="module")
def paths() -> Iterator[dict[str, int]]:
    """Interactions by job, measured."""
    measured: dict[str, int] = {}
    yield measured
    print("\n\n| job | interactions |\n|---|---|")
    for job, count in measured.items():
        print(f"| {job} | {count} |")


@pytest.fixture
def desk_of(browser, console):
    """Signs somebody in; when they are done no page had an error."""
    opened: list[Desk] = []

    def sit(email: str, password: str = "demo") -> Desk:
        context = browser.new_context(base_url=console.url, viewport={"width": 1280, "height": 900})
        opened.append(Desk(context, email, password))
        return opened[-1]

    yield sit
    for desk in opened:
        desk.page.context.close()
    assert [error for desk in opened for error in desk.errors] == []


@contextmanager
def measured(paths: dict[str, int], job: str, desk: Desk) -> Iterator[None]:
    before = desk.hands.count
    yield
    paths[job] = desk.hands.count - before


@pytest.fixture(scope="module")
def declined(console: Console) -> dict:
    """An active card of a person with money: one purchase of it settled, one too large for its limit declined."""
    people = {u["id"]: u for u in console.sandbox.list("users") if not u.get("companyId")}
    cards = (c for c in console.sandbox.list("cards") if c["status"] == "active" and c["type"] == "virtual")
    card = next(c for c in cards if c.get("limit") and c.get("userId") in people)
    console.sandbox.story("fund", userId=card["userId"], amount=50_000)
    spend = console.sandbox.story("authorise", cardId=card["id"], amount=1_250, merchantName="Keyboard Books")
    console.sandbox.story("settle", transactionId=spend["id"])
    reason = "card spending limit exceeded"
    console.sandbox.story("decline", cardId=card["id"], amount=2_500, merchantName="Keyboard Hotel", reason=reason)
    return card | {"name": people[card["userId"]]["lastName"]}


def test_operations(desk_of, paths, declined):
    desk = desk_of("operations@demo.test")
    hands, main, dialog = desk.hands, desk.main, desk.dialog
    who = f"{declined['last4']} {declined['name']}"

    with measured(paths, "Explain a decline: why, and who can fix it", desk):
        desk.ask(who)
        desk.at(r"/cards/\d+/$")
        expect(main).to_contain_text("Over the card's limit. The purchase would have taken")
        expect(main).to_contain_text("We can fix this")
    card = desk.page.url
    desk.to(desk.link("Keyboard Hotel"))
    desk.at(r"/transactions/\d+/$")
    expect(desk.page.locator("#standing")).to_contain_text("We can fix this")
    desk.to(desk.link("Change limit"))
    expect(dialog.locator("[name=amount]")).to_be_focused()
    hands.press("Control+a")
    hands.type("125")
    hands.press("Enter")
    desk.at(re.escape(card))
    expect(main).to_contain_text("$125.00")

    with measured(paths, "Change a limit", desk):
        desk.ask(f"limit {who}")
        expect(dialog.locator("[name=amount]")).to_be_focused()
        hands.press("Control+a")
        hands.type("150")
        hands.press("Enter")
        expect(main).to_contain_text("$150.00")


def test_operations_act_on_cards_and_purchases(desk_of, paths, declined):
    desk = desk_of("operations@demo.test")
    hands, main, dialog = desk.hands, desk.main, desk.dialog
    who = f"{declined['last4']} {declined['name']}"
    with measured(paths, "Lock by last four and name, with a reason", desk):
        desk.ask(f"lock {who}")
        expect(desk.button("Cardholder asked", dialog)).to_be_focused()
        hands.press("Enter")
        expect(main).to_contain_text("Every new purchase is declined")
    with measured(paths, "Undo a lock", desk):
        desk.at(r"/cards/\d+/$")
        hands.press("z")
        expect(main.get_by_role("button", name="Undo")).to_be_focused()
        hands.press("Enter")
        expect(desk.page.locator("#toasts")).to_contain_text("Undone. The card is unlocked.")
    with measured(paths, "Lock with a reason in one's own words", desk):
        desk.ask(f"lock {who}")
        expect(desk.button("Cardholder asked", dialog)).to_be_focused()
        desk.to(dialog.get_by_text("Another reason"))
        hands.press("Tab")
        hands.type("Their phone was stolen in Porto")
        desk.to(desk.button("Lock card", dialog))
        expect(main).to_contain_text("Every new purchase is declined")
    with measured(paths, "Unlock with a reason", desk):
        desk.ask(f"unlock {who}")
        expect(dialog.locator("[name=reason]")).to_be_focused()
        hands.type("The phone is back")
        desk.to(desk.button("Unlock card", dialog))
        expect(desk.page.locator("#cards-record")).not_to_contain_text("Every new purchase is declined")

    with measured(paths, "Issue a card", desk):
        desk.ask(f"issue card {declined['name']}")
        desk.at(r"/cards/issue/\d+/$")
        expect(desk.page.locator("[name=amount]")).to_be_focused()
        hands.type("25")
        hands.press("Enter")
        desk.at(r"/cards/\d+/$")
    expect(main).to_contain_text("$25.00")

    with measured(paths, "Open a dispute", desk):
        desk.ask(f"dispute {declined['last4']} books")
        expect(dialog).to_contain_text("Keyboard Books")
        expect(dialog.locator("[name=text]")).to_be_focused()
        hands.type("Ordered on Monday, never delivered. The shop does not answer.")
        desk.to(desk.button("Open dispute", dialog))
        expect(desk.page.locator("h1")).to_contain_text("Dispute of Keyboard Books")
    expect(main).to_contain_text("never delivered")


def test_onboarding(desk_of, paths):
    desk = desk_of("operations@demo.test")
    hands, main = desk.hands, desk.main

    desk.ask("new cardholder")
    desk.at("/cardholders/new/")
    expect(desk.page.locator("[name=email]")).to_be_focused()
    hands.type(f"{uuid.uuid4().hex}@holder.test")
    hands.press("Tab")
    hands.type("Kim")
    hands.press("Tab")
    hands.type("TestApproved")
    hands.press("Enter")  # the first button: add, and start the check
    frame = desk.page.frame_locator("#kyc-frame")
    hands.press("Tab", "Enter")
    hands.until(frame.locator("[name=firstName]"))
    hands.type("Kim")
    hands.until(frame.locator("[name=lastName]"))
    hands.type("TestApproved")
    desk.to(frame.locator("#sample"))
    desk.to(frame.locator("#send"))
    expect(main).to_contain_text("Approved")
    expect(desk.page.locator("iframe")).to_have_count(0)
    expect(desk.page.locator(":focus")).to_have_count(1)
    desk.to(desk.link("Issue card"))
    desk.at(r"/cards/issue/\d+/$")
    expect(desk.page.locator("[name=amount]")).to_be_focused()
    hands.type("40")
    hands.press("Enter")
    desk.at(r"/cards/\d+/$")
    expect(main).to_contain_text("$40.00")

    desk.ask("new cardholder")
    desk.at("/cardholders/new/")
    later = f"{uuid.uuid4().hex}@holder.test"
    hands.type(later)
    desk.to(desk.button("Add only"))
    desk.at(r"/cardholders/\d+/$")
    with measured(paths, "Send the identity check to a phone", desk):
        desk.ask(f"kyc {later}")
        desk.at(r"/kyc/$")
        desk.to(desk.link("Send to their phone"))
        expect(desk.dialog.locator("select, input:not([type=hidden])").first).to_be_focused()
        desk.to(desk.button("Make the link", desk.dialog))
        expect(desk.page.get_by_role("img", name="QR code of the link")).to_be_visible()


def test_lists(desk_of, paths, console):
    desk = desk_of("operations@demo.test")
    hands, main = desk.hands, desk.main
    chained = next(t for t in console.sandbox.list("transactions") if t.get("type") == "collateral")

    desk.ask("go to cards")
    desk.at("/cards/$")
    with measured(paths, "Show only active cards", desk):
        hands.press("f")
        status = main.locator(".filters [name=status]")
        hands.until(status)
        hands.type("act")
        desk.to(desk.button("Apply filters"))
        desk.at("status=active")
    with measured(paths, "Lock three cards at once", desk):
        hands.press("j", "x", "j", "x", "j", "x")
        expect(desk.page.locator(".select-bar .count")).to_have_text("3 selected")
        hands.press("a")
        expect(desk.button("Lock", desk.page.locator(".select-bar"))).to_be_focused()
        hands.press("Enter")
        desk.at("/bulk/")
        expect(desk.page.get_by_label("Reason")).to_be_focused()
        hands.type("Skimming at one merchant")
        desk.to(desk.button("Dry run"))
        expect(desk.page.locator(".figure")).to_have_text("3 cards will be locked")
        desk.to(desk.button("Lock 3 cards"))
        expect(desk.page.get_by_text("All done")).to_be_visible()
    expect(desk.page.locator("#bulk-run tbody tr").filter(has_text="Done")).to_have_count(3)

    desk.ask("go to transactions")
    desk.at("/transactions/$")
    hands.press("j", "Space")
    expect(desk.page.locator("#preview-title")).to_be_visible()
    hands.press("j", "ArrowRight")
    expect(desk.page.locator("#preview-title a")).to_be_focused()
    hands.press("Escape")
    expect(desk.page.locator("#peek")).to_be_hidden()
    hands.press("]")
    desk.at("cursor=")
    with measured(paths, "Export what is on screen", desk), desk.page.expect_download() as download:
        hands.press("e", "Enter")
    assert download.value.suggested_filename.endswith(".csv")

    with measured(paths, "Find a transaction by its hash", desk):
        desk.ask(chained["collateral"]["transactionHash"])
        desk.at(r"/transactions/\d+/$")
    expect(main).to_contain_text(chained["collateral"]["transactionHash"][:6])


def test_compliance(desk_of, paths):
    desk = desk_of("compliance@demo.test")
    hands, main, dialog = desk.hands, desk.main, desk.dialog
    with measured(paths, "Record a review decision", desk):
        desk.ask("go to reviews")
        desk.at("/reviews/")
        hands.press("j")
        name = main.locator("tr[aria-current=true] th a").first.inner_text()
        desk.to(main.locator("tr[aria-current=true]").get_by_role("link", name=re.compile("^Decide")))
        expect(dialog).to_contain_text(name)
        expect(dialog.locator("[name=decision]").first).to_be_focused()
        hands.press("ArrowDown", "Tab")
        hands.type("Asked for a clearer picture of the passport")
        desk.to(desk.button("Record decision", dialog))
        expect(desk.page.locator("#toasts")).to_be_visible()
    with measured(paths, "Read what was known of an applicant, and what was done", desk):
        desk.ask(name)
        desk.at(r"/(cardholders|companies)/\d+/$")
        expect(desk.page.locator("#timeline")).to_contain_text("clearer picture of the passport")
        desk.to(desk.link("History"))
        desk.at("/history/")
        expect(main).to_contain_text(name)
    desk.ask("go to activity")
    desk.at("/activity/")
    hands.press("j")
    expect(main.locator("tr[aria-current=true]")).to_contain_text("decision")


def test_finance(desk_of, paths, console):
    owner = next(c for c in console.sandbox.list("cards") if c["status"] == "active" and c.get("userId"))["userId"]
    console.sandbox.story("silent_deposit", userId=owner, amount=12_345)  # what no delivery tells
    desk = desk_of("finance@demo.test")
    hands, main, dialog = desk.hands, desk.main, desk.dialog

    with measured(paths, "Make a report of last month", desk):
        desk.ask("new report")
        desk.at("/reports/new/")
        expect(main.locator("form :focus")).to_have_count(1)
        hands.press("Enter")
        desk.at(r"/reports/\d+/$")
    with desk.page.expect_download():
        desk.to(desk.link(re.compile("^Download")))

    with measured(paths, "Start a reconciliation", desk):
        desk.ask("reconcile now")
        expect(dialog).to_contain_text("Reconcile now")
        desk.to(desk.button("Reconcile now", dialog))
        desk.at("/reconciliation/")
    if "/runs/" in desk.page.url:
        desk.ask("go to reconciliation")
    desk.at("/reconciliation/$")
    expect(main.locator("#open-breaks table").first).to_be_visible(timeout=90_000)
    with measured(paths, "Settle a break", desk):
        desk.ask("breaks")
        desk.at("/reconciliation/breaks/")
        hands.press("j", "Enter")
        desk.at(r"/breaks/\d+/$")
        desk.to(desk.link("Resolve"))
        expect(dialog.locator("[name=words]")).to_be_focused()
        hands.type("Support confirmed the late reading, ticket 4711")
        desk.to(desk.button("Resolve", dialog))
        expect(main).to_contain_text("ticket 4711")


def test_finance_signs_off_with_a_second_person(desk_of, paths, console):
    console.manage("create_staff", "second@staff.test", "--role", "finance", typed=PASSWORD)
    desk = desk_of("finance@demo.test")
    hands, main, dialog = desk.hands, desk.main, desk.dialog
    desk.ask("go to reconciliation")
    desk.at("/reconciliation/$")
    desk.to(desk.link("Latest reconciliation"))
    desk.at(r"/reconciliation/\d+/$")
    hands.press("j", "Enter")
    desk.at("/reconciliation/proof/")
    expect(main).to_contain_text("Spending power = credit limit")

    with measured(paths, "Prepare a reconciliation for sign-off", desk):
        desk.ask("go to reconciliation")
        desk.at("/reconciliation/$")
        desk.to(desk.link("Latest reconciliation"))
        desk.at(r"/reconciliation/\d+/$")
        desk.to(desk.link("Prepare for sign-off"))
        desk.to(desk.button("Prepare", dialog))
        expect(main).to_contain_text("You prepared it, so somebody else signs it off")

    second = desk_of("second@staff.test", PASSWORD)
    with measured(paths, "Sign off what another prepared", second):
        second.ask("go to reconciliation")
        second.at("/reconciliation/$")
        second.to(second.link("All reconciliations"))
        second.at("/reconciliation/history/")
        second.to(second.link(re.compile("."), second.main.locator("tbody tr").filter(has_text="Prepared")))
        second.at(r"/reconciliation/\d+/$")
        second.to(second.link("Sign off"))
        second.to(second.button("Sign off", second.dialog))
        expect(second.page.locator("h1 + .summary")).to_contain_text("Signed off")


@pytest.mark.usefixtures("declined")
def test_administrator(desk_of, paths, console):
    console.wait(lambda: console.status()["inbox"], "no delivery came")
    desk = desk_of("admin@demo.test")
    hands, main, dialog = desk.hands, desk.main, desk.dialog
    mail = f"{uuid.uuid4().hex[:8]}@staff.test"

    with measured(paths, "Add somebody to the staff", desk):
        desk.ask("go to staff")
        desk.at("/staff/$")
        desk.to(desk.link("Add staff member"))
        desk.at("/staff/new/")
        expect(desk.page.locator("[name=email]")).to_be_focused()
        hands.type(mail)
        hands.press("Tab")
        hands.type("Vera Key")
        hands.until(main.locator("[name=roles][value=viewer]"))
        hands.press("Space")
        hands.until(main.locator("[name=password]"))
        hands.type(PASSWORD)
        hands.press("Enter")
        expect(main).to_contain_text(mail)
    desk.to(desk.link("Vera Key", desk.rows.filter(has_text=mail)))
    desk.at(r"/staff/\d+/$")
    hands.until(main.locator("[name=roles][value=compliance]"))
    hands.press("Space")
    desk.to(desk.button("Save"))
    expect(desk.page.locator("#toasts")).to_be_visible()
    expect(desk.rows.filter(has_text=mail)).to_contain_text("Compliance")

    with measured(paths, "Change the accent of the brand", desk):
        desk.ask("go to settings")
        desk.at("/settings/brand/")
        hands.press("Tab", "Enter")
        hands.until(desk.page.get_by_label("Accent colour", exact=True))
        hands.press("Control+a")
        hands.type("#0b5d3b")
        hands.press("Enter")
        expect(desk.page.locator("#toasts")).to_contain_text("Saved.")

    with measured(paths, "Replay a delivery", desk):
        desk.ask("go to inbox")
        desk.at("/inbox/$")
        hands.press("j", "Enter")
        desk.at(r"/inbox/\d+/$")
        desk.to(desk.link("Replay"))
        desk.to(desk.button("Replay", dialog))
        expect(desk.page.locator("#toasts")).to_be_visible()

    desk.ask("go to provider")
    desk.at("/provider/")
    expect(main).to_contain_text("Requests")


def test_the_keys_are_shown_by_a_key_and_by_the_palette(desk_of):
    desk = desk_of("viewer@demo.test")
    hands, page, dialog = desk.hands, desk.page, desk.dialog
    desk.ask("go to cards")
    desk.at("/cards/$")
    hands.press("j")
    name = page.evaluate("document.activeElement.href")
    hands.press("?")
    expect(dialog.get_by_role("heading", name="Keyboard")).to_be_visible()
    expect(dialog).to_contain_text("Select the row, or not")
    assert Axe().run(page).response["violations"] == []
    hands.press("Escape")
    expect(dialog).to_be_hidden()
    assert page.evaluate("document.activeElement.href") == name
    desk.ask("keyboard")
    expect(dialog.get_by_role("heading", name="Keyboard")).to_be_visible()
    hands.press("Escape")
    assert page.evaluate("document.activeElement.href") == name
    hands.press("/")
    hands.type("?")
    expect(page.get_by_role("combobox")).to_have_value("?")
    expect(dialog).to_be_hidden()
    hands.press("Escape")

    desk.ask("your settings")
    desk.at("/staff/me/$")
    hands.press("Tab", "Enter")
    hands.until(page.locator("[name=shortcuts]"))
    hands.press("Space", "Enter")
    expect(page.locator("body")).to_have_attribute("data-keys", "off")
    hands.press("?")
    desk.ask("keyboard")
    expect(dialog).to_contain_text("Single keys are switched off")
    expect(dialog).not_to_contain_text("Select the row, or not")
