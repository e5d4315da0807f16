"""Where a record stands: its state in plain words, why, who can change that, and the one or two things to do next.

Each noun has a table of cases. The first whose flags all hold says it; later ones that `add` stand below it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from console.access import ROLE_LABELS, ROLE_PERMISSIONS, Permission, Role

Words = str | Promise
ALSO = 2  # further matters beside the first
STEPS = 2  # things to do in sight


class Fixer(Enum):
    """Who can change it."""

    US = lazy("We can fix this")
    CARDHOLDER = lazy("The cardholder can fix this")
    MERCHANT = lazy("The merchant can fix this")
    PROVIDER = lazy("The provider's support can say more")
    NOBODY = lazy("Nobody can change this")


class Turn(Enum):
    """Whose turn it is, where nothing is wrong."""

    US = lazy("It is our turn")
    CARDHOLDER = lazy("It is the cardholder's turn")
    MERCHANT = lazy("It is the merchant's turn")
    PROVIDER = lazy("It is the provider's turn")
    NOBODY = lazy("Nothing has to be done")


class Step(NamedTuple):
    """Something to do, and what it takes. `route` is a route's name, or an address where that is known already. `of` names
    the id among the facts that the route is given: where there is no such id, there is nothing to press."""

    label: Words
    route: str
    needs: Permission
    of: str = "record"
    dialog: bool = False
    post: bool = False  # done at once, not opened
    query: str = ""


class Case(NamedTuple):
    """`flags`, separated by spaces, must all hold. Texts take the facts' words as `%(name)s`."""

    flags: str
    level: str  # good, info, warn or bad
    text: Words
    why: Words = ""
    who: Fixer | Turn | None = None
    how: Words = ""
    steps: tuple[Step, ...] = ()
    adds: bool = False


# --- What can be so of any record that mirrors one of the provider's

GONE = Case(
    "gone",
    "warn",
    lazy("The provider does not know this record"),
    lazy("What you see is the last that it told. It answered: %(error)s"),
    Fixer.PROVIDER,
    lazy("Ask its support under the provider's id below."),
)
READING = Case(
    "reading",
    "info",
    lazy("Known by reference, being read from the provider"),
    lazy("Another record names this one. Nothing has to be done."),
)
OLDER = Case(
    "older",
    "warn",
    lazy("It could not be read from the provider; what you see is older"),
    lazy("%(error)s It is tried again by itself."),
    adds=True,
)
EXPLAINED = Case("explained", "warn", lazy("%(meaning)s"), lazy("The provider's word for it is “%(word)s”."))


def read_flags(row: Any) -> set[str]:
    """How the reading of a mirrored row goes."""
    if row.read_error:
        return {"older"} if row.dirty_at else {"gone"}
    return {"reading"} if row.by_reference else set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is so. `steps` are due whatever the case says, before its own; `who` stands in for the case's; `said` are the
    provider's words about it."""

    flags: frozenset[str]
    words: dict[str, Any] = field(default_factory=dict)
    ids: dict[str, int | None] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    who: Fixer | None = None
    said: str = ""
    hidden: bool = False  # whether this person may not read what was said


class Press(NamedTuple):
    label: Words
    url: str
    dialog: bool
    post: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """As the page shows it, to one person."""

    key: str
    level: str
    text: str
    why: str
    who: Fixer | Turn | None
    how: str
    steps: tuple[Press, ...]
    others: tuple[str, ...]  # what only other roles may do, in words
    said: str
    hidden: bool
    also: tuple["Standing", ...] = ()

    @property
    def urls(self) -> frozenset[str]:
        """What is offered here, so that the page offers it once."""
        return frozenset(step.url for each in (self, *self.also) for step in each.steps)

    @property
    def version(self) -> str:
        """Another once another thing is said or offered."""
        return repr([(each.key, each.text, each.why, each.how, each.steps, each.said) for each in (self, *self.also)])


def stand(cases: Sequence[Case], facts: Facts, permissions: frozenset[Permission]) -> Standing:
    """What the first case that holds says, with what adds to it. The last case of a table must always hold."""
    first, *rest = [case for case in cases if set(case.flags.split()) <= facts.flags]
    added = [_shown(case, facts, permissions) for case in rest if case.adds][:ALSO]
    return replace(_shown(first, facts, permissions, leads=True), also=tuple(added))


def _shown(case: Case, facts: Facts, permissions: frozenset[Permission], *, leads: bool = False) -> Standing:
    steps = (*facts.steps, *case.steps) if leads else case.steps
    due = [step for step in dict.fromkeys(steps) if not step.of or facts.ids.get(step.of)][:STEPS]
    return Standing(
        key=case.flags,
        level=case.level,
        text=_filled(case.text, facts),
        why=_filled(case.why, facts),
        who=(facts.who or case.who) if leads else case.who,
        how=_filled(case.how, facts),
        steps=tuple(Press(s.label, _url(s, facts), s.dialog, s.post) for s in due if s.needs in permissions),
        others=tuple(_whose(step) for step in due if step.needs not in permissions),
        said=facts.said if leads and not facts.hidden else "",
        hidden=leads and facts.hidden and bool(facts.said),
    )


def _filled(words: Words, facts: Facts) -> str:
    return str(words % facts.words) if words else ""


def _url(step: Step, facts: Facts) -> str:
    if step.route.startswith("/"):
        return step.route
    url = reverse(step.route, args=[facts.ids[step.of]] if step.of else [])
    return url + step.query % facts.ids if step.query else url


def _whose(step: Step) -> str:
    roles = [str(ROLE_LABELS[role]) for role in Role if step.needs in ROLE_PERMISSIONS[role]]
    return _("%(action)s: %(roles)s can do this.") % {"action": step.label, "roles": ", ".join(roles)}
