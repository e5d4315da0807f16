"""`manage.py replay [filters]`: puts deliveries back into the queue, or verifies those again that were not verified.
Exit codes: 0 done, 1 some could not be verified, 2 bad usage."""

import sys
from collections import Counter
from datetime import datetime
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils.dateparse import parse_datetime

from console.access import SYSTEM
from console.audit import services as audit
from console.audit.events import Action
from console.sync import forged, inbox
from console.sync.forged_views import told
from console.sync.models import INERT, Delivery, DeliveryVerdict
from console.sync.tasks import ring

FILTERS = {
    "verdict": "verdict__in",
    "type": "type__istartswith",
    "object": "object_id",
    "id": "pk",
    "since": "received_at__gte",
    "until": "received_at__lt",
}
AT_ONCE = 1_000  # in one transaction, so that the webhooks that come meanwhile need not wait


class Command(BaseCommand):
    help = "Queues deliveries again, by verdict, type, object, id or time. Applying one again has no second effect."

    def add_arguments(self, parser: CommandParser) -> None:
        verdicts = [verdict for verdict in DeliveryVerdict.values if verdict not in INERT]
        parser.add_argument("--verdict", action="append", choices=verdicts, help="several may be given")
        parser.add_argument("--type", help="such as card.updated, or card for all of its kind")
        parser.add_argument("--object", help="the provider's id")
        parser.add_argument("--id", type=int, help="one delivery")
        parser.add_argument("--since", help="an instant with its zone, such as 2026-11-01T00:00:00Z")
        parser.add_argument("--until", help="an instant with its zone; what came then or later stays")
        parser.add_argument("--forged", action="store_true", help="verify those again that could not be verified")
        parser.add_argument("--dry-run", action="store_true", help="only say how many there are, by verdict")

    def handle(self, **options: Any) -> None:
        if options["forged"] and options["verdict"]:
            self._refuse("--forged is a verdict of its own: leave --verdict out.")
        options |= {name: self._instant(name, options[name]) for name in ("since", "until") if options[name]}
        given = {name: options[name] for name in FILTERS if options[name]}
        found = Delivery.objects.filter(**{FILTERS[name]: value for name, value in given.items()}).order_by("pk")
        found = found.filter(verdict=DeliveryVerdict.FORGED) if options["forged"] else found.effective()
        rows = list(found.values_list("pk", "verdict"))
        if options["dry_run"]:
            counts = Counter(verdict for _pk, verdict in rows)
            parts = ", ".join(f"{verdict} {n}" for verdict, n in counts.most_common())
            self.stdout.write(
                f"{len(rows)} would be {'verified' if options['forged'] else 'queued'}: {parts or 'none'}"
            )
            return
        ids, filters = [pk for pk, _verdict in rows], sorted(given)
        if options["forged"]:
            self._verify(ids, filters)
        else:
            self._replay(ids, filters)

    def _replay(self, ids: list[int], filters: list[str]) -> None:
        done = 0
        for start in range(0, len(ids), AT_ONCE):
            with transaction.atomic():
                done += (queued := inbox.replay(ids[start : start + AT_ONCE]))
                audit.record(Action.DELIVERY_REPLAY, actor=SYSTEM, record="delivery", count=queued, filters=filters)
        if done:
            ring("drain")
        self.stdout.write(f"{done} queued")

    def _verify(self, ids: list[int], filters: list[str]) -> None:
        if not forged.secrets():
            self._refuse("CODEGO_WEBHOOK_SECRETS is not set: nothing can be verified.")
        total = forged.Outcome()
        for start in range(0, len(ids), AT_ONCE):
            with transaction.atomic():
                some = forged.verify_again(ids[start : start + AT_ONCE])
                audit.record(
                    Action.DELIVERY_VERIFY, actor=SYSTEM, record="delivery", filters=filters,
                    verified=some.verified, unverified=some.unverified, altered=some.altered,
                )  # fmt: skip
            total.add(some)
        if total.verified:
            ring("drain")
        self.stdout.write(told(total) if ids else "No delivery matches.")
        sys.exit(1 if total.unverified or total.altered else 0)

    def _instant(self, name: str, given: str) -> datetime:
        try:
            instant = parse_datetime(given)
        except ValueError:
            instant = None
        if instant is None or instant.tzinfo is None:
            self._refuse(f"--{name} needs a date, a time and a zone, such as 2026-11-01T00:00:00Z.")
        return instant

    def _refuse(self, why: str) -> NoReturn:
        self.stderr.write(why)
        sys.exit(2)
