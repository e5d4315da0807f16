"""Looks into a running console's database from outside: `peek.py hold_sweeps` before it starts, `peek.py look` after."""

import hashlib
import json
import sys
from collections import Counter

import django


def hold_sweeps() -> None:
    """No import, no catch-up: what is in the rows came by delivery, or by the read that a delivery asked for."""
    from console.sync.models import Cursor, Run
    from console.sync.runs import KINDS

    Cursor.objects.create(resource="held")
    Run.objects.create(kind="import", resources=list(KINDS["import"]), due_at=None, failures=1)


def look() -> None:
    from console.sync.models import Delivery
    from tests.deliveries import digest, mirrored

    rows = digest()
    told = "\n".join(f"{key} {sorted(values.items())}" for key, values in sorted(rows.items()))
    deliveries = list(Delivery.objects.values_list("event_id", "body_hash", "verdict"))
    found = {
        "digest": hashlib.sha256(told.encode()).hexdigest(),
        "rows": Counter(model for model, _id in rows),
        "verdicts": Counter(verdict for *_same, verdict in deliveries),
        "waiting": Delivery.objects.filter(due_at__isnull=False).count()
        + sum(model._default_manager.filter(dirty_at__isnull=False).count() for model in mirrored()),
        "effective": sorted([event, body] for event, body, verdict in deliveries if verdict != "duplicate"),
        "told": told,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    django.setup()
    {"hold_sweeps": hold_sweeps, "look": look}[sys.argv[1]]()
