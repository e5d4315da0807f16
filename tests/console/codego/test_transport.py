"""Against a server told how to misbehave: what is repeated, what never is, what an error is called, what is hidden."""

import json
import logging
import time
import traceback
from pathlib import Path

import pytest

from console.codego import errors, limits, transport
from console.codego.bodies import Limit, NewCard
from console.codego.protocols import Priority
from console.codego.records import Encrypted
from console.codego.secret import Secret

API_KEY = "vcck_sbx_testing_0123456789"
SESSION = "SGVsbG8sIHNlc3Npb24="
ENCRYPTED = Encrypted(iv="aXY=", data="ZGF0YQ==")
CARD = {"id": "cd1", "status": "active"}
WRITES = {
    "issue": lambda client: client.issue_card("u1", NewCard(type="virtual"), idempotency_key="k1"),
    "lock": lambda client: client.update_card("cd1", status="locked", idempotency_key="k1"),
    "pin": lambda client: client.set_card_pin("cd1", Secret(SESSION), ENCRYPTED, idempotency_key="k1"),
    "dispute": lambda client: client.open_dispute("tx1", "no", idempotency_key="k1"),
    "dispute_update": lambda client: client.update_dispute("dp1", status="canceled"),
    "evidence": lambda client: client.add_dispute_evidence(
        "dp1", name="a.pdf", type="application/pdf", content=b"%PDF"
    ),
    "session": lambda client: client.resume_kyc_session("s1"),
}
CREATING = ["issue", "dispute", "session"]


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(transport, "FIRST_BACKOFF", 0.01)
    monkeypatch.setattr(limits, "SHORTEST_WAIT", 0.05)


def caught(call, kind=errors.CodegoError):
    with pytest.raises(kind) as error:
        call()
    return error.value


# Reads are repeated


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_a_read_is_repeated_after_a_failure_of_the_server(scripted, client, status):
    scripted.says(b"oops", status).says(b"", status).says(CARD)
    assert client.card("cd1").status == "active"
    assert len(scripted.requests) == 3


def test_a_read_is_repeated_after_a_dropped_connection(scripted, client):
    scripted.drops().drops().drops().says(CARD)
    assert client.card("cd1").id == "cd1"


def test_a_read_gives_up_after_three_repetitions(scripted, client):
    scripted.says({"error": "InternalServerError", "message": "Something went wrong"}, 500)
    error = caught(lambda: client.card("cd1"), errors.Unavailable)
    assert (len(scripted.requests), error.status, str(error)) == (4, 500, "Something went wrong")
    assert error.retry_may_help


def test_a_silent_server_is_unavailable_and_does_not_hold_us_long(scripted, client):
    scripted.waits(1)
    started = time.monotonic()
    error = caught(lambda: client.card("cd1"), errors.Unavailable)
    assert time.monotonic() - started < 3
    assert "in time" in str(error)


def test_a_trickling_answer_is_cut_off(scripted, client):
    scripted.trickles(0.1)
    started = time.monotonic()
    caught(lambda: client.card("cd1"), errors.Unavailable)
    assert time.monotonic() - started < 5


def test_nobody_there_is_unavailable_for_a_read(connect):
    error = caught(lambda: connect("http://127.0.0.1:9", timeout=0.5).card("cd1"), errors.Unavailable)
    assert (error.method, error.path, error.status) == ("GET", "/cards/{id}", None)


def test_an_answer_beyond_all_size_is_unreadable(scripted, client, monkeypatch):
    monkeypatch.setattr(transport, "LARGEST_BODY", 10)
    scripted.says({"id": "x" * 100})
    caught(lambda: client.card("cd1"), errors.Unreadable)


# Writes are not


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("status", [500, 503, 408, 302])
def test_a_write_is_sent_once_and_its_outcome_unknown(scripted, client, write, status):
    scripted.says(b"", status)
    error = caught(lambda: WRITES[write](client), errors.OutcomeUnknown)
    assert len(scripted.requests) == 1
    assert not error.retry_may_help


@pytest.mark.parametrize("write", WRITES)
def test_a_write_whose_connection_drops_is_sent_once(scripted, client, write):
    scripted.drops()
    caught(lambda: WRITES[write](client), errors.OutcomeUnknown)
    assert len(scripted.requests) == 1


def test_a_write_that_is_not_answered_in_time_is_sent_once(scripted, client):
    scripted.waits(1)
    caught(lambda: WRITES["issue"](client), errors.OutcomeUnknown)
    assert len(scripted.requests) == 1


@pytest.mark.parametrize("write", WRITES)
def test_a_write_that_never_left_had_no_effect(connect, write):
    client = connect("http://127.0.0.1:9", kyc_url="http://127.0.0.1:9", timeout=0.5)
    assert caught(lambda: WRITES[write](client), errors.NotSent).retry_may_help


def test_a_name_that_does_not_resolve_had_no_effect(connect):
    caught(lambda: WRITES["issue"](connect("http://nowhere.invalid", timeout=0.5)), errors.NotSent)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("raw", [b'{"id": "unfinis', b"<!doctype html><h1>It works!</h1>"])
def test_a_success_that_cannot_be_read_is_unknown(scripted, client, write, raw):
    scripted.says(raw)
    caught(lambda: WRITES[write](client), errors.OutcomeUnknown)


@pytest.mark.parametrize("write", CREATING)
@pytest.mark.parametrize("body", [b"", {}, [], None, {"ok": True}, {"id": ""}])
def test_a_creation_that_names_nothing_is_unknown(scripted, client, write, body):
    scripted.says(body, 201)
    error = caught(lambda: WRITES[write](client), errors.OutcomeUnknown)
    assert error.method == "POST"


@pytest.mark.parametrize("body", [{"iframeUrl": "https://x"}, {"sessionId": "s1"}])
def test_a_session_needs_both_its_halves(scripted, client, body):
    scripted.says(body)
    caught(lambda: WRITES["session"](client), errors.OutcomeUnknown)


@pytest.mark.parametrize(
    ("raw", "status"), [(b"", 204), (b"", 200), (b"{}", 200), (b'{"id": "c"}', 200), (b"null", 202)]
)
def test_a_change_is_done_whatever_its_echo(scripted, client, raw, status):
    scripted.says(raw, status)
    assert client.update_card("cd1", status="locked", idempotency_key="k") is None


def test_every_write_goes_over_a_new_connection(scripted, client):
    scripted.says(b"", 204)
    client.update_card("cd1", status="locked", idempotency_key="k")
    assert scripted.requests[0].headers["connection"] in {"keep-alive", "close"}
    assert not client._transport._writes._transport._pool.connections


# Refusals


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequest),
        (401, errors.Unauthorized),
        (403, errors.Unauthorized),
        (404, errors.NoSuchObject),
        (409, errors.Conflict),
        (422, errors.BadRequest),
        (418, errors.Refused),
    ],
)
@pytest.mark.parametrize("call", ["card", "issue"])
def test_a_refusal_by_its_status(scripted, client, status, kind, call):
    scripted.says(b"", status)
    calls = WRITES | {"card": lambda client: client.card("cd1")}
    error = caught(lambda: calls[call](client))
    assert (type(error), error.status, str(error)) == (kind, status, f"HTTP {status}")
    assert len(scripted.requests) == 1
    assert not error.retry_may_help


def test_a_missing_route_is_told_from_a_missing_object(scripted, client, observer):
    scripted.says({"error": "not found", "path": "/api/v1/cards/cd1"}, 404).says({"error": "card not found"}, 404)
    caught(lambda: client.card("cd1"), errors.NoSuchRoute)
    caught(lambda: client.card("cd1"), errors.NoSuchObject)
    assert [exchange.route_missing for exchange in observer.exchanges] == [True, False]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"error": "Bad Request", "message": "body/limit is wrong"}, "body/limit is wrong"),
        ({"error": "user not found"}, "user not found"),
        ({"statusCode": 400, "code": "FST_ERR", "message": "no"}, "no"),
        ({"message": ["one", "two"]}, "one; two"),
        ({"error": {"code": "E1", "message": "inner"}}, "inner"),
        (b"plain  text\n here", "plain text here"),
        (b"x" * 1000, "x" * 200),
        (b"<html><b>no</b>", "<html><b>no</b>"),
        ("json text", "json text"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"", "HTTP 400"),
        ({}, "HTTP 400"),
        ([], "[]"),
        ({"error": None, "message": None}, "HTTP 400"),
        ({"message": {"a": 1}}, "{'a': 1}"),
    ],
)
def test_an_error_says_what_the_provider_said(scripted, client, body, text):
    scripted.says(body, 400)
    assert str(caught(lambda: client.card("cd1"))) == text


def test_an_error_keeps_code_and_sentence_apart(scripted, client):
    scripted.says({"error": "NotFoundError", "message": "no such card"}, 404)
    error = caught(lambda: client.card("cd1"))
    assert (error.provider_error, error.provider_message) == ("NotFoundError", "no such card")
    assert (error.method, error.path) == ("GET", "/cards/{id}")


# Rate limit


def test_a_read_waits_and_goes_again(scripted, client, pacer):
    scripted.says({"message": "slow"}, 429, X_RateLimit_Reset="0.2", X_RateLimit_Remaining="0").says(CARD)
    started = time.monotonic()
    client.card("cd1")
    assert 0.2 <= time.monotonic() - started < 2
    assert pacer.learned[0] == {"status": 429, "limit": None, "remaining": 0, "reset_seconds": 0.2}
    assert len(pacer.reserved) == 2


def test_a_read_without_a_readable_reset_backs_off(scripted, client):
    scripted.says(b"", 429, X_RateLimit_Reset="soon").says(CARD)
    assert client.card("cd1").id == "cd1"


@pytest.mark.parametrize("write", WRITES)
def test_a_write_goes_once_more_when_told_when(scripted, client, write):
    scripted.says(b"", 429, Retry_After="0.1").says({**CARD, "sessionId": "s", "iframeUrl": "https://x"})
    WRITES[write](client)
    assert len(scripted.requests) == 2
    first, second = scripted.requests
    assert (first.method, first.path, len(first.body)) == (second.method, second.path, len(second.body))
    assert first.headers.get("idempotency-key") == second.headers.get("idempotency-key")


def test_a_write_that_is_not_told_when_is_refused(scripted, client):
    scripted.says(b"", 429, X_RateLimit_Reset="soon")
    assert caught(lambda: WRITES["issue"](client), errors.RateLimited).wait is None
    assert len(scripted.requests) == 1


def test_a_write_goes_once_more_and_only_once(scripted, client):
    scripted.says(b"", 429, Retry_After="0.1")
    assert caught(lambda: WRITES["issue"](client), errors.RateLimited).retry_may_help
    assert len(scripted.requests) == 2


def test_the_second_sending_of_a_write_is_not_repeated_when_its_answer_is_lost(scripted, client):
    scripted.says(b"", 429, Retry_After="0.1").drops()
    caught(lambda: WRITES["issue"](client), errors.OutcomeUnknown)
    assert len(scripted.requests) == 2


def test_a_person_is_not_kept_waiting_for_minutes(scripted, connect):
    scripted.says(b"", 429, Retry_After="60")
    error = caught(lambda: connect(scripted.url).card("cd1"), errors.RateLimited)
    assert (error.wait, len(scripted.requests)) == (60, 1)


def test_the_budget_learns_from_every_answer(scripted, client, pacer):
    scripted.says(CARD, X_RateLimit_Limit="50", X_RateLimit_Remaining="49", X_RateLimit_Reset="7")
    client.card("cd1")
    assert pacer.learned == [{"status": 200, "limit": 50, "remaining": 49, "reset_seconds": 7.0}]


@pytest.mark.parametrize("priority", list(Priority))
def test_every_attempt_reserves_its_slot(scripted, connect, pacer, priority):
    scripted.drops().says(CARD)
    connect(scripted.url, priority=priority).card("cd1")
    assert pacer.reserved == [priority, priority]


def test_a_slot_is_waited_for(scripted, client, pacer):
    scripted.says(CARD)
    pacer.wait = 0.2
    started = time.monotonic()
    client.card("cd1")
    assert time.monotonic() - started >= 0.2


def test_a_slot_too_far_away_sends_nothing(scripted, client, pacer):
    pacer.wait = 45.0
    assert "45 s" in str(caught(lambda: client.card("cd1"), errors.NotSent))
    assert scripted.requests == []


def test_a_refused_slot_sends_nothing(scripted, client, pacer):
    pacer.refusal = errors.NotSent("the provider is down; trying again in 20 s")
    error = caught(lambda: client.card("cd1"), errors.NotSent)
    assert (scripted.requests, error.method, error.path) == ([], "GET", "/cards/{id}")


# What is told, and what is not


def test_an_exchange_is_told_by_its_template(scripted, client, observer):
    scripted.drops().says(CARD)
    client.card("cd1")
    lost, done = observer.exchanges
    assert (lost.route, lost.status, lost.method) == ("GET /cards/{id}", None, "GET")
    assert lost.error.startswith("Unavailable: the connection")
    assert (done.status, done.error, done.route_missing) == (200, "", False)
    assert done.seconds > 0


def test_a_failing_observer_does_not_hide_an_answer(scripted, client, observer, caplog):
    observer.failure = RuntimeError("database is locked")
    scripted.says(CARD, 201)
    assert WRITES["issue"](client).id == "cd1"
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
    error = caught(lambda: WRITES["issue"](connect("http://127.0.0.1:9", timeout=0.5)))
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
    client.resume_kyc_session("s1")
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
    client.add_dispute_evidence("dp1", name='a"\r\n.pdf', type="application/pdf", content=b"%PDF-1")
    request = scripted.requests[0]
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
