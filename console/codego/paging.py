"""Walks a list page by page, whichever way the server pages it, and so that a walk can be resumed later.

Servers seen or feared: a next cursor in the envelope; the last id as cursor; limit and offset; paging ignored.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Generic, Self, TypeVar

from console.codego.errors import BadRequest, Unreadable

PAGE_SIZE = 100
MOST_PAGES = 100_000
LIST_KEYS = ("data", "items", "results", "cards", "transactions", "users", "disputes", "contracts", "companies")
NEXT_KEYS = ("nextCursor", "next_cursor", "cursor")
MORE_KEYS = ("hasMore", "has_more")
META_KEYS = ("pagination", "paging", "meta")

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """`cursor` resumes after this page in a later call; None: the list ended here. `unreadable` ones are left out."""

    records: tuple[R, ...]
    cursor: str | None
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class _Listing:
    items: list[Any]
    next: str | None
    closed: bool  # it has a place for a next cursor and left it empty
    ended: bool


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a walk stands. Modes: `guess` at the last id until it proves right (`last`), `probe` whether the server
    counts until it proves so (`offset`), and `given`, a cursor of the server's own."""

    mode: str = "guess"
    count: int = 0
    first: str = ""  # of the page before: to meet it again means that the server did not follow
    after: str = ""

    @classmethod
    def read(cls, cursor: str | None) -> Self:
        if not cursor:
            return cls()
        try:
            mode, count, first, after = json.loads(cursor)
            return cls(str(mode), int(count), str(first), str(after))
        except (ValueError, TypeError):
            return cls("last", 0, "", cursor)

    def write(self) -> str:
        return json.dumps([self.mode, self.count, self.first, self.after], separators=(",", ":"))

    def params(self) -> dict[str, str]:
        limit = {"limit": str(PAGE_SIZE)}
        if self.mode in {"probe", "offset"}:
            return limit | {"offset": str(self.count)}
        return limit | {"cursor": self.after} if self.after else limit

    def followed_by(self, keys: list[str]) -> bool:
        """Did the server follow? New records shift a list while we walk, so a repeated page need not start the same."""
        return self.first not in (keys if self.mode in {"guess", "probe"} else keys[:1])

    def next(self, listing: _Listing, keys: list[str]) -> "_Place":
        last = next((key for item in reversed(listing.items) if (key := _id(item))), "")
        given = listing.next if listing.next != self.after else None
        if given:
            mode = "given"
        elif self.mode in {"probe", "offset"}:
            mode = "offset"
        elif listing.closed or not last:
            mode = "probe"
        else:
            mode = "last" if self.after else "guess"
        return _Place(mode, self.count + len(listing.items), keys[0], given or last)


def entries(body: Any, *, inside: bool = False) -> list[Any]:
    """The records of an answer: the bare array, or the first array among the names known to wrap one."""
    if isinstance(body, list):
        return body
    wrapped = [body[key] for key in LIST_KEYS if key in body] if isinstance(body, dict) else []
    for value in wrapped:
        if isinstance(value, list):
            return value
    for value in wrapped:
        if isinstance(value, dict) and not inside:
            return entries(value, inside=True)
    if body is None or (wrapped and all(value is None for value in wrapped)):
        return []  # how some languages write a list without entries
    raise Unreadable("the answer holds no list")


def pages(
    fetch: Callable[[dict[str, str]], Any],
    parse: Callable[[Any], R],
    *,
    keep: Callable[[R], bool] = lambda _: True,
    cursor: str | None = None,
) -> Iterator[Page[R]]:
    """The last page has no cursor. A short page is not the end, nor is one of which nothing is kept."""
    place, seen = _Place.read(cursor), set[str]()
    for _ in range(MOST_PAGES):
        try:
            listing = _listing(fetch(place.params()))
        except BadRequest:
            if place.mode != "probe":
                raise
            break
        keyed = {_key(item): item for item in listing.items}
        fresh = [item for key, item in keyed.items() if key not in seen]
        if not fresh or not place.followed_by(list(keyed)):
            if not keyed or place.mode != "guess":
                break
            place = replace(place, mode="probe")
            continue
        seen.update(keyed)
        # An empty cursor ends a list only where cursors were given: a server that counts may write one on every page.
        ended = listing.ended or (place.mode == "given" and listing.next is None)
        place = place.next(listing, list(keyed))
        yield _page(fresh, parse, keep, None if ended else place.write())
        if ended:
            return
    else:
        raise Unreadable(f"the list did not end within {MOST_PAGES} pages")
    yield Page((), None)


def _listing(body: Any) -> _Listing:
    outer = body if isinstance(body, dict) else {}
    metas = [outer, *(outer[key] for key in (*META_KEYS, "data") if isinstance(outer.get(key), dict))]
    given = next((meta[key] for meta in metas for key in NEXT_KEYS if meta.get(key)), None)
    more = next((meta[key] for meta in metas for key in MORE_KEYS if isinstance(meta.get(key), bool)), None)
    usable = isinstance(given, str | int) and not isinstance(given, bool)
    return _Listing(
        items=entries(body),
        next=str(given) if usable else None,
        closed=any(key in meta and not meta[key] for meta in metas for key in NEXT_KEYS[:2]),
        ended=more is False,
    )


def _key(item: Any) -> str:
    return _id(item) or hashlib.sha256(repr(item).encode("utf-8", "replace")).hexdigest()[:16]


def _id(item: Any) -> str:
    value = item.get("id") if isinstance(item, dict) else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _page(items: list[Any], parse: Callable[[Any], R], keep: Callable[[R], bool], cursor: str | None) -> Page[R]:
    records: list[R] = []
    unreadable = 0
    for item in items:
        try:
            records.append(parse(item))
        except Unreadable:
            unreadable += 1
    return Page(tuple(record for record in records if keep(record)), cursor, unreadable)
