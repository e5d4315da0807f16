"""E-mails about notices: gathered, without anything of what happened, never twice, and only to who may still be told."""

import smtplib
import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection
from django.utils import timezone

from console.notices import mailing, services
from console.notices.kinds import Kind, Mail
from console.notices.models import Notice
from console.staff.models import User
from tests.factories import make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def olga(db) -> User:
    person = make_staff("operations", email="olga@staff.test")
    services.choose(person.pk, Kind.MENTION, app=True, mail=Mail.NOW)
    return person


def told(person, words="Ana Marinho asks about 4242", **more):
    services.tell([person.pk], Kind.MENTION, words=words, url="/cards/17/", **more)


def later():
    Notice.objects.exclude(mail_at=None).update(mail_at=timezone.now() - timedelta(seconds=1))


def test_what_comes_together_goes_together_and_once(olga):
    told(olga)
    told(olga)
    assert mailing.send_due() == 0  # not yet: it may be read first
    later()
    assert mailing.send_due() == 1
    assert mailing.send_due() == 0
    (message,) = mail.outbox
    assert message.to == ["olga@staff.test"]
    assert message.subject == "Deckhand: Mentions"


def test_an_email_holds_kinds_and_links_and_nothing_of_what_happened(olga):
    told(olga)
    later()
    mailing.send_due()
    (message,) = mail.outbox
    notice = Notice.objects.get()
    for text in (message.body, message.alternatives[0].content):
        assert "Mentions" in text
        assert f"/notices/{notice.pk}/" in text
        assert "/notices/settings/" in text
        assert not any(word in text for word in ("Ana", "Marinho", "4242"))


def test_what_was_read_first_is_not_mailed(olga):
    told(olga)
    services.see(olga.pk)
    later()
    assert mailing.send_due() == 0
    assert not Notice.objects.exclude(mail_at=None).exists()


@pytest.mark.parametrize("change", [{"is_active": False}, {"roles": []}])
def test_nobody_is_mailed_who_may_not_be_told_any_more(olga, change):
    told(olga)
    User.objects.filter(pk=olga.pk).update(**change)
    later()
    assert mailing.send_due() == 0
    assert mail.outbox == []


def test_a_person_gets_at_most_one_email_in_five_minutes(olga):
    told(olga)
    later()
    mailing.send_due()
    told(olga)
    later()
    assert mailing.send_due() == 0
    Notice.objects.exclude(mailed_at=None).update(mailed_at=timezone.now() - mailing.APART)
    assert mailing.send_due() == 1


def test_a_digest_is_one_email_of_all_that_waited(olga):
    services.choose(olga.pk, Kind.MENTION, app=True, mail=Mail.DIGEST)
    for _ in range(mailing.LISTED + 3):
        told(olga)
    assert mailing.send_due() == 0
    later()
    assert mailing.send_due() == 1
    body = mail.outbox[0].body
    assert body.count("/notices/") == mailing.LISTED + 2  # each of the listed, all of them, and the settings
    assert "And 3 more" in body


class Refusing(EmailBackend):
    """A mail server that takes nothing now, and says so."""

    def send_messages(self, messages):
        raise smtplib.SMTPResponseException(451, "try later")


class Dropping(EmailBackend):
    """One that goes away in the middle: it may have taken the e-mail."""

    def send_messages(self, messages):
        super().send_messages(messages)
        raise smtplib.SMTPServerDisconnected("gone")


class Away(EmailBackend):
    def open(self):
        raise ConnectionRefusedError


@pytest.mark.parametrize("backend", ["Refusing", "Away"])
def test_a_server_that_did_not_take_it_is_tried_again_with_pauses_and_then_no_more(olga, settings, backend):
    settings.EMAIL_BACKEND = f"{__name__}.{backend}"
    told(olga)
    waits = []
    for _ in range(mailing.TRIES):
        later()
        assert mailing.send_due() == 0
        notice = Notice.objects.get()
        waits.append(notice.mail_at and round((notice.mail_at - timezone.now()).total_seconds() / 60))
        assert notice.mailed_at is None
    assert waits == [1, 5, 15, 60, 240, None]


def test_what_may_have_gone_out_is_not_sent_again(olga, settings):
    settings.EMAIL_BACKEND = f"{__name__}.Dropping"
    told(olga)
    later()
    mailing.send_due()
    later()
    mailing.send_due()
    assert len(mail.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_one_email(olga):
    told(olga)
    later()
    start = threading.Barrier(2)

    def work():
        start.wait()
        mailing.send_due()
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(mail.outbox) == 1
