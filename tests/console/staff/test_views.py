"""Staff: added, changed and shut out by an administrator; one's own zone by everybody."""

import pytest
from django.urls import reverse

from console.audit.events import Action
from console.audit.models import Entry
from console.staff.models import User
from tests.factories import make_staff

pytestmark = pytest.mark.django_db
PASSWORD = "eleven purple tractors"
NEW = {"email": "rita@staff.test", "name": "Rita", "roles": ["finance", "viewer"], "password": PASSWORD}


@pytest.fixture
def admin(client_as):
    return client_as("admin")


def test_only_administrators_come_here(client_as):
    for role in ("viewer", "operations", "compliance", "finance"):
        for name in ("list", "new"):
            assert client_as(role).get(reverse(f"staff:{name}")).status_code == 403


def test_somebody_new_can_sign_in(admin, client):
    answer = admin.post(reverse("staff:new"), NEW)
    assert answer.status_code == 303
    assert client.login(email="rita@staff.test", password=PASSWORD)
    assert User.objects.get(email="rita@staff.test").roles == ["finance", "viewer"]
    assert Entry.objects.filter(action=Action.STAFF_CREATE).count() == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"password": "short"}, "password"),
        ({"password": "rita@staff.test"}, "password"),
        ({"email": "nobody"}, "email"),
        ({"roles": []}, "roles"),
        ({"roles": ["owner"]}, "roles"),
        ({"email": "TAKEN@staff.test"}, "email"),
    ],
)
def test_an_error_keeps_what_was_typed(admin, wrong, field):
    make_staff("viewer", email="taken@staff.test")
    answer = admin.post(reverse("staff:new"), NEW | wrong)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert 'value="Rita"' in answer.text
    assert PASSWORD not in answer.text
    assert not User.objects.filter(name="Rita").exists()


def test_roles_change_and_sessions_end(admin, client_as):
    theirs = client_as("operations")
    person = User.objects.get(pk=theirs.session["_auth_user_id"])
    held = {"name": "New Name", "roles": ["viewer"], "time_zone": "Europe/Lisbon"}
    admin.post(reverse("staff:edit", args=[person.pk]), held | {"is_active": "on"})
    person.refresh_from_db()
    assert (person.name, person.roles, person.time_zone) == ("New Name", ["viewer"], "Europe/Lisbon")
    assert theirs.get("/").status_code == 200
    admin.post(reverse("staff:edit", args=[person.pk]), held)
    assert theirs.get("/").status_code == 302


def test_the_last_administrator_stays(admin):
    me = User.objects.get(pk=admin.session["_auth_user_id"])
    answer = admin.post(
        reverse("staff:edit", args=[me.pk]),
        {"name": "Ada", "roles": ["viewer"], "time_zone": "UTC", "is_active": "on"},
    )
    assert answer.status_code == 422
    assert "last administrator" in answer.text
    assert 'value="Ada"' in answer.text
    me.refresh_from_db()
    assert me.roles == ["admin"]


def test_everybody_sets_their_own_zone_and_nothing_else(client_as):
    client = client_as("viewer")
    answer = client.post(
        reverse("staff:me"), {"time_zone": "Asia/Tokyo", "roles": ["admin"], "name": "Boss", "is_active": ""}
    )
    assert answer.status_code == 303
    me = User.objects.get(pk=client.session["_auth_user_id"])
    assert (me.time_zone, me.roles, me.is_active) == ("Asia/Tokyo", ["viewer"], True)
    assert me.name != "Boss"
    assert client.post(reverse("staff:me"), {"time_zone": "Mars/Olympus"}).status_code == 422


def test_an_unusual_zone_is_kept(admin):
    person = make_staff("viewer", time_zone="Etc/GMT+5")
    page = admin.get(reverse("staff:edit", args=[person.pk]))
    assert '<option value="Etc/GMT+5" selected>' in page.text


def test_the_list_filters_and_sorts(admin):
    make_staff("finance", name="Zora")
    make_staff("operations", "finance", name="Abel", is_active=False)

    def names(**query):
        return [member.name for member in admin.get(reverse("staff:list"), query).context["page"].rows]

    assert names(role="finance") == ["Abel", "Zora"]
    assert names(role="finance", sort="-name") == ["Zora", "Abel"]
    assert names(role="finance", may="no") == ["Abel"]
    assert names(q="zor") == ["Zora"]
    assert names(q="nobody at all") == []


def test_pages_and_amounts_are_in_the_language_a_person_chose(client_as):
    client = client_as("viewer")
    page = client.get(reverse("staff:me"), headers={"accept-language": "es"})
    assert ('<html lang="es"' in page.text, page.headers["Content-Language"]) == (True, "es")
    client.post(reverse("staff:me"), {"time_zone": "UTC", "language": "it", "shortcuts": "on"})
    page = client.get(reverse("staff:me"), headers={"accept-language": "es"})
    assert ('<html lang="it"' in page.text, page.headers["Content-Language"]) == (True, "it")
    assert client.post(reverse("staff:me"), {"time_zone": "UTC", "language": "tlh"}).status_code == 422


def test_single_key_shortcuts_can_be_switched_off(client_as):
    client = client_as("viewer")
    assert "data-keys" not in client.get(reverse("staff:me")).text
    client.post(reverse("staff:me"), {"time_zone": "UTC"})
    assert 'data-keys="off"' in client.get(reverse("staff:me")).text
