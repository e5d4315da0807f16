"""What can be done from the box: by what the person may, and what the record's state allows."""

import pytest

from console.access import ROLE_PERMISSIONS, Role
from console.search.services import find
from console.terms import services as terms
from tests.factories import make_card, make_cardholder, make_company, make_dispute, make_transaction

pytestmark = pytest.mark.django_db


def known(row):
    terms.renew(row)
    return row


def doing(text: str, role: Role = Role.OPERATIONS) -> list[tuple[str, str, bool]]:
    answer = find(text, ROLE_PERMISSIONS[role])
    return [(hit.title, hit.url, hit.dialog) for group in answer.groups if group.key == "actions" for hit in group.hits]


@pytest.fixture
def ann():
    return known(make_cardholder(first_name="Ann", last_name="Rossi"))


@pytest.mark.parametrize(
    "text",
    ["lock 4242 ann", "Lock card 4242 Ann", "freeze the card ending in 4242 of ann", "4242 ann lock", "lock ann"],
)
def test_a_card_is_locked_by_saying_so(ann, text):
    card = make_card(ann)
    make_card(known(make_cardholder(first_name="Bob")))
    assert doing(text) == [("Lock card", f"/cards/{card.pk}/lock/", True)]


@pytest.mark.parametrize(
    ("verb", "state", "route"),
    [
        ("unlock", "locked", "unlock"), ("activate", "notactivated", "activate"), ("cancel", "active", "cancel"),
        ("change limit", "active", "limit"), ("show card number", "active", "reveal"), ("set pin", "active", "pin"),
        ("lost", "active", "replace"),
    ],
)  # fmt: skip
def test_each_action_of_a_card_has_its_words(ann, verb, state, route):
    card = make_card(ann, state=state, status=state)
    assert [url for _title, url, _dialog in doing(f"{verb} 4242")] == [f"/cards/{card.pk}/{route}/"]


def test_what_the_state_does_not_allow_is_not_offered_and_said(ann):
    make_card(ann, state="locked", status="locked")
    assert doing("lock 4242") == []
    assert find("lock 4242", ROLE_PERMISSIONS[Role.OPERATIONS]).notes == [
        "Nothing that was found is in a state that allows this: Lock card."
    ]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.FINANCE, Role.ADMIN])
def test_what_the_role_does_not_allow_is_not_offered_and_said(ann, role):
    make_card(ann)
    assert doing("lock 4242", role) == []
    assert "Your role does not allow this: Lock card." in find("lock 4242", ROLE_PERMISSIONS[role]).notes


def test_a_card_is_issued_to_who_is_approved(ann):
    known(make_cardholder(first_name="Ann", state="denied", application_status="denied"))
    assert doing("issue card ann") == [("Issue card", f"/cards/issue/{ann.pk}/", False)]
    assert doing("issue card", Role.VIEWER) == []


def test_all_cards_of_a_person_or_a_company_are_locked_by_the_longer_verb(ann):
    make_card(ann)
    firm = known(make_company(name="Ann & Sons"))
    assert doing("lock all ann") == [
        ("Lock all cards", f"/cardholders/{ann.pk}/#cardholders-actions", False),
        ("Lock all cards", f"/companies/{firm.pk}/#cardholders-actions", False),
    ]


def test_a_purchase_is_disputed_by_id_or_by_card_unless_it_is_already(ann):
    card = make_card(ann)
    settled, pending = make_transaction(card), make_transaction(card, state="pending", status="pending")
    make_dispute(make_transaction(card))
    expected = [("Open dispute", f"/transactions/{settled.pk}/dispute/", True)]
    assert doing(f"dispute {settled.codego_id}") == expected
    assert doing("dispute 4242") == expected
    assert doing(f"dispute {pending.codego_id}") == []


def test_finance_charges_companies_and_people_without_one(ann):
    firm = known(make_company(name="Harbour"))
    employed = make_cardholder(company=firm)
    assert [url for _title, url, _dialog in doing("charge harbour", Role.FINANCE)] == [f"/companies/{firm.pk}/charge/"]
    assert [url for _title, url, _dialog in doing(f"charge {ann.codego_id}", Role.FINANCE)] == [
        f"/cardholders/{ann.pk}/charge/"
    ]
    assert doing(f"charge {employed.codego_id}", Role.FINANCE) == []


@pytest.mark.parametrize(
    ("text", "role", "url"),
    [
        ("new cardholder", Role.OPERATIONS, "/cardholders/new/"), ("new report", Role.FINANCE, "/reports/new/"),
        ("reconcile now", Role.FINANCE, "/reconciliation/start/"), ("export cards", Role.FINANCE, "/cards/export/"),
    ],
)  # fmt: skip
def test_what_is_about_no_record_is_done_at_once(text, role, url):
    assert [shown for _title, shown, _dialog in doing(text, role)] == [url]
    assert doing(text, Role.VIEWER) == []


@pytest.mark.parametrize(
    ("text", "role", "urls"),
    [
        ("go to reports", Role.FINANCE, ["/reports/"]), ("reports", Role.FINANCE, ["/reports/"]),
        ("go to reports", Role.OPERATIONS, []), ("transac", Role.VIEWER, ["/transactions/"]),
    ],
)  # fmt: skip
def test_pages_are_found_by_those_who_may_open_them(text, role, urls):
    answer = find(text, ROLE_PERMISSIONS[role])
    assert [hit.url for group in answer.groups if group.key == "pages" for hit in group.hits] == urls


def test_a_verb_alone_asks_whom_it_is_about():
    answer = find("lock", ROLE_PERMISSIONS[Role.OPERATIONS])
    assert [hit.fill for group in answer.groups if group.key == "actions" for hit in group.hits] == ["Lock card "]


def test_the_beginning_of_a_verb_suggests_it():
    answer = find("iss", ROLE_PERMISSIONS[Role.OPERATIONS])
    assert [hit.fill for group in answer.groups for hit in group.hits] == ["Issue card "]


# --- the page ---
def test_the_page_works_without_script_and_keeps_what_was_typed_out_of_addresses(client_as, ann):
    card = make_card(ann)
    page = client_as("operations").post("/search/", {"q": "lock 4242 ann"}).content.decode()
    assert f'href="/cards/{card.pk}/lock/"' in page
    assert 'value="lock 4242 ann"' in page
    assert 'action="/search/"' in page
    assert "?q=" not in page


def test_the_palette_gets_options_alone(client_as, ann):
    make_card(ann)
    answer = client_as("operations").post("/search/", {"q": "4242"}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in answer
    assert 'role="option"' in answer


def test_nothing_found_says_what_else_to_try(client_as):
    page = client_as("viewer").post("/search/", {"q": "<b>zzz"}).content.decode()
    assert "Nothing found for “&lt;b&gt;zzz”" in page
    assert "by id and by last four digits" in page


def test_nothing_typed_offers_what_can_be_done(client_as):
    page = client_as("operations").get("/search/").content.decode()
    assert "Issue card" in page
    assert "/transactions/" in page
