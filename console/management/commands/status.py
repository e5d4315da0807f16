"""`manage.py status [--json]`: what the console holds and how fresh it is."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from console.reconciliation.models import Break, BreakState
from console.sync import health


class Command(BaseCommand):
    help = "Shows rows and freshness per resource, and the state of the inbox."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one object on stdout")

    def handle(self, **options: Any) -> None:
        status = health.status() | {"breaks_open": Break.objects.filter(state=BreakState.OPEN).count()}
        if options["json"]:
            self.stdout.write(json.dumps(status))
            return
        self.stdout.write(f"environment {status['environment']}")
        for name, row in status["resources"].items():
            age = "never swept" if row["age_s"] is None else f"swept {row['age_s']} s ago"
            self.stdout.write(f"{name:14}{row['rows']:>10} rows  {age}")
        self.stdout.write(f"breaks open {status['breaks_open']}")
        self.stdout.write("inbox " + (", ".join(f"{v} {n}" for v, n in status["inbox"].items()) or "empty"))
