"""Balances that tie and balances that do not, written by SQL: of 10,000 owners with a hundred transactions each, every
fiftieth is a company. What differs, and why, is decided by the owner's number, so that the outcome is known beforehand.
"""

from dataclasses import dataclass
from typing import Any

EACH = 100  # transactions of an owner
STAFF = 10  # people of a company
TOKEN = "0x036cbd53842c5426634e7929541ec2318f3dcf7e"  # USDC on Base Sepolia
NOTHING = {"boolean": "false", "jsonb": "'{}'", "smallint": "0", "timestamp with time zone": "now()"}


@dataclass(frozen=True, slots=True)
class World:
    """One in so many owners has each of the differences. `outage` transactions were learned after the readings, by a
    sweep, and the provider had counted them."""

    owners: int
    odd_every: int = 25  # of these a quarter each: a kept hold, a late step, nothing that explains it, a rounding
    held_every: int = 0  # all of these have a kept hold instead
    outage: int = 0

    @property
    def transactions(self) -> int:
        return self.owners * EACH

    def expected(self) -> dict[str, int]:
        """How many proofs end in each state."""
        odd = self.owners // self.odd_every
        if self.outage:
            return {"explained": self.owners - odd // 4, "unexplained": odd // 4}
        unknown = odd // 4
        return {
            "tied": self.owners - odd - self._held, "explained": odd - unknown + self._held, "unexplained": unknown,
        }  # fmt: skip

    def causes(self) -> dict[str, int]:
        """How many breaks there are of each cause."""
        kind = self.owners // self.odd_every // 4
        learned = kind + self.outage - kind * (self.outage // self.owners)  # where something is unknown, none is named
        return {"hold_kept": kind + self._held, "missing_delivery": learned, "rounding": kind, "unknown": kind}

    @property
    def _held(self) -> int:
        return (self.owners - self.owners // self.odd_every) // self.held_every if self.held_every else 0


# How an owner's transactions follow one another, `k` from 0 (ninety days ago) to 99 (an hour or so ago).
_KIND = """CASE WHEN k IN (0, 50) THEN 'collateral' WHEN k IN (20, 70) THEN 'fee' WHEN k IN (30, 60, 90) THEN 'payment'
    ELSE 'spend' END"""
_STATE = """CASE WHEN k IN (0, 50, 20, 70) THEN '' WHEN k % 20 = 7 THEN 'declined' WHEN k % 25 = 11 THEN 'reversed'
    WHEN k IN (92, 95, 96, 97, 98, 99) THEN 'pending' ELSE 'completed' END"""
_AMOUNT = """CASE WHEN k IN (0, 50) THEN 500000 WHEN k IN (20, 70) THEN 199 WHEN k % 25 = 11 THEN 0
    WHEN k IN (18, 92) THEN -(900 + o % 89) ELSE 1000 + (o * 7919 + k * 10007) % 9000 END"""
_HELD = 500  # cents by which the hold of a reversed part is larger than what the purchase came to


def _odd(world: World, quarter: int) -> str:
    return f"(o % {world.odd_every} = 0 AND o / {world.odd_every} % 4 = {quarter})"


def _kept(world: World) -> str:
    more = f" OR (o % {world.held_every} = 0 AND o % {world.odd_every} <> 0)" if world.held_every else ""
    return f"({_odd(world, 0)}{more})"


def write(cursor: Any, world: World) -> None:
    """Into an empty database that is migrated. Everything was imported two hours ago, the balances read one hour ago."""
    sql = Writer(cursor)
    owners, companies = f"generate_series(1, {world.owners}) o", "o % 50 = 0"
    applicant = {"state": "'approved'", "state_since": "now() - interval '99 days'", "read_at": "now()"}
    sql.insert("cardholders_company", applicant | {"id": "o", "codego_id": "'c' || o"}, f"{owners} WHERE {companies}")
    own, staff = f"{owners} WHERE NOT {companies}", f"{owners}, generate_series(1, {STAFF}) s WHERE {companies}"
    sql.insert("cardholders_cardholder", applicant | {"id": "o", "codego_id": "'u' || o"}, own)
    person = {"id": "s * 1000000 + o", "codego_id": "'s' || s || 'o' || o", "company_id": "o"}
    sql.insert("cardholders_cardholder", applicant | person, staff)
    card = {"id": "id", "codego_id": "'k' || id", "cardholder_id": "id", "company_id": "company_id"}
    sql.insert("cards_card", card, "cardholders_cardholder")
    _transactions(sql, world)
    _contracts(sql, world)
    _balances(sql, world)
    cursor.execute("INSERT INTO sync_cursor (resource, swept_at) VALUES ('transactions', now())")
    for table in ("transactions_transaction", "history_change", "cardholders_contract", "cardholders_balance"):
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    cursor.execute("VACUUM ANALYZE")


class Writer:
    """Inserts rows of which only some columns matter; the others hold what an empty record would."""

    def __init__(self, cursor: Any) -> None:
        self.cursor = cursor

    def insert(self, table: str, columns: dict[str, str], rows: str) -> None:
        self.cursor.execute(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_name = %s AND is_nullable = 'NO' AND is_identity = 'NO'", [table],
        )  # fmt: skip
        columns = {name: NOTHING.get(kind, "''") for name, kind in self.cursor.fetchall()} | columns
        self.cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns.values())} FROM {rows}"
        )

    def log(self, record: str, table: str, at: str) -> None:
        """One entry for each row of a table, as whatever wrote it would have left."""
        entry = {
            "record": f"'{record}'", "record_id": "id", "source": "'run'", "ref": "'1'", "at": at, "written_at": at,
            "created": "true",
        }  # fmt: skip
        self.insert("history_change", entry, table)


def _transactions(sql: Writer, world: World) -> None:
    rows = f"""(SELECT *, {_KIND} kind, {_STATE} state, {_AMOUNT} amount, k % 10 = 4 AS abroad, {_kept(world)} AND k = 97 kept,
        CASE WHEN o % 50 = 0 THEN (1 + k % {STAFF}) * 1000000 + o ELSE o END person,
        now() - interval '3 hours' - (99 - k) * interval '21 hours' - o * interval '1 second' AS moment
        FROM (SELECT n, 1 + n * 7919::bigint % {world.owners} o, n / {world.owners} k
              FROM generate_series(0, {world.transactions} - 1) n) numbered) listed"""
    columns = {
        "id": "n + 1", "codego_id": "'t' || n", "type": "kind", "kind": "kind", "status": "state", "state": "state",
        "cardholder_id": "CASE WHEN kind = 'spend' OR o % 50 <> 0 THEN person END",
        "company_id": "CASE WHEN o % 50 = 0 THEN o END", "card_id": "CASE WHEN kind = 'spend' THEN person END",
        "amount": "amount", "currency": "CASE WHEN kind = 'spend' THEN 'usd' ELSE '' END",
        "signed_amount": "CASE WHEN state IN ('declined', 'reversed') THEN 0 WHEN kind = 'spend' THEN -amount ELSE amount END",
        "local_currency": "CASE WHEN abroad THEN 'eur' ELSE 'usd' END", "local_amount": "amount",
        "authorized_amount": f"CASE WHEN kind = 'spend' THEN amount + CASE WHEN kept THEN {_HELD} ELSE 0 END END",
        "authorized_at": "CASE WHEN kind = 'spend' THEN moment END", "occurred_at": "moment",
        "posted_at": "CASE WHEN state IN ('', 'completed') THEN moment + interval '1 hour' END",
        "completion_reason": "CASE WHEN state = 'reversed' THEN 'authorization_reversal' ELSE '' END",
        "merchant_name": "'Shop ' || n % 5000", "merchant_city": "'LISBON'", "merchant_country": "'PT'",
        "transaction_hash": "CASE WHEN kind IN ('payment', 'collateral') THEN md5(n::text) ELSE '' END",
        "chain_id": "CASE WHEN kind IN ('payment', 'collateral') THEN 84532 END",
        "raw": "jsonb_build_object('id', n, 'type', kind, kind, jsonb_build_object('amount', amount, 'words', repeat(md5(n::text), 18)))",
        "read_at": "now() - interval '2 hours'", "created_at": "now() - interval '2 hours'",
    }  # fmt: skip
    sql.insert("transactions_transaction", columns, rows)
    sql.log("transaction", "transactions_transaction", "now() - interval '2 hours'")
    late = columns | {
        "id": f"{world.transactions} + n", "codego_id": "'l' || n", "raw": "'{}'", "read_at": "now()", "created_at": "now()",
        "cardholder_id": "CASE WHEN o % 50 <> 0 THEN o END", "card_id": "NULL", "transaction_hash": "''",
    }  # fmt: skip
    few = f"SELECT o n, o FROM generate_series(1, {world.owners}) o WHERE {_odd(world, 1)}"
    many = f"SELECT {world.owners} + n n, 1 + n % {world.owners} o FROM generate_series(1, {world.outage}) n"
    rows = f"""(SELECT n, o, 'spend' kind, 'completed' state, 1234 + n / 1000 amount, false abroad, false kept, 0 person,
        now() - interval '65 minutes' AS moment FROM ({few} UNION ALL {many}) learned) late"""
    sql.insert("transactions_transaction", late, rows)
    sql.log("transaction", f"transactions_transaction WHERE id > {world.transactions}", "now() - interval '5 minutes'")


def _contracts(sql: Writer, world: World) -> None:
    rates = "'balance', '10000.00', 'exchange_rate', '1.0', 'advance_rate', '0.9'"
    token = f"jsonb_build_array(jsonb_build_object('address', '{TOKEN}', {rates}))"
    contract = {
        "id": "o", "codego_id": "'x' || o", "chain_id": "84532", "tokens": token, "read_at": "now()",
        "company_id": "CASE WHEN o % 50 = 0 THEN o END", "cardholder_id": "CASE WHEN o % 50 <> 0 THEN o END",
    }  # fmt: skip
    sql.insert("cardholders_contract", contract, f"generate_series(1, {world.owners}) o")
    reading = {"contract_id": "id", "at": "now() - interval '2 hours'", "tokens": "tokens"}
    sql.insert("cardholders_contractreading", reading, "cardholders_contract")
    sql.log("contract", "cardholders_contract", "now() - interval '2 hours'")


def _balances(sql: Writer, world: World) -> None:
    """The provider's figures: what the transactions come to, and what is odd about some."""
    rows = f"""(SELECT o, held + CASE WHEN {_kept(world)} THEN {_HELD} ELSE 0 END held,
            due + CASE WHEN {_odd(world, 2)} THEN 777 WHEN {_odd(world, 3)} THEN 2 ELSE 0 END due
        FROM (SELECT coalesce(company_id, cardholder_id) o,
            sum(amount) FILTER (WHERE kind = 'spend' AND state = 'pending' AND amount > 0) held,
            sum(CASE WHEN kind = 'payment' THEN -amount ELSE amount END) FILTER (
                WHERE kind = 'fee' OR (kind IN ('spend', 'payment') AND state = 'completed')) due
            FROM transactions_transaction GROUP BY 1) sums) figures"""
    figures = {
        "credit_limit": "900000", "pending_charges": "held", "posted_charges": "due", "balance_due": "due",
        "spending_power": "900000 - held - due",
    }  # fmt: skip
    balance = figures | {
        "id": "o", "codego_id": "CASE WHEN o % 50 = 0 THEN 'c' ELSE 'u' END || o", "read_at": "now() - interval '1 hour'",
        "company_id": "CASE WHEN o % 50 = 0 THEN o END", "cardholder_id": "CASE WHEN o % 50 <> 0 THEN o END",
    }  # fmt: skip
    sql.insert("cardholders_balance", balance, rows)
    reading = {name: name for name in figures} | {"balance_id": "id", "at": "read_at"}
    sql.insert("cardholders_balancereading", reading, "cardholders_balance")
