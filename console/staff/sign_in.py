"""Writes sign-ins, failed ones and sign-outs into the audit. Django and allauth announce them; nothing else is hooked."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from console.access import Actor
from console.audit import services as audit
from console.audit.events import Action, Outcome


def _address(request: HttpRequest | None) -> str:
    return request.META.get("REMOTE_ADDR", "") if request else ""


@receiver(user_logged_in)
def signed_in(request: HttpRequest | None, user: Any, **_: Any) -> None:
    audit.record(Action.SIGN_IN, actor=Actor(user.pk, tuple(user.roles), _address(request)))


@receiver(user_logged_out)
def signed_out(request: HttpRequest | None, user: Any, **_: Any) -> None:
    if user:
        audit.record(Action.SIGN_OUT, actor=Actor(user.pk, tuple(user.roles), _address(request)))


@receiver(user_login_failed)
def failed(request: HttpRequest | None = None, **_: Any) -> None:
    """Whose e-mail was tried is not written down: it may be a password typed into the wrong field."""
    audit.record(Action.SIGN_IN_FAILED, actor=Actor(address=_address(request)), outcome=Outcome.REFUSED)
