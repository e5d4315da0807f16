"""Each uncertain fact can be had either way."""

import pytest


@pytest.mark.parametrize(("envelope", "key"), [("data", "data"), ("items", "items")])
def test_lists_are_bare_or_wrapped(sandbox, envelope, key):
    assert isinstance(sandbox.api.get("/cards").json(), list)
    sandbox.switch(list_envelope=envelope)
    assert len(sandbox.api.get("/cards").json()[key]) == 15


@pytest.mark.parametrize(("case", "word"), [("upper", "NEEDSINFORMATION"), ("snake", "needs_information")])
def test_status_words_change_their_case(sandbox, case, word):
    user = sandbox.person("needsInformation")
    sandbox.switch(status_case=case)
    assert sandbox.api.get(f"/users/{user['id']}").json()["applicationStatus"] == word


def test_cards_have_other_names_for_things(sandbox):
    card = sandbox.card()
    sandbox.switch(card_type_field="cardType", expiry_spelling="expiryMonth", leaks_pan="on", extra_fields="on")
    shown = sandbox.api.get(f"/cards/{card['id']}").json()
    assert (shown["cardType"], "type" in shown) == (card["type"], False)
    assert (shown["expiryMonth"], shown["expiryYear"]) == (card["expirationMonth"], card["expirationYear"])
    assert shown["number"].endswith(card["last4"])
    assert "programRegion" in shown


@pytest.mark.parametrize(("spelling", "kind"), [("string", str), ("float", float)])
def test_cents_may_be_strings_or_floats(sandbox, spelling, kind):
    user = next(one for one in sandbox.control("GET", "list/users") if "companyId" not in one)
    sandbox.switch(numbers=spelling)
    balances = sandbox.api.get(f"/users/{user['id']}/balances").json()
    assert {type(value) for value in balances.values()} == {kind}
    assert float(balances["creditLimit"]) == int(float(balances["creditLimit"]))


def test_merchants_are_padded(sandbox):
    found = sandbox.story("authorise", cardId=sandbox.card()["id"], amount=1, merchantName="SHOP")
    assert found["spend"]["merchantName"] == "SHOP".ljust(24)
    sandbox.switch(padded_merchants="off")
    assert sandbox.api.get(f"/transactions/{found['id']}").json()["spend"]["merchantName"] == "SHOP"


@pytest.mark.parametrize(
    ("switch", "method", "path"),
    [
        ({"disputes_api": "create_only"}, "GET", "/disputes"),
        ({"users_list": "off"}, "GET", "/users"),
        ({"users_list": "off"}, "GET", "/companies"),
        ({"company_finance": "off"}, "GET", "/companies/x/balances"),
        ({"applications": "off"}, "GET", "/applications/x"),
        ({"applications": "off"}, "GET", "/applications/companies/x"),
        ({"pin_set": "off"}, "PUT", "/cards/x/pin"),
    ],
)
def test_features_can_be_absent(sandbox, switch, method, path):
    before = sandbox.api.request(method, path, json={} if method == "PUT" else None)
    assert "path" not in before.json()
    sandbox.switch(**switch)
    after = sandbox.api.request(method, path, json={} if method == "PUT" else None)
    assert (after.status_code, after.json()["path"]) == (404, f"/api/v1{path}")
    sandbox.switch(not_found_path="off")
    assert sandbox.api.request(method, path).json() == {"error": "not found"}


def test_creation_may_answer_200(sandbox):
    sandbox.switch(created_status="200")
    user = sandbox.person()
    assert sandbox.api.post(f"/users/{user['id']}/cards", json={"type": "virtual"}).status_code == 200


def test_unheard_of_words_hit_the_same_records_each_time(sandbox):
    sandbox.switch(unknown_enum="on")
    first, second = (sandbox.api.get("/transactions?limit=100").json() for _ in range(2))
    assert first == second
    words = [one[one["type"]].get("status") for one in first]
    assert 0 < words.count("underObservation") < len(words)


def test_versions_can_be_withheld(sandbox):
    user = sandbox.person()
    assert "updatedAt" in sandbox.api.get(f"/users/{user['id']}").json()
    sandbox.switch(user_updated_at="off")
    assert "updatedAt" not in sandbox.api.get(f"/users/{user['id']}").json()


def test_our_id_can_be_withheld(sandbox, receiver):
    sandbox.switch(external_user_id_in_webhook="off")
    sandbox.story("decide_applicant", id=sandbox.person("denied")["id"], status="locked")
    receiver.wait(1)
    assert "externalUserId" not in receiver.events()[0]["body"]


def test_a_switch_that_does_not_exist_is_refused(sandbox):
    for wrong in ({"no_such": "on"}, {"paging": "sideways"}, {"rate": 0}):
        assert sandbox.browser.post("/control/api/switches", json=wrong).status_code == 400
