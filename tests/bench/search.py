"""One box over a million transactions, beside `icontains` over the same columns: each kind of text that is typed, and two
that fit very much. What is found is checked, so that a fast wrong answer fails."""

import json
import subprocess
import sys
from pathlib import Path

import psycopg

from tests.bench.balance_proof import environment
from tests.bench.proof_world import Writer
from tests.bench.result import Result
from tests.conftest import ROOT
from tests.services import postgres

MOST = 0.05
MILLISECONDS = 100.0
PEOPLE, TRANSACTIONS = 10_000, 1_000_000


def measure(folder: Path) -> list[Result]:
    with postgres() as url:
        given = environment(url, folder)
        subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, env=given, check=True)
        with psycopg.connect(url, autocommit=True) as connection:
            write(Writer(connection.cursor()))
            connection.execute("VACUUM ANALYZE")
        command = [sys.executable, "-m", "tests.bench.searching"]
        done = subprocess.run(command, cwd=ROOT, env=given, check=True, stdout=subprocess.PIPE)
    told = json.loads(done.stdout)
    note = f"the words of all rows were written in {told['fill']:.0f} s, {told['terms']} of them"
    results = []
    for name, case in told["cases"].items():
        results.append(Result(f"search {name}", case["ours"], case["baseline"], "ms", MOST, note))
        cost = f"{case['queries']} queries, {case['cpu']:.1f} ms of our processor"
        results.append(Result(f"search {name}, at once", case["ours"], [MILLISECONDS], "ms", 1.0, cost))
        note = ""
    return results


def write(sql: Writer) -> None:
    """People with names, a card each, and purchases at 5,000 merchants; every hundredth transaction is a deposit."""
    known = {"status": "'completed'", "state": "'completed'", "raw": "jsonb_build_object('words', repeat('x', 500))"}
    sql.insert(
        "cardholders_company",
        {"id": "o", "codego_id": "'c' || o", "name": "'Company ' || o"},
        "generate_series(1, 200) o",
    )
    letters = "'0123456789', 'ghijklmnop'"
    person = {
        "id": "o", "codego_id": "'u' || o", "phone_country_code": "'39'", "phone_number": "(3330000000 + o)::text",
        "first_name": f"CASE o WHEN 77 THEN 'Ann' ELSE initcap(translate(left(md5((o % 300)::text), 6), {letters})) END",
        "last_name": f"CASE o WHEN 77 THEN 'Rossi' ELSE initcap(translate(left(md5((o % 2000 + 7)::text), 8), {letters})) END",
        "email": "CASE o WHEN 77 THEN 'ann.rossi@holder.test' ELSE 'holder' || o || '@example.test' END",
    }  # fmt: skip
    people = f"generate_series(1, {PEOPLE}) o"
    sql.insert("cardholders_cardholder", person, people)
    card = {"id": "o", "codego_id": "'k' || o", "cardholder_id": "o", "last4": "lpad((o % 10000)::text, 4, '0')"}
    sql.insert("cards_card", card | {"status": "'active'", "state": "'active'", "type": "'virtual'"}, people)
    contract = {
        "id": "o",
        "codego_id": "'x' || o",
        "cardholder_id": "o",
        "deposit_address": "'0x' || left(md5('d' || o), 40)",
    }
    sql.insert("cardholders_contract", contract | {"tokens": "'[]'"}, people)
    deposit = "n % 100 = 7"
    transaction = known | {
        "id": "n", "codego_id": "'t' || n", "cardholder_id": "1 + n % 10000", "card_id": "1 + n % 10000", "amount": "1000",
        "kind": f"CASE WHEN {deposit} THEN 'collateral' ELSE 'spend' END", "currency": "'usd'",
        "merchant_name": f"CASE WHEN {deposit} THEN '' ELSE 'Shop ' || n % 5000 END",
        "transaction_hash": f"CASE WHEN {deposit} THEN '0x' || md5(n::text) || md5('h' || n) ELSE '' END",
        "occurred_at": "now() - n * interval '30 seconds'",
    }  # fmt: skip
    sql.insert("transactions_transaction", transaction, f"generate_series(1, {TRANSACTIONS}) n")
