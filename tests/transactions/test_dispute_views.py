"""Opening a dispute from the page: what is refused and why, what is kept, and what happens to a lost answer."""

import pytest
from django.utils import timezone

from console.audit.models import Entry
from console.provider.models import Capability, Command
from tests.factories import make_command, make_dispute, make_transaction
from transactions.models import Dispute, Transaction

TEXT = "Ordered on 3 November, never delivered; the merchant does not answer."


@pytest.fixture
def settled(sandbox, db) -> Transaction:
    """A settled purchase that the provider knows as well."""
    disputed = {d["transactionId"] for d in sandbox.list("disputes")}
    known = next(
        t for t in sandbox.list("transactions")
        if t["type"] == "spend" and t.get("status", t.get("spend", {}).get("status")) == "completed"
        and t.get("amount", t.get("spend", {}).get("amount")) > 0 and t["id"] not in disputed
    )  # fmt: skip
    return make_transaction(codego_id=known["id"])


def url_of(transaction) -> str:
    return f"/transactions/{transaction.pk}/dispute/"


@pytest.mark.django_db(transaction=True)
def test_a_dispute_is_opened_and_its_page_shown(client_as, sandbox, settled):
    client = client_as("operations")
    assert b"never heard of the case" in client.get(url_of(settled)).content
    response = client.post(url_of(settled), {"text": TEXT})
    dispute = Dispute.objects.get(transaction=settled)
    assert response.status_code == 303
    assert response["Location"] == dispute.get_absolute_url()
    assert TEXT.encode() in client.get(response["Location"]).content
    assert b"already open" in client.get(settled.get_absolute_url()).content


@pytest.mark.django_db(transaction=True)
def test_the_provider_s_refusal_is_shown_in_its_words_and_the_text_is_kept(client_as, sandbox, db):
    unknown = make_transaction()  # the provider does not know this one
    response = client_as("operations").post(url_of(unknown), {"text": TEXT})
    assert response.status_code == 422
    page = response.content.decode()
    assert "This was not done, and nothing has changed. The answer was:" in page
    assert TEXT in page
    assert Command.objects.get().state == "refused"


@pytest.mark.django_db(transaction=True)
def test_a_lost_answer_leads_to_the_record_where_it_settles(client_as, sandbox, settled):
    sandbox.fault("POST /transactions/*/disputes", "drop_after")
    client = client_as("operations")
    response = client.post(url_of(settled), {"text": TEXT}, headers={"HX-Request": "true"})
    assert response["HX-Redirect"] == settled.get_absolute_url()
    page = client.get(settled.get_absolute_url()).content.decode()
    assert "answer was lost" in page
    assert f"/commands/{Command.objects.get().pk}/" in page
    assert "is still open" in client.post(url_of(settled), {"text": TEXT}).content.decode()


@pytest.mark.django_db(transaction=True)
def test_with_nobody_listening_nothing_is_lost(client_as, settings):
    settings.CODEGO_API_URL = "http://127.0.0.1:9/api/v1"
    response = client_as("operations").post(url_of(make_transaction()), {"text": TEXT})
    assert response.status_code == 422
    assert TEXT in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": "pending", "status": "pending"}, "has not settled yet"),
        ({"state": "declined", "status": "declined"}, "nothing to dispute"),
        ({"state": "reversed", "status": "reversed"}, "nothing to dispute"),
        ({"amount": -100}, "Only a purchase"),
        ({"kind": "fee", "type": "fee"}, "Only a purchase"),
    ],
)
def test_what_cannot_be_disputed_says_why_everywhere(client_as, fields, words):
    found = make_transaction(**fields)
    client = client_as("operations")
    assert words in client.get(url_of(found)).content.decode()
    assert url_of(found) not in client.get(found.get_absolute_url()).content.decode()
    response = client.post(url_of(found), {"text": TEXT})
    assert response.status_code == 422
    assert words in response.content.decode()
    assert TEXT in response.content.decode()
    assert Entry.objects.get(action="dispute:open").outcome == "refused"
    assert not Command.objects.exists()


@pytest.mark.django_db
def test_a_text_that_says_nothing_is_sent_back(client_as):
    found = make_transaction()
    response = client_as("operations").post(url_of(found), {"text": "bad"})
    assert response.status_code == 422
    assert b"Say a little more" in response.content
    assert not Command.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["viewer", "compliance", "finance", "admin"])
def test_only_operations_opens_disputes(client_as, role):
    found, client = make_transaction(), client_as(role)
    assert url_of(found).encode() not in client.get(found.get_absolute_url()).content
    assert client.get(url_of(found)).status_code == 403
    assert client.post(url_of(found), {"text": TEXT}).status_code == 403


@pytest.fixture
def lost(db) -> Command:
    Capability.objects.create(environment="sandbox", route="GET /disputes", present=False, seen_at=timezone.now())
    return make_command("transaction", make_transaction().pk, kind="dispute", state="unknown")


def test_where_nothing_can_tell_a_person_records_the_answer(client_as, lost):
    client, at = client_as("operations"), f"/disputes/answer/{lost.pk}/"
    assert at.encode() in client.get(f"/transactions/{lost.record_id}/").content
    response = client.post(at, {"opened": "yes", "reason": "Ticket 7, Maria, by phone"})
    assert response.status_code == 422
    assert b"Enter the id" in response.content
    assert b"Ticket 7" in response.content
    client.post(at, {"opened": "yes", "dispute_id": "dp-7", "reason": "Ticket 7, Maria, by phone"})
    lost.refresh_from_db()
    assert (lost.state, lost.result) == ("done", "dp-7")
    assert Dispute.objects.get(codego_id="dp-7").transaction_id == lost.record_id
    assert b"settled already" in client.get(at).content


def test_an_answer_of_no_frees_the_purchase(client_as, lost):
    client = client_as("operations")
    client.post(f"/disputes/answer/{lost.pk}/", {"opened": "no", "reason": "Ticket 8: nothing there"})
    lost.refresh_from_db()
    assert lost.state == "not_done"
    assert not Dispute.objects.exists()
    assert f"/transactions/{lost.record_id}/dispute/".encode() in client.get(f"/transactions/{lost.record_id}/").content


@pytest.mark.django_db
def test_where_the_provider_lists_disputes_nothing_is_recorded_by_hand(client_as):
    command = make_command("transaction", make_transaction().pk, kind="dispute", state="unknown")
    client, at = client_as("operations"), f"/disputes/answer/{command.pk}/"
    assert b"finding this out by itself" in client.get(at).content
    assert client.post(at, {"opened": "no", "reason": "guess"}).status_code == 422
    command.refresh_from_db()
    assert command.state == "unknown"


@pytest.mark.django_db
def test_pages_that_are_looked_at_cost_nothing_while_nothing_changes(client_as):
    dispute = make_dispute()
    client = client_as("viewer")
    for url in (dispute.get_absolute_url(), dispute.transaction.get_absolute_url()):
        live = client.get(url).context["live_url"]
        assert client.get(live).status_code == 204
        Dispute.objects.update(state="accepted", status="accepted")
        assert client.get(live, headers={"HX-Request": "true"}).status_code == 200
        Dispute.objects.update(state="pending", status="pending")


@pytest.mark.django_db
def test_the_text_of_a_dispute_is_for_those_who_read_personal_data(client_as):
    dispute = make_dispute(text_evidence="Ottilie Quist says no.")
    for url in (dispute.get_absolute_url(), dispute.transaction.get_absolute_url()):
        assert b"Ottilie" in client_as("operations").get(url).content
        assert b"Ottilie" not in client_as("viewer").get(url).content
