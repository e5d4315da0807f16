"""Settings that contradict each other stop the start with a sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from console import checks
from console.sync.models import Installation
from tests.factories import make_staff

VECTORS = json.loads((Path(__file__).parents[1] / "vectors.json").read_text())["secrets"]


def ids(found) -> list[str]:
    return [error.id.removeprefix("deckhand.") for error in found]


@pytest.fixture
def live(settings):
    settings.CODEGO_ENVIRONMENT = "live"
    settings.CODEGO_API_KEY = settings.CODEGO_KYC_API_KEY = "vcck_live_x"
    settings.CODEGO_API_URL = "https://visacard.codegotech.com/api/v1"
    settings.CODEGO_KYC_URL = "https://kyc-live.codegotech.com/api"
    settings.HTTPS = True
    return settings


def test_a_sound_sandbox_and_a_sound_live_console_pass(live):
    assert ids(checks.provider_settings()) == []


@pytest.mark.parametrize(("name", "value", "wanted"), [
    ("CODEGO_ENVIRONMENT", "production", "E001"),
    ("CODEGO_API_KEY", "vcck_sbx_x", "E002"),
    ("HTTPS", False, "E003"),
    ("DEBUG", True, "E004"),
    ("CODEGO_API_URL", "http://visacard.codegotech.com/api/v1", "E005"),
    ("CODEGO_KYC_URL", "https://kyc-sandbox.codegotech.com/api", "E006"),
])  # fmt: skip
def test_each_contradiction_is_named(live, name, value, wanted):
    setattr(live, name, value)
    assert wanted in ids(checks.provider_settings())


@pytest.mark.django_db
def test_a_database_keeps_to_its_first_environment(live):
    Installation.objects.create(environment="sandbox")
    make_staff("admin", is_demo=True)
    assert ids(checks.installation()) == ["E007", "E008"]


def test_every_route_names_its_permission():
    assert ids(checks.every_route_is_guarded()) == []


def test_a_live_console_does_not_print_password_links_nor_believe_any_host(live):
    live.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    live.ALLOWED_HOSTS = ["*"]
    assert {"E010", "E011"} <= set(ids(checks.provider_settings()))


@pytest.mark.parametrize("key", ["", VECTORS["public_key_pem"], VECTORS["public_key_pem"].replace("\n", " ")])
def test_a_public_key_or_none_is_fine(live, key):
    live.CODEGO_SECRETS_PUBLIC_KEY = key
    assert ids(checks.provider_settings()) == []


@pytest.mark.parametrize(
    "key",
    [
        "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ",
        "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\nMIGfMA0\n-----END PUBLIC KEY-----",
        VECTORS["public_key_pem"].replace("MIGf", "MI*f"),
        VECTORS["public_key_pem"].replace("PUBLIC", "PRIVATE"),
        VECTORS["public_key_pem"] * 2,
    ],
)
def test_what_is_no_public_key_stops_the_start_and_is_not_repeated(live, key):
    live.CODEGO_SECRETS_PUBLIC_KEY = key
    (error,) = checks.provider_settings()
    assert error.id == "deckhand.E012"
    assert "MIGfMA0" not in error.msg


@pytest.mark.parametrize(
    "given",
    [VECTORS["public_key_pem"], VECTORS["public_key_pem"].replace("\n", "\\n"), f"  {VECTORS['public_key_pem']}"],
)
@pytest.mark.parametrize("by_file", [False, True])
def test_the_key_may_be_given_on_one_line_or_in_a_file(tmp_path, given, by_file):
    path = tmp_path / "key.pem"
    path.write_text(given)
    name = "CODEGO_SECRETS_PUBLIC_KEY"
    more = {f"{name}_FILE": str(path)} if by_file else {name: given}
    done = subprocess.run(
        [sys.executable, "-c", f"from console import settings; print(settings.{name})"],
        env=os.environ | more, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == VECTORS["public_key_pem"].strip()


@pytest.mark.django_db
def test_what_serves_or_works_refuses_to_start_too(live):
    Installation.objects.create(environment="sandbox")
    with pytest.raises(ImproperlyConfigured, match="sandbox environment"):
        checks.refuse_contradictions()


@pytest.mark.django_db
def test_the_first_use_is_written_into_the_database():
    checks.refuse_contradictions()
    assert Installation.objects.get().environment == "sandbox"
