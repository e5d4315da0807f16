"""Requests, answers and refusals as plain values; no sockets and no state."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar

KIND_NAMES = {str: "a string", int: "an integer", dict: "an object", list: "a list", bool: "a boolean"}

Json = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: str
    path: str
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""

    def one(self, name: str) -> str | None:
        return next(iter(self.query.get(name, [])), None)

    def many(self, name: str) -> list[str]:
        """A repeated parameter in any of its spellings: a=1&a=2, a[]=1, a=1,2."""
        given = [*self.query.get(name, []), *self.query.get(f"{name}[]", [])]
        return [word for value in given for word in value.split(",") if word]

    def json(self) -> Json:
        try:
            body = json.loads(self.body or b"{}")
        except ValueError:
            raise Problem(400, "body is not valid JSON") from None
        if not isinstance(body, dict):
            raise Problem(400, "body must be an object")
        return body


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    status: int = 200
    body: Any = None  # JSON, unless bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    def payload(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        if self.status == 204:
            return b""
        return json.dumps(self.body, ensure_ascii=False).encode()


class Ending(Enum):
    """Instead of an answer."""

    CLOSED = "the connection is closed without a word"
    RESET = "the connection is cut off, as a crashed machine would"


TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 409: "Conflict", 429: "Too Many Requests"}


class Problem(Exception):  # noqa: N818 - a refusal is an answer here, not a fault of the program
    """An answer of 4xx. A missing object has no `message` and a missing route adds its `path`."""

    def __init__(self, status: int, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"error": message} if status == 404 else {"error": TITLES[status], "message": message}
        self.body |= extra

    def response(self) -> Response:
        return Response(status=self.status, body=self.body)


def field_of(body: Json, name: str, kind: type[T], at: str = "body") -> T | None:
    """The field when it is there and of the right kind; None when it is absent or null."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise Problem(400, f"{at}/{name} must be {KIND_NAMES[kind]}")
    return value


def required(body: Json, name: str, kind: type[T], at: str = "body") -> T:
    value = field_of(body, name, kind, at)
    if value is None or value == "":
        raise Problem(400, f"{at} must have required property '{name}'")
    return value


def number_of(body: Json, name: str, least: float, most: float, at: str = "body") -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise Problem(400, f"{at}/{name} must be a number from {least:g} to {most:g}")
    return float(value)


def one_of(body: Json, name: str, choices: tuple[str, ...], at: str = "body") -> str | None:
    value = field_of(body, name, str, at)
    if value is not None and value not in choices:
        raise Problem(400, f"{at}/{name} must be one of: {', '.join(choices)}")
    return value


def pattern(template: str) -> re.Pattern[str]:
    """`/users/{user_id}/cards` as an expression with named groups."""
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template) + "/?")
