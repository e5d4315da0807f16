import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.codego.secret import Secret
from console.codego.signature import verify

VECTORS = json.loads((Path(__file__).parents[2] / "vectors.json").read_text())
CASES = [(case["secret"], base64.b64decode(case["body"]), case) for case in VECTORS["signatures"]]


@pytest.mark.parametrize(("secret", "raw", "case"), CASES)
def test_every_accepted_spelling_verifies(secret, raw, case):
    assert [verify(raw, header, [Secret(secret)]) for header in case["accept"]] == [True] * len(case["accept"])


@pytest.mark.parametrize(("secret", "raw", "case"), CASES)
def test_everything_else_is_refused(secret, raw, case):
    assert not any(verify(raw, header, [Secret(secret)]) for header in [*case["reject"], None])


def test_any_of_several_secrets_may_verify():
    secret, raw, case = CASES[0]
    header = case["accept"][0]
    assert verify(raw, header, [Secret("whsec_old"), Secret(secret)])
    assert not verify(raw, header, [Secret("whsec_old")])


def test_no_secret_verifies_nothing():
    _, raw, case = CASES[0]
    assert not verify(raw, case["accept"][0], [])


def test_an_empty_secret_verifies_nothing():
    import hashlib
    import hmac

    raw = b"{}"
    assert not verify(raw, hmac.new(b"", raw, hashlib.sha256).hexdigest(), [Secret("")])


@given(st.integers(0, 8 * 200 - 1))
def test_any_flipped_bit_fails(bit):
    secret, raw, case = CASES[0]
    bit %= 8 * len(raw)
    forged = bytearray(raw)
    forged[bit // 8] ^= 1 << bit % 8
    assert not verify(bytes(forged), case["accept"][0], [Secret(secret)])


@given(st.binary(max_size=50), st.text(max_size=80))
def test_no_header_makes_it_raise(raw, header):
    assert not verify(raw, header, [Secret("whsec_x")])
