"""What a kind of bulk action is made of, and the forms that kinds share."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cards.forms import LockAllForm
from console.access import Actor, Permission
from console.bulk.models import BulkRun, Why
from console.codego.client import Codego
from console.provider.models import Command

Words = str | Promise
Given = dict[str, Any]  # a run's parameters


class Reason(LockAllForm):
    """A reason that is owed."""


class MayReason(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=500, required=False, widget=forms.Textarea({"rows": 2}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One bulk action of one list.

    `judge` says why a record is left as it is, or nothing; it is asked in the dry run and once more before the record's
    turn. Then either `act` changes the database alone, or `ask` stores the command that `send` sends."""

    key: str
    where: str  # a key of LISTS
    noun: str
    label: Words  # on the button
    title: Words
    what: Words
    go: Words  # on the button that starts it, of `n`: “Lock 3 cards”
    said: Words  # of the dry run, of `n`: “3 cards will be locked”
    permission: Permission
    judge: Callable[[Any, Given], Why | None]
    icon: str = ""
    form: type[forms.Form] = Reason
    seen: Callable[[Any], str] = lambda _record: ""  # what must still be so when its turn comes
    will: Callable[[Any, Given], Words] = lambda _record, _given: ""  # what is going to happen to it
    facts: Callable[[Given], list[tuple[Words, object]]] = lambda _given: []
    of: Callable[[Iterable[int]], QuerySet[Any]] | None = None  # the records behind the rows of the list, if not those
    act: Callable[[Any, BulkRun, Actor], object] | None = None
    ask: Callable[[Any, BulkRun, Actor], Command] | None = None
    send: Callable[[Codego, Command], Command] | None = None
    at_hand: bool = False  # a button of its own on the bar; the others are behind “More”
    danger: bool = False  # the number of records is to be typed
