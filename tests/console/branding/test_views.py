"""The brand's addresses, the screen that sets it, and where it shows."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from console.access import SYSTEM
from console.audit.models import Entry
from console.branding import brand, services
from console.branding.images import picture
from tests.console.branding.test_images import SVG, png

pytestmark = pytest.mark.django_db
SCREEN = "/settings/brand/"


def file(data: bytes, name: str = "mark.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type="text/html")


def test_the_style_sheet_is_kept_for_ever_under_its_own_address_and_asked_again_under_a_bare_one(client):
    named, bare = client.get(brand().css_url), client.get("/brand.css")
    assert named["Cache-Control"] == "public, max-age=31536000, immutable"
    assert (bare["Content-Type"], bare["Cache-Control"]) == ("text/css; charset=utf-8", "public, max-age=300")
    again = client.get("/brand.css", headers={"if-none-match": bare["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", bare["ETag"])
    assert client.get("/brand.css?v=another")["Cache-Control"] == "public, max-age=300"


def test_another_colour_is_another_address(client):
    before = brand().css_url
    services.save({"name": "", "accent": "#b00020", "support_email": ""}, {}, actor=SYSTEM)
    assert brand().css_url != before
    assert b"--accent:light-dark(#b00020," in client.get(brand().css_url).content
    assert b'fill="#b00020"' in client.get(brand().favicon_url).content


def test_an_image_is_served_as_what_it_is_and_can_run_nothing(client):
    services.save(dict.fromkeys(services.WORDS, ""), {"logo": picture(SVG), "favicon": picture(png())}, actor=SYSTEM)
    answer = client.get(brand().logo_url)
    assert (answer.content, answer["Content-Type"]) == (SVG, "image/svg+xml")
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get(brand().favicon_url)["Content-Type"] == "image/png"
    assert client.get("/brand/no-such.png").status_code == 404


def test_the_manifest_names_the_brand(client):
    services.save({"name": "Harbour Pay", "accent": "", "support_email": ""}, {}, actor=SYSTEM)
    said = client.get(reverse("branding:manifest"))
    assert said["Content-Type"] == "application/manifest+json"
    assert said.json()["name"] == "Harbour Pay"


def test_an_administrator_sets_it_and_every_page_shows_it(client_as, client):
    admin = client_as("admin")
    given = {"name": " Harbour  Pay ", "accent": "0b6", "support_email": "help@harbour.test", "logo": file(png())}
    answer = admin.post(SCREEN, given, follow=True)
    assert "Saved." in answer.content.decode()
    page = client.get("/accounts/login/").content.decode()
    for words in ("· Harbour Pay</title>", brand().logo_url, brand().favicon_url, brand().css_url, "help@harbour.test"):
        assert words.replace("&", "&amp;") in page
    assert Entry.objects.get(action="brand:edit").detail == {"fields": ["accent", "logo", "name", "support_email"]}


def test_the_sign_in_shows_the_picture(client):
    services.save(dict.fromkeys(services.WORDS, ""), {"picture": picture(png(300, 400))}, actor=SYSTEM)
    page = client.get("/accounts/login/").content.decode()
    assert f'<img class="scene" src="{brand().sign_in_url}" alt="" width="300" height="400"' in page


@pytest.mark.parametrize(("given", "words"), [
    ({"accent": "blue"}, "Write a colour as # and six figures, such as #3b5bdb."),
    ({"support_email": "help"}, "Write one e-mail address"),
    ({"logo": (b"GIF89a....", "logo.png")}, "This is not a PNG, JPEG, WebP or SVG image."),
    ({"logo": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="x"/>', "logo.svg")}, "holds more than a drawing (onload)"),
    ({"favicon": (png() + b"x" * 200_000, "f.png")}, "This file has 201 kB; at most 200 kB are taken."),
    ({"picture": (b"", "p.png")}, "This file is empty. Choose another."),
])  # fmt: skip
def test_what_cannot_be_used_is_said_beside_its_field_and_what_was_typed_stays(client_as, given, words):
    sent = {name: file(*value) if isinstance(value, tuple) else value for name, value in given.items()}
    answer = client_as("admin").post(SCREEN, {"name": "Harbour Pay"} | sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert 'value="Harbour Pay"' in page
    assert brand().name != "Harbour Pay"


def test_one_image_is_removed_and_the_others_stay(client_as):
    admin = client_as("admin")
    admin.post(SCREEN, {"logo": file(png()), "favicon": file(png(16, 16))})
    admin.post(SCREEN, {"remove_logo": "on"})
    assert (brand().logo, bool(brand().favicon)) == (None, True)


def test_no_more_than_its_own_files_are_taken_in(client_as):
    answer = client_as("admin").post(SCREEN, {"other": file(b"x" * 100), "logo": file(png())})
    assert set(answer.wsgi_request.FILES) == {"logo"}


def test_the_screen_takes_nothing_without_its_token(client_as):
    admin = client_as("admin")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = admin.cookies
    assert strict.post(SCREEN, {"name": "Harbour"}).status_code == 403
    assert brand().name != "Harbour"


def test_it_is_looked_at_before_it_is_saved(client_as):
    admin = client_as("admin")
    page = admin.get(reverse("branding:look"), {"name": "Harbour", "accent": "#ffe680"}).content.decode()
    assert "Your colour hardly shows on the page (1.1 to 1). It is darkened to" in page
    assert "preview.css?accent=ffe680" in page
    assert "Harbour" in page
    without_script = admin.post(SCREEN, {"name": "Harbour", "accent": "#ffe680", "look": "1"}).content.decode()
    assert "It is darkened to" in without_script
    assert brand().name != "Harbour"


def test_half_a_colour_is_no_failure(client_as):
    page = client_as("admin").get(reverse("branding:look"), {"accent": "#ff"}).content.decode()
    assert "Write a colour as # and six figures" in page
    assert "preview.css?accent=3b5bdb" in page


def test_the_previews_sheet_takes_a_colour_and_nothing_else(client_as):
    admin = client_as("admin")
    assert admin.get(reverse("branding:preview"), {"accent": "0b6"}).content.startswith(
        b".preview{--accent:light-dark(#0"
    )
    assert admin.get(reverse("branding:preview"), {"accent": "red}body{x:y"}).status_code == 400


def test_a_reset_asks_first(client_as):
    admin = client_as("admin")
    admin.post(SCREEN, {"name": "Harbour"})
    assert "Reset the brand" in admin.get(reverse("branding:reset")).content.decode()
    assert brand().name == "Harbour"
    admin.post(reverse("branding:reset"))
    assert brand().name == "Deckhand"


@pytest.mark.parametrize("role", ["viewer", "operations", "compliance", "finance"])
def test_only_an_administrator_changes_the_brand(client_as, role):
    client = client_as(role)
    assert client.post(SCREEN, {"name": "Harbour"}).status_code == 403
    assert client.post(reverse("branding:reset")).status_code == 403
    assert "Settings</a>" not in client.get("/").content.decode()


def test_a_person_chooses_light_or_dark_for_their_screen(client_as):
    client = client_as("viewer")
    answer = client.post("/theme/", {"theme": "dark", "next": "/help/?a=1"})
    assert (answer.status_code, answer["Location"]) == (303, "/help/?a=1")
    assert '<html lang="en" data-theme="dark">' in client.get("/help/").content.decode()
    client.post("/theme/", {"theme": "", "next": "https://elsewhere.test/"})
    assert '<html lang="en">' in client.get("/help/").content.decode()


@pytest.mark.parametrize("where", ["https://elsewhere.test/", "//elsewhere.test", ""])
def test_choosing_leads_nowhere_else(client_as, where):
    assert client_as("viewer").post("/theme/", {"theme": "dark", "next": where})["Location"] == "/"


@pytest.mark.parametrize("route", [
    "cards:export", "cardholders:export", "transactions:export", "sync:inbox-export", "reconciliation:breaks-export",
    "audit:export", "provider:requests-export", "sync:runs-export", "cardholders:companies_export",
    "transactions:export_disputes",
])  # fmt: skip
def test_the_files_people_export_begin_with_the_brands_name(client_as, route):
    services.save({"name": "Harbour Pay", "accent": "", "support_email": ""}, {}, actor=SYSTEM)
    lines = b"".join(client_as("finance").get(reverse(route)).streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0].strip('"').startswith("Harbour Pay")
    assert "sandbox environment" in lines[0]


def test_a_failure_is_told_in_the_brands_frame(rf):
    from console.errors import failed

    services.save({"name": "Harbour Pay", "accent": "", "support_email": "help@harbour.test"}, {}, actor=SYSTEM)
    answer = failed(rf.get("/"))
    page = answer.content.decode()
    assert (answer.status_code, "Something went wrong · Harbour Pay" in page, "help@harbour.test" in page) == (
        500,
        True,
        True,
    )


def test_what_the_environment_says_is_shown_as_text(client_as, settings):
    settings.BRAND_NAME = "Marks & <b>Sons</b>"
    page = client_as("admin").get("/settings/brand/").text
    assert "Empty: Marks &amp; &lt;b&gt;Sons" in page
    assert "<b>Sons" not in page
