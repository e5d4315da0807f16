"""What people do about a break: take it, say what it is, or open it again."""

from collections.abc import Sequence

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from console.access import Actor, Permission, permissions_of
from console.audit import services as audit
from console.audit.events import Action
from console.notices import services as notices
from console.notices.kinds import Kind
from console.provider.commands import CannotDo
from console.reconciliation.models import Break, BreakState, Movement, MovementKind
from console.staff.models import User


def assign(each: Break, to: User | None, *, actor: Actor, told: bool = True) -> Break:
    """Whose it is from now on; nobody's with None. They are told, unless it is said of many at once (`tell_given`).
    Raises CannotDo for somebody who may not work on breaks."""
    if to and Permission.BREAK_WORK not in permissions_of(to.roles):
        raise CannotDo(_("%(name)s may not work on breaks.") % {"name": to})
    with transaction.atomic():
        found = _standing(each)
        found.assignee = to
        found.save(update_fields=["assignee"])
        audit.record(Action.BREAK_ASSIGN, actor=actor, record="break", record_id=found.pk, to=to.pk if to else None)
    if told:
        tell_given([found], to, actor=actor)
    return found


def tell_given(given: Sequence[Break], to: User | None, *, actor: Actor) -> None:
    """Tells somebody that these are theirs now, unless they took them themselves."""
    if not given or to is None or to.pk == actor.user_id:
        return
    one = given[0] if len(given) == 1 else None
    words = lazy("Break {n} is yours now.") if one else lazy("{n} breaks are yours now.")
    notices.tell(
        [to.pk],
        Kind.BREAK,
        words=format_lazy(words, n=one.pk if one else len(given)),
        url=one.get_absolute_url() if one else f"{reverse('reconciliation:breaks')}?owner=mine",
    )


def resolve(each: Break, words: str, *, actor: Actor) -> Break:
    """Takes it off the open sum with an explanation; it opens again if its amount changes. Raises CannotDo."""
    if not words.strip():
        raise CannotDo(_("Say what explains it."))
    with transaction.atomic():
        found = _standing(each)
        if found.state == BreakState.RESOLVED:
            raise CannotDo(_("Somebody has resolved it already."))
        found.state, found.resolution, found.resolved_by_id = BreakState.RESOLVED, words.strip(), actor.user_id
        found.resolved_at = timezone.now()
        found.save(update_fields=["state", "resolution", "resolved_by", "resolved_at"])
        _move(found, MovementKind.RESOLVED, -found.amount, actor)
        audit.record(Action.BREAK_RESOLVE, actor=actor, record="break", record_id=found.pk, reason=words.strip())
    return found


def reopen(each: Break, words: str, *, actor: Actor) -> Break:
    """Back onto the open sum. Raises CannotDo."""
    with transaction.atomic():
        found = _standing(each)
        if found.state != BreakState.RESOLVED:
            raise CannotDo(_("It is open already."))
        found.state = BreakState.OPEN
        found.save(update_fields=["state"])
        _move(found, MovementKind.REOPENED, found.amount, actor)
        audit.record(Action.BREAK_REOPEN, actor=actor, record="break", record_id=found.pk, reason=words.strip())
    return found


def _standing(each: Break) -> Break:
    found = Break.objects.select_for_update().get(pk=each.pk)
    if found.state == BreakState.CLEARED:
        raise CannotDo(_("It is gone: the last reconciliation did not find it any more."))
    return found


def _move(each: Break, kind: MovementKind, amount: int, actor: Actor) -> None:
    Movement.objects.create(about=each, kind=kind, amount=amount, by_id=actor.user_id)
