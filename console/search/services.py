"""One text in, what it may mean out: things to do, records, pages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy

from console.access import Permission
from console.context import NAVIGATION
from console.search import verbs
from console.search.finding import MOST, Finder, Seen
from console.search.hits import Group, Hit
from console.search.kinds import Asked, understand
from console.search.verbs import Verb
from console.terms.words import fold, joined

P = Permission
GO = pgettext_lazy("what people type", "go to; go; open; show; list")
# Pages that the side bar does not name.
FURTHER = (
    (lazy("Reviews of companies"), "cardholders:company_reviews", "reviews", P.REVIEW_READ),
    (lazy("Breaks"), "reconciliation:breaks", "reconciliation", P.RECONCILIATION_READ),
    (lazy("Reconciliations until now"), "reconciliation:history", "reconciliation", P.RECONCILIATION_READ),
    (lazy("Sweeps"), "sync:runs", "refresh", P.RECONCILIATION_READ),
    (lazy("Deliveries that were not verified"), "sync:rejected", "inbox", P.INBOX_READ),
    (lazy("Requests to the provider"), "provider:requests", "provider", P.PROVIDER_READ),
    (lazy("Your settings"), "staff:me", "settings", P.RECORD_READ),
    (lazy("Help"), "help", "info", P.RECORD_READ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    groups: Sequence[Group]
    notes: Sequence[str] = ()

    @property
    def count(self) -> int:
        return sum(len(group.hits) for group in self.groups)


def find(text: str, permissions: frozenset[Permission], most: int = MOST) -> Answer:
    """What this person may find. Whatever the text, it is no error; an empty one is answered with what can be done."""
    whole = understand(text)
    said = verbs.listen(whole.text)
    asked = understand(said.rest) if said.verb else whole
    finder = Finder(asked, permissions, most)
    seen = finder.seen()
    if asked.last_four and asked.text == asked.last_four and not any(seen):  # no card ends so: then it is a number
        asked = understand(f"#{asked.last_four}")
        finder = Finder(asked, permissions, most)
        seen = finder.seen()
    doing, notes = _doing(said.verb, asked, finder, seen)
    pages = Group("pages", _("Pages"), _pages(whole.text, permissions))
    suggested = Group("suggestions", _("Actions"), [] if said.verb else verbs.suggested(whole.text, permissions))
    groups = [
        Group("actions", _("Actions"), doing),
        *finder.groups(seen),
        *((pages, suggested) if whole.text else (suggested, pages)),
    ]
    return Answer(whole.text, [group for group in groups if group.hits], [*_warnings(asked, whole, finder), *notes])


def _doing(verb: Verb | None, asked: Asked, finder: Finder, seen: Seen) -> tuple[list[Hit], list[str]]:
    """The verb's lines, or why there are none."""
    if verb is None:
        return [], []
    named = {"action": verb.label}
    if not verb.needs <= finder.permissions:
        return [], [_("Your role does not allow this: %(action)s.") % named]
    if verb.about is None or not asked:
        return [verb.prompt()], []
    lines = list(verb.about(seen, finder.clear))[: finder.most]
    if not lines and any(seen):
        return [], [_("Nothing that was found is in a state that allows this: %(action)s.") % named]
    return lines, []


def _warnings(asked: Asked, whole: Asked, finder: Finder) -> Iterator[str]:
    if whole.was_card_number:
        yield _("Only the last four digits were used. Please do not type whole card numbers.")
    if not finder.clear and (asked.words or asked.phone):
        yield _("Your role finds people by id and by last four digits, not by name, e-mail or phone.")


def _pages(text: str, permissions: frozenset[Permission]) -> list[Hit]:
    """Pages whose name has all the words, after a "go to" if there is one; all of them where nothing was typed."""
    typed = [joined(fold(token)) for token in text.split()]
    for phrase in sorted(verbs.listed(GO), key=len, reverse=True):
        words = [joined(fold(word)) for word in phrase.split()]
        if typed[: len(words)] == words:
            typed = typed[len(words) :]
            break
    return [
        Hit(title=str(label), url=reverse(route), icon=icon)
        for label, route, icon, needs in _all_pages()
        if needs in permissions and verbs.begins(typed, [joined(word) for word in fold(str(label)).split()])
    ]


def _all_pages() -> Iterator[tuple[str | Promise, str, str, Permission]]:
    for _group, items in NAVIGATION:
        yield from ((item.label, item.route, item.icon, item.needs) for item in items)
    yield from FURTHER
