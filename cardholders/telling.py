"""Tells whoever opened an application, or made a link for it, that it was decided or that the applicant has to do something."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from django.utils import timezone
from django.utils.text import format_lazy

from cardholders.models import Cardholder, Company, Handoff
from console import privacy
from console.notices import services as notices
from console.notices.kinds import Kind
from console.notices.services import Telling
from console.provider.models import Command, CommandKind
from console.templatetags.console import status_of

TOLD_OF = frozenset({"approved", "denied", "locked", "canceled", "needsinformation", "needsverification"})
REMEMBERED = timedelta(days=90)  # how long an application counts as somebody's after they opened a session


def states_of(model: type[Cardholder] | type[Company], ids: Sequence[str]) -> dict[str, str]:
    """The states of applicants that are known, by the provider's id."""
    known = model._default_manager.filter(codego_id__in=ids)
    return {str(codego_id): state for codego_id, state in known.values_list("codego_id", "state")}


def tell(model: type[Cardholder] | type[Company], ids: Sequence[str], before: Mapping[str, str]) -> None:
    """`before`: what `states_of` gave before these were written; what is new since counts as well."""
    found = model._default_manager.filter(codego_id__in=ids, state__in=TOLD_OF).defer("raw")
    changed = [each for each in found if before.get(str(each.codego_id), "") != each.state]
    noun = str(model._meta.model_name)
    opened: dict[int, set[int]] = {}
    sessions = Command.objects.filter(
        kind=CommandKind.KYC, record=noun, record_id__in=[each.pk for each in changed], actor__isnull=False,
        created_at__gt=timezone.now() - REMEMBERED,
    )  # fmt: skip
    for record_id, actor_id in sessions.values_list("record_id", "actor_id") if changed else ():
        opened.setdefault(record_id, set()).add(int(actor_id or 0))
    links = Handoff.objects.filter(**{f"{noun}__in": changed}, created_at__gt=timezone.now() - REMEMBERED)
    for record_id, maker_id in links.values_list(f"{noun}_id", "created_by_id") if changed else ():
        opened.setdefault(record_id, set()).add(maker_id)
    notices.tell_all(Kind.REVIEW, [_telling(noun, each, opened.get(each.pk, ())) for each in changed])


def _telling(noun: str, each: Cardholder | Company, people: Iterable[int]) -> Telling:
    known = status_of(each.application_status, "application")
    label = known.label if known else each.application_status
    return Telling(
        people,
        format_lazy("{}: {}", privacy.name(each, clear=True), label),
        each.get_absolute_url(),
        f"{noun}:{each.pk}:{each.state}:{each.state_since and each.state_since.isoformat()}",
        masked=format_lazy("{}: {}", privacy.name(each, clear=False), label),
    )
