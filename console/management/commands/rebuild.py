"""`manage.py rebuild [RESOURCE…] [--id CODEGO_ID] [--check] [--json]`: rows made anew from what was observed of them."""

import json
import sys
from collections import Counter
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError
from tqdm import tqdm

from console.access import SYSTEM
from console.history.services import plain
from console.provider.mirror import PERSONAL, Mirrored
from console.sync.rebuild import MODELS, RESOURCES, Rebuilt, Verdict, check, rebuild, walk

MOST = 500  # rows that are told of one by one


class Command(BaseCommand):
    help = (
        "Puts rows together again from the deliveries in the inbox and the records that reads brought. Exit code 1: "
        "with --check, some row is not what was observed of it; without, some row could not be rebuilt."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("resources", nargs="*", metavar="RESOURCE", help=f"any of: {', '.join(RESOURCES)}")
        parser.add_argument("--id", default="", metavar="CODEGO_ID", help="the provider's id of one object")
        parser.add_argument("--check", action="store_true", help="change nothing, say what differs")
        parser.add_argument("--json", action="store_true", help="one object on stdout")

    def handle(self, *, resources: list[str], id: str, **options: Any) -> None:  # noqa: A002 - named as the option is
        if unknown := [r for r in resources if r not in MODELS]:
            self._refuse(f"Unknown resource {unknown[0]}. Choose from: {', '.join(RESOURCES)}.")
        wanted = [r for r in RESOURCES if not resources or r in resources]
        self.json, self.found = bool(options["json"]), list[dict[str, Any]]()
        counts = {resource: self._go_through(resource, id, check_only=options["check"]) for resource in wanted}
        if id and not any(counts.values()):
            self._refuse(f"There is no row of {id}. Give the provider's id, as the record's page shows it.")
        if self.json:
            self.stdout.write(json.dumps({"resources": counts, "rows": self.found}))
        else:
            for resource, told in counts.items():
                self.stdout.write(f"{resource:14}" + "  ".join(f"{name} {n}" for name, n in told.items()))
        wrong = ("different", "failed") if options["check"] else ("failed",)
        sys.exit(1 if any(told.get(name) for told in counts.values() for name in wrong) else 0)

    def _go_through(self, resource: str, codego_id: str, *, check_only: bool) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for row in tqdm(walk(resource, codego_id), desc=resource, unit=" rows", file=sys.stderr, disable=None):
            try:
                done = check(row) if check_only else rebuild(row, actor=SYSTEM)
            except (DatabaseError, ArithmeticError, ValueError) as failure:
                counts["failed"] += 1
                self._tell(resource, row, {"error": type(failure).__name__})
                continue
            counts[done.verdict] += 1
            if done.verdict == Verdict.DIFFERENT:
                self._tell(resource, row, {"fields": _fields(done)})
        return {name: counts[name] for name in (*map(str, Verdict), "failed")} if counts else {}

    def _tell(self, resource: str, row: Mirrored, what: dict[str, Any]) -> None:
        if len(self.found) >= MOST:
            return
        self.found.append({"resource": resource, "id": row.codego_id, **what})
        if not self.json:
            for name, pair in what.get("fields", {}).items():
                said = "differs" if pair is None else f"{json.dumps(pair[0])} → {json.dumps(pair[1])}"
                self.stdout.write(f"{resource} {row.codego_id}: {name} {said}")
            if "error" in what:
                self.stderr.write(f"{resource} {row.codego_id} could not be rebuilt: {what['error']}")

    def _refuse(self, words: str) -> NoReturn:
        self.stderr.write(words)
        sys.exit(2)


def _fields(done: Rebuilt) -> dict[str, list[Any] | None]:
    """Column to [ours, observed]; personal data and whole records are named, not repeated."""
    hidden = PERSONAL | {"raw"}
    return {d.column: None if d.column in hidden else plain([d.ours, d.observed]) for d in done.differences}
