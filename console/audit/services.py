"""Writes audit entries. The service that acts calls this, inside or outside its transaction as the outcome demands."""

import uuid
from typing import Any

from console.access import Actor
from console.audit.events import Action, Outcome
from console.audit.models import Entry


def record(
    action: Action,
    *,
    actor: Actor,
    outcome: Outcome = Outcome.DONE,
    record: str = "",
    record_id: int | None = None,
    command: uuid.UUID | None = None,
    reason: str = "",
    **detail: Any,
) -> Entry:
    """One entry; `detail` holds ids and codes only."""
    return Entry.objects.create(
        action=action,
        actor_id=actor.user_id,
        actor_roles=",".join(actor.roles),
        address=actor.address,
        outcome=outcome,
        record=record,
        record_id=record_id,
        command=command,
        reason=reason,
        detail=detail,
    )
