"""The rows that evidence names, looked up together: one query for each noun, however many breaks there are."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from cardholders.chains import chain_name
from cardholders.models import Cardholder, Company, Contract
from console.reconciliation.models import Break
from transactions.models import Transaction

Named = tuple[str, int]  # noun and primary key
ROWS: dict[str, QuerySet[Any]] = {
    "transaction": Transaction.objects.defer("raw"),
    "contract": Contract.objects.select_related("cardholder", "company").defer(
        "raw", "cardholder__raw", "company__raw"
    ),
    "cardholder": Cardholder.objects.defer("raw"),
    "company": Company.objects.defer("raw"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of ours as evidence; a contract is shown with its owner."""

    noun: str
    row: Any

    @property
    def url(self) -> str:
        if self.noun != "contract":
            return str(self.row.get_absolute_url())
        owner = self.row.company or self.row.cardholder
        return f"{owner.get_absolute_url()}#cardholders-contracts" if owner else ""

    @property
    def chain(self) -> str:
        return chain_name(self.row.chain_id) if self.noun == "contract" else ""

    @property
    def codego_id(self) -> str:
        return str(self.row.codego_id or self.row.pk)


def of_break(each: Break) -> list[Named]:
    return [(str(one["noun"]), int(one["id"])) for one in each.evidence]


def find(named: Iterable[Named]) -> dict[Named, Row]:
    """Those that are still there."""
    pks: dict[str, set[int]] = defaultdict(set)
    for noun, pk in named:
        pks[noun].add(pk)
    return {
        (noun, row.pk): Row(noun, row)
        for noun, wanted in pks.items()
        if noun in ROWS
        for row in ROWS[noun].filter(pk__in=wanted)
    }


def shown(named: Iterable[Named], found: Mapping[Named, Row]) -> list[Row]:
    return [found[one] for one in named if one in found]


def of_breaks(breaks: Sequence[Break]) -> dict[int, list[Row]]:
    """By break."""
    found = find(one for each in breaks for one in of_break(each))
    return {each.pk: shown(of_break(each), found) for each in breaks}
