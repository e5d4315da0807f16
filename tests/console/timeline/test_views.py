"""A record as it was at a moment, and its rebuilding on screen."""

import html
import re
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from cardholders.sync import apply_balances, apply_contracts
from cards.models import Card
from console.codego.records import BalanceRecord, ContractRecord, TransactionRecord
from console.history.models import Change
from console.provider.mirror import Source
from console.staff.models import User
from tests.console.timeline.conftest import NOW, ago, tell, text
from tests.factories import make_card, make_cardholder
from transactions.sync import apply_transactions

pytestmark = pytest.mark.django_db


def then(client, card, at, to=None, noun="card"):
    query = {"at": at if isinstance(at, str) else at.isoformat()} | ({"to": to.isoformat()} if to else {})
    return client.get(f"/history/{noun}/{card.pk}/", query)


def test_it_shows_every_value_of_a_moment_what_set_it_and_what_it_is_now(client_as, card):
    page = text(then(client_as("admin"), card, ago(days=7, hours=-1)))
    assert re.search(r"Set by Lock card by Olga Ops · [^·]+? Status Locked", page)
    assert re.search(r"Set by Delivery card.created · [^·]+? Limit \$500.00", page)
    assert page.count("Set by Delivery card.created") == 1  # once, over all that it set
    assert "$900.00" in page
    assert "Within any 30 days" in page
    assert "Limit: $500.00 → became $900.00" in page
    assert "Not activated" not in page


def test_two_moments_are_compared(client_as, card):
    page = text(then(client_as("admin"), card, ago(days=9, hours=-1), ago(days=7, hours=-1)))
    assert "Status Not activated" in page
    assert "Status: Active → became Locked" in page
    assert "$900.00" not in page
    assert "Nothing changed." in text(then(client_as("admin"), card, ago(days=4), ago(days=3)))


def test_a_moment_is_read_in_the_persons_zone(client_as, card):
    client = client_as("admin")
    User.objects.update(time_zone="Asia/Tokyo")
    here = ago(days=8, hours=1).astimezone(ZoneInfo("Asia/Tokyo")).strftime("%Y-%m-%dT%H:%M")
    answer = then(client, card, here)
    assert "Status Not activated" in text(answer)
    assert f'value="{here}:00"' in answer.content.decode()


def test_before_it_was_known(client_as, card):
    page = text(then(client_as("viewer"), card, ago(days=30)))
    assert "Nothing was known of it at that moment" in page
    assert "This console first knew of it at" in page
    assert "Last four" not in page


def test_while_only_its_id_was_known(client_as):
    spend = {"id": "t1", "type": "spend", "spend": {"amount": 5, "status": "pending", "userId": "u1", "cardId": "c1"}}
    apply_transactions([TransactionRecord.parse(spend)], source=Source("read", ago(days=3)))
    card, between = Card.objects.get(), timezone.now()
    client = client_as("viewer")
    page = text(client.get(f"/history/card/{card.pk}/"))
    assert "Only its existence was known at that moment" in page
    assert "The provider has told no values of it yet." in page
    tell(NOW, "read", status="active")
    Change.objects.filter(record="card").update(written_at=timezone.now())
    page = text(then(client, card, between))
    assert "Only its existence was known at that moment" in page
    assert "Its first values came at" in page


def test_before_changes_were_kept(client_as):
    holder, known = make_cardholder(codego_id="u1"), ago(days=60)
    card = make_card(holder, codego_id="c1", last4="1111", created_at=known, read_at=known)
    tell(ago(days=2), "read", status="locked", last4="2222")
    client = client_as("viewer")
    page = text(then(client, card, ago(days=50)))
    assert "No changes were kept yet at that moment" in page
    assert "Last four 1111" in page
    assert "before changes were kept" in page
    assert "No changes were kept" not in text(then(client, card, ago(days=1)))
    assert "Nothing was known of it" in text(then(client, card, ago(days=61)))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"at": "yesterday"}, "Give a day and a time"),
        ({"at": "1890-01-01T00:00"}, "too far back"),
        ({"at": "9000-01-01T00:00"}, "has not come yet"),
        ({"at": "2026-11-02T00:00", "to": "2026-11-01T00:00"}, "the later of the two"),
    ],
)
def test_a_moment_that_cannot_be_is_said_to_be_so(client_as, card, given, says):
    page = text(client_as("viewer").get(f"/history/card/{card.pk}/", given))
    assert says in page
    assert "Limit $900.00" in page


@pytest.mark.parametrize(("role", "sees"), [("viewer", False), ("finance", False), ("operations", True)])
def test_personal_data_is_masked_in_values_and_in_the_record(client_as, card, role, sees):
    page = text(then(client_as(role), card, ago(days=8, hours=1)))
    assert ("ANA MARINHO" in page) is sees
    assert '"last4": "4242"' in page


def test_the_record_of_that_moment_is_shown_and_not_todays(client_as, card):
    client = client_as("admin")
    assert '"colour": "red"' in text(client.get(f"/history/card/{card.pk}/"))
    assert "colour" not in text(then(client, card, ago(days=6, hours=-1)))


def test_older_changes_of_a_long_time_are_reached_by_a_link(client_as, card):
    for n in range(60):
        tell(ago(days=4, minutes=-n), "read", status="locked", limit={"amount": 1000 + n, "frequency": "allTime"})
    answer = then(client_as("admin"), card, ago(days=8, hours=-1))
    assert "There are older changes in this time." in text(answer)
    assert "Status: Active → became Locked" not in text(answer)
    link = html.unescape(re.search(r'href="(\?[^"]+)">Show those before these', answer.content.decode())[1])
    before = client_as("admin").get(f"/history/card/{card.pk}/{link}")
    assert "Status: Active → became Locked" in text(before)
    assert "There are older changes" not in text(before)


def test_balances_and_contracts_have_a_page_of_their_own(client_as):
    holder = make_cardholder(codego_id="u1")
    for days, power in ((3, 50000), (2, 40000)):
        told = {"creditLimit": 100000, "spendingPower": power}
        apply_balances([(holder, BalanceRecord.parse(told))], source=Source("run", ago(days=days)))
        raw = {"id": "k1", "userId": "u1", "chainId": 84532, "tokens": [{"address": "0x1", "balance": str(power)}]}
        apply_contracts([ContractRecord.parse(raw)], source=Source("run", ago(days=days)))
    client = client_as("operations")
    page = client.get(holder.get_absolute_url()).content.decode()
    for noun, row in (("balance", holder.balances.get()), ("contract", holder.contracts.get())):
        url = f"/history/{noun}/{row.pk}/"
        assert url in page
        assert "Ana Marinho" in text(client.get(url))
    assert "Spending power: $500.00 → became $400.00" in text(
        client.get(f"/history/balance/{holder.balances.get().pk}/")
    )
    assert "Tokens: 50000" in text(client.get(f"/history/contract/{holder.contracts.get().pk}/"))


def test_what_is_no_record_is_not_found(client_as, card):
    client = client_as("admin")
    for url in ("/history/card/999999/", f"/history/staff/{card.pk}/", f"/history/staff/{card.pk}/rebuild/"):
        assert client.get(url).status_code == 404


def test_a_rebuild_says_first_what_it_would_change(client_as, card):
    Card.objects.update(limit_amount=1)
    client = client_as("admin")
    assert f"/history/card/{card.pk}/rebuild/" in client.get(f"/history/card/{card.pk}/").content.decode()
    page = text(client.get(f"/history/card/{card.pk}/rebuild/"))
    assert "Limit $0.01 → $900.00" in page
    assert Card.objects.get().limit_amount == 1
    client.post(f"/history/card/{card.pk}/rebuild/")
    assert Card.objects.get().limit_amount == 90000
    history = text(client.get(f"/history/card/{card.pk}/"))
    assert "Put together again from what was observed" in history
    assert "Rebuild record from what was observed" in history
    assert "There is nothing to change." in text(client.get(f"/history/card/{card.pk}/rebuild/"))


def test_only_an_administrator_rebuilds(client_as, card):
    client = client_as("operations", "compliance", "finance")
    assert client.post(f"/history/card/{card.pk}/rebuild/").status_code == 403
    assert "rebuild" not in client.get(f"/history/card/{card.pk}/").content.decode()
