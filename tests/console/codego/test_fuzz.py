"""Whatever the provider answers, the client gives records that lose nothing and say nothing wrong, or an error of ours."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.codego import transport
from console.codego.bodies import Limit, NewCard
from console.codego.client import Codego
from console.codego.errors import CodegoError
from console.codego.records import Encrypted
from console.codego.secret import Secret
from tests.console.codego import mutations as wire
from tests.console.codego.mutations import CODE, PAN, encode, spoiled

SESSION = Secret("bm90IGl0")
KYC = {
    "external_user_id": "dh_1", "applicant_type": "individual", "email": "a@b.test", "origin": "https://x.test",
    "return_url": "https://x.test/", "idempotency_key": "k",
}  # fmt: skip
NOTHING: dict[str, object] = {}
Method = Callable[[Codego], object]

# Every method that reads one object or writes, with a good answer.
OBJECTS: dict[str, tuple[Method, object]] = {
    "create_kyc_session": (lambda c: c.create_kyc_session(**KYC), wire.SESSION),
    "resume_kyc_session": (lambda c: c.resume_kyc_session("s1", idempotency_key="k1"), wire.SESSION),
    "application": (lambda c: c.application("u1"), wire.USER),
    "company_application": (lambda c: c.company_application("co1"), wire.COMPANY),
    "user": (lambda c: c.user("u1"), wire.USER),
    "company": (lambda c: c.company("co1"), wire.COMPANY),
    "user_balances": (lambda c: c.user_balances("u1"), wire.BALANCE),
    "company_balances": (lambda c: c.company_balances("co1"), wire.BALANCE),
    "card": (lambda c: c.card("c1"), wire.CARD),
    "issue_card": (lambda c: c.issue_card("u1", NewCard(type="virtual"), idempotency_key="k"), wire.CARD),
    "update_card": (lambda c: c.update_card("c1", limit=Limit(amount=1, frequency="x"), idempotency_key="k"), wire.CARD),
    "card_secrets": (lambda c: c.card_secrets("c1", SESSION), {"encryptedPan": wire.SEALED, "encryptedCvc": wire.SEALED}),
    "card_pin": (lambda c: c.card_pin("c1", SESSION), {"encryptedPin": wire.SEALED}),
    "set_card_pin": (lambda c: c.set_card_pin("c1", SESSION, Encrypted(iv="a", data="b"), idempotency_key="k"), NOTHING),
    "transaction": (lambda c: c.transaction("t1"), wire.NOUNS["spend"]),
    "charge_user": (lambda c: c.charge_user("u1", 1, "text", idempotency_key="k"), wire.CHARGE),
    "charge_company": (lambda c: c.charge_company("co1", 1, "text", idempotency_key="k"), wire.CHARGE),
    "open_dispute": (lambda c: c.open_dispute("t1", "text", idempotency_key="k"), wire.DISPUTE),
    "dispute": (lambda c: c.dispute("dp1"), wire.DISPUTE),
    "update_dispute": (lambda c: c.update_dispute("dp1", status="canceled", idempotency_key="k"), NOTHING),
    "add_dispute_evidence": (lambda c: c.add_dispute_evidence("dp1", name="a", type="b", content=b"c", idempotency_key="k"), NOTHING),
    "dispute_evidence": (lambda c: c.dispute_evidence("dp1"), NOTHING),
}  # fmt: skip
TRANSACTIONS = [wire.NOUNS[kind] | {"id": f"t-{kind}"} for kind in wire.PAYLOADS]
LISTS: dict[str, tuple[Method, list]] = {
    "users": (lambda c: c.users(), [wire.USER, wire.USER | {"id": "u2"}]),
    "companies": (lambda c: c.companies(), [wire.COMPANY]),
    "cards": (lambda c: c.cards(), [wire.CARD, wire.CARD | {"id": "c2"}]),
    "cards of a user": (lambda c: c.cards(user_id="u1"), [wire.CARD, wire.CARD | {"id": "c2"}]),
    "transactions": (lambda c: c.transactions(), TRANSACTIONS),
    "transactions of a card": (lambda c: c.transactions(card_id="c1", types=["spend", "fee"]), TRANSACTIONS),
    "disputes": (lambda c: c.disputes(), [wire.DISPUTE]),
}
WHOLE_LISTS: dict[str, tuple[Method, list]] = {
    "user_contracts": (lambda c: c.user_contracts("u1"), [wire.CONTRACT]),
    "company_contracts": (lambda c: c.company_contracts("co1"), [wire.CONTRACT, wire.CONTRACT | {"id": "ct2"}]),
}
ENVELOPES: list[Callable[[list], object]] = [
    lambda items: items,
    lambda items: {"data": items},
    lambda items: {"items": items, "nextCursor": "more"},
    lambda items: {"data": {"items": items, "next_cursor": None}},
    lambda items: {"results": items, "pagination": {"hasMore": True, "cursor": "abc"}},
]
SLOWLY = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(transport, "FIRST_BACKOFF", 0.001)


def outcome(client: Codego, scripted, method: Method, raw: bytes, status: int = 200) -> object:
    """What the method gives, or the error it raised; anything but an error of ours is a failure of the test."""
    scripted.script.clear()
    scripted.requests.clear()
    scripted.says(raw, status)
    try:
        return method(client)
    except CodegoError as error:
        return error


def shown(found: object) -> str:
    """All that could be printed, logged or stored of it. A file is handed on as it is."""
    if isinstance(found, bytes):
        return ""
    records = found if isinstance(found, list | tuple) else [found]
    return repr(found) + str(found) + "".join(repr(getattr(one, "raw", "")) for one in records)


@settings(max_examples=1000, deadline=None, suppress_health_check=SLOWLY)
@given(data=st.data(), name=st.sampled_from(list(OBJECTS)), wrapped=st.booleans())
def test_an_object_is_a_record_or_an_error_of_ours(client, scripted, data, name, wrapped):
    method, answer = OBJECTS[name]
    body = data.draw(spoiled({"data": answer} if wrapped else answer))
    status = data.draw(st.sampled_from([200, 200, 201, 202]))
    found = outcome(client, scripted, method, encode(body), status)
    assert len(scripted.requests) == 1
    assert PAN not in shown(found)
    assert CODE not in shown(found)


@settings(max_examples=700, deadline=None, suppress_health_check=SLOWLY)
@given(data=st.data(), name=st.sampled_from(list(LISTS)), envelope=st.sampled_from(ENVELOPES))
def test_a_list_ends_and_gives_records_or_an_error_of_ours(client, scripted, data, name, envelope):
    method, items = LISTS[name]
    body = data.draw(spoiled(envelope(items), most=6))
    pages = outcome(client, scripted, lambda c: list(itertools.islice(method(c), 20)), encode(body))
    assert len(scripted.requests) < 5
    assert all(PAN not in shown(list(page.records)) for page in (pages if isinstance(pages, list) else []))


@settings(max_examples=300, deadline=None, suppress_health_check=SLOWLY)
@given(data=st.data(), name=st.sampled_from(list(WHOLE_LISTS)), envelope=st.sampled_from(ENVELOPES))
def test_a_whole_list_gives_records_or_an_error_of_ours(client, scripted, data, name, envelope):
    method, items = WHOLE_LISTS[name]
    found = outcome(client, scripted, method, encode(data.draw(spoiled(envelope(items)))))
    assert PAN not in shown(found)


@settings(max_examples=300, deadline=None, suppress_health_check=SLOWLY)
@given(
    data=st.data(),
    name=st.sampled_from([*OBJECTS, *LISTS]),
    status=st.sampled_from([400, 401, 403, 404, 409, 410, 422]),
)
def test_a_refusal_is_an_error_of_ours_whatever_its_words(client, scripted, data, name, status):
    method = (OBJECTS | LISTS)[name][0]
    raw = encode(data.draw(spoiled(wire.ERROR)))
    found = outcome(client, scripted, lambda c: list(method(c)) if name in LISTS else method(c), raw, status)
    assert isinstance(found, CodegoError) or found is None  # a card without a PIN is refused in those words
    assert PAN not in shown(found)


@settings(max_examples=300, deadline=None, suppress_health_check=SLOWLY)
@given(raw=st.binary(max_size=40) | st.sampled_from([b"[" * 5000, b'"', b"null", b"7", b"\xef\xbb\xbf[]", b"{}", b"[[]]"]),
       name=st.sampled_from([*OBJECTS, *LISTS, *WHOLE_LISTS]))  # fmt: skip
def test_bytes_are_an_answer_or_an_error_of_ours(client, scripted, raw, name):
    method = (OBJECTS | LISTS | WHOLE_LISTS)[name][0]
    outcome(client, scripted, lambda c: list(method(c)) if name in LISTS else method(c), raw)
