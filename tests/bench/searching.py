"""Times searches in a process of its own and prints them; the database is named by the environment."""

import importlib
import json
import os
import sys
import time
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
django.setup()

from django.apps import apps  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import Q, QuerySet  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from cardholders.models import Cardholder, Company, Contract  # noqa: E402
from cards.models import Card  # noqa: E402
from console.access import ROLE_PERMISSIONS, Role  # noqa: E402
from console.search.services import find  # noqa: E402
from console.terms.models import Term  # noqa: E402
from transactions.models import Dispute, Transaction  # noqa: E402

ROUNDS = 5
MAY = ROLE_PERMISSIONS[Role.OPERATIONS]
SCANNED: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (Cardholder, ("codego_id", "first_name", "last_name", "email", "phone_number")),
    (Company, ("codego_id", "name", "email")),
    (Card, ("codego_id", "last4", "display_name")),
    (Transaction, ("codego_id", "transaction_hash", "wallet_address")),
    (Dispute, ("codego_id",)),
    (Contract, ("codego_id", "deposit_address")),
)


def scan(text: str) -> None:
    """The plain way: every word somewhere in a column, the newest five of each noun, and five merchants."""
    for model, columns in SCANNED:
        rows: QuerySet[Any] = model.objects.defer("raw")
        for word in text.split():
            anywhere = Q()
            for column in columns:
                anywhere |= Q(**{f"{column}__icontains": word})
            rows = rows.filter(anywhere)
        list(rows.order_by("-pk")[:5])
    merchants = Transaction.objects.order_by("merchant_name").values_list("merchant_name", flat=True).distinct()
    for word in text.split():
        merchants = merchants.filter(merchant_name__icontains=word)
    list(merchants[:5])


def milliseconds(work: Any, text: str) -> float:
    began = time.perf_counter()
    work(text)
    return (time.perf_counter() - began) * 1000


def main() -> None:
    began = time.perf_counter()
    with connection.schema_editor() as editor:
        importlib.import_module("console.terms.migrations.0002_words_of_what_is_here").fill(apps, editor)
    filled = time.perf_counter() - began
    connection.cursor().execute("VACUUM ANALYZE terms_term")
    connection.cursor().execute("VACUUM ANALYZE terms_merchant")
    a_hash = Transaction.objects.exclude(transaction_hash="").order_by("pk")[5_000].transaction_hash
    texts = {
        "id": ("t777777", "transactions"), "last four": ("0077", "cards"), "last four and name": ("0077 ann", "cards"),
        "name": ("ann rossi", "cardholders"), "e-mail": ("ann.rossi@holder.test", "cardholders"),
        "merchant": ("shop 4321", "merchants"), "hash": (a_hash, "transactions"), "action": ("lock 0077 ann", "actions"),
        "a common beginning": ("co", "companies"), "every merchant": ("shop", "merchants"),
    }  # fmt: skip
    cases: dict[str, Any] = {}
    for name, (text, expected) in texts.items():
        with CaptureQueriesContext(connection) as queries:
            groups = {group.key for group in find(text, MAY).groups}
        assert expected in groups, (name, groups)
        cases[name] = {"ours": [], "baseline": [], "queries": len(queries)}
        plain = text.removeprefix("lock ")
        before = time.process_time()
        for _ in range(ROUNDS):
            find(text, MAY)
        cases[name]["cpu"] = (time.process_time() - before) * 1000 / ROUNDS
        for _ in range(ROUNDS):
            cases[name]["ours"].append(milliseconds(lambda text: find(text, MAY), text))
            cases[name]["baseline"].append(milliseconds(scan, plain))
    sys.stdout.write(json.dumps({"fill": filled, "terms": Term.objects.count(), "cases": cases}))


if __name__ == "__main__":
    main()
