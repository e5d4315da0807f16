"""The secrets flow: the golden vectors over HTTP, and the sandbox's own key."""

import base64
import json
import os
import pathlib

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from console.sandbox import reveal

VECTORS = json.loads((pathlib.Path(__file__).parents[2] / "vectors.json").read_text())["secrets"]
CASES = pytest.mark.parametrize("case", VECTORS["cases"], ids=range(len(VECTORS["cases"])))


@pytest.fixture(scope="module")
def golden(start, tmp_path_factory):
    """A sandbox that holds the key pair of the vectors."""
    key = tmp_path_factory.mktemp("key") / "private.txt"
    key.write_text(VECTORS["private_key_pkcs8_der"])
    return start("--database", ":memory:", "--size", "small", "--private-key", str(key))


def opened(secret, value):
    iv, data = base64.b64decode(value["iv"]), base64.b64decode(value["data"])
    return AESGCM(secret).decrypt(iv, data, None).decode()


def session(sandbox):
    """What a browser does: sixteen bytes, their base64, encrypted to the public key."""
    secret = os.urandom(16)
    public = serialization.load_pem_public_key(sandbox.facts["public_key"].encode())
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)
    return secret, {"SessionId": base64.b64encode(public.encrypt(base64.b64encode(secret), oaep)).decode()}


def sealed(secret, text):
    iv = os.urandom(16)
    data = AESGCM(secret).encrypt(iv, text.encode(), None)
    return {"encryptedPin": {"iv": base64.b64encode(iv).decode(), "data": base64.b64encode(data).decode()}}


def test_the_public_key_is_the_vectors_own(golden):
    assert golden.facts["public_key"] == VECTORS["public_key_pem"]
    assert golden.browser.get("/public-key.pem").text == VECTORS["public_key_pem"]


@CASES
def test_a_golden_session_reads_the_card(golden, case):
    card, secret = golden.card(), bytes.fromhex(case["secret_hex"])
    got = golden.api.get(f"/cards/{card['id']}/secrets", headers={"SessionId": case["SessionId"]})
    assert got.headers["Cache-Control"] == "no-store"
    pan, cvc = (opened(secret, got.json()[name]) for name in ("encryptedPan", "encryptedCvc"))
    assert (len(pan), pan[-4:], len(cvc)) == (16, card["last4"], 3)


@CASES
def test_a_golden_pin_is_set_and_read_back(golden, case):
    path, headers = f"/cards/{golden.card()['id']}/pin", {"SessionId": case["SessionId"]}
    put = golden.api.put(path, json={"encryptedPin": case["encryptedPin"]}, headers=headers)
    assert (put.status_code, put.content) == (204, b"")
    got = golden.api.get(path, headers=headers).json()["encryptedPin"]
    assert opened(bytes.fromhex(case["secret_hex"]), got) == case["pin_block"]


@CASES
def test_golden_values_open_with_the_sandboxs_own_code(case):
    secret = bytes.fromhex(case["secret_hex"])
    assert reveal.decrypted(secret, case["encryptedPan"]) == case["pan"]
    assert reveal.decrypted(secret, case["encryptedCvc"]) == case["cvc"]
    assert reveal.pin_block(case["pin"]) == case["pin_block"]
    assert reveal.read_pin_block(case["pin_block"]) == case["pin"]


def test_the_sandboxs_own_key_works_the_same_way(sandbox):
    secret, headers = session(sandbox)
    card = sandbox.card()
    got = sandbox.api.get(f"/cards/{card['id']}/secrets", headers=headers).json()
    assert opened(secret, got["encryptedPan"])[-4:] == card["last4"]


@pytest.mark.parametrize(
    "sent", [None, "", "not base64", base64.b64encode(b"x" * 128).decode(), VECTORS["cases"][0]["SessionId"]]
)
def test_a_session_for_another_key_is_refused(sandbox, sent):
    headers = {} if sent is None else {"SessionId": sent}
    answer = sandbox.api.get(f"/cards/{sandbox.card()['id']}/secrets", headers=headers)
    assert answer.status_code == 400
    assert "Session" in answer.json()["message"]


def test_a_card_without_pin_says_so(sandbox):
    user = sandbox.person()
    card = sandbox.api.post(f"/users/{user['id']}/cards", json={"type": "virtual"}).json()["id"]
    _, headers = session(sandbox)
    answer = sandbox.api.get(f"/cards/{card}/pin", headers=headers)
    assert (answer.status_code, answer.json()["message"]) == (400, "card does not have PIN set")


@pytest.mark.parametrize(
    "block", ["1234", "24432", "24432XFFFFFFFFFF", "2443211FFFFFFFFF", "23432FFFFFFFFFFFF", "241111FFFFFFFFFF"]
)
def test_a_bad_pin_block_is_refused(sandbox, block):
    secret, headers = session(sandbox)
    path = f"/cards/{sandbox.card()['id']}/pin"
    assert sandbox.api.put(path, json=sealed(secret, block), headers=headers).status_code == 400
    other = os.urandom(16)
    assert sandbox.api.put(path, json=sealed(other, "244321FFFFFFFFFF"), headers=headers).status_code == 400
    assert sandbox.api.put(path, json={"pin": "4321"}, headers=headers).status_code == 400
