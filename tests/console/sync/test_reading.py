"""What cannot be read yet stays marked, and is asked for again soon."""

import pytest
from django.utils import timezone

from cardholders.models import Contract
from cardholders.sync import apply_contracts
from console.codego.records import ContractRecord
from console.provider.mirror import Source
from console.sync import reading
from tests.factories import make_cardholder

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_contract_whose_owner_is_not_known_here_yet_is_asked_for_again_until_it_is(sandbox):
    holder = next(u["id"] for u in sandbox.list("users") if u["applicationStatus"] == "approved")
    headers = {"X-Api-Key": sandbox.api_key}
    (theirs,) = sandbox.http.get(f"/api/v1/users/{holder}/contracts", headers=headers).raise_for_status().json()
    apply_contracts([ContractRecord.parse({"id": theirs["id"]})], source=Source("delivery", timezone.now()))
    reading.read_dirty()
    kept = Contract.objects.get()
    assert (kept.by_reference, kept.dirty_at is not None, kept.read_error) == (
        True,
        True,
        "Its owner is not known yet.",
    )
    free_at = kept.reading_at + reading.LEASE
    assert timezone.now() < free_at
    assert (free_at - kept.dirty_at).total_seconds() < 25, "it waits for seconds, not for a lease as well"

    make_cardholder(codego_id=holder)
    Contract.objects.update(reading_at=None)
    reading.read_dirty(seconds=20)
    kept.refresh_from_db()
    assert (kept.by_reference, kept.dirty_at, kept.cardholder.codego_id) == (False, None, holder)
