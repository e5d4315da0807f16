"""Telling people: who hears what, how, and what they have seen. Any app may call it; it knows none of them."""

import zoneinfo
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.functional import Promise

from console.access import Permission, allowed, permissions_of
from console.notices.kinds import KINDS, Kind, Mail
from console.notices.models import Choice, Notice
from console.staff.models import User

SOON = timedelta(
    minutes=1
)  # before an e-mail goes: what was read meanwhile is not mailed, and what comes together goes together
DIGEST_HOUR = 7  # of the person's own morning
UNSEEN_SHOWN = 9  # more than that is "9+": it is never counted further
KEPT = timedelta(days=90)
LONGEST = Notice._meta.get_field("words").max_length or 0


class Telling(NamedTuple):
    """One thing to tell these staff, as `tell` takes it."""

    people: Iterable[int]
    words: str | Promise
    url: str
    key: str = ""
    masked: str | Promise = ""


def tell(
    people: Iterable[int],
    kind: Kind,
    *,
    words: str | Promise,
    url: str,
    key: str = "",
    masked: str | Promise = "",
) -> None:
    """Tells each of these staff, as each has chosen, unless the kind is not for them. Telling again under the same `key`
    does nothing. `masked` is what those hear who may not read personal data; without it `words` hold none. Lazy words
    come out in each person's language. E-mails hold neither: only the kind and the link to `url`, a path of ours."""
    tell_all(kind, [Telling(people, words, url, key, masked)])


def tell_all(kind: Kind, tellings: Iterable[Telling]) -> None:
    """Many things of one kind, in three statements; in none where they concern nobody."""
    whom = [(set(each.people), each) for each in tellings]
    everybody = set().union(*(people for people, _each in whom))
    if not everybody:
        return
    about = KINDS[kind]
    found = [person for person in User.objects.filter(pk__in=everybody, is_active=True) if allowed(person, about.needs)]
    if not found:
        return
    chosen = {choice.person_id: choice for choice in Choice.objects.filter(person__in=found, kind=kind)}
    notices = []
    for person in found:
        choice = chosen.get(person.pk)
        mail = Mail(choice.mail) if choice else about.mail
        shown = about.always or (choice.app if choice else about.app)
        if not shown and mail is Mail.NEVER:
            continue
        clear, mail_at = person.may(Permission.PERSONAL_READ), _mail_at(person, mail)
        with translation.override(language_of(person)):
            notices += [
                Notice(
                    person=person, kind=kind, words=str(each.masked if each.masked and not clear else each.words)[:LONGEST],
                    url=each.url, key=each.key, shown=shown, mail_at=mail_at,
                )
                for people, each in whom
                if person.pk in people
            ]  # fmt: skip
    Notice.objects.bulk_create(notices, ignore_conflicts=True)


def language_of(person: User) -> str:
    return person.language or settings.LANGUAGE_CODE


def able(permission: Permission) -> list[int]:
    """The ids of staff who may do this: whom to tell of what concerns a role."""
    people = User.objects.filter(is_active=True).values_list("pk", "roles")
    return [pk for pk, roles in people if permission in permissions_of(roles)]


def unseen(person_id: int) -> QuerySet[Notice]:
    """What this person has not looked at yet, newest first."""
    return Notice.objects.filter(person_id=person_id, seen_at=None, shown=True).order_by("-id")


def see(person_id: int, *, ids: Iterable[int] | None = None, keys: Iterable[str] | None = None) -> int:
    """They have seen these, by id or key; without either, all. How many were new to them."""
    waiting = Notice.objects.filter(person_id=person_id, seen_at=None)
    if ids is not None:
        waiting = waiting.filter(pk__in=list(ids))
    if keys is not None:
        waiting = waiting.filter(key__in=list(keys))
    return waiting.update(seen_at=timezone.now())


def choose(person_id: int, kind: Kind, *, app: bool, mail: Mail) -> None:
    """How they want to hear of this kind from now on."""
    held = {"app": app or KINDS[kind].always, "mail": mail}
    Choice.objects.update_or_create(person_id=person_id, kind=kind, defaults=held)


def prune() -> None:
    """Forgets what was told long ago."""
    Notice.objects.filter(made_at__lt=timezone.now() - KEPT).delete()


def _mail_at(person: User, mail: Mail) -> datetime | None:
    now = timezone.now()
    if mail is Mail.NEVER:
        return None
    if mail is Mail.NOW:
        return now + SOON
    local = now.astimezone(zoneinfo.ZoneInfo(person.time_zone))
    morning = local.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    return morning if morning > local else morning + timedelta(days=1)
