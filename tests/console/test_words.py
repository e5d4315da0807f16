"""Everything said on screen can be said in Italian and Spanish: nothing is missing, and no placeholder is lost."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.conf import settings

from tests.conftest import ROOT

LANGUAGES = [code for code, _name in settings.LANGUAGES if code != "en"]
PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?[sd]|%%")


def catalogue(language: str) -> Catalog:
    with (ROOT / "templates" / "locale" / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        return read_po(file, locale=language)


def forms(said: object) -> list[str]:
    return [str(form) for form in said] if isinstance(said, list | tuple) else [str(said)]


def messages(language: str) -> list[Message]:
    return [message for message in catalogue(language) if message.id]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated(language):
    missing = [message.id for message in messages(language) if message.fuzzy or not all(forms(message.string))]
    assert missing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_placeholder_stands_in_the_translation(language):
    wrong = []
    for message in messages(language):
        asked = {match[0] for match in PLACEHOLDER.finditer(forms(message.id)[-1])}
        for form in forms(message.string):
            said = {match[0] for match in PLACEHOLDER.finditer(form)}
            plural = len(forms(message.string)) > 1
            if said - asked or (asked - said and not plural):
                wrong.append((message.id, form))
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language):
    written = {str(forms(m.id)[0]): forms(m.string) for m in messages(language) if not m.context}
    with (ROOT / "templates" / "locale" / language / "LC_MESSAGES" / "django.mo").open("rb") as file:
        compiled = {str(forms(m.id)[0]): forms(m.string) for m in read_mo(file) if m.id and not m.context}
    assert {said: forms_ for said, forms_ in written.items() if compiled.get(said) != forms_} == {}


def test_no_sentence_of_the_source_is_left_out(tmp_path: Path):
    """`make words` finds nothing that the catalogues do not hold."""
    if not shutil.which("xgettext"):
        reason = "this machine lacks gettext (on Debian: apt-get install gettext)"
        (pytest.fail if os.environ.get("REQUIRE_ALL") else pytest.skip)(reason)
    for name in ("console", "cardholders", "cards", "transactions", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("sandbox", "__pycache__"))
    shutil.copy(ROOT / "manage.py", tmp_path)
    gather = [sys.executable, "manage.py", "makemessages", "-l", "it", "--no-location", "--no-obsolete", "--no-wrap"]
    subprocess.run(gather, cwd=tmp_path, check=True, capture_output=True)
    with (tmp_path / "templates" / "locale" / "it" / "LC_MESSAGES" / "django.po").open("rb") as file:
        found = {forms(message.id)[0] for message in read_po(file) if message.id}
    held = {language: {forms(message.id)[0] for message in messages(language)} for language in LANGUAGES}
    assert {language: found ^ known for language, known in held.items()} == {language: set() for language in LANGUAGES}
