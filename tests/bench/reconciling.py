"""One reconciliation from its start to its end in a process of its own, told as JSON on stdout.

usage: DATABASE_URL=… python -m tests.bench.reconciling
"""

import json
import os
import resource
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")


def main() -> None:
    django.setup()
    from django.db import connection
    from django.db.models import Count

    from console.reconciliation import work
    from console.reconciliation.models import Break, ReconciliationState

    connection.ensure_connection()
    began, steps = time.perf_counter(), []
    made = work.start()
    while made.state == ReconciliationState.RUNNING:
        step = time.perf_counter()
        claimed = work.claim(made.pk)
        assert claimed
        made = work.work(claimed, seconds=0)
        assert not made.error, made.error
        steps.append(time.perf_counter() - step)
    seconds = time.perf_counter() - began
    told = {
        "seconds": seconds,
        "longest": max(steps),
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "counts": made.counts,
        "breaks": dict(Break.objects.order_by("cause").values_list("cause").annotate(n=Count("pk"))),
        "digest": made.digest,
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
