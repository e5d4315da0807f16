"""`make lighthouse`: the five main pages as Lighthouse 12 sees them, signed in, over what `make run` starts.

Lighthouse comes from npm into var/ and drives Debian's Chromium. Exit 1 where a score lies under 95, something moves
while the page loads, or a page weighs more than it may."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import ROOT
from tests.journeys.conftest import CHROMIUM, Console

VERSION = "12"
TOOLS = ROOT / "var" / "lighthouse"
SCORES = ("performance", "accessibility", "best-practices")
LEAST, HEAVIEST, SHIFT = 95, 150, 0.01  # points of 100, kB over the wire at a first visit, cumulative layout shift
FLAGS = "--headless=new --no-sandbox --disable-dev-shm-usage --disable-background-networking"


def main() -> int:
    lacking = [name for name, there in (("npm", shutil.which("npm")), ("chromium", CHROMIUM)) if not there]
    if lacking:
        print(f"This machine lacks {' and '.join(lacking)}.", file=sys.stderr)
        return 2
    if not (TOOLS / "node_modules" / ".bin" / "lighthouse").exists():
        TOOLS.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--silent", "--prefix", TOOLS, f"lighthouse@{VERSION}"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        console = Console(Path(folder))
        console.start()
        try:
            console.wait(
                lambda: console.status()["resources"]["balances"]["age_s"] is not None, "the import did not end", 300
            )
            return _measure(console)
        finally:
            console.stop()


def _measure(console: Console) -> int:
    client, cookie = _signed_in(console)
    holder = re.search(r'href="(/cardholders/\d+/)"', client.get("/cardholders/?status=approved").text)
    pages = ["/", "/cardholders/", holder[1] if holder else "/companies/", "/cards/", "/transactions/"]
    poor = False
    print(f"{'page':28}{'perf':>6}{'a11y':>6}{'best':>6}{'shift':>8}{'first kB':>10}{'LCP ms':>8}")
    for path in pages:
        told = _lighthouse(console.url + path, cookie)
        scores = [round(100 * told["categories"][name]["score"]) for name in SCORES]
        audits: dict[str, Any] = told["audits"]
        shift = audits["cumulative-layout-shift"]["numericValue"]
        weight = audits["total-byte-weight"]["numericValue"] / 1000
        paint = audits["largest-contentful-paint"]["numericValue"]
        poor = poor or min(scores) < LEAST or shift > SHIFT or weight > HEAVIEST
        print(f"{path:28}{scores[0]:6}{scores[1]:6}{scores[2]:6}{shift:8.3f}{weight:10.1f}{paint:8.0f}")
        for name in SCORES:
            for each in told["categories"][name]["auditRefs"]:
                audit = audits[each["id"]]
                if each["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                    print(f"  {name}: {audit['title']} ({audit.get('displayValue', '')})")
    return int(poor)


def _signed_in(console: Console) -> tuple[httpx.Client, str]:
    client = httpx.Client(base_url=console.url, follow_redirects=True, timeout=30)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get("/accounts/login/").text)
    assert token
    client.post(
        "/accounts/login/",
        data={"login": "operations@demo.test", "password": "demo", "csrfmiddlewaretoken": token[1]},
        headers={"referer": console.url},
    )
    return client, "; ".join(f"{each.name}={each.value}" for each in client.cookies.jar)


def _lighthouse(url: str, cookie: str) -> dict[str, Any]:
    command = [
        TOOLS / "node_modules" / ".bin" / "lighthouse",
        url,
        "--quiet",
        "--output=json",
        "--preset=desktop",
        f"--only-categories={','.join(SCORES)}",
        f"--chrome-flags={FLAGS}",
        "--extra-headers",
        json.dumps({"Cookie": cookie}),
    ]
    given = os.environ | {"CHROME_PATH": str(CHROMIUM)}
    done = subprocess.run([str(part) for part in command], env=given, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"Lighthouse could not measure {url}: {done.stderr.strip()[-2000:]}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


if __name__ == "__main__":
    sys.exit(main())
