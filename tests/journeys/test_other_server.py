"""With a provider of its own, `make run` starts no sandbox: import, webhooks and issuing work against that server."""

import socket

import pytest

from tests.conftest import start_sandbox
from tests.journeys.conftest import Console
from tests.journeys.test_journey import sign_in, submit


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    folder = tmp_path_factory.mktemp("elsewhere")
    process, provider = start_sandbox(folder, "--size", "small", "--seed", "5", "--rate", "200")
    console = Console(
        folder,
        CODEGO_API_URL=provider.api_url,
        CODEGO_KYC_URL=provider.kyc_url,
        CODEGO_API_KEY=provider.api_key,
        CODEGO_WEBHOOK_SECRETS=f"whsec_old_one,{provider.webhook_secret}",
    )
    console.start()
    provider.webhooks(url=f"{console.url}/webhooks/codego/")
    yield console, provider
    console.stop()
    provider.http.close()
    process.terminate()
    process.communicate(timeout=10)


def test_import_webhooks_and_issuing_work_and_no_sandbox_is_started(elsewhere, browser):
    console, provider = elsewhere

    def imported() -> bool:
        return all(r["age_s"] is not None for r in console.status()["resources"].values())

    console.wait(imported, "the import did not end")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", console.sandbox_port)) != 0
    assert console.status()["resources"]["cards"]["rows"] == len(provider.list("cards"))

    page = browser.new_page(base_url=console.url)
    page.set_default_timeout(30_000)
    sign_in(page, "operations")
    page.goto("/cardholders/?state=approved")
    page.goto(page.locator("tbody th a").first.get_attribute("href"))
    page.goto(page.get_by_role("link", name="Issue card").first.get_attribute("href"))
    page.locator("form[data-card-form] [name=amount]").fill("77.70")
    submit(page, "Issue card")
    page.wait_for_url("**/cards/*/")
    last4 = page.locator("h1").inner_text()[-4:]
    page.close()
    (card,) = [
        c for c in provider.list("cards") if c["last4"] == last4 and (c.get("limit") or {}).get("amount") == 7770
    ]

    before = console.status()["inbox"].get("applied", 0) + console.status()["inbox"].get("hint", 0)
    provider.story("authorise", cardId=card["id"], amount=120)

    def arrived() -> bool:
        inbox = console.status()["inbox"]
        return inbox.get("applied", 0) + inbox.get("hint", 0) > before

    console.wait(arrived, "the webhook of the purchase did not arrive")
