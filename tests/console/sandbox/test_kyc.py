"""KYC sessions from the API call to the contract."""

import json

import pytest

ORIGIN = "https://console.example.test"


def ask(sandbox, **body):
    fields = {"externalUserId": "ext-1", "applicantType": "individual", "email": "ana@example.test", "origin": ORIGIN}
    return sandbox.kyc.post("/session/create", json=fields | body)


def key_of(page):
    facts = page.text.split('id="facts"')[1].split(">", 1)[1].split("</script>")[0]
    return json.loads(facts)["key"]


def submit(sandbox, session, **details):
    page = sandbox.browser.get(session["iframeUrl"])
    return sandbox.browser.post("/embed/submit", json={"key": key_of(page), **details})


def bodies(receiver, kind):
    return [one["body"] for one in receiver.events() if one["type"] == kind]


def test_a_session_has_what_the_iframe_needs(sandbox):
    answer = ask(sandbox)
    session = answer.json()
    assert answer.status_code == 201
    assert session["iframeUrl"] == f"{sandbox.url}/embed?token={session['token']}"
    assert session["token"].count(".") == 2
    assert session["expiresAt"].endswith("Z")


@pytest.mark.parametrize("wrong", [{"externalUserId": None}, {"applicantType": "robot"}, {"origin": "nonsense"}])
def test_a_wrong_request_is_refused(sandbox, wrong):
    assert ask(sandbox, **wrong).status_code == 400


def test_the_page_may_be_framed_by_the_sessions_origin_only(sandbox):
    page = sandbox.browser.get(ask(sandbox).json()["iframeUrl"])
    assert f"frame-ancestors {ORIGIN}" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    assert "kyc:done" in page.text


def test_a_link_opens_once_and_a_resumed_session_gets_another(sandbox):
    session = ask(sandbox).json()
    assert sandbox.browser.get(session["iframeUrl"]).status_code == 200
    second = sandbox.browser.get(session["iframeUrl"])
    assert second.status_code == 410
    assert "already used" in second.text
    again = sandbox.kyc.post("/session/create", json={"resumeSessionId": session["sessionId"]}).json()
    assert again["sessionId"] == session["sessionId"]
    assert again["iframeUrl"] != session["iframeUrl"]
    assert submit(sandbox, again, firstName="Ana", lastName="TestApproved").status_code == 200
    finished = sandbox.kyc.post("/session/create", json={"resumeSessionId": session["sessionId"]})
    assert finished.status_code == 400
    assert sandbox.browser.get(f"{sandbox.url}/embed?token=made.up.token").status_code == 404


def test_test_approved_is_approved_at_once_with_a_contract(sandbox, receiver):
    submit(sandbox, ask(sandbox).json(), firstName="Ana", lastName="TestApproved")
    receiver.wait(2)
    (user,) = bodies(receiver, "user.updated")
    assert (user["externalUserId"], user["applicationStatus"], user["kycStatus"]) == ("ext-1", "approved", "approved")
    (contract,) = bodies(receiver, "contract.created")
    assert contract["chainId"] == "84532"
    assert sandbox.api.get(f"/users/{user['id']}/contracts").json()[0]["id"] == contract["id"]


def test_anybody_else_is_reviewed_for_two_seconds(sandbox, receiver):
    submit(sandbox, ask(sandbox).json(), firstName="Ana", lastName="Silva")
    receiver.wait(3)
    assert [one["applicationStatus"] for one in bodies(receiver, "user.updated")] == ["pending", "approved"]
    assert len(bodies(receiver, "contract.created")) == 1


def test_a_name_forces_its_result(sandbox, receiver):
    submit(sandbox, ask(sandbox).json(), firstName="Ana", lastName="Needs Information")
    receiver.wait(2)
    last = bodies(receiver, "user.updated")[-1]
    assert last["applicationStatus"] == "needsInformation"
    assert last["applicationReason"]
    again = ask(sandbox).json()
    submit(sandbox, again, firstName="Ana", lastName="TestApproved")
    receiver.wait(4)
    assert {one["id"] for one in bodies(receiver, "user.updated")} == {last["id"]}


def test_a_companys_name_counts_and_its_owners_are_kept(sandbox, receiver):
    owner = {"firstName": "Rui", "lastName": "Denied", "email": "rui@example.test"}
    session = ask(sandbox, applicantType="company", externalUserId="co-1").json()
    assert submit(sandbox, session, name="Acme", ultimateBeneficialOwners=[]).status_code == 400
    session = sandbox.kyc.post("/session/create", json={"resumeSessionId": session["sessionId"]}).json()
    submit(sandbox, session, name="Acme TestApproved", ultimateBeneficialOwners=[owner])
    receiver.wait(2)
    (company,) = bodies(receiver, "company.updated")
    assert (company["externalUserId"], company["applicationStatus"]) == ("co-1", "approved")
    assert company["ultimateBeneficialOwners"][0]["lastName"] == "Denied"
    assert sandbox.api.get(f"/companies/{company['id']}/contracts").json()


def test_a_reviewer_may_decide_otherwise(sandbox, receiver):
    user = sandbox.person("manualReview")
    sandbox.story("decide_applicant", id=user["id"], status="approved")
    receiver.wait(2)
    assert [one["type"] for one in receiver.events()] == ["user.updated", "contract.created"]
    assert sandbox.api.get(f"/users/{user['id']}/contracts").json()
