"""Fees charged over the API."""

import pytest

FEE = {"amount": 1_999, "description": "Replacement card"}


def post(sandbox, noun, owner, body=FEE, **headers):
    return sandbox.api.post(f"/{noun}/{owner}/charges", json=body, headers=headers)


@pytest.fixture
def person(sandbox):
    sandbox.onboard("charged-1", lastName="TestApproved")
    user = sandbox.control("GET", "list/users?limit=1")[0]
    sandbox.story("fund", userId=user["id"], amount=100_000)
    return user["id"]


def test_a_charge_of_a_person_is_a_fee_and_is_owed(sandbox, person):
    answer = post(sandbox, "users", person)
    charge = answer.json()
    assert (answer.status_code, charge["amount"], charge["description"]) == (201, 1_999, "Replacement card")
    (fee,) = sandbox.api.get("/transactions", params={"userId": person, "type": "fee"}).json()
    assert (fee["id"], fee["fee"]["amount"], fee["fee"]["postedAt"]) == (charge["id"], 1_999, charge["createdAt"])
    assert sandbox.api.get(f"/users/{person}/balances").json()["balanceDue"] == 1_999


def test_a_company_is_charged_and_so_it_is_for_its_people(sandbox):
    card = sandbox.card(company=True)
    own = post(sandbox, "companies", card["companyId"]).json()["id"]
    for_employee = post(sandbox, "users", card["userId"]).json()["id"]
    fees = [sandbox.api.get(f"/transactions/{one}").json()["fee"] for one in (own, for_employee)]
    assert [(fee["companyId"], "userId" in fee) for fee in fees] == [(card["companyId"], False)] * 2


def test_a_charge_may_have_an_id_of_its_own(sandbox, person):
    sandbox.switch(charge_id="own")
    charge = post(sandbox, "users", person).json()["id"]
    assert sandbox.api.get(f"/transactions/{charge}").status_code == 404
    assert (
        sandbox.api.get("/transactions", params={"userId": person, "type": "fee"}).json()[0]["fee"]["amount"] == 1_999
    )


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": -5}, "amount"),
        ({"amount": "19.99"}, "amount"),
        ({"description": ""}, "description"),
        ({"description": None}, "description"),
    ],
)
def test_a_wrong_field_is_refused_by_name(sandbox, person, wrong, named):
    answer = post(sandbox, "users", person, FEE | wrong)
    assert answer.status_code == 400
    assert f"body/{named}" in answer.json()["message"] or f"'{named}'" in answer.json()["message"]
    assert sandbox.api.get("/transactions", params={"userId": person, "type": "fee"}).json() == []


def test_only_who_is_approved_and_known_is_charged(sandbox):
    assert post(sandbox, "users", sandbox.person("denied")["id"]).status_code == 403
    assert post(sandbox, "users", "nobody").json() == {"error": "user not found"}
    assert post(sandbox, "companies", "nobody").json() == {"error": "company not found"}


def test_an_idempotency_key_counts_only_where_it_is_honoured(sandbox, person):
    ids = {post(sandbox, "users", person, **{"Idempotency-Key": "k-1"}).json()["id"] for _ in range(2)}
    assert len(ids) == 2
    sandbox.switch(honours_idempotency_key="on", charge_id="own")
    ids = {post(sandbox, "users", person, **{"Idempotency-Key": "k-2"}).json()["id"] for _ in range(2)}
    assert len(ids) == 1
    assert len(sandbox.api.get("/transactions", params={"userId": person, "type": "fee"}).json()) == 3
