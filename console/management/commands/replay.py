"""`manage.py replay [filters]`: puts deliveries back into the queue. Applying one again has no second effect."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.dateparse import parse_datetime

from console.sync import inbox
from console.sync.models import Delivery, DeliveryVerdict


class Command(BaseCommand):
    help = "Queues deliveries again, by verdict, type, object, id or time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--verdict", choices=DeliveryVerdict.values)
        parser.add_argument("--type", help="such as card.updated")
        parser.add_argument("--object", help="the provider's id")
        parser.add_argument("--id", type=int, help="one delivery")
        parser.add_argument("--since", help="an instant with its zone, such as 2026-11-01T00:00:00Z")

    def handle(self, **options: Any) -> None:
        wanted = Delivery.objects.order_by("pk")
        columns = {"verdict": "verdict", "type": "type", "object": "object_id", "id": "pk"}
        for option, column in columns.items():
            if options[option]:
                wanted = wanted.filter(**{column: options[option]})
        if options["since"]:
            since = parse_datetime(options["since"])
            if since is None or since.tzinfo is None:
                self.stderr.write("--since needs a date, a time and a zone, such as 2026-11-01T00:00:00Z.")
                sys.exit(2)
            wanted = wanted.filter(received_at__gte=since)
        self.stdout.write(f"{inbox.replay(list(wanted.values_list('pk', flat=True)))} queued")
