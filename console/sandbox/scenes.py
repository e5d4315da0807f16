"""Plays the scripted stories, whole or step by step; the ids of what a step made are handed to the steps after it."""

import time
from collections.abc import Callable

from console.sandbox import story
from console.sandbox.provider import Provider
from console.sandbox.script import SCENES, Scene, Step
from console.sandbox.wire import Json, Problem, field_of

APART_S = 0.02  # so that no two steps carry the same instant
IDS = ("cardId", "userId", "companyId", "transactionId", "disputeId")
LABELS: dict[str, Callable[[Json], str]] = {
    "transaction": lambda found: (
        f"{found['amount'] / 100:,.2f} USD at {found['merchantName'].strip()}, {_outcome(found)}"
    ),
    "card": lambda found: f"{found['type']} card ending {found['last4']}, {found['status']}",
    "user": lambda found: f"{found['firstName']} {found['lastName']}, {found['applicationStatus']}",
    "company": lambda found: f"{found['name']}, {found['applicationStatus']}",
    "dispute": lambda found: f"dispute, {found['status']}",
    "clock": lambda found: f"it is now {found['now'][:16].replace('T', ' ')} UTC",
    "webhooks": lambda found: f"present secret {found['secret']}, coming secret {found['next_secret'] or 'none'}",
}


def _outcome(found: Json) -> str:
    return f"declined: {found['declinedReason']}" if found["declinedReason"] else str(found["status"])


def listed() -> list[Json]:
    return [
        {
            "name": name,
            "title": scene.title,
            "about": scene.about,
            "steps": [{"happens": step.happens, "look": step.look} for step in scene.steps],
        }
        for name, scene in SCENES.items()
    ]


def play(provider: Provider, name: str, body: Json) -> Json:
    """All of it, or the one step that `step` counts from 1; ids in the body are who plays in it."""
    if name not in SCENES:
        raise Problem(404, f"no scene is called {name}", scenes=list(SCENES))
    steps = _wanted(SCENES[name], field_of(body, "step", int))
    ids: Json = {one: value for one in IDS if (value := field_of(body, one, str))}
    done: list[Json] = []
    for step in steps:
        time.sleep(APART_S)
        done.append(_perform(provider, step, ids))
    return {"scene": name, "title": SCENES[name].title, "steps": done, "ids": ids}


def _wanted(scene: Scene, number: int | None) -> tuple[Step, ...]:
    if number is None:
        return scene.steps
    if not 1 <= number <= len(scene.steps):
        raise Problem(400, f"body/step must be from 1 to {len(scene.steps)}")
    return (scene.steps[number - 1],)


def _perform(provider: Provider, step: Step, ids: Json) -> Json:
    with provider.store.write():
        before = provider.webhooks.last()
        noun, found = story.STORIES[step.story](provider, ids | step.details)
        told = provider.webhooks.types_after(before)
    if "id" in found:
        ids[f"{noun}Id"] = found["id"]
    if noun == "card":
        ids["userId"] = found["userId"]
    outcome = {"noun": noun, "id": found.get("id"), "label": LABELS[noun](found), "events": told}
    return {"happens": step.happens, "look": step.look, **outcome}
