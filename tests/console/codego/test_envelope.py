import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.codego.envelope import parse_envelope

VECTORS = json.loads((Path(__file__).parents[2] / "vectors.json").read_text())
NAMED = [case for case in VECTORS["envelopes"] if isinstance(case["want"], dict)]
UNHANDLED = [case for case in VECTORS["envelopes"] if case["want"] == "kept, unhandled"]


@pytest.mark.parametrize("case", NAMED)
def test_known_envelopes(case):
    raw = json.dumps(case["json"]).encode()
    body_hash = hashlib.sha256(raw).hexdigest()
    envelope = parse_envelope(raw, case["headers"])
    want = case["want"]
    identifier = body_hash if want["id"] == "sha256 of the raw body" else want["id"]
    assert (envelope.type, envelope.id, envelope.body) == (want["type"], identifier, want["body"])
    assert envelope.body_hash == body_hash
    assert envelope.json_ok


@pytest.mark.parametrize("case", UNHANDLED)
def test_envelopes_without_a_type_are_kept(case):
    raw = json.dumps(case["json"]).encode()
    envelope = parse_envelope(raw, case["headers"])
    assert envelope.type is None
    assert envelope.json_ok
    assert envelope.id == hashlib.sha256(raw).hexdigest()


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({"eventType": "card.updated", "data": {}}, "card.updated"),
        ({"type": " card.updated ", "body": {}}, "card.updated"),
        ({"type": "", "resource": "card", "action": "updated"}, "card.updated"),
        ({"resource": "card"}, None),
        ({"type": ["card.updated"]}, None),
        ({"type": 7}, "7"),
    ],
)
def test_the_type_is_found_where_it_is(payload, kind):
    assert parse_envelope(json.dumps(payload).encode(), {}).type == kind


@pytest.mark.parametrize(
    ("payload", "body"),
    [
        ({"type": "a", "id": "e1", "status": "active"}, {"id": "e1", "status": "active"}),
        ({"type": "a", "body": None, "data": {"id": "c1"}}, {"id": "c1"}),
        ({"type": "a", "body": "text", "data": {"id": "c1"}}, {"id": "c1"}),
    ],
)
def test_the_body_is_the_first_object_offered(payload, body):
    assert parse_envelope(json.dumps(payload).encode(), {}).body == body


@pytest.mark.parametrize(
    ("headers", "payload", "identifier"),
    [
        ({"idempotency-key": " k9 "}, {"id": "e1"}, "k9"),
        ({"IDEMPOTENCY-KEY": ""}, {"id": "e1"}, "e1"),
        ({}, {"eventId": "e2"}, "e2"),
        ({}, {"id": 12}, "12"),
    ],
)
def test_the_identifier_is_the_first_that_is_not_blank(headers, payload, identifier):
    assert parse_envelope(json.dumps(payload).encode(), headers).id == identifier


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe not json", b"{", b"[" * 100_000, b'{"a": 1e99999999999999999999}'])
def test_what_is_not_json_is_kept_under_its_hash(raw):
    envelope = parse_envelope(raw, {})
    assert (envelope.type, envelope.body, envelope.json_ok) == (None, None, False)
    assert envelope.id == envelope.body_hash == hashlib.sha256(raw).hexdigest()


def test_numbers_in_a_body_are_exact():
    body = parse_envelope(b'{"type": "t", "body": {"amount": 0.1}}', {}).body
    assert str(body["amount"]) == "0.1"


@given(st.binary(max_size=200), st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=3))
def test_it_never_raises(raw, headers):
    assert parse_envelope(raw, headers).body_hash == hashlib.sha256(raw).hexdigest()
