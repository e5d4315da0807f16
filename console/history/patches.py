"""The difference between two JSON objects, small enough to be kept for every change."""

from typing import Any

Json = dict[str, Any]


def undo(new: Json, old: Json) -> Json:
    """What turns `new` back into `old`: keys to `set`, keys to `drop`, and patches `in` objects they share."""
    patch: Json = {}
    if changed := {key: value for key, value in old.items() if key not in new or not alike(new[key], value)}:
        nested = {key for key, value in changed.items() if isinstance(value, dict) and isinstance(new.get(key), dict)}
        patch["set"] = {key: value for key, value in changed.items() if key not in nested}
        patch["in"] = {key: undo(new[key], changed[key]) for key in nested}
    patch["drop"] = sorted(new.keys() - old.keys())
    return {name: part for name, part in patch.items() if part}


def undone(new: Json, patch: Json) -> Json:
    """`new` as it was before; neither argument is changed."""
    kept = {key: value for key, value in new.items() if key not in patch.get("drop", ())}
    inner = {key: undone(new.get(key) or {}, part) for key, part in patch.get("in", {}).items()}
    return {**kept, **inner, **patch.get("set", {})}


def keys(patch: Json) -> list[str]:
    """What a patch touches, as paths: `limit.amount`."""
    inner = [f"{name}.{path}" for name, part in patch.get("in", {}).items() for path in keys(part)]
    return sorted([*patch.get("set", ()), *patch.get("drop", ()), *inner])


def alike(one: Any, other: Any) -> bool:
    """Equal, and of one type: to Python 1, 1.0 and True are the same."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(alike(a, b) for a, b in zip(one, other, strict=True))
    return type(one) is type(other) and bool(one == other)
