"""Many keys as one parameter find what `__in` finds."""

import pytest
from django.db.models import Q

from cards.models import Card
from console.anyof import Ids
from tests.factories import make_card, make_cardholder

pytestmark = pytest.mark.django_db


def test_it_finds_what_a_list_finds():
    cards = [make_card(make_cardholder()) for _ in range(4)]
    some, holders = [cards[0].pk, cards[2].pk], [cards[1].cardholder_id]
    assert set(Card.objects.filter(pk__any_of=Ids(some))) == set(Card.objects.filter(pk__in=some))
    assert list(Card.objects.filter(cardholder__any_of=Ids(holders))) == [cards[1]]
    assert Card.objects.filter(Q(pk__any_of=Ids(some)) | Q(cardholder__any_of=Ids(holders))).count() == 3
    assert not Card.objects.filter(pk__any_of=Ids([])).exists()
    assert Card.objects.filter(pk__any_of=Ids(range(100_000))).count() == 4
