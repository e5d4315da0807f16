"""The table of columns tells of every column that the provider fills, and hides what is personal."""

import pytest

from console.privacy import DOTS
from console.provider.mirror import OURS, PERSONAL
from console.sync.rebuild import TECHNICAL
from console.timeline.fields import FIELDS, NOUNS, owners

# What is told of by another column: the status, the day of expiry, the amount.
FOLDED = {"state", "kind", "expiration_month", "expiration_year"}
SAMPLES = {"address": {"city": "Lisbon"}, "owners": [{"firstName": "Ana"}]}


@pytest.mark.parametrize("noun", NOUNS)
def test_no_column_is_left_out(noun):
    columns = {f.attname for f in NOUNS[noun]._meta.concrete_fields} - OURS - TECHNICAL - FOLDED
    told = [field.column for field in FIELDS[noun]]
    assert columns <= set(told)
    assert len(told) == len(set(told))


@pytest.mark.parametrize("noun", NOUNS)
def test_what_is_personal_is_never_written_out_for_those_who_may_not_read_it(noun):
    for field in FIELDS[noun]:
        if field.column in PERSONAL and (noun, field.column) != ("company", "name"):  # a company is no person
            row = {field.column: SAMPLES.get(field.column, "Ana Marinho")}
            assert field.shown(row, {}, clear=False) == (DOTS, "", True)
            assert field.shown(row, {}, clear=True).text in {"Ana Marinho", "Lisbon", "Ana"}


def test_an_owner_is_told_in_the_words_of_the_badge():
    owner = {"firstName": "Ana", "lastName": "Rossi", "applicationStatus": "needsInformation"}
    assert owners([owner, {"firstName": "Bo"}], {}) == "Ana Rossi Needs information; Bo"
