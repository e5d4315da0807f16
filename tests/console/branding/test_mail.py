"""E-mails in the partner's name: two halves that say the same."""

import pytest
from django.core import mail as box

from console.access import SYSTEM
from console.branding import brand, mail, services
from console.branding.images import picture
from tests.console.branding.test_images import png
from tests.factories import make_staff

pytestmark = pytest.mark.django_db
BRAND = {"name": "Harbour Pay", "accent": "#b00020", "support_email": "help@harbour.test"}


def test_a_forgotten_password_is_answered_in_the_brands_name(client, settings):
    settings.PUBLIC_URL, settings.DEFAULT_FROM_EMAIL = "https://console.harbour.test", "robot@harbour.test"
    services.save(BRAND, {"logo": picture(png())}, actor=SYSTEM)
    person = make_staff("viewer")
    client.post("/accounts/password/reset/", {"email": person.email})
    (sent,) = box.outbox
    ((html, kind),) = sent.alternatives
    assert (sent.subject, sent.from_email, sent.reply_to) == (
        "Choose a new password", "Harbour Pay <robot@harbour.test>", ["help@harbour.test"],
    )  # fmt: skip
    assert kind == "text/html"
    assert f'src="https://console.harbour.test{brand().logo_url}"' in html
    assert "background:#b00020;color:#ffffff" in html
    for half in (html, sent.body):
        assert "/accounts/password/reset/key/" in half
        assert "help@harbour.test" in half
        assert "Harbour Pay" in half
    assert "<" not in sent.body


def test_a_changed_password_is_told_with_when_and_from_where(client):
    services.save(BRAND, {}, actor=SYSTEM)
    person = make_staff("viewer")
    client.force_login(person)
    passwords = {
        "oldpassword": "made up pass phrase",
        "password1": "another long phrase",
        "password2": "another long phrase",
    }
    client.post("/accounts/password/change/", passwords)
    (sent,) = box.outbox
    assert sent.subject == "Your password was changed"
    assert "From address 127.0.0.1" in sent.body
    assert "Harbour Pay" in sent.alternatives[0][0]


def test_a_logo_that_mail_programs_do_not_draw_gives_way_to_the_name():
    drawing = picture(b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4"/>')
    services.save(BRAND, {"logo": drawing}, actor=SYSTEM)
    mail.send("ana@holder.test", "Hello", "email/plain.html", {"text": "One\n\nTwo"})
    ((html, _kind),) = box.outbox[0].alternatives
    assert "<img" not in html
    assert box.outbox[0].body.startswith("Harbour Pay\n\nOne\n\nTwo\n")


def test_what_is_written_by_others_stays_words():
    mail.send("ana@holder.test", "Hello", "email/plain.html", {"text": "<script>x</script> & more"})
    ((html, _kind),) = box.outbox[0].alternatives
    assert "<script>" not in html
    assert "<script>x</script> & more" in box.outbox[0].body


@pytest.mark.parametrize(("html", "text"), [
    ('<p>Go <a href="https://a.test/x">there</a> now</p>', "Go there: https://a.test/x now"),
    ('<a href="mailto:a@b.test">a@b.test</a>', "a@b.test"),
    ("<ul><li>One</li><li>Two</li></ul>", "- One\n- Two"),
    ("<head><title>No</title></head><h1>Yes</h1><p>and\n   so</p>", "Yes\n\nand so"),
    ('<img alt="Harbour"><br>on', "Harbour\non"),
])  # fmt: skip
def test_the_text_is_read_out_of_the_page(html, text):
    assert mail.text_of(html) == text + "\n"
