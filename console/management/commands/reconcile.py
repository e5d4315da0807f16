"""`manage.py reconcile [--json]`: sweeps what balances are made of, proves each balance, and says what breaks are open."""

import json
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from console.management.commands.sync import to_the_end
from console.money import format_minor
from console.reconciliation import work
from console.reconciliation.causes import Cause
from console.reconciliation.models import Break, BreakState, Reconciliation, ReconciliationState
from console.sync import reading, runs
from console.sync.models import RunState


class Command(BaseCommand):
    help = "Reads balances, contracts and transactions from the provider, and reconciles every balance with them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one object on stdout")

    def handle(self, **options: Any) -> None:
        run = to_the_end(runs.start("reconcile"))
        reading.read_dirty(seconds=60)
        if run.state != RunState.DONE:
            self.stderr.write(f"The provider could not be read: {run.error}")
            sys.exit(3)
        made = _to_the_end(work.start(run))
        found = runs.summary(run) | {"breaks": _breaks(), "reconciliation": _told(made)}
        if options["json"]:
            self.stdout.write(json.dumps(found))
        else:
            self._say(found)
        if made.state != ReconciliationState.DONE:
            self.stderr.write(f"It did not come to its end: {made.error}")
            sys.exit(1)
        sys.exit(1 if found["breaks"] else 0)

    def _say(self, found: dict[str, Any]) -> None:
        for resource, counts in found["resources"].items():
            self.stdout.write(f"{resource:14}" + "  ".join(f"{name} {n}" for name, n in counts.items()))
        counts = found["reconciliation"]["balances"]
        self.stdout.write("balances      " + (", ".join(f"{n} {state}" for state, n in counts.items()) or "none yet"))
        for each in found["breaks"]:
            amount = format_minor(each["amount"], "usd")
            self.stdout.write(
                f"{each['cause']:18}{each['line']:10}{amount:>14}  {each['owner']}  since {each['since']}"
            )


def _to_the_end(made: Reconciliation) -> Reconciliation:
    with tqdm(desc="proofs", unit=" balances", file=sys.stderr, disable=None) as bar:
        while made.state == ReconciliationState.RUNNING and made.failures < 3:
            if claimed := work.claim(made.pk):
                made = work.work(claimed)
            else:
                time.sleep(0.3)
                made.refresh_from_db()
            bar.update(sum(made.counts.values()) - bar.n)
    return made


def _told(made: Reconciliation) -> dict[str, Any]:
    return {
        "id": made.pk,
        "as_of": made.as_of.isoformat(),
        "balances": made.counts,
        "roll_forward": made.forward,
        "inputs": made.inputs,
        "digest": made.digest,
    }


def _breaks() -> list[dict[str, Any]]:
    """The open ones, oldest first; amounts in minor units of USD, the owner by the provider's id."""
    rows = (
        Break.objects.filter(state=BreakState.OPEN).select_related("cardholder", "company").order_by("first_seen", "pk")
    )
    return [
        {
            "id": each.pk,
            "cause": each.cause,
            "line": each.line,
            "amount": each.amount,
            "owner": each.owner.codego_id if each.owner else None,
            "since": each.first_seen.isoformat(timespec="seconds"),
            "explained": each.cause != Cause.UNKNOWN,
        }
        for each in rows.iterator(chunk_size=500)
    ]
