"""Against a server told how to misbehave: what is repeated, what never is, what an error is called, what is hidden."""

import time

import pytest

from console.codego import errors, limits, transport
from console.codego.bodies import NewCard
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
    "dispute_update": lambda client: client.update_dispute("dp1", status="canceled", idempotency_key="k"),
    "evidence": lambda client: client.add_dispute_evidence(
        "dp1", name="a.pdf", type="application/pdf", content=b"%PDF", idempotency_key="k"
    ),
    "charge": lambda client: client.charge_user("u1", 100, "fee", idempotency_key="k1"),
    "session": lambda client: client.resume_kyc_session("s1", idempotency_key="k1"),
}
CREATING = ["issue", "dispute", "charge", "session"]


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
        (b"<!doctype html><style>b {}</style><title>Sorry</title><b>not now</b>", "Sorry not now"),
        (b"a < b", "a < b"),
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


@pytest.mark.parametrize("call", [
    lambda client: client.card_secrets("cd1", Secret(SESSION)),
    lambda client: client.card_pin("cd1", Secret(SESSION)),
    lambda client: client.set_card_pin("cd1", Secret(SESSION), ENCRYPTED, idempotency_key="k"),
])  # fmt: skip
def test_digits_in_words_about_a_card_secret_are_hidden(scripted, client, observer, call):
    scripted.says({"error": "Bad 1111", "message": "PIN 1111 is too weak, 439150008063 was better, 12 times"}, 400)
    error = caught(lambda: call(client))
    assert str(error) == "PIN ••• is too weak, ••• was better, 12 times"
    assert "111" not in f"{error.provider_error} {observer.exchanges[0].error}"


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


def test_a_slot_that_moved_while_it_was_waited_for_is_waited_for_again(scripted, client, pacer):
    scripted.says(CARD)
    pacer.wait, pacer.moved = 0.05, [0.05, 0.05]
    client.card("cd1")
    assert len(pacer.arrived) == 3


def test_a_slot_that_moved_out_of_reach_sends_nothing(scripted, client, pacer):
    scripted.says(CARD)
    pacer.wait, pacer.moved = 0.05, [60.0]
    assert "used up" in str(caught(lambda: client.card("cd1"), errors.NotSent))
    assert scripted.requests == []


def test_the_budget_hears_of_silence_too(scripted, client, pacer):
    scripted.drops().says(CARD)
    client.card("cd1")
    assert [said["status"] for said in pacer.learned] == [None, 200]


def test_the_other_host_has_a_limit_of_its_own(scripted, client, pacer):
    scripted.says({"sessionId": "s", "iframeUrl": "https://x"}, X_RateLimit_Remaining="0", X_RateLimit_Reset="60")
    client.resume_kyc_session("s1", idempotency_key="k1")
    assert (pacer.reserved, pacer.learned) == ([], [])


def test_a_slot_too_far_away_sends_nothing(scripted, client, pacer):
    pacer.wait = 45.0
    assert "used up" in str(caught(lambda: client.card("cd1"), errors.NotSent))
    assert scripted.requests == []


def test_a_refused_slot_sends_nothing(scripted, client, pacer):
    pacer.refusal = errors.NotSent("the provider is down; trying again in 20 s")
    error = caught(lambda: client.card("cd1"), errors.NotSent)
    assert (scripted.requests, error.method, error.path) == ([], "GET", "/cards/{id}")
