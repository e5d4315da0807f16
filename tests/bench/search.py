"""One box over a million transactions, beside `icontains` over the same columns: each kind of text that is typed, and two
that fit very much. What is found is checked, so that a fast wrong answer fails."""

import json
import subprocess
import sys
from pathlib import Path

import psycopg

from tests.bench.balance_proof import OWNERS, environment, world_at
from tests.bench.proof_world import World
from tests.bench.result import Result
from tests.conftest import ROOT
from tests.services import postgres

MOST = 0.05
MILLISECONDS = 100.0
NAMES = """
    UPDATE cardholders_cardholder SET
        first_name = initcap(translate(left(md5((id % 300)::text), 6), '0123456789', 'ghijklmnop')),
        last_name = initcap(translate(left(md5((id % 2000 + 7)::text), 8), '0123456789', 'ghijklmnop')),
        email = 'holder' || id || '@example.test', phone_country_code = '39', phone_number = (3330000000 + id)::text;
    UPDATE cardholders_cardholder SET first_name = 'Ann', last_name = 'Rossi', email = 'ann.rossi@holder.test' WHERE id = 77;
    UPDATE cardholders_company SET name = 'Company ' || id;
    UPDATE cards_card SET last4 = lpad((id % 10000)::text, 4, '0'), type = 'virtual', status = 'active', state = 'active';
    VACUUM ANALYZE;
"""


def measure(folder: Path) -> list[Result]:
    with postgres() as url:
        world_at(url, folder, World(OWNERS))
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in NAMES.split(";")[:-1]:
                connection.execute(statement)
        command = [sys.executable, "-m", "tests.bench.searching"]
        done = subprocess.run(command, cwd=ROOT, env=environment(url, folder), check=True, stdout=subprocess.PIPE)
    told = json.loads(done.stdout)
    note = f"the words of all rows were written in {told['fill']:.0f} s, {told['terms']} of them"
    results = []
    for name, case in told["cases"].items():
        results.append(Result(f"search {name}", case["ours"], case["baseline"], "ms", MOST, note))
        results.append(
            Result(f"search {name}, at once", case["ours"], [MILLISECONDS], "ms", 1.0, f"{case['queries']} queries")
        )
        note = ""
    return results
