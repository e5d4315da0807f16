"""`manage.py create_staff EMAIL --role ROLE`: a person with a password asked for, or read from standard input."""

import getpass
import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandParser

from console.access import SYSTEM, Role
from console.staff import services


class Command(BaseCommand):
    help = "Adds a staff member."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--role", action="append", required=True, choices=[r.value for r in Role])
        parser.add_argument("--name", default="")

    def handle(self, *, email: str, role: list[str], name: str, **_: Any) -> None:
        password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
        try:
            services.create(email=email, name=name, roles=role, password=password, actor=SYSTEM)
        except ValidationError as invalid:
            self.stderr.write(" ".join(invalid.messages))
            sys.exit(2)
        self.stdout.write(f"{email} may sign in as {', '.join(role)}.")
