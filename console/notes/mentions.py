"""Who a note calls by `@`: found as it is written, kept by number, shown by name."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from console.access import Permission
from console.staff.models import User

KEPT = re.compile(r"@\[(\d{1,18})\]")
CALL = re.compile(r"(?<![\w@.])@(?=[\w\[])")
ENDS = re.compile(r"(?![\w])(?![.+@-]\w)")  # so that @ana is not taken out of @ana.costa
NEEDS = {"break": Permission.RECONCILIATION_READ}  # what it takes to open a record, where that is more than to read


class Part(NamedTuple):
    text: str
    person: bool = False


Shown = tuple[Part, ...]


class Written(NamedTuple):
    """The text as it is kept, whom it calls, and who of those may not open the record."""

    text: str
    people: tuple[User, ...]
    shut_out: tuple[User, ...]


def read(text: str, record: str) -> Written:
    """What can be told apart: an e-mail, the part of it before the @, or a whole name. Anything else stays text."""
    if not CALL.search(text):
        return Written(text, (), ())
    staff = list(User.objects.filter(is_active=True).order_by("pk"))
    labels, by_id = _labels(staff), {person.pk: person for person in staff}
    found: dict[int, User] = {}
    kept, at = [], 0
    for call in CALL.finditer(text):
        if call.start() < at:
            continue
        person, length = _called(text, call.end(), labels, by_id)
        if person:
            kept.append(f"{text[at : call.start()]}@[{person.pk}]")
            at = call.end() + length
            found[person.pk] = person
    needed = NEEDS.get(record, Permission.RECORD_READ)
    shut_out = tuple(person for person in found.values() if not person.may(needed))
    return Written("".join(kept) + text[at:], tuple(found.values()), shut_out)


def _labels(staff: Iterable[User]) -> list[tuple[str, User]]:
    """What each is called by, longest first; what two are called by calls neither."""
    whose: dict[str, set[int]] = {}
    every = [(label.casefold(), person) for person in staff for label in _of(person)]
    for label, person in every:
        whose.setdefault(label, set()).add(person.pk)
    return sorted((pair for pair in every if len(whose[pair[0]]) == 1), key=lambda pair: -len(pair[0]))


def _of(person: User) -> set[str]:
    return {label for label in (person.email, person.email.partition("@")[0], person.name.strip()) if label}


def _called(text: str, start: int, labels: list[tuple[str, User]], by_id: dict[int, User]) -> tuple[User | None, int]:
    if kept := KEPT.match(text, start - 1):
        return by_id.get(int(kept[1])), kept.end() - start
    for label, person in labels:
        end = start + len(label)
        if text[start:end].casefold() == label and ENDS.match(text, end):
            return person, len(label)
    return None, 0


def parts(text: str, people: Iterable[User]) -> Shown:
    """The text with names where it calls somebody; a number that calls nobody is text."""
    names = {person.pk: str(person) for person in people}
    found, at = [], 0
    for kept in KEPT.finditer(text):
        if name := names.get(int(kept[1])):
            found += [Part(text[at : kept.start()]), Part(name, person=True)]
            at = kept.end()
    return (*found, Part(text[at:]))


class Suggested(NamedTuple):
    name: str
    email: str
    insert: str


def suggested(q: str, record: str, most: int = 8) -> list[Suggested]:
    """Who of those that may open the record is called somehow like this."""
    needed, q = NEEDS.get(record, Permission.RECORD_READ), q.casefold()
    staff = [person for person in User.objects.filter(is_active=True).order_by("name", "email") if person.may(needed)]
    known = dict(_labels(staff))
    found = [p for p in staff if any(w.startswith(q) for w in (*str(p).casefold().split(), p.email.casefold()))]
    short = {p.pk: box for p in found if known.get((box := p.email.partition("@")[0]).casefold()) == p}
    return [Suggested(str(p), p.email, short.get(p.pk, p.email)) for p in found[:most]]
