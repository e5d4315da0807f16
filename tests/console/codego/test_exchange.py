"""What a request looks like, what its answer may look like, and what of both is told to nobody."""

import json
import logging
import traceback
from pathlib import Path

import pytest

from console.codego import errors, transport
from console.codego.bodies import Limit, NewCard
from console.codego.records import Encrypted
from console.codego.secret import Secret

API_KEY = "vcck_sbx_testing_0123456789"
SESSION = "SGVsbG8sIHNlc3Npb24="
ENCRYPTED = Encrypted(iv="aXY=", data="ZGF0YQ==")
CARD = {"id": "cd1", "status": "active"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(transport, "FIRST_BACKOFF", 0.01)


def issue(client):
    return client.issue_card("u1", NewCard(type="virtual"), idempotency_key="k1")


def caught(call, kind=errors.CodegoError):
    with pytest.raises(kind) as error:
        call()
    return error.value


# What is told, and what is not


def test_an_exchange_is_told_by_its_template(scripted, client, observer):
    scripted.drops().says(CARD)
    client.card("cd1")
    lost, done = observer.exchanges
    assert (lost.route, lost.status, lost.method) == ("GET /cards/{id}", None, "GET")
    assert lost.error.startswith("the connection")
    assert (done.status, done.error, done.route_missing) == (200, "", False)
    assert done.seconds > 0


def test_a_failing_observer_does_not_hide_an_answer(scripted, client, observer, caplog):
    observer.failure = RuntimeError("database is locked")
    scripted.says(CARD, 201)
    assert issue(client).id == "cd1"
    assert "could not be recorded" in caplog.text


def test_the_log_names_no_object_and_no_secret(scripted, client, caplog):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "deckhand.codego")
    scripted.says({**CARD, "number": "4242424242424242"}).says([])
    client.card("cd-very-private")
    list(client.transactions(user_id="u-very-private"))
    assert "very-private" not in caplog.text
    assert API_KEY not in caplog.text
    assert "4242" not in caplog.text
    record = next(record for record in caplog.records if record.name == "deckhand.codego")
    assert (record.method, record.route, record.status) == ("GET", "/cards/{id}", 200)


def test_no_secret_is_in_an_error(scripted, client):
    scripted.says({"message": f"bad key {API_KEY} and session {SESSION} and card 4242424242424242"}, 401)
    card_id = "private"[::-1]
    error = caught(lambda: client.card_secrets(card_id, Secret(SESSION)))
    told = f"{error} {error!r} {vars(error)} {''.join(traceback.format_exception(error))}"
    assert not any(part in told for part in (API_KEY, SESSION, "4242424242424242", card_id))


@pytest.mark.parametrize("session", ["line\r\nX-Evil: 1", "ünicode", "tab\t"])
def test_a_session_that_is_no_header_is_not_sent_and_not_shown(scripted, client, session):
    scripted.says(CARD)
    error = caught(lambda: client.set_card_pin("cd1", Secret(session), ENCRYPTED, idempotency_key="k"), errors.NotSent)
    assert scripted.requests == []
    assert error.__cause__ is None
    assert error.__context__ is None


def test_no_exception_of_the_http_library_is_behind_ours(connect):
    error = caught(lambda: issue(connect("http://127.0.0.1:9", timeout=0.5)))
    assert error.__cause__ is None
    assert error.__context__ is None


# The request itself


@pytest.mark.parametrize(
    ("identifier", "path"),
    [("a b", "/cards/a%20b"), ("a/../b", "/cards/a%2F..%2Fb"), ("a?b#c", "/cards/a%3Fb%23c"), ("é", "/cards/%C3%A9")],
)
def test_an_id_stays_one_part_of_the_path(scripted, client, identifier, path):
    scripted.says(CARD)
    client.card(identifier)
    assert scripted.requests[0].path == path


@pytest.mark.parametrize("identifier", ["", ".", ".."])
def test_an_id_that_would_name_another_route_is_not_sent(scripted, client, identifier):
    caught(lambda: client.card(identifier), errors.NoSuchObject)
    caught(lambda: client.issue_card(identifier, NewCard(type="virtual"), idempotency_key="k"), errors.NoSuchObject)
    assert scripted.requests == []


def test_the_two_hosts_have_their_own_keys(scripted, client):
    scripted.says({"sessionId": "s", "iframeUrl": "https://x"}).says(CARD)
    client.resume_kyc_session("s1", idempotency_key="k1")
    client.card("cd1")
    kyc, api = scripted.requests
    assert (kyc.path, json.loads(kyc.body)) == ("/kyc/session/create", {"resumeSessionId": "s1"})
    assert (kyc.headers["x-api-key"], api.headers["x-api-key"]) == ("vcck_sbx_kyc_9876543210", API_KEY)
    assert "authorization" not in api.headers


def test_a_write_carries_its_key_and_its_body(scripted, client):
    scripted.says(CARD, 201)
    card = NewCard(
        type="physical",
        limit=Limit(amount=50000, frequency="per30DayPeriod"),
        display_name="ANA TEST",
        shipping={"line1": "1 Main St", "countryCode": "PT"},
    )
    client.issue_card("u1", card, idempotency_key="6f1c")
    request = scripted.requests[0]
    assert (request.method, request.path, request.headers["idempotency-key"]) == ("POST", "/users/u1/cards", "6f1c")
    assert json.loads(request.body) == {
        "type": "physical",
        "status": "active",
        "limit": {"amount": 50000, "frequency": "per30DayPeriod"},
        "configuration": {"displayName": "ANA TEST"},
        "shipping": {"line1": "1 Main St", "countryCode": "PT"},
    }


def test_a_change_sends_only_what_changes(scripted, client):
    scripted.says(b"", 204)
    client.update_card("cd1", limit=Limit(amount=1, frequency="allTime"), idempotency_key="k")
    assert json.loads(scripted.requests[0].body) == {"limit": {"amount": 1, "frequency": "allTime"}}


def test_evidence_is_sent_as_a_form(scripted, client):
    scripted.says(b"", 204)
    file = {"name": 'a"\r\n.pdf', "type": "application/pdf", "content": b"%PDF-1"}
    client.add_dispute_evidence("dp1", **file, idempotency_key="k")
    request = scripted.requests[0]
    assert request.headers["idempotency-key"] == "k"
    assert request.headers["content-type"].startswith("multipart/form-data")
    assert b"%PDF-1" in request.body
    assert b'filename="a%22%0D%0A.pdf"' in request.body


def test_evidence_is_read_as_it_is(scripted, client):
    scripted.says(b"\x00\xff not json")
    assert client.dispute_evidence("dp1") == b"\x00\xff not json"


def test_redirects_are_not_followed(scripted, client):
    scripted.says(b"", 302, Location="http://127.0.0.1:9/elsewhere")
    caught(lambda: client.card("cd1"), errors.Unreadable)
    assert len(scripted.requests) == 1


@pytest.mark.parametrize("raw", [b"", b"null", b"[]", b"<html>", b'{"id": "unfinis', b'{"id": null}', b'"text"'])
def test_a_read_that_cannot_be_understood(scripted, client, raw):
    scripted.says(raw)
    error = caught(lambda: client.card("cd1"), errors.Unreadable)
    assert (error.method, error.path) == ("GET", "/cards/{id}")


def test_a_list_of_nothing_at_all_is_not_an_empty_list(scripted, client):
    scripted.says(b"", 200)
    caught(lambda: list(client.cards()), errors.Unreadable)
    caught(lambda: client.user_contracts("u1"), errors.Unreadable)


def test_no_content_is_an_empty_list(scripted, client):
    scripted.says(b"", 204)
    assert client.user_contracts("u1") == []
    assert [page.records for page in client.cards()] == [()]


def test_an_object_may_be_wrapped(scripted, client):
    scripted.says({"data": CARD})
    assert client.card("cd1").id == "cd1"


@pytest.mark.parametrize(("status", "key"), [(400, "message"), (404, "error")])
def test_no_pin_is_not_a_failure(scripted, client, status, key):
    scripted.says({key: "Card does not have PIN set"}, status)
    assert client.card_pin("cd1", Secret(SESSION)) is None


def test_another_refusal_of_a_pin_is_one(scripted, client):
    scripted.says({"message": "Failed to Decrypt Session ID, RSA Public key Not Matching"}, 400)
    assert "Not Matching" in str(caught(lambda: client.card_pin("cd1", Secret(SESSION)), errors.BadRequest))


@pytest.mark.parametrize("body", [{}, {"encryptedPan": {"iv": "a", "data": "b"}}, {"encryptedPan": "x"}])
def test_incomplete_secrets_are_unreadable(scripted, client, body):
    scripted.says(body)
    caught(lambda: client.card_secrets("cd1", Secret(SESSION)), errors.Unreadable)


def test_cards_of_others_are_left_out_where_the_server_ignores_the_filter(scripted, client):
    cards = [{"id": "a", "userId": "u1"}, {"id": "b", "userId": "u2"}, {"id": "c"}]
    scripted.says(cards)
    assert [card.id for page in client.cards(user_id="u1") for card in page.records] == ["a"]
    assert ("userId", "u1") in scripted.requests[0].query


def test_the_error_tree_is_drawn_where_it_is_defined():
    drawing = errors.__doc__ or ""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.CodegoError)]
    assert all(kind.__name__ in drawing for kind in kinds)


def test_the_client_knows_no_framework():
    sources = [path.read_text() for path in Path(transport.__file__).parent.glob("*.py")]
    assert not any(word in source for source in sources for word in ("django", "cryptography", "settings."))
