"""`manage.py sandbox`: the local provider alone."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from console.sandbox import options, run


class Command(BaseCommand):
    help = "Run the local provider sandbox; prints its address and demo API key."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        options.add_to(parser)

    def handle(self, *_args: Any, **given: Any) -> None:
        sys.exit(run.main(given))
