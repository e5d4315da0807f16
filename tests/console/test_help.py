"""The keys there are, in one table: as a page, in a dialog, and without the letters for who switched them off."""

import re
from pathlib import Path

import pytest
from django.urls import reverse

from console.help import SHORTCUTS
from console.staff.models import User

pytestmark = pytest.mark.django_db
LETTERS = re.compile(r"const LETTERS = \{(.*?)\n  \};", re.DOTALL)


def test_the_keys_are_a_page_and_the_body_of_a_dialog(client_as):
    client = client_as("viewer")
    page = client.get(reverse("keyboard"))
    assert "<h1>Keyboard</h1>" in page.text
    assert "Select the row, or not" in page.text
    dialog = client.get(reverse("keyboard"), headers={"hx-request": "true"})
    assert '<h2 id="dialog-title">Keyboard</h2>' in dialog.text
    assert "<html" not in dialog.text
    for url in ("/", reverse("help")):
        assert f'href="{reverse("keyboard")}" data-dialog' in client.get(url).text


def test_who_switched_letters_off_is_not_told_of_them(client_as):
    client = client_as("viewer")
    User.objects.update(shortcuts=False)
    page = client.get(reverse("keyboard")).text
    assert "Single keys are switched off" in page
    assert "Select the row, or not" not in page
    assert "Preview the row beside the list" in page


def test_every_letter_of_lists_is_told_of():
    told = {str(way[-1]) for _group, rows in SHORTCUTS for row in rows if row.letter for way in row.ways}
    bound = LETTERS.search(Path("static/list.js").read_text())[1]
    assert set(re.findall(r'^    "?(.)"?: ', bound, re.MULTILINE)) <= told
