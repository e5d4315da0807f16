"""The control page and its JSON: stories, switches, faults, deliveries, counts. For this machine only."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from string import Template
from typing import Any

from console.sandbox import clock, faults, kyc, money, story, transactions, users, variants, webhooks, world
from console.sandbox.provider import PLURALS, Provider
from console.sandbox.shapes import shape
from console.sandbox.wire import Json, Problem, Request, Response, field_of, pattern

PAGE = Path(__file__).parent / "pages" / "control.html"
NOUNS = {plural: noun for noun, plural in PLURALS.items()}
FILTERS = ("userId", "companyId", "cardId", "status", "type")


def respond(provider: Provider, request: Request) -> Response:
    for method, expression, handler in COMPILED:
        found = expression.fullmatch(request.path)
        if found and method == request.method:
            return handler(provider, request, **found.groupdict())
    raise Problem(404, "not found", path=request.path)


def _page(provider: Provider, _request: Request) -> Response:
    facts = {
        "groups": variants.GROUPS,
        "faults": faults.KINDS,
        "tricks": webhooks.MEANINGS,
        "statuses": users.APPLICATION_STATUSES,
        "reasons": money.DECLINE_REASONS,
        "sizes": list(world.SIZES),
    }
    told = json.dumps(facts, default=asdict).replace("<", "\\u003c")
    text = Template(PAGE.read_text()).substitute(facts=told, url=provider.url)
    return Response(body=text.encode(), content_type="text/html", headers={"Cache-Control": "no-store"})


def _story(provider: Provider, request: Request, name: str) -> Response:
    return Response(body=story.tell(provider, name, request.json()))


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
        provider.faults.add(fault)
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
    counts = dict(provider.store.rows("SELECT noun, count(*) FROM object GROUP BY noun"))
    deliveries = dict(provider.store.rows("SELECT state, count(*) FROM delivery GROUP BY state"))
    facts: Json = {plural: counts.get(noun, 0) for plural, noun in NOUNS.items()}
    facts |= {"deliveries": deliveries, "now": clock.stamp(), "world": provider.store.setting("world")}
    return Response(body=facts | {"webhooks": provider.webhooks.settings()})


def _reset(provider: Provider, request: Request) -> Response:
    body, known = request.json(), provider.store.setting("world", {})
    seed = field_of(body, "seed", int)
    size = field_of(body, "size", str) or known.get("size", "demo")
    provider.faults.clear()
    provider.switches.reset()
    provider.webhooks.configure(dict.fromkeys(webhooks.TRICKS, False))
    world.build(provider, known.get("seed", 1) if seed is None else seed, size, field_of(body, "base", str) or "")
    return _state(provider, request)


def _list(provider: Provider, request: Request, resource: str) -> Response:
    """The newest, for choosing from; the same fields as the API, in a plain list."""
    if resource not in NOUNS:
        raise Problem(404, f"no resource is called {resource}")
    where: list[tuple[str, Any]] = [(f"{name} = ?", value) for name in FILTERS if (value := request.one(name))]
    found = provider.store.find(NOUNS[resource], where, limit=int(request.one("limit") or 1000))
    if resource == "transactions":
        found = [transactions.public(provider, one) for one in found]
    return Response(body=shape(found, provider.switches))


def _resolve(provider: Provider, _request: Request) -> Response:
    """One turn of the clock, for tests that do not want to wait for it."""
    return Response(body={"resolved": kyc.resolve_due(provider), "closed": money.close_stale(provider)})


TABLE: tuple[tuple[str, str, Callable[..., Response]], ...] = (
    ("GET", "/control", _page),
    ("POST", "/control/api/story/{name}", _story),
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
    ("POST", "/control/api/reset", _reset),
    ("POST", "/control/api/tick", _resolve),
    ("GET", "/control/api/list/{resource}", _list),
)
COMPILED = [(method, pattern(path), handler) for method, path, handler in TABLE]
