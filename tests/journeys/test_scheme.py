"""static/secrets.js in a real browser: the golden vectors, the session the provider must be able to read, weak PINs."""

import base64
import functools
import http.server
import json
import threading

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from tests.conftest import ROOT

VECTORS = json.loads((ROOT / "tests" / "vectors.json").read_text())["secrets"]
OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)
CASES = pytest.mark.parametrize("case", VECTORS["cases"], ids=range(len(VECTORS["cases"])))
MODULE = "const secrets = await import('/secrets.js'); const bytes = (hex) => Uint8Array.from(hex.match(/../g), (b) => parseInt(b, 16));"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_args) -> None:
        pass


@pytest.fixture(scope="module")
def page(browser):
    handler = functools.partial(Quiet, directory=str(ROOT / "static"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    opened = browser.new_page()
    opened.goto(f"http://localhost:{server.server_port}/icons.svg")
    yield opened
    opened.close()
    server.shutdown()
    server.server_close()


def run(page, body: str, given: object = None) -> object:
    return page.evaluate(f"async (given) => {{ {MODULE} {body} }}", given)


@CASES
def test_a_golden_answer_opens(page, case):
    body = """const secret = bytes(given.secret_hex);
      const read = (name) => secrets.open(secret, given[name]);
      const block = await read("encryptedPin");
      return { pan: await read("encryptedPan"), cvc: await read("encryptedCvc"), pin_block: block,
               pin: secrets.readPinBlock(block), written: secrets.pinBlock(given.pin) };"""
    found = run(page, body, case)
    assert found == {name: case[name] for name in ("pan", "cvc", "pin_block", "pin")} | {"written": case["pin_block"]}


@CASES
def test_a_session_is_what_the_provider_reads(page, case):
    body = "return (await secrets.makeSession(given.pem, bytes(given.secret))).session;"
    session = run(page, body, {"pem": VECTORS["public_key_pem"], "secret": case["secret_hex"]})
    key = serialization.load_der_private_key(base64.b64decode(VECTORS["private_key_pkcs8_der"]), None)
    for each in (session, case["SessionId"]):
        assert key.decrypt(base64.b64decode(each), OAEP) == base64.b64encode(bytes.fromhex(case["secret_hex"]))


def test_every_session_is_a_new_one(page):
    body = """const made = await Promise.all([1, 2, 3].map(() => secrets.makeSession(given)));
      return [...made.map((each) => each.session), ...made.map((each) => String(each.secret))];"""
    found = run(page, body, VECTORS["public_key_pem"])
    assert len(set(found)) == 6
    assert all(len(secret.split(",")) == 16 for secret in found[3:])


@CASES
@pytest.mark.parametrize("part", ["iv", "data"])
def test_one_changed_bit_opens_nothing(page, case, part):
    pair = dict(case["encryptedPan"])
    raw = bytearray(base64.b64decode(pair[part]))
    raw[-1] ^= 1
    pair[part] = base64.b64encode(raw).decode()
    body = "return secrets.open(bytes(given.secret), given.pair).then(() => 'opened', () => 'refused');"
    assert run(page, body, {"secret": case["secret_hex"], "pair": pair}) == "refused"


def test_what_is_sealed_opens_again_and_never_looks_the_same(page):
    body = """const secret = bytes(given);
      const sealed = await Promise.all([1, 2].map(() => secrets.seal(secret, "244321FFFFFFFFFF")));
      return { texts: await Promise.all(sealed.map((each) => secrets.open(secret, each))), ivs: sealed.map((each) => each.iv) };"""
    found = run(page, body, VECTORS["cases"][0]["secret_hex"])
    assert found["texts"] == ["244321FFFFFFFFFF"] * 2
    assert len(set(found["ivs"])) == 2
    assert [len(base64.b64decode(iv)) for iv in found["ivs"]] == [16, 16]


@pytest.mark.parametrize("pin", ["", "123", "1234567890123", "12a4", "1234 "])
def test_what_is_no_pin_makes_no_block(page, pin):
    body = "try { return secrets.pinBlock(given); } catch { return secrets.weakness(given); }"
    assert run(page, body, pin) == "length"


@pytest.mark.parametrize(
    "block", ["", "244321FFFFFFFFF", "254321FFFFFFFFFF", "344321FFFFFFFFFF", "24432AFFFFFFFFFF", "2D1234567890123F"]
)
def test_what_is_no_block_is_no_pin(page, block):
    assert run(page, "try { return secrets.readPinBlock(given); } catch { return null; }", block) is None


@pytest.mark.parametrize(("why", "pins"), [
    ("same", ["0000", "77777", "999999999999"]),
    ("run", ["1234", "0123", "8901", "7890", "4321", "0987", "1098", "345678", "98765432"]),
    ("repeat", ["1212", "8383", "123123", "483483", "90909090"]),
    ("pairs", ["1122", "7733", "445566"]),
    ("mirror", ["1221", "5885", "12321", "483384"]),
    ("year", ["1984", "2001", "2026", "1900"]),
    ("card", ["4169", "341690", "904169"]),
    ("keypad", ["2580", "0852", "1470", "147258", "159357"]),
    ("", ["4829", "4821", "7305", "19845", "482913", "439150008063", "978690"]),
])  # fmt: skip
def test_a_weak_pin_is_named(page, why, pins):
    found = run(page, "return given.map((pin) => secrets.weakness(pin, '4169'));", pins)
    assert found == [why] * len(pins)


def test_the_browser_tests_itself_and_knows_when_it_cannot(page):
    broken = "crypto.subtle.decrypt = async () => new TextEncoder().encode('2C439150008064FF');"
    assert run(page, "return secrets.selfTest();") is True
    assert (
        run(page, f"{broken} try {{ return await secrets.selfTest(); }} finally {{ delete crypto.subtle.decrypt; }}")
        is False
    )
    assert run(page, "return secrets.selfTest();") is True
