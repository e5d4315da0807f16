"""Many breaks at once: what will be done is shown first, and what became of each afterwards."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.access import Actor, Permission, requires
from console.keyset import PAGE_SIZE
from console.provider.commands import CannotDo
from console.reconciliation import desk
from console.reconciliation.break_views import ROWS
from console.reconciliation.forms import AssignForm, WordsForm
from console.reconciliation.models import Break, BreakState

MOST = 2 * PAGE_SIZE  # more than a page holds: an address made by hand ends somewhere
LARGEST = 2**63 - 1


class Result(NamedTuple):
    each: Break
    refusal: str


class Words(NamedTuple):
    """Of one kind of bulk action. `skips` are the states it does nothing to."""

    title: str
    what: str
    verb: str
    skips: tuple[str, ...]
    done: Callable[[int], str]


@requires(Permission.BREAK_WORK)
def assign(request: HttpRequest) -> HttpResponse:
    words = Words(
        _("Assign breaks"),
        _("All of these are the same person's from now on."),
        _("Assign"),
        (BreakState.CLEARED,),
        lambda n: ngettext("%(n)d break was assigned.", "%(n)d breaks were assigned.", n) % {"n": n},
    )
    form = AssignForm(request.POST or None, label_suffix="")

    def after(done: list[Break], given: dict[str, Any], actor: Actor) -> None:
        desk.tell_given(done, given["to"], actor=actor)

    def act(each: Break, given: dict[str, Any], actor: Actor) -> object:
        return desk.assign(each, given["to"], actor=actor, told=False)

    return _bulk(request, words, form, act, after=after)


@requires(Permission.BREAK_WORK)
def resolve(request: HttpRequest) -> HttpResponse:
    words = Words(
        _("Resolve breaks"),
        _("Each leaves the open sum, with the same explanation. One whose amount changes is open again by itself."),
        _("Resolve"),
        (BreakState.CLEARED, BreakState.RESOLVED),
        lambda n: ngettext("%(n)d break was resolved.", "%(n)d breaks were resolved.", n) % {"n": n},
    )
    form = WordsForm(request.POST or None, label_suffix="")
    return _bulk(request, words, form, lambda each, given, actor: desk.resolve(each, given["words"], actor=actor))


def _bulk(
    request: HttpRequest,
    words: Words,
    form: Form,
    act: Callable[[Break, dict[str, Any], Actor], object],
    *,
    after: Callable[[list[Break], dict[str, Any], Actor], None] | None = None,
) -> HttpResponse:
    asked = request.method == "POST"
    chosen = _chosen(request)
    results: list[Result] = []
    if asked and chosen and form.is_valid():
        actor = Actor.of(request)
        results = [_done(act, each, form.cleaned_data, actor) for each in chosen]
        if after:
            after([one.each for one in results if not one.refusal], form.cleaned_data, actor)
    wanted = [each for each in chosen if each.state not in words.skips]
    context = {
        "title": words.title,
        "what": words.what,
        "verb": words.verb,
        "form": form,
        "results": results,
        "said": words.done(sum(not one.refusal for one in results)),
        "breaks": wanted,
        "skipped": [each for each in chosen if each.state in words.skips],
        "amount": sum(each.amount for each in wanted if each.balance_id),
        "back_url": reverse("reconciliation:breaks"),
    }
    status = 422 if asked and not results else 200
    return render(request, "reconciliation/bulk.html", context, status=status)


def _chosen(request: HttpRequest) -> list[Break]:
    given = (request.POST if request.method == "POST" else request.GET).getlist("pk")[:MOST]
    pks = [int(pk) for pk in given if pk.isascii() and pk.isdigit() and int(pk) <= LARGEST]
    return list(ROWS.filter(pk__in=pks).order_by("first_seen", "pk"))


def _done(
    act: Callable[[Break, dict[str, Any], Actor], object], each: Break, given: dict[str, Any], actor: Actor
) -> Result:
    """Each in a transaction of its own: one that is refused holds up no other."""
    try:
        act(each, given, actor)
    except CannotDo as why:
        return Result(each, str(why))
    return Result(each, "")
