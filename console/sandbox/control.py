"""The control page and its JSON: stories, switches, faults, deliveries, counts. For this machine only."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from string import Template
from typing import Any

from console.sandbox import (
    balances,
    clock,
    contracts,
    faults,
    money,
    scenes,
    story,
    transactions,
    turns,
    users,
    variants,
    webhooks,
    world,
)
from console.sandbox.provider import PLURALS, Provider
from console.sandbox.shapes import shape
from console.sandbox.wire import Json, Problem, Request, Response, field_of, number_of, pattern

PAGES = Path(__file__).parent / "pages" / "control"
KINDS = {".css": "text/css", ".js": "text/javascript"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
NOUNS = {plural: noun for noun, plural in PLURALS.items()}
FILTERS = ("userId", "companyId", "cardId", "status", "type")


def respond(provider: Provider, request: Request) -> Response:
    for method, expression, handler in COMPILED:
        found = expression.fullmatch(request.path)
        if found and method == request.method:
            return handler(provider, request, **found.groupdict())
    raise Problem(404, "not found", path=request.path)


def _page(provider: Provider, _request: Request) -> Response:
    told = json.dumps(_facts(provider), default=asdict).replace("<", "\\u003c")
    text = Template((PAGES / "index.html").read_text()).substitute(facts=told, url=provider.url)
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": POLICY}
    return Response(body=text.encode(), content_type="text/html", headers=headers)


def _facts(provider: Provider) -> Json:
    return {
        "scenes": scenes.listed(),
        "groups": variants.GROUPS,
        "defaults": provider.switches.defaults,
        "faults": {name: _told_fault(kind) for name, kind in faults.KINDS.items()},
        "tricks": webhooks.MEANINGS,
        "statuses": users.APPLICATION_STATUSES,
        "reasons": money.DECLINE_REASONS,
        "sizes": world.SIZES,
    }


def _told_fault(kind: faults.Kind) -> Json:
    return {"meaning": kind.meaning, "waits": kind.waits, "seconds": kind.seconds}


def _part(_provider: Provider, _request: Request, name: str) -> Response:
    """A style sheet or a script of the page."""
    found = PAGES / name
    if found.suffix not in KINDS or found.parent != PAGES or not found.is_file():
        raise Problem(404, "not found", path=f"/control/{name}")
    return Response(body=found.read_bytes(), content_type=KINDS[found.suffix], headers={"Cache-Control": "no-store"})


def _story(provider: Provider, request: Request, name: str) -> Response:
    return Response(body=story.tell(provider, name, request.json()))


def _scenes(_provider: Provider, _request: Request) -> Response:
    return Response(body=scenes.listed())


def _scene(provider: Provider, request: Request, name: str) -> Response:
    return Response(body=scenes.play(provider, name, request.json()))


def _switches(provider: Provider, _request: Request) -> Response:
    return Response(body=provider.switches.values)


def _set_switches(provider: Provider, request: Request) -> Response:
    provider.switches.change(request.json())
    return _switches(provider, request)


def _faults(provider: Provider, _request: Request) -> Response:
    return Response(body=provider.faults.listed())


def _add_faults(provider: Provider, request: Request) -> Response:
    given = json.loads(request.body or b"[]")
    for fault in given if isinstance(given, list) else [given]:
        provider.faults.add(faults.read(fault))
    return _faults(provider, request)


def _clear_faults(provider: Provider, request: Request) -> Response:
    provider.faults.clear()
    return _faults(provider, request)


def _webhooks(provider: Provider, _request: Request) -> Response:
    return Response(body=provider.webhooks.settings())


def _set_webhooks(provider: Provider, request: Request) -> Response:
    provider.webhooks.configure(request.json())
    return _webhooks(provider, request)


def _deliveries(provider: Provider, request: Request) -> Response:
    return Response(body=provider.webhooks.listed(int(request.one("limit") or 200)))


def _redeliver(provider: Provider, request: Request) -> Response:
    body = request.json()
    count = provider.webhooks.redeliver(since=field_of(body, "since", str), ids=field_of(body, "ids", list))
    return Response(body={"count": count})


def _effects(provider: Provider, request: Request) -> Response:
    names = ("at", "method", "path", "idempotency_key", "status", "object_id")
    sql = (
        f"SELECT {', '.join(names)} FROM effect WHERE (? IS NULL OR method = ?)"  # noqa: S608 - our own columns
        " AND (? IS NULL OR path = ?) ORDER BY n"
    )
    method, path = request.one("method"), request.one("path")
    rows = [dict(zip(names, row, strict=True)) for row in provider.store.rows(sql, method, method, path, path)]
    return Response(body={"count": len(rows), "effects": rows})


def _state(provider: Provider, _request: Request) -> Response:
    counts = provider.store.counts()
    deliveries = dict(provider.store.rows("SELECT state, count(*) FROM delivery GROUP BY state"))
    facts: Json = {plural: counts.get(noun, 0) for plural, noun in NOUNS.items()}
    facts |= {
        "deliveries": deliveries,
        "clock": turns.state(),
        "now": clock.stamp(),
        "world": provider.store.setting("world"),
    }
    return Response(body=facts | {"webhooks": provider.webhooks.settings()})


def _truth(provider: Provider, _request: Request, owner_id: str) -> Response:
    """What a holder's balances are made of; an employee's are the company's. Cents, spelled plainly."""
    user = provider.store.get("user", owner_id)
    owner = contracts.owner_of(user) if user else provider.need("company", owner_id)["id"]
    return Response(body=balances.truth(provider, owner))


def _reset(provider: Provider, request: Request) -> Response:
    body, known = request.json(), provider.store.setting("world", {})
    seed = field_of(body, "seed", int)
    size = field_of(body, "size", str) or known.get("size", "demo")
    provider.faults.clear()
    provider.switches.reset()
    provider.webhooks.reset()
    turns.put_back(provider)
    world.build(provider, known.get("seed", 1) if seed is None else seed, size, field_of(body, "base", str) or "")
    return _state(provider, request)


def _list(provider: Provider, request: Request, resource: str) -> Response:
    """The newest, for choosing from, in a bare list; spelled as in the API, or as they are kept when `plain`."""
    if resource not in NOUNS:
        raise Problem(404, f"no resource is called {resource}")
    where: list[tuple[str, Any]] = [(f"{name} = ?", value) for name in FILTERS if (value := request.one(name))]
    found = provider.store.find(NOUNS[resource], where, limit=int(request.one("limit") or 1000))
    if request.one("plain"):
        return Response(body=[{name: value for name, value in one.items() if name[0] != "_"} for one in found])
    if resource == "transactions":
        found = [transactions.public(provider, one) for one in found]
    return Response(body=shape(found, provider.switches))


def _resolve(provider: Provider, _request: Request) -> Response:
    """One turn of the clock, for tests that do not want to wait for it."""
    return Response(body=turns.settle_due(provider))


def _clock(provider: Provider, request: Request) -> Response:
    """Time moved on, with all that falls due; or put back to the real time."""
    body = request.json()
    if body.get("reset"):
        return Response(body=turns.put_back(provider))
    seconds = number_of(body, "advance_s", turns.LEAST_S, turns.MOST_S - clock.ahead_s())
    if seconds is None:
        raise Problem(400, "body must have advance_s or reset")
    return Response(body=turns.advance(provider, seconds))


TABLE: tuple[tuple[str, str, Callable[..., Response]], ...] = (
    ("GET", "/control", _page),
    ("GET", "/control/{name}", _part),
    ("POST", "/control/api/story/{name}", _story),
    ("GET", "/control/api/scenes", _scenes),
    ("POST", "/control/api/scene/{name}", _scene),
    ("GET", "/control/api/switches", _switches),
    ("POST", "/control/api/switches", _set_switches),
    ("GET", "/control/api/faults", _faults),
    ("POST", "/control/api/faults", _add_faults),
    ("DELETE", "/control/api/faults", _clear_faults),
    ("GET", "/control/api/webhooks", _webhooks),
    ("POST", "/control/api/webhooks", _set_webhooks),
    ("GET", "/control/api/deliveries", _deliveries),
    ("POST", "/control/api/redeliver", _redeliver),
    ("GET", "/control/api/effects", _effects),
    ("GET", "/control/api/state", _state),
    ("GET", "/control/api/truth/{owner_id}", _truth),
    ("POST", "/control/api/reset", _reset),
    ("POST", "/control/api/tick", _resolve),
    ("POST", "/control/api/clock", _clock),
    ("GET", "/control/api/list/{resource}", _list),
)
COMPILED = [(method, pattern(path), handler) for method, path, handler in TABLE]
