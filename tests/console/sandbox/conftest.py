"""The sandbox as a process of its own, spoken to over loopback; and a receiver for its webhooks."""

import json
import os
import pathlib
import queue
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

ROOT = pathlib.Path(__file__).parents[3]
BASE = datetime.now(UTC).replace(minute=0, second=0, microsecond=0).isoformat()


class Sandbox:
    def __init__(self, *options):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SANDBOX_")}
        command = [sys.executable, "-m", "console.sandbox", "--port", "0", *options]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment)
        words, _, facts = self.process.stdout.readline().partition("{")
        assert words == "sandbox ready "
        self.facts = json.loads("{" + facts)
        self.url = self.facts["url"]
        headers = {"X-Api-Key": self.facts["api_key"]}
        self.api = httpx.Client(base_url=self.facts["api_url"], headers=headers, timeout=10)
        self.kyc = httpx.Client(base_url=self.facts["kyc_url"], headers=headers, timeout=10)
        self.browser = httpx.Client(base_url=self.url, timeout=10)

    def control(self, method, path, body=None):
        answer = self.browser.request(method, f"/control/api/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def story(self, name, **body):
        return self.control("POST", f"story/{name}", body)

    def switch(self, **wanted):
        self.control("POST", "switches", wanted)

    def fault(self, match, fault, **more):
        return self.control("POST", "faults", {"match": match, "fault": fault, **more})

    def truth(self, owner):
        return self.control("GET", f"truth/{owner}")

    def stop(self, with_signal=signal.SIGTERM):
        for client in (self.api, self.kyc, self.browser):
            client.close()
        self.process.send_signal(with_signal)
        code = self.process.wait(timeout=5)
        self.process.stdout.close()
        return code

    # Shorthands for the made-up world.

    def card(self, status="active", *, company=False):
        cards = self.control("GET", f"list/cards?status={status}")
        return next(card for card in cards if ("companyId" in card) == company)

    def balances(self, card):
        return self.api.get(f"/users/{card['userId']}/balances").json()

    def person(self, status="approved"):
        return next(one for one in self.control("GET", "list/users") if one["applicationStatus"] == status)

    def onboard(self, external_id, **details):
        opened = self.kyc.post("/session/create", json={"externalUserId": external_id, "applicantType": "individual"})
        page = self.browser.get(opened.json()["iframeUrl"])
        key = json.loads(page.text.split('id="facts"')[1].split(">", 1)[1].split("</script>")[0])["key"]
        sent = self.browser.post("/embed/submit", json={"key": key, "firstName": "Ana", **details})
        assert sent.status_code == 200, sent.text


class Receiver:
    """Keeps what arrives; answers with the statuses it is given, then with 200."""

    def __init__(self):
        self.arrived, self.answers = [], queue.SimpleQueue()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                outer.arrived.append((dict(self.headers), raw))
                self.send_response(outer.answers.get() if not outer.answers.empty() else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks"

    def events(self):
        return [json.loads(raw) for _, raw in self.arrived]

    def wait(self, count):
        wait_for(lambda: len(self.arrived) >= count)
        return self.arrived

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def wait_for(test, seconds=8):
    end = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.03)


@pytest.fixture
def eventually():
    return wait_for


@pytest.fixture(scope="session")
def start():
    """Starts further sandboxes and sees to it that all of them end."""
    running = []

    def one_more(*options):
        running.append(Sandbox(*options))
        return running[-1]

    yield one_more
    codes = [one.stop() for one in running if one.process.returncode is None]
    assert not any(codes)


@pytest.fixture(scope="session")
def process(start):
    return start("--database", ":memory:", "--size", "small", "--base-date", BASE, "--rate", "1000")


@pytest.fixture
def sandbox(process):
    """A fresh small world, every switch at its default, nothing armed."""
    process.control("POST", "webhooks", {"url": ""})
    process.control("POST", "reset", {"seed": 1, "size": "small", "base": BASE})
    return process


@pytest.fixture
def receiver(sandbox):
    listening = Receiver()
    sandbox.control("POST", "webhooks", {"url": listening.url})
    yield listening
    sandbox.control("POST", "webhooks", {"url": ""})
    listening.close()
