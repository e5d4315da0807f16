"""Every route as every role and as a stranger, from one table."""

import pytest
from django.urls import NoReverseMatch, reverse

from console.access import PUBLIC_ROUTES, ROLE_PERMISSIONS, SIGNED_IN_ROUTES, Permission, Role, rule_for
from console.audit.models import Entry
from console.checks import routes

OUT_OF_REACH = ("account_", "mfa_", "usersessions_")


def ours() -> dict[str, object]:
    return {name: view for name, view in routes() if not name.startswith(OUT_OF_REACH)}


def address(name: str) -> str:
    """Some address of this route: who may open it does not depend on which record it names."""
    for arguments in ([], [1], ["00000000-0000-4000-8000-000000000000"], ["card", 1]):
        try:
            return reverse(name, args=arguments)
        except NoReverseMatch:
            continue
    raise AssertionError(f"no address could be made for {name}")


GUARDED = {name: rule_for(view, name) for name, view in ours().items() if rule_for(view, name) is not None}
PUBLIC = sorted(set(ours()) - set(GUARDED))


def test_the_public_routes_are_these_and_no_others():
    expected = [
        "branding:css",
        "branding:favicon",
        "branding:image",
        "branding:manifest",
        "cardholders:onboarding",  # an applicant on their own phone: the address is the secret that opens it
        "cardholders:onboarding_submitted",  # the same, when they have finished
        "cardholders:onboarding_thanks",  # where the provider's page leads afterwards; it knows nobody
        "healthz",
        "readyz",
        "webhook",
    ]
    assert expected == PUBLIC


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", sorted(GUARDED))
def test_a_stranger_is_sent_to_sign_in(client, name, method):
    answer = getattr(client, method)(address(name))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


@pytest.mark.django_db
@pytest.mark.parametrize("role", list(Role))
def test_each_role_opens_what_its_permissions_allow_and_nothing_else(client_as, role):
    client = client_as(role.value)
    client.raise_request_exception = False
    wrong = []
    for name, needed in GUARDED.items():
        expected = set(needed) <= ROLE_PERMISSIONS[role]
        for headers in ({}, {"hx-request": "true"}):
            refused = client.get(address(name), headers=headers).status_code == 403
            wrong += [(name, headers)] if refused == expected else []
    assert wrong == []


@pytest.mark.django_db
def test_a_refusal_is_written_down(client_as):
    client_as("viewer").get(reverse("staff:list"))
    entry = Entry.objects.get(action="access:refused")
    assert (entry.outcome, entry.detail["permission"], entry.actor_roles) == ("refused", "staff:manage", "viewer")


@pytest.mark.django_db
def test_somebody_without_a_role_may_nothing(client_as):
    assert client_as().get(reverse("home")).status_code == 403


@pytest.mark.django_db
def test_losing_a_role_counts_at_the_next_request(client_as):
    from console.staff.models import User

    client = client_as("admin")
    assert client.get(reverse("staff:list")).status_code == 200
    User.objects.update(roles=["viewer"])
    assert client.get(reverse("staff:list")).status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["account_signup", "account_email", "mfa_index", "usersessions_list"])
def test_what_is_not_offered_yet_does_not_exist(client_as, name):
    assert client_as("admin").get(reverse(name)).status_code == 404


def test_every_permission_belongs_to_somebody():
    held = set().union(*ROLE_PERMISSIONS.values())
    assert held == set(Permission)


def test_the_tables_of_foreign_routes_name_routes_that_exist():
    names = {name for name, _ in routes()}
    assert names >= (PUBLIC_ROUTES | SIGNED_IN_ROUTES)
