"""`make bench`: each case beside its baseline in one run, medians of five interleaved rounds; a table, and var/bench.json.

usage: python -m tests.bench [CASE…]
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from tests.bench import balance_proof, budget, list_page, search, sweep, tabs
from tests.bench.result import Result, table

CASES = {
    "sweep": sweep.measure,
    "budget": budget.measure,
    "balance_proof": balance_proof.measure,
    "search": search.measure,
    "list_page": list_page.measure,
    "tabs": tabs.measure,
}


def main(wanted: list[str]) -> int:
    unknown = [name for name in wanted if name not in CASES]
    if unknown:
        sys.stderr.write(f"There is no case called {', '.join(unknown)}. There are: {', '.join(CASES)}.\n")
        return 2
    results: list[Result] = []
    for name in wanted or CASES:
        with tempfile.TemporaryDirectory(prefix="deckhand-bench-") as folder:
            results += CASES[name](Path(folder))
    sys.stdout.write(table(results))
    out = Path(os.environ.get("VAR_DIR", "var"))
    out.mkdir(exist_ok=True)
    (out / "bench.json").write_text(json.dumps([result.as_json() for result in results], indent=1))
    return 0 if all(result.holds for result in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
