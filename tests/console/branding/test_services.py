"""The brand as it stands: each field that nobody set is the environment's."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test.utils import CaptureQueriesContext

from console.access import SYSTEM
from console.audit.models import Entry
from console.branding import brand, services
from console.branding.images import picture
from tests.console.branding.test_images import png

pytestmark = pytest.mark.django_db
WORDS = {"name": "", "accent": "", "support_email": ""}


def save(**words: str) -> list[str]:
    return services.save(WORDS | words, {}, actor=SYSTEM)


def test_the_brand_comes_from_the_environment(settings):
    settings.BRAND_NAME, settings.BRAND_LOGO, settings.BRAND_ACCENT = "Harbour Pay", "brand/favicon.svg", "#0B6"
    settings.BRAND_SUPPORT_EMAIL = "help@harbour.test"
    found = brand()
    assert (found.name, found.logo_url, found.accent) == ("Harbour Pay", "/static/brand/favicon.svg", "#00bb66")
    assert (found.initials, found.support_email, found.accent_text) == ("HP", "help@harbour.test", "#14161a")


def test_each_field_that_was_set_stands_and_each_other_is_the_environments(settings):
    settings.BRAND_NAME, settings.BRAND_ACCENT, settings.BRAND_SUPPORT_EMAIL = "Harbour", "#00bb66", "help@harbour.test"
    assert save(accent="#b00020") == ["accent"]
    found = brand()
    assert (found.name, found.accent, found.support_email) == ("Harbour", "#b00020", "help@harbour.test")
    save(name="Quay")
    assert (brand().name, brand().accent) == ("Quay", "#00bb66")


def test_a_brand_without_marks_shows_its_initials(settings):
    settings.BRAND_NAME, settings.BRAND_LOGO = "éclair", ""
    assert (brand().logo_url, brand().sign_in_url, brand().initials) == ("", "", "É")
    assert brand().favicon_url.startswith("/brand/favicon.svg?v=")


def test_images_are_set_and_taken_away_one_by_one():
    small, large = picture(png(40, 20)), picture(png(300, 400))
    assert services.save(WORDS, {"logo": small, "picture": large}, actor=SYSTEM) == ["logo", "picture"]
    assert brand().logo_url == f"/brand/{small.name}"
    assert (brand().logo.width, brand().logo.height) == (40, 20)
    assert services.save(WORDS, {"logo": None}, actor=SYSTEM) == ["logo"]
    assert (brand().logo, brand().sign_in_url) == (None, f"/brand/{large.name}")


def test_what_changed_is_written_down_by_name_alone():
    save(name="Quay", support_email="help@quay.test")
    save(name="Quay", support_email="help@quay.test")
    entry = Entry.objects.get(action="brand:edit")
    assert entry.detail == {"fields": ["name", "support_email"]}


def test_a_reset_gives_everything_back_to_the_environment(settings):
    services.save({"name": "Quay", "accent": "#b00020", "support_email": ""}, {"logo": picture(png())}, actor=SYSTEM)
    assert services.reset(actor=SYSTEM) == ["accent", "logo", "name"]
    assert (brand().name, brand().logo) == (settings.BRAND_NAME, None)


def test_it_is_looked_up_once_and_then_kept_for_some_seconds():
    services.keep(None, 0)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        for _ in range(5):
            brand()
    assert len(asked) == 1


def test_what_another_process_saved_is_seen_at_the_next_look():
    from console.branding.models import BrandSettings

    services.keep(None, 0)
    brand()
    BrandSettings.objects.create(pk=1, name="Quay")
    assert brand().name != "Quay"
    services.keep(None, 0)
    assert brand().name == "Quay"


def test_a_colour_of_the_environment_that_is_none_is_named(settings):
    settings.BRAND_ACCENT = "blue"
    with pytest.raises(ImproperlyConfigured, match="BRAND_ACCENT must be a colour such as #3b5bdb; it is 'blue'"):
        brand()
