"""The pages of what can be done to an open dispute: what is offered and when, what is kept of a form that is sent back,
and that a file gets in by this door only."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from console.audit.models import Entry
from console.provider.models import Capability, Command, RequestLog
from tests.console.codego.conftest import Scripted
from tests.factories import make_dispute, make_staff
from transactions.evidence import MOST
from transactions.models import Dispute

PDF = b"%PDF-1.7 a receipt"
TEXT = "Never arrived, and the merchant has closed its shop."
DOORS = ("withdraw", "statement", "attach")
GIVEN = {"withdraw": {"reason": "found it"}, "statement": {"text": TEXT, "before": "Never arrived."}}


@pytest.fixture
def dispute(sandbox, db) -> Dispute:
    known = next(d for d in sandbox.list("disputes") if d["status"] == "pending" and not d["hasFileEvidence"])
    return make_dispute(codego_id=known["id"], text_evidence=known["textEvidence"], has_file_evidence=False)


def url_of(dispute, door) -> str:
    return f"{dispute.get_absolute_url()}{door}/"


def upload(content=PDF, name="receipt.pdf") -> dict:
    return {"file": SimpleUploadedFile(name, content)}


def absent(*routes: str) -> None:
    for route in routes:
        Capability.objects.create(environment="sandbox", route=route, present=False)


@pytest.mark.django_db(transaction=True)
def test_a_dispute_is_withdrawn_for_a_reason(client_as, sandbox, dispute):
    client, at = client_as("operations"), url_of(dispute, "withdraw")
    assert b"cannot be undone" in client.get(at).content
    assert b"Say why" in client.post(at, {"reason": " "}).content
    response = client.post(at, {"reason": "The parcel came"}, follow=True)
    assert response.redirect_chain == [(dispute.get_absolute_url(), 303)]
    page = response.content.decode()
    assert "The dispute is withdrawn." in page
    assert "The parcel came" in page
    assert not any(url_of(dispute, door) in page for door in DOORS)


@pytest.mark.django_db(transaction=True)
def test_the_statement_begins_as_it_is_and_is_sent_whole(client_as, sandbox, dispute):
    client, at = client_as("operations"), url_of(dispute, "statement")
    form = client.get(at).context["form"]
    assert form["text"].value() == form["before"].value() == dispute.text_evidence
    assert (
        "has already"
        in client.post(at, {"text": form["text"].value(), "before": form["before"].value()}).content.decode()
    )
    assert (
        "The statement is changed."
        in client.post(at, {"text": TEXT, "before": dispute.text_evidence}, follow=True).content.decode()
    )
    refused = client.post(at, {"text": "Mine instead of theirs.", "before": dispute.text_evidence})
    assert refused.status_code == 422
    assert "meanwhile" in refused.content.decode()
    assert "Mine instead of theirs." in refused.content.decode()
    dispute.refresh_from_db()
    assert dispute.text_evidence == TEXT


@pytest.mark.django_db(transaction=True)
def test_a_file_is_attached_and_downloaded_as_bytes(client_as, sandbox, dispute):
    client = client_as("operations")
    page = client.post(url_of(dispute, "attach"), upload(name="../Reçu (1).html"), follow=True).content.decode()
    assert "The file is with the provider." in page
    assert "PDF, 18\xa0bytes" in page
    assert url_of(dispute, "file") in page
    answer = client.get(url_of(dispute, "file"))
    assert answer.content == PDF
    assert {name: answer[name] for name in ("Content-Type", "X-Content-Type-Options", "Cache-Control")} == {
        "Content-Type": "application/octet-stream", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
    }  # fmt: skip
    assert answer["Content-Disposition"] == f'attachment; filename="evidence-{dispute.pk}.pdf"'
    assert Entry.objects.get(action="dispute:download").record_id == dispute.pk


@pytest.mark.django_db
@pytest.mark.parametrize(("given", "words"), [
    ({}, "Choose a file."),
    ({"file": "a text, not a file"}, "Choose a file."),
    (upload(b""), "This file is empty."),
    (upload(b"<!DOCTYPE html><script>"), "no PDF, PNG or JPEG inside"),
    (upload(b"MZ\x90", "receipt.pdf"), "no PDF, PNG or JPEG inside"),
    (upload(PDF + bytes(MOST)), "larger than 20 MB"),
])  # fmt: skip
def test_a_file_that_is_not_taken_is_sent_back_with_the_reason(client_as, given, words):
    response = client_as("operations").post(url_of(make_dispute(), "attach"), given)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Command.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_file_of_just_the_limit_is_taken_whole(client_as, sandbox, dispute):
    client = client_as("operations")
    client.post(url_of(dispute, "attach"), upload(PDF + bytes(MOST - len(PDF))))
    assert Command.objects.get().payload["size"] == MOST
    assert len(client.get(url_of(dispute, "file")).content) == MOST


@pytest.mark.django_db
def test_of_two_files_the_second_is_passed_over(client_as):
    files = [SimpleUploadedFile("a.pdf", b"<one>"), SimpleUploadedFile("b.pdf", PDF)]
    response = client_as("operations").post(url_of(make_dispute(), "attach"), {"file": files})
    assert b"no PDF" in response.content
    assert len(response.wsgi_request.FILES.getlist("file")) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("door", ["withdraw", "statement"])
def test_no_other_page_takes_a_file(client_as, door):
    response = client_as("operations").post(url_of(make_dispute(), door), upload())
    assert response.wsgi_request.FILES == {}
    assert response.status_code == 422


@pytest.mark.django_db
def test_a_file_from_another_site_is_turned_away(db):
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_staff("operations"))
    at = url_of(make_dispute(), "attach")
    assert client.post(at, upload()).status_code == 403
    assert client.post(at, upload(), headers={"X-CSRFToken": "x" * 32}).status_code == 403
    token = client.get(at).context["csrf_token"]
    assert client.post(at, {**upload(b"<a>"), "csrfmiddlewaretoken": str(token)}).status_code == 422
    assert client.post(at, upload(b"<a>"), headers={"X-CSRFToken": str(token)}).status_code == 422
    assert not Command.objects.exists()


@pytest.mark.django_db
def test_whoever_may_not_attach_sends_a_file_to_nobody(client_as):
    response = client_as("viewer").post(url_of(make_dispute(), "attach"), upload())
    assert response.status_code == 403
    assert "_files" not in vars(response.wsgi_request)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["viewer", "compliance", "finance", "admin"])
def test_only_operations_acts_and_fetches(client_as, role):
    dispute, client = make_dispute(has_file_evidence=True), client_as(role)
    page = client.get(dispute.get_absolute_url()).content.decode()
    for door in (*DOORS, "file"):
        assert url_of(dispute, door) not in page
        assert client.get(url_of(dispute, door)).status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["pending", "inreview"])
def test_an_open_dispute_offers_everything(client_as, state):
    dispute = make_dispute(state=state, has_file_evidence=True)
    page = client_as("operations").get(dispute.get_absolute_url()).content.decode()
    assert all(url_of(dispute, door) in page for door in (*DOORS, "file"))


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["accepted", "rejected", "canceled"])
def test_a_closed_dispute_offers_its_file_only(client_as, state):
    dispute, client = make_dispute(state=state, status=state, has_file_evidence=True), client_as("operations")
    page = client.get(dispute.get_absolute_url()).content.decode()
    assert url_of(dispute, "file") in page
    for door in DOORS:
        assert url_of(dispute, door) not in page
        asked = client.get(url_of(dispute, door)).content.decode()
        assert "This dispute is not open" in asked
        assert 'type="submit"' not in asked.partition('id="confirm"')[2].partition("</form>")[0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("door", DOORS)
def test_a_provider_that_lacks_it_is_asked_once_and_the_page_says_what_to_do(client_as, sandbox, dispute, door):
    client, at = client_as("operations"), url_of(dispute, door)
    sandbox.switch(disputes_api="create_only")
    assert at in client.get(dispute.get_absolute_url()).content.decode()
    answer = client.post(at, {**GIVEN.get(door, upload()), "before": dispute.text_evidence})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "not found" in page
    assert "The provider does not offer this." in page
    assert GIVEN.get(door, {}).get("text", "") in page
    record = client.get(dispute.get_absolute_url()).content.decode()
    assert at not in record
    assert "the provider does not offer it" in record
    assert "The provider does not offer this." in client.get(at).content.decode()
    assert RequestLog.objects.exclude(route__startswith="GET").count() == 1


@pytest.mark.django_db
def test_where_files_are_lacking_the_rest_is_offered(client_as):
    absent("PUT /disputes/{id}/evidence")
    absent("GET /disputes/{id}/evidence")
    dispute = make_dispute(has_file_evidence=True)
    page = client_as("operations").get(dispute.get_absolute_url()).content.decode()
    assert url_of(dispute, "withdraw") in page
    assert url_of(dispute, "attach") not in page
    assert url_of(dispute, "file") not in page
    assert "Files as evidence: the provider does not offer it. Send files to the provider&#x27;s support." in page


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("door", DOORS)
def test_a_lost_answer_leads_to_the_record_where_it_settles(client_as, sandbox, dispute, door):
    sandbox.fault("PUT /disputes/*/evidence", "reset_after")
    sandbox.fault("PATCH /disputes/*", "reset_after")
    client = client_as("operations")
    live = client.get(dispute.get_absolute_url()).context["live_url"]
    given = {**GIVEN.get(door, upload()), "before": dispute.text_evidence}
    response = client.post(url_of(dispute, door), given, headers={"HX-Request": "true"})
    assert response["HX-Redirect"] == dispute.get_absolute_url()
    page = client.get(live, headers={"HX-Request": "true"}).content.decode()
    assert f"/commands/{Command.objects.get().pk}/" in page
    command = client.get(f"/commands/{Command.objects.get().pk}/").content.decode()
    assert f'href="{dispute.get_absolute_url()}"' in command


@pytest.mark.django_db(transaction=True)
def test_with_nobody_listening_nothing_is_sent(client_as, settings):
    settings.CODEGO_API_URL = "http://127.0.0.1:9/api/v1"
    client, dispute = client_as("operations"), make_dispute(has_file_evidence=True)
    response = client.post(url_of(dispute, "statement"), GIVEN["statement"])
    assert "Nothing was sent: " in response.content.decode()
    assert TEXT in response.content.decode()
    assert "could not be fetched" in client.get(url_of(dispute, "file"), follow=True).content.decode()


@pytest.fixture
def scripted(settings):
    """A provider that answers what it is told to."""
    server = Scripted()
    settings.CODEGO_API_URL = server.url
    yield server
    server.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "content", [b"<!DOCTYPE html><script>alert(1)</script>", b'{"a": 1}', b"GIF89a" + bytes(MOST - 6)]
)
def test_whatever_the_provider_hands_out_is_bytes_to_a_browser(client_as, scripted, content):
    scripted.says(content)
    answer = client_as("operations").get(url_of(make_dispute(), "file"))
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("application/octet-stream", "nosniff")
    assert answer["Content-Disposition"].endswith('.bin"')
    assert answer.content == content


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("content", "words"), [(bytes(MOST + 1), "larger than 20 MB"), (b"", "has no file")])
def test_a_file_beyond_the_limit_or_an_empty_one_is_not_passed_on(client_as, scripted, content, words):
    scripted.says(content)
    dispute = make_dispute()
    answer = client_as("operations").get(url_of(dispute, "file"), follow=True)
    assert answer.redirect_chain == [(dispute.get_absolute_url(), 303)]
    assert words in answer.content.decode()
    assert Entry.objects.get(action="dispute:download").outcome == "refused"
