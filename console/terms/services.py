"""Keeps each record's words as the record is now. A batch costs nothing where no word changed."""

from collections.abc import Iterable, Mapping

from django.db import connection, models

from console.terms.models import Merchant, Term
from console.terms.words import Word, found_by

Words = Mapping[int, frozenset[Word]]


def keep(noun: str, now: Words, before: Words) -> None:
    """The words of these records, of which `before` are written down already. A new record has none before."""
    changed = [pk for pk, words in now.items() if words != before.get(pk, frozenset())]
    if known := [pk for pk in changed if before.get(pk)]:
        Term.objects.filter(noun=noun, record_id__in=known).delete()
    Term.objects.bulk_create(
        [
            Term(noun=noun, record_id=pk, text=word.text, personal=word.personal)
            for pk in changed
            for word in sorted(now[pk])
        ],
        ignore_conflicts=True,
        batch_size=_rows_a_statement(),
    )


def renew(row: models.Model) -> None:
    """The words of a row that was written by other ways than from a record of the provider."""
    noun = row._meta.model_name or ""
    forget(noun, row.pk)
    keep(noun, {row.pk: found_by(noun, row)}, {})


def forget(noun: str, pk: int) -> None:
    Term.objects.filter(noun=noun, record_id=pk).delete()


def meet_merchants(names: Iterable[str]) -> None:
    """Writes down the merchants that were not met before."""
    wanted = {name for name in names if name}
    new = sorted(wanted - set(Merchant.objects.filter(name__in=wanted).values_list("name", flat=True)))
    if new:
        Merchant.objects.bulk_create([Merchant(name=name) for name in new], ignore_conflicts=True)
        met = Merchant.objects.filter(name__in=new)
        keep("merchant", {row.pk: found_by("merchant", row) for row in met}, {})


def _rows_a_statement() -> int:
    return 200 if connection.vendor == "sqlite" else 2000
