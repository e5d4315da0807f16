import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.codego import paging
from console.codego.errors import BadRequest, Unavailable, Unreadable
from console.codego.paging import Page, entries, pages


class Server:
    """A list and one way of paging it; remembers what it was asked."""

    def __init__(self, ids, answer, size=3):
        self.ids, self.answer, self.size, self.asked = list(ids), answer, size, []

    def __call__(self, params):
        self.asked.append(params)
        assert len(self.asked) < 200, "the walk does not end"
        return self.answer(self, params)

    def slice(self, start):
        return [{"id": one} for one in self.ids[start : start + self.size]]

    def after(self, cursor):
        return self.ids.index(cursor) + 1 if cursor in self.ids else 0


def by_last_id(server, params):
    return server.slice(server.after(params.get("cursor")))


def by_offset(server, params):
    return server.slice(int(params.get("offset", 0)))


def by_offset_with_empty_cursor(server, params):
    return {"items": by_offset(server, params), "nextCursor": None}


def ignoring(server, params):
    return server.slice(0)


def inclusive(server, params):
    return server.slice(max(server.after(params.get("cursor")) - 1, 0))


def by_given_cursor(server, params):
    start = int(params.get("cursor", "p0").removeprefix("p"))
    more = start + server.size < len(server.ids)
    return {"data": server.slice(start), "nextCursor": f"p{start + server.size}" if more else None}


def by_given_cursor_in_meta(server, params):
    answer = by_given_cursor(server, params)
    return {"results": answer["data"], "pagination": {"next_cursor": answer["nextCursor"]}}


def by_flag(server, params):
    found = by_last_id(server, params)
    return {"data": found, "hasMore": bool(found) and found[-1]["id"] != server.ids[-1]}


def echoing(server, params):
    return {"data": by_last_id(server, params), "cursor": params.get("cursor")}


HONEST = [by_last_id, by_offset, by_offset_with_empty_cursor, inclusive, by_given_cursor, by_given_cursor_in_meta]
HONEST += [by_flag, echoing]
IDS = [f"id-{n}" for n in range(10)]


def walk(server, **options):
    return list(pages(server, lambda item: item["id"], **options))


def resumed_walk(server, **options):
    """One page per call, as a task does that saves its cursor and rings again."""
    found, cursor = [], None
    for _ in range(100):
        page = next(pages(server, lambda item: item["id"], cursor=cursor, **options))
        found.append(page)
        cursor = page.cursor
        if cursor is None:
            return found
    pytest.fail("the walk does not end")


def records(found):
    return [one for page in found for one in page.records]


@pytest.mark.parametrize("answer", HONEST)
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 6, 10])
def test_every_record_once_whichever_way_it_is_paged(answer, count):
    assert records(walk(Server(IDS[:count], answer))) == IDS[:count]


@pytest.mark.parametrize("answer", HONEST)
@pytest.mark.parametrize("count", [0, 1, 3, 4, 10])
def test_a_walk_of_one_page_per_call_sees_the_same(answer, count):
    found = records(resumed_walk(Server(IDS[:count], answer)))
    assert list(dict.fromkeys(found)) == IDS[:count]


@pytest.mark.parametrize("answer", [*HONEST, ignoring])
def test_only_the_last_page_has_no_cursor(answer):
    found = walk(Server(IDS, answer))
    assert [page.cursor is None for page in found] == [False] * (len(found) - 1) + [True]


def test_a_server_that_ignores_paging_is_asked_three_times():
    server = Server(IDS, ignoring)
    assert records(walk(server)) == IDS[:3]
    assert [sorted(asked) for asked in server.asked] == [["limit"], ["cursor", "limit"], ["limit", "offset"]]


def test_a_server_that_ignores_paging_ends_a_resumed_walk():
    assert records(resumed_walk(Server(IDS, ignoring))) == IDS[:3]


def test_a_server_that_ignores_paging_ends_a_resumed_walk_though_its_list_grows():
    server = Server(IDS, ignoring)
    first = next(pages(server, lambda item: item["id"]))
    server.ids.insert(0, "newer")
    assert records(walk(server, cursor=first.cursor)) == []


def test_an_offset_server_is_followed_though_its_list_grows():
    server = Server(IDS, by_offset)
    first = next(pages(server, lambda item: item["id"]))
    server.ids.insert(0, "newer")
    rest = records(walk(server, cursor=first.cursor))
    assert set(first.records) | set(rest) == set(IDS)


def test_a_refused_offset_after_an_ignored_cursor_is_the_end():
    def answer(server, params):
        if "offset" in params:
            raise BadRequest("querystring/offset is unknown")
        return ignoring(server, params)

    assert records(walk(Server(IDS, answer))) == IDS[:3]


def test_a_refused_cursor_is_an_error_and_never_a_short_list():
    def answer(server, params):
        if "cursor" in params:
            raise BadRequest("cursor is unknown")
        return ignoring(server, params)

    with pytest.raises(BadRequest):
        walk(Server(IDS, answer))


def test_a_failure_goes_through():
    def answer(server, params):
        raise Unavailable

    with pytest.raises(Unavailable):
        walk(Server(IDS, answer))


def test_a_short_page_is_not_the_end():
    server = Server(IDS, by_last_id, size=2)
    assert records(walk(server)) == IDS
    assert server.asked[0]["limit"] == str(paging.PAGE_SIZE)


def test_a_page_of_which_nothing_is_kept_is_not_the_end():
    found = walk(Server(IDS, by_last_id), keep=lambda one: one == IDS[-1])
    assert records(found) == [IDS[-1]]
    assert found[0] == Page((), found[0].cursor)
    assert found[0].cursor


def test_records_that_cannot_be_read_are_counted_and_left_out():
    def parse(item):
        if item["id"] == "id-1":
            raise Unreadable
        return item["id"]

    found = list(pages(Server(IDS[:3], by_last_id), parse))
    assert records(found) == ["id-0", "id-2"]
    assert found[0].unreadable == 1


def test_records_without_ids_are_walked_by_number():
    def answer(server, params):
        start = int(params.get("offset", 0))
        return [{"memo": one} for one in server.ids[start : start + 3]]

    assert [one for page in pages(Server(IDS, answer), lambda item: item["memo"]) for one in page.records] == IDS


def test_a_list_without_end_fails_loudly(monkeypatch):
    monkeypatch.setattr(paging, "MOST_PAGES", 5)
    counter = iter(range(1000))
    with pytest.raises(Unreadable, match="5 pages"):
        list(pages(lambda params: [{"id": str(next(counter))}], lambda item: item["id"]))


def test_a_bare_id_serves_as_cursor():
    assert records(walk(Server(IDS, by_last_id), cursor="id-6")) == IDS[7:]


def test_a_cursor_is_short_text():
    page = walk(Server(["5b1e0000-0000-4000-8000-000000000002"] * 3, by_last_id))[0]
    assert len(page.cursor) < 128


@pytest.mark.parametrize("key", paging.LIST_KEYS)
def test_a_list_is_found_under_every_known_name(key):
    assert entries({"total": 1, key: [1]}) == [1]


@pytest.mark.parametrize("body", [None, [], {"data": None}, {"data": {"items": []}}, {"items": []}])
def test_no_entries_in_every_spelling(body):
    assert entries(body) == []


@pytest.mark.parametrize("body", ["text", 7, {}, {"error": "x"}, {"data": "text"}, {"data": {"data": {"data": []}}}])
def test_what_holds_no_list_is_not_an_empty_list(body):
    with pytest.raises(Unreadable):
        entries(body)


@given(st.lists(st.uuids().map(str), unique=True, max_size=25), st.integers(2, 7), st.sampled_from(HONEST))
def test_no_loss_and_no_repeat(ids, size, answer):
    assert records(walk(Server(ids, answer, size))) == ids


@given(st.text(max_size=30) | st.lists(st.integers() | st.text(), max_size=5).map(json.dumps))
def test_no_cursor_makes_it_raise(cursor):
    assert set(records(walk(Server(IDS, by_last_id), cursor=cursor))) <= set(IDS)
