"""Each uncertain fact can be had either way."""

import pytest


@pytest.mark.parametrize(("envelope", "key"), [("data", "data"), ("items", "items")])
def test_lists_are_bare_or_wrapped(sandbox, envelope, key):
    assert isinstance(sandbox.api.get("/cards").json(), list)
    sandbox.switch(list_envelope=envelope)
    assert len(sandbox.api.get("/cards").json()[key]) == 15


@pytest.mark.parametrize(
    ("envelope", "items"), [("named", lambda body: body["cards"]), ("nested", lambda body: body["data"]["items"])]
)
def test_lists_are_named_or_nested(sandbox, envelope, items):
    sandbox.switch(list_envelope=envelope)
    assert len(items(sandbox.api.get("/cards").json())) == 15


def test_a_wrapped_list_may_say_where_it_goes_on(sandbox):
    sandbox.switch(list_envelope="nested")
    first = sandbox.api.get("/cards?limit=10").json()["data"]
    second = sandbox.api.get(f"/cards?limit=10&cursor={first['nextCursor']}").json()["data"]
    assert (len(first["items"]), len(second["items"]), second["nextCursor"]) == (10, 5, None)


def test_pages_may_be_cut_shorter_than_asked(sandbox):
    sandbox.switch(page_cap=7)
    assert len(sandbox.api.get("/cards?limit=50").json()) == 7


@pytest.mark.parametrize(("case", "word"), [("upper", "NEEDSINFORMATION"), ("snake", "needs_information")])
def test_status_words_change_their_case(sandbox, case, word):
    user = sandbox.person("needsInformation")
    sandbox.switch(status_case=case)
    assert sandbox.api.get(f"/users/{user['id']}").json()["applicationStatus"] == word


@pytest.mark.parametrize(
    ("case", "status", "word"),
    [
        ("british", "canceled", "cancelled"),
        ("british", "active", "active"),
        ("synonyms", "active", "activated"),
        ("synonyms", "locked", "frozen"),
    ],
)
def test_card_statuses_have_other_words(sandbox, case, status, word):
    card = sandbox.card(status)
    sandbox.switch(status_case=case)
    assert sandbox.api.get(f"/cards/{card['id']}").json()["status"] == word


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


def transactions(sandbox, **wanted):
    return sandbox.api.get("/transactions", params={"limit": 100, **wanted}).json()


def test_a_few_amounts_carry_half_a_cent(sandbox):
    before = {one["id"]: one["spend"]["amount"] for one in transactions(sandbox, type="spend")}
    sandbox.switch(fractional_cents="on")
    after = {one["id"]: one["spend"]["amount"] for one in transactions(sandbox, type="spend")}
    assert {after[one] - before[one] for one in before} == {0, 0.5}
    sandbox.switch(numbers="string")
    assert {str(one["spend"]["amount"])[-2:] == ".5" for one in transactions(sandbox, type="spend")} == {True, False}


def test_some_transactions_are_of_a_type_nobody_knows(sandbox):
    before = {one["id"]: one[one["type"]] for one in transactions(sandbox)}
    sandbox.switch(unknown_types="on")
    after = transactions(sandbox)
    strange = [one for one in after if one["type"] == "adjustment"]
    assert 0 < len(strange) < len(after) / 2
    assert {one["id"]: one[one["type"]] for one in after} == before
    assert transactions(sandbox) == after


def test_some_payments_are_told_as_transfers_in_dollars(sandbox):
    payments = {one["id"]: one["payment"]["amount"] for one in transactions(sandbox, type="payment")}
    sandbox.switch(transfers="on")
    told = [one for one in transactions(sandbox, type="payment") if one["type"] == "transfer"]
    assert 0 < len(told) < len(payments)
    for one in told:
        assert one["transfer"]["source"]["amount"] == f"{payments[one['id']] / 100:.2f}"
        assert one["transfer"]["status"] == "completed"


def test_what_is_only_sometimes_there_can_be_left_out(sandbox):
    user, card = sandbox.person("needsInformation"), sandbox.card()
    sandbox.switch(missing_fields="on")
    shown = sandbox.api.get(f"/applications/{user['id']}").json()
    assert shown["applicationStatus"]
    assert not {"applicationReason", "updatedAt"} & set(shown)
    assert "region" not in sandbox.api.get(f"/users/{user['id']}").json()["address"]
    shown = sandbox.api.get(f"/cards/{card['id']}").json()
    assert (shown["last4"], shown["userId"]) == (card["last4"], card["userId"])
    assert "updatedAt" not in shown


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
        ({"charges": "off"}, "POST", "/users/x/charges"),
        ({"charges": "off"}, "POST", "/companies/x/charges"),
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


@pytest.mark.parametrize(
    ("style", "kind", "words"),
    [
        ("fastify", "application/json", ('"statusCode": 404', '"message": "user not found"')),
        ("text", "text/plain; charset=utf-8", ("user not found",)),
        ("html", "text/html; charset=utf-8", ("<h1>404 Not Found</h1>", "user not found")),
    ],
)
def test_refusals_are_worded_otherwise(sandbox, style, kind, words):
    sandbox.switch(error_style=style)
    answer = sandbox.api.get("/users/nobody")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, kind)
    assert all(word in answer.text for word in words)
    assert sandbox.api.get("/cards?limit=x").status_code == 400
    assert sandbox.api.get("/cards").status_code == 200


def test_refusals_may_say_nothing_at_all(sandbox):
    sandbox.switch(error_style="empty")
    answer = sandbox.api.get("/users/nobody")
    assert (answer.status_code, answer.content) == (404, b"")


def test_a_missing_object_may_name_its_path_too(sandbox):
    sandbox.switch(not_found_path="everywhere")
    assert sandbox.api.get("/users/nobody").json() == {"error": "user not found", "path": "/api/v1/users/nobody"}


def test_an_employees_balance_may_be_the_companys(sandbox):
    card = sandbox.card(company=True)
    assert sandbox.api.get(f"/users/{card['userId']}/balances").status_code == 404
    sandbox.switch(company_cardholder_balance="company")
    company = sandbox.api.get(f"/companies/{card['companyId']}/balances").json()
    assert sandbox.balances(card) == company


def test_the_limit_itself_may_be_left_unsaid(sandbox):
    sandbox.switch(limit_header="off")
    headers = sandbox.api.get("/cards?limit=1").headers
    assert "X-RateLimit-Limit" not in headers
    assert "X-RateLimit-Remaining" in headers


@pytest.mark.parametrize("status", [200, 202])
def test_creation_may_answer_otherwise(sandbox, status):
    sandbox.switch(created_status=str(status))
    answer = sandbox.api.post(f"/users/{sandbox.person()['id']}/cards", json={"type": "virtual"})
    assert answer.status_code == status
    assert answer.json()["last4"]


def test_creation_may_say_nothing_and_be_found_by_reading(sandbox):
    sandbox.switch(created_status="204")
    path = f"/users/{sandbox.person()['id']}/cards"
    before = {card["id"] for card in sandbox.api.get(path).json()}
    answer = sandbox.api.post(path, json={"type": "virtual"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert len({card["id"] for card in sandbox.api.get(path).json()} - before) == 1
    session = sandbox.kyc.post("/session/create", json={"externalUserId": "x-1", "applicantType": "individual"})
    assert session.json()["iframeUrl"]  # a link nobody could read again is always told


def test_a_change_may_say_nothing(sandbox):
    card = sandbox.card()
    sandbox.switch(patch_status="204")
    answer = sandbox.api.patch(f"/cards/{card['id']}", json={"status": "locked"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert sandbox.api.get(f"/cards/{card['id']}").json()["status"] == "locked"


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
    for wrong in ({"no_such": "on"}, {"paging": "sideways"}, {"rate": 0}, {"page_cap": "all"}):
        assert sandbox.browser.post("/control/api/switches", json=wrong).status_code == 400
