"""The bell, the page of notices, and the settings: one's own, and only what is for one's role."""

import pytest

from console.notices import services
from console.notices.kinds import KINDS, Kind, Mail
from console.notices.models import Choice, Notice
from tests.factories import make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def olga(db):
    return make_staff("operations")


@pytest.fixture
def olga_s(client, olga):
    client.force_login(olga)
    return client


def tell(person, words, kind=Kind.MENTION, url="/cards/1/"):
    services.tell([person.pk], kind, words=words, url=url)
    return Notice.objects.get(words=words)


def test_the_bell_counts_up_to_nine(olga_s, olga):
    assert 'class="count"' not in olga_s.get("/notices/settings/").content.decode()
    for n in range(9):
        tell(olga, f"n{n}")
    assert ">9<" in olga_s.get("/notices/settings/").content.decode()
    tell(olga, "one more")
    assert ">9+<" in olga_s.get("/notices/settings/").content.decode()


def test_behind_the_bell_are_the_newest_and_only_ones_own(olga_s, olga):
    tell(make_staff("operations"), "for another")
    for n in range(10):
        tell(olga, f"notice {n}")
    page = olga_s.get("/notices/latest/").content.decode()
    assert page.index("notice 9") < page.index("notice 2")
    assert "notice 1<" not in page
    assert "for another" not in page


def test_opening_one_leads_there_and_is_reading_it(olga_s, olga, client_as):
    notice = tell(olga, "named", url="/cards/5/")
    assert client_as("operations").get(f"/notices/{notice.pk}/").status_code == 404
    assert olga_s.get(f"/notices/{notice.pk}/").url == "/cards/5/"
    assert not services.unseen(olga.pk).exists()


def test_the_page_filters_and_marks(olga_s, olga):
    first, _second = tell(olga, "first"), tell(olga, "second", Kind.OUTCOME)
    olga_s.post(f"/notices/{first.pk}/seen/")
    unread = olga_s.get("/notices/", {"unread": "yes"}).content.decode()
    assert ("first" in unread.split("<tbody>")[1], "second" in unread.split("<tbody>")[1]) == (False, True)
    assert "second" not in olga_s.get("/notices/", {"kind": "mention"}).content.decode().split("<tbody>")[1]
    olga_s.post("/notices/seen/")
    assert not services.unseen(olga.pk).exists()
    assert "Nothing matches" in olga_s.get("/notices/", {"unread": "yes"}).content.decode()


def test_only_kinds_of_ones_role_can_be_chosen(olga_s, olga):
    page = olga_s.get("/notices/settings/").content.decode()
    assert 'name="mention_mail"' in page
    assert 'name="health_mail"' not in page
    assert olga.email in page


def test_a_choice_is_kept_and_counts(olga_s, olga):
    kinds = [kind for kind, about in KINDS.items() if olga.may(about.needs)]
    given = {f"{kind}_mail": "never" for kind in kinds} | {"mention_mail": "now"}  # no box ticked
    assert olga_s.post("/notices/settings/", given).status_code == 303
    held = {c.kind: (c.app, c.mail) for c in Choice.objects.filter(person=olga)}
    assert held["mention"] == (False, Mail.NOW)
    assert held["outcome"] == (True, Mail.NEVER)  # always in the app
    services.tell([olga.pk], Kind.MENTION, words="by e-mail alone", url="/")
    assert "by e-mail alone" not in olga_s.get("/notices/").content.decode()


def test_a_word_nobody_offers_is_refused(olga_s, olga):
    answer = olga_s.post("/notices/settings/", {"mention_mail": "hourly"})
    assert answer.status_code == 422
    assert not Choice.objects.exists()
