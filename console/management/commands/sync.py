"""`manage.py sync [RESOURCE…] [--json]`: a full import, resumable, safe to run twice."""

import json
import sys
import time
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from tqdm import tqdm

from console.sync import reading, runs
from console.sync.models import Run, RunState
from console.sync.sweeps import SWEEPS

PATIENCE = timedelta(minutes=1)


class Command(BaseCommand):
    help = "Imports the whole programme from the provider, or some of its resources."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("resources", nargs="*", metavar="RESOURCE", help=f"any of: {', '.join(SWEEPS)}")
        parser.add_argument("--json", action="store_true", help="one object on stdout")

    def handle(self, *, resources: list[str], **options: Any) -> None:
        if unknown := [r for r in resources if r not in SWEEPS]:
            self.stderr.write(f"Unknown resource {unknown[0]}. Choose from: {', '.join(SWEEPS)}.")
            sys.exit(2)
        run = to_the_end(runs.start("import", resources))
        reading.read_dirty(seconds=60)
        summary = runs.summary(run)
        if options["json"]:
            self.stdout.write(json.dumps(summary))
        else:
            for resource, counts in summary["resources"].items():
                self.stdout.write(f"{resource:14}" + "  ".join(f"{name} {n}" for name, n in counts.items()))
        if run.state == RunState.FAILED or run.error:
            self.stderr.write(f"The provider could not be read: {run.error}")
            sys.exit(3)
        sys.exit(1 if any(counts["failed"] for counts in summary["resources"].values()) else 0)


def to_the_end(run: Run) -> Run:
    """Works the run here; where a worker holds it, watches until it is done or the worker falls silent."""
    with tqdm(desc=run.kind, unit=" records", file=sys.stderr, disable=None) as bar:

        def told(current: Run) -> None:
            bar.set_description(next(iter(runs.left(current)), current.resources[-1]))
            bar.update(sum(c["seen"] for c in current.counts.values()) - bar.n)

        while run.state == RunState.RUNNING:
            if claimed := runs.claim(run.pk):
                run = runs.work(claimed, told=told)
                if run.failures >= 3:
                    return run
            else:
                time.sleep(0.5)
                run.refresh_from_db()
            told(run)
            if run.error and run.due_at and run.due_at > timezone.now() + PATIENCE:
                return run
    return run
