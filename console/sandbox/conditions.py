"""Conditions on documents, written for sqlite, and read here for the documents that sqlite does not hold."""

import operator
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from console.sandbox.wire import Json

# Fields of the documents that lists are filtered by; sqlite reads them out of the JSON.
FIELDS = {
    "userId": "userId",
    "companyId": "companyId",
    "cardId": "cardId",
    "transactionId": "transactionId",
    "type": "type",
    "status": "status",
    "authorizedAt": "authorizedAt",
    "postedAt": "postedAt",
    "transactionHash": "transactionHash",
    "amount": "amount",
    "owner": "_owner",
    "hold": "_hold",
    "externalUserId": "_externalUserId",
    "idempotencyKey": "_idempotencyKey",
    "token": "_token",
    "pageKey": "_pageKey",
    "resolveAt": "_resolveAt",
}
CONDITION = re.compile(r"(?:json_extract\(doc, '\$\.(?P<path>\w+)'\)|(?P<name>\w+)) (?P<sign>[<>=]+) \?")
SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

Where = Sequence[tuple[str, Any]]  # a condition with one "?" and its value


class Test(NamedTuple):
    """`path` is the field in the document, or `n` for the number of the row."""

    path: str
    sign: str
    value: Any

    def meets(self, found: Any) -> bool:
        """As in SQL, what is not there meets nothing."""
        return found is not None and SIGNS[self.sign](found, self.value)


def read(where: Where) -> list[Test]:
    return [Test(*_parts(condition), value) for condition, value in where]


@lru_cache
def _parts(condition: str) -> tuple[str, str]:
    found = CONDITION.fullmatch(condition)
    if found is None:
        raise ValueError(f"not a condition: {condition}")
    return found["path"] or FIELDS.get(found["name"], found["name"]), found["sign"]


def meets(doc: Json, tests: Sequence[Test]) -> bool:
    return all(test.meets(doc.get(test.path)) for test in tests)


def clauses(where: Where) -> tuple[str, list[Any]]:
    """For a statement that has its first condition already."""
    return "".join(f" AND {condition}" for condition, _ in where), [value for _, value in where]
