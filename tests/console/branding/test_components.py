"""The page of every part in every state."""

import re

import pytest

from console.templatetags.console import STATUSES

pytestmark = pytest.mark.django_db
PAGE = "/components/"


def test_it_shows_every_word_of_status_and_every_colour_passes(client_as):
    page = client_as("viewer").get(PAGE).content.decode()
    assert all(f"</span>{status.label}</span>" in page for status in STATUSES.values())
    assert "too low" not in page


def test_no_two_parts_of_it_go_by_one_id(client_as):
    found = re.findall(r'(?<![-\w])id="([^"]+)"', client_as("viewer").get(PAGE).content.decode())
    assert sorted(found) == sorted(set(found))


def test_its_dialog_asks_for_a_reason_and_does_nothing(client_as):
    client = client_as("viewer")
    refused = client.post(f"{PAGE}?dialog=1", headers={"hx-request": "true"})
    assert (refused.status_code, "Write a reason first." in refused.content.decode()) == (422, True)
    answer = client.post(f"{PAGE}?dialog=1", {"reason": "To see"}, follow=True)
    assert "Nothing was done: this is a page of examples." in answer.content.decode()
