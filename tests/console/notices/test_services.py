"""Who is told what, and how: by choice, by role, once, and without what they may not read."""

import zoneinfo
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.translation import gettext_lazy

from console.access import Permission
from console.notices import services
from console.notices.kinds import KINDS, Kind, Mail
from console.notices.models import Notice
from tests.factories import make_staff

pytestmark = pytest.mark.django_db


def told(person):
    return list(Notice.objects.filter(person=person).order_by("pk").values_list("words", flat=True))


def test_a_key_is_told_once_to_each_person():
    olga, ada = make_staff("operations"), make_staff("admin")
    for words in ("first", "again"):
        services.tell([olga.pk, ada.pk, olga.pk], Kind.MENTION, words=words, url="/cards/1/", key="note:1")
    services.tell([olga.pk], Kind.MENTION, words="another", url="/cards/1/", key="note:2")
    assert (told(olga), told(ada)) == (["first", "another"], ["first"])


def test_without_a_key_each_is_a_notice_of_its_own():
    olga = make_staff("operations")
    for words in ("one", "two"):
        services.tell([olga.pk], Kind.MENTION, words=words, url="/")
    assert told(olga) == ["one", "two"]


def test_nobody_is_told_of_what_they_may_not_open():
    viewer, finance, gone = make_staff("viewer"), make_staff("finance"), make_staff("finance", is_active=False)
    services.tell([viewer.pk, finance.pk, gone.pk], Kind.BREAK, words="A break is yours.", url="/reconciliation/")
    assert (told(viewer), told(finance), told(gone)) == ([], ["A break is yours."], [])


def test_a_name_is_for_those_who_may_read_it():
    olga, vic = make_staff("operations"), make_staff("viewer")
    words = {"words": "Ana Marinho wrote", "masked": "A. M. wrote"}
    services.tell([olga.pk, vic.pk], Kind.MENTION, url="/", **words)
    assert (told(olga), told(vic)) == (["Ana Marinho wrote"], ["A. M. wrote"])


def test_lazy_words_are_kept_as_words():
    olga = make_staff("operations")
    services.tell([olga.pk], Kind.MENTION, words=gettext_lazy("Done"), url="/")
    assert told(olga) == ["Done"]


def test_a_choice_decides_how_it_is_heard():
    olga = make_staff("operations")
    services.choose(olga.pk, Kind.MENTION, app=False, mail=Mail.NEVER)
    services.tell([olga.pk], Kind.MENTION, words="nowhere", url="/")
    assert told(olga) == []
    services.choose(olga.pk, Kind.MENTION, app=False, mail=Mail.NOW)
    services.tell([olga.pk], Kind.MENTION, words="mailed", url="/")
    notice = Notice.objects.get()
    assert (notice.shown, notice.mail_at <= timezone.now() + services.SOON) == (False, True)
    assert not services.unseen(olga.pk).exists()


def test_what_somebody_waits_for_is_always_shown():
    olga = make_staff("operations")
    services.choose(olga.pk, Kind.OUTCOME, app=False, mail=Mail.NEVER)
    services.tell([olga.pk], Kind.OUTCOME, words="Lock card: Done", url="/")
    assert [notice.words for notice in services.unseen(olga.pk)] == ["Lock card: Done"]


def test_a_digest_waits_for_the_persons_own_morning():
    olga = make_staff("operations", time_zone="Pacific/Auckland")
    services.choose(olga.pk, Kind.MENTION, app=True, mail=Mail.DIGEST)
    services.tell([olga.pk], Kind.MENTION, words="later", url="/")
    due = Notice.objects.get().mail_at
    assert timezone.now() < due <= timezone.now() + timedelta(days=1, hours=1)
    assert due.astimezone(zoneinfo.ZoneInfo("Pacific/Auckland")).hour == services.DIGEST_HOUR


def test_seeing_is_by_key_by_id_or_all_and_only_ones_own():
    olga, other = make_staff("operations"), make_staff("operations")
    for key in ("a", "b", "c"):
        services.tell([olga.pk, other.pk], Kind.MENTION, words=key, url="/", key=key)
    assert services.see(olga.pk, keys=["a"]) == 1
    assert services.see(olga.pk, ids=Notice.objects.filter(person=other).values_list("pk", flat=True)) == 0
    assert services.see(olga.pk) == 2
    assert services.unseen(other.pk).count() == 3


def test_telling_many_takes_the_same_three_queries(django_assert_num_queries):
    people = [make_staff("operations").pk for _ in range(5)]
    with django_assert_num_queries(3):
        services.tell(people, Kind.MENTION, words="all of you", url="/")
    assert Notice.objects.count() == 5


def test_those_who_may_are_found_by_role():
    ada = make_staff("admin")
    make_staff("operations")
    make_staff("admin", is_active=False)
    assert services.able(Permission.STAFF_MANAGE) == [ada.pk]


def test_every_kind_has_its_place_in_the_table():
    assert list(KINDS) == list(Kind)
