"""`manage.py export_transactions`: the same rows as a report, on a file or stdout, and a sentence for what is wrong."""

import csv
import json
import subprocess
import sys
from datetime import UTC, datetime
from zipfile import is_zipfile

import pytest
from django.core.management import call_command

from tests.factories import make_card, make_transaction

pytestmark = pytest.mark.django_db


@pytest.fixture
def two():
    first = make_transaction(amount=100_050, signed_amount=-100_050, occurred_at=datetime(2026, 10, 1, tzinfo=UTC))
    second = make_transaction(
        make_card(last4="9999"), occurred_at=datetime(2026, 11, 1, tzinfo=UTC), status="declined", state="declined",
        signed_amount=0,
    )  # fmt: skip
    return first, second


def lines(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def export(*options: str) -> int:
    try:
        call_command("export_transactions", *options)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_each_line_is_one_transaction_with_exact_amounts(two, tmp_path):
    assert export("--format", "jsonl", "--output", str(tmp_path / "out")) == 0
    first, second = lines(tmp_path / "out")
    assert (first["transaction_id"], first["amount"], first["signed_amount"]) == (
        two[0].codego_id,
        "1000.50",
        "-1000.50",
    )
    assert second["last_four"] == "9999"


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--from", "2026-10-01", "--to", "2026-11-01"], [0]),
        (["--from", "2026-10-01T00:00:01Z"], [1]),
        (["--to", "2026-11-01T02:00+01:00"], [0, 1]),
        (["--status", "Declined"], [1]),
        (["--type", "collateral"], []),
        (["--by", "posted", "--from", "2026-10-01", "--to", "2026-10-02"], []),
    ],
)
def test_the_period_and_the_filters_choose(two, tmp_path, options, found):
    assert export("--format", "jsonl", "--output", str(tmp_path / "out"), *options) == 0
    assert [line["transaction_id"] for line in lines(tmp_path / "out")] == [two[n].codego_id for n in found]


def test_records_are_named_by_either_id(two, tmp_path):
    card = two[1].card
    for name in (card.codego_id, str(card.pk)):
        export("--format", "jsonl", "--output", str(tmp_path / "out"), "--card", name)
        assert len(lines(tmp_path / "out")) == 1


def test_csv_ends_with_totals_and_xlsx_is_a_workbook(two, tmp_path):
    export("--output", str(tmp_path / "out.csv"))
    *_rest, last = csv.reader((tmp_path / "out.csv").read_text("utf-8-sig").splitlines())
    assert last == ["USD", "declined", "1", "0.00", "0"]
    export("--format", "xlsx", "--output", str(tmp_path / "out.xlsx"))
    assert is_zipfile(tmp_path / "out.xlsx")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "out.xlsx"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--from", "yesterday"], "is no date"),
        (["--from", "2026-10-01T00:00"], "names no zone"),
        (["--from", "2026-11-01", "--to", "2026-10-01"], "later than"),
        (["--card", "nobody"], "nobody's id"),
        (["--format", "xlsx", "--output", "-"], "cannot go to stdout"),
        (["--output", "/no/such/folder/out.csv"], "could not be written"),
    ],
)
def test_bad_usage_ends_with_two_and_a_sentence(tmp_path, capsys, options, words):
    assert export("--output", str(tmp_path / "out"), *options) == 2
    told = capsys.readouterr()
    assert words in told.err
    assert told.out == ""
    assert not list(tmp_path.iterdir())


def test_stdout_is_the_file_and_nothing_else(two, capfdbinary):
    assert export("--format", "jsonl", "--output", "-") == 0
    told = capfdbinary.readouterr()
    assert len([json.loads(line) for line in told.out.splitlines()]) == 2
    assert b"2 transactions" in told.err


def test_an_unknown_option_is_bad_usage_too():
    done = subprocess.run(
        [sys.executable, "manage.py", "export_transactions", "--output", "x", "--format", "pdf"],
        capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert "pdf" in done.stderr
