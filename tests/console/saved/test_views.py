"""Saved views: kept for oneself or for all, opened as they were, and never telling what somebody typed."""

from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from cards.models import Card
from console.audit.models import Entry
from console.saved import services
from console.saved.models import Habit, SavedView
from tests.factories import make_card, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Client:
    return _client("operations")


@pytest.fixture
def rui() -> Client:
    return _client("operations")


def _client(*roles: str) -> Client:
    client = Client()
    client.user = make_staff(*roles)
    client.force_login(client.user)
    return client


def save(client: Client, query: str, name: str = "Locked", **given: str):
    address = reverse("saved:new", query={"list": "cards:list", "query": query})
    return client.post(address, {"name": name} | given)


def tabs(client: Client, query: str = "") -> list[str]:
    return [tab.name for tab in client.get(f"/cards/{query}").context["page"].saved.tabs]


def test_a_view_keeps_filters_sort_and_columns_but_not_the_place(ana):
    answer = save(ana, "status=locked&sort=-limit&columns=last4,limit&cursor=abc&type=&view=9")
    view = SavedView.objects.get()
    assert (view.owner, view.list, view.query) == (
        ana.user, "cards:list", "columns=last4,limit&sort=-limit&status=locked",
    )  # fmt: skip
    assert answer.status_code == 303
    page = ana.get(answer["Location"]).context["page"]
    assert [column.key for column in page.columns] == ["last4", "limit"]
    assert (page.sort, page.saved.current, page.is_unsaved) == ("-limit", view, False)


def test_what_the_screen_shows_beyond_the_view_is_unsaved_until_it_is_saved(ana):
    save(ana, "status=locked")
    view = SavedView.objects.get()
    changed = f"/cards/?status=active&view={view.pk}"
    page = ana.get(changed).context["page"]
    assert page.is_unsaved
    ana.post(reverse("saved:update", args=[view.pk]), {"query": page.to_save})
    view.refresh_from_db()
    assert view.query == "status=active"
    assert not ana.get(changed).context["page"].is_unsaved


def test_the_order_of_filters_in_an_address_is_no_change(ana):
    save(ana, "status=locked&type=virtual")
    view = SavedView.objects.get()
    assert not ana.get(f"/cards/?type=virtual&view={view.pk}&status=locked").context["page"].is_unsaved


def test_a_view_is_ones_own_until_it_is_shared(ana, rui):
    save(ana, "status=locked")
    assert (tabs(ana), tabs(rui)) == (["Locked"], [])
    view = SavedView.objects.get()
    assert rui.get(reverse("saved:edit", args=[view.pk])).status_code == 404
    ana.post(reverse("saved:edit", args=[view.pk]), {"name": "Locked now", "shared": "on"})
    assert tabs(rui) == ["Locked now"]


def test_only_the_owner_or_an_administrator_changes_a_shared_view(ana, rui):
    save(ana, "status=locked", shared="on")
    view = SavedView.objects.get()
    for route in ("saved:update", "saved:delete"):
        assert rui.post(reverse(route, args=[view.pk]), {"query": "status=active"}).status_code == 404
    rui.post(reverse("saved:edit", args=[view.pk]), {"name": "Mine now", "shared": ""})
    view.refresh_from_db()
    assert (view.name, view.shared, view.query) == ("Locked", True, "status=locked")
    admin = _client("admin")
    assert admin.post(reverse("saved:update", args=[view.pk]), {"query": "status=active"}).status_code == 303
    assert admin.post(reverse("saved:delete", args=[view.pk])).status_code == 303
    assert not SavedView.objects.exists()


def test_an_administrator_does_not_reach_what_is_not_shared(ana):
    save(ana, "status=locked")
    assert _client("admin").post(reverse("saved:delete", args=[SavedView.objects.get().pk])).status_code == 404


def test_a_list_one_may_not_open_has_no_views(ana):
    viewer = _client("viewer")
    for name in ("staff:list", "cards:detail", "nonsense"):
        address = reverse("saved:new", query={"list": name, "query": ""})
        assert viewer.post(address, {"name": "Staff"}).status_code == 404
    SavedView.objects.create(owner=ana.user, list="staff:list", name="Old", shared=True)
    assert services.of(viewer.user) == []
    assert [found.name for found in services.of(_client("admin").user)] == ["Old"]


def test_views_of_all_lists_are_found_at_once_with_their_addresses(ana, rui):
    save(ana, "status=locked", shared="on")
    SavedView.objects.create(owner=rui.user, list="transactions:list", name="Declined", query="status=declined")
    found = {(each.name, str(each.list_title), each.shared) for each in services.of(rui.user)}
    assert found == {("Locked", "Cards", True), ("Declined", "Transactions", False)}
    for each in services.of(rui.user):
        assert rui.get(each.url).context["page"].saved.current.name == each.name


def test_a_shared_search_is_kept_from_those_who_do_not_read_names(ana):
    save(ana, "q=Marinho", shared="on")
    viewer = _client("viewer")
    assert tabs(viewer) == []
    assert b"Marinho" not in viewer.get("/cards/").content
    assert tabs(_client("compliance")) == ["Locked"]


def test_sharing_is_written_down_without_what_was_typed(ana):
    save(ana, "q=Marinho&status=locked&columns=last4,limit", name="Marinho's cards", shared="on")
    view = SavedView.objects.get()
    ana.post(reverse("saved:update", args=[view.pk]), {"query": "q=Marinho"})
    ana.post(reverse("saved:delete", args=[view.pk]))
    entries = Entry.objects.filter(action__startswith="view:").order_by("pk")
    assert [entry.action for entry in entries] == ["view:share", "view:change", "view:delete"]
    assert entries[0].detail["filters"] == ["q", "status"]
    assert "Marinho" not in str([(entry.detail, entry.reason) for entry in entries])


def test_what_one_keeps_for_oneself_is_nobody_elses_business(ana):
    save(ana, "status=locked")
    assert not Entry.objects.filter(action__startswith="view:").exists()


def test_a_name_is_used_once(ana):
    save(ana, "status=locked")
    answer = save(ana, "status=active")
    assert answer.status_code == 422
    assert "another name" in unescape(answer.content.decode())
    assert SavedView.objects.count() == 1


def test_the_usual_view_opens_at_the_bare_address_and_all_is_still_there(ana, rui):
    save(ana, "status=locked&sort=-limit", usual="on")
    view = SavedView.objects.get()
    answer = ana.get("/cards/")
    assert answer.status_code == 302
    assert parse_qs(urlsplit(answer["Location"]).query) == {
        "status": ["locked"], "sort": ["-limit"], "view": [str(view.pk)],
    }  # fmt: skip
    page = ana.get(answer["Location"]).context["page"]
    assert page.saved.all_url == "/cards/?view=all"
    assert "view=all" in page.clear_url  # clearing the filters must not lead back into them
    assert ana.get(page.clear_url).status_code == 200
    assert ana.get("/cards/?status=active").status_code == 200
    assert rui.get("/cards/").status_code == 200


def test_somebody_elses_shared_view_can_be_ones_usual_one(ana, rui):
    save(ana, "status=locked", shared="on")
    view = SavedView.objects.get()
    rui.post(reverse("saved:edit", args=[view.pk]), {"usual": "on"})
    assert rui.get("/cards/").status_code == 302
    assert ana.get("/cards/").status_code == 200
    ana.post(reverse("saved:edit", args=[view.pk]), {"name": "Locked"})  # no longer shared
    assert rui.get("/cards/").status_code == 200
    ana.post(reverse("saved:delete", args=[view.pk]))
    assert Habit.objects.get(owner=rui.user).view is None


def test_a_stale_view_opens_and_says_what_was_left_out(ana):
    make_card()
    view = SavedView.objects.create(
        owner=ana.user, list="cards:list", name="Old", query="colour=red&limit_from=lots&sort=-weight&status=active"
    )
    answer = ana.get(services.url_of(view))
    page = answer.context["page"]
    assert answer.status_code == 200
    assert page.notice.startswith("Part of this view no longer applies")
    assert all(word in page.notice for word in ("colour", "Limit from", "sort"))
    assert page.rows == list(Card.objects.filter(state="active"))


def test_usual_columns_hold_where_the_address_names_none(ana, rui):
    def columns(client: Client, query: str = "") -> list[str]:
        return [column.key for column in client.get(f"/cards/{query}").context["page"].columns]

    given = {"list": "cards:list", "columns": "last4,limit,gone,status", "query": "status=active"}
    answer = ana.post(reverse("saved:columns"), given)
    assert (answer.status_code, answer["Location"]) == (303, "/cards/?status=active")
    assert columns(ana) == ["last4", "limit", "status"]
    assert ana.get("/cards/").context["page"].notice == ""  # a column that went away is no news
    assert columns(ana, "?columns=last4,type") == ["last4", "type"]
    assert columns(rui) != columns(ana)
    ana.post(reverse("saved:columns"), {"list": "cards:list", "columns": ""})
    assert columns(ana) == columns(rui)


@pytest.mark.parametrize("query", ["status=" + "x" * 3000, "q=" + "é" * 900])
def test_a_view_too_long_to_keep_is_refused_in_words(ana, query):
    answer = save(ana, query)
    assert answer.status_code == 422
    assert "too long" in answer.content.decode()


def test_columns_that_no_database_could_hold_are_not_kept(ana):
    assert ana.post("/views/columns/", {"list": "cards:list", "columns": "last4,\0status"}).status_code == 303
    assert Habit.objects.get().columns == "last4,status"
