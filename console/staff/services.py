"""Adds and changes staff; every change is in the audit, and nobody takes the last administrator away."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from console.access import Actor, Role
from console.audit import services as audit
from console.audit.events import Action
from console.staff.models import User


def create(*, email: str, name: str, roles: Sequence[str], password: str, actor: Actor, is_demo: bool = False) -> User:
    """Raises ValidationError with sentences for the person who asked."""
    validate_email(email)
    if User.objects.filter(email__iexact=email).exists():
        raise ValidationError(_("Somebody with this e-mail is already here."))
    if not is_demo:
        validate_password(password, User(email=email, name=name))
    with transaction.atomic():
        user = User.objects.create_user(email, password, name=name, roles=list(roles), is_demo=is_demo)
        audit.record(Action.STAFF_CREATE, actor=actor, record="staff", record_id=user.pk, roles=list(roles))
    return user


def update(user: User, *, name: str, roles: Sequence[str], time_zone: str, is_active: bool, actor: Actor) -> None:
    """Takes effect at the person's next request: roles are read anew each time. Raises ValidationError."""
    with transaction.atomic():
        staff = list(User.objects.select_for_update().order_by("pk"))
        user = next(member for member in staff if member.pk == user.pk)
        loses = Role.ADMIN in user.roles and (Role.ADMIN not in roles or not is_active)
        if loses and not any(u.is_active and Role.ADMIN in u.roles for u in staff if u.pk != user.pk):
            raise ValidationError(_("This is the last administrator. Make somebody else administrator first."))
        before = {"roles": user.roles, "is_active": user.is_active}
        user.name, user.roles, user.time_zone, user.is_active = name, list(roles), time_zone, is_active
        user.save(update_fields=["name", "roles", "time_zone", "is_active"])
        after = {"roles": user.roles, "is_active": user.is_active}
        audit.record(Action.STAFF_UPDATE, actor=actor, record="staff", record_id=user.pk, before=before, after=after)
    if not is_active:
        _end_sessions(user)


def set_preferences(user: User, *, time_zone: str, language: str, shortcuts: bool, actor: Actor) -> None:
    """Touches these alone: what an administrator changes at the same moment stands."""
    chosen: dict[str, Any] = {"time_zone": time_zone, "language": language, "shortcuts": shortcuts}
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(**chosen)
        audit.record(Action.STAFF_UPDATE, actor=actor, record="staff", record_id=user.pk, **chosen)


def _end_sessions(user: User) -> None:
    ours = (s.pk for s in Session.objects.iterator() if s.get_decoded().get("_auth_user_id") == str(user.pk))
    Session.objects.filter(pk__in=list(ours)).delete()
