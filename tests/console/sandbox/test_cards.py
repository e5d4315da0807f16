"""Issuing and changing cards."""

import pytest

LIMIT = {"amount": 50_000, "frequency": "per30DayPeriod"}
SHIPPING = {
    "firstName": "Ana",
    "lastName": "Test",
    "phoneNumber": "351910000000",
    "method": "international",
    "line1": "1 Main St",
    "city": "Lisbon",
    "postalCode": "1000",
    "countryCode": "PT",
}


def issue(sandbox, user, headers=None, **body):
    return sandbox.api.post(f"/users/{user['id']}/cards", json={"type": "virtual"} | body, headers=headers)


def test_a_virtual_card_is_active_at_once(sandbox):
    user = sandbox.person()
    answer = issue(sandbox, user, limit=LIMIT, configuration={"displayName": "ANA TEST"})
    card = answer.json()
    assert answer.status_code == 201
    assert (card["status"], card["limit"], card["userId"]) == ("active", LIMIT, user["id"])
    assert "displayName" not in card["configuration"]
    assert not {"number", "cvv"} & set(card)
    assert card["id"] in [one["id"] for one in sandbox.api.get(f"/users/{user['id']}/cards").json()]


def test_a_physical_card_needs_an_address_and_waits_for_activation(sandbox):
    user = sandbox.person()
    assert issue(sandbox, user, type="physical").status_code == 400
    lacking = {name: value for name, value in SHIPPING.items() if name != "phoneNumber"}
    assert "phoneNumber" in issue(sandbox, user, type="physical", shipping=lacking).json()["message"]
    card = issue(sandbox, user, type="physical", shipping=SHIPPING).json()
    assert card["status"] == "notActivated"
    assert sandbox.story("ship_card", cardId=card["id"])["status"] == "notActivated"
    sandbox.api.patch(f"/cards/{card['id']}", json={"status": "active"})
    assert sandbox.api.get(f"/cards/{card['id']}").json()["status"] == "active"


def test_only_the_approved_get_cards(sandbox):
    answer = issue(sandbox, sandbox.person("needsInformation"))
    assert answer.status_code == 403
    assert "needsInformation" in answer.json()["message"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "paper"},
        {"type": None},
        {"limit": {"amount": 100}},
        {"limit": {"amount": 100, "frequency": "monthly"}},
        {"limit": {"amount": 1.5, "frequency": "allTime"}},
        {"limit": {"amount": -1, "frequency": "allTime"}},
        {"limit": {"amount": True, "frequency": "allTime"}},
        {"configuration": {"displayName": "A" * 27}},
        {"configuration": {"displayName": "JOSÉ"}},
        {"configuration": {"displayName": "A & B"}},
    ],
)
def test_a_wrong_field_is_refused_by_name(sandbox, wrong):
    answer = issue(sandbox, sandbox.person(), **wrong)
    assert answer.status_code == 400
    assert next(iter(wrong)) in answer.json()["message"]
    assert sandbox.control("GET", "effects?method=POST")["count"] == 0


@pytest.mark.parametrize(
    "frequency",
    ["per24HourPeriod", "per7DayPeriod", "per30DayPeriod", "perYearPeriod", "allTime", "perAuthorization"],
)
def test_six_frequencies_are_known(sandbox, frequency):
    card = issue(sandbox, sandbox.person(), limit={"amount": 100, "frequency": frequency}).json()
    assert card["limit"]["frequency"] == frequency


def test_a_change_echoes_the_card_before_it(sandbox):
    card = sandbox.card()
    echo = sandbox.api.patch(f"/cards/{card['id']}", json={"status": "locked", "limit": LIMIT})
    assert (echo.status_code, echo.json()["status"]) == (200, "active")
    after = sandbox.api.get(f"/cards/{card['id']}").json()
    assert (after["status"], after["limit"]) == ("locked", LIMIT)
    assert after["updatedAt"] > card["updatedAt"]
    sandbox.switch(patch_echo="fresh")
    assert sandbox.api.patch(f"/cards/{card['id']}", json={"status": "active"}).json()["status"] == "active"


def test_canceled_is_the_end(sandbox):
    card = sandbox.card("canceled")
    assert sandbox.api.patch(f"/cards/{card['id']}", json={"status": "active"}).status_code == 400
    assert sandbox.api.patch("/cards/none", json={"status": "active"}).status_code == 404


def test_an_idempotency_key_counts_only_where_it_is_honoured(sandbox):
    user, headers = sandbox.person(), {"Idempotency-Key": "k-1"}
    ids = {issue(sandbox, user, headers).json()["id"] for _ in range(2)}
    assert len(ids) == 2
    sandbox.switch(honours_idempotency_key="on")
    headers = {"Idempotency-Key": "k-2"}
    ids = {issue(sandbox, user, headers).json()["id"] for _ in range(2)}
    assert len(ids) == 1
    effects = sandbox.control("GET", f"effects?method=POST&path=/users/{user['id']}/cards")
    assert [one["idempotency_key"] for one in effects["effects"]] == ["k-1", "k-1", "k-2", "k-2"]
