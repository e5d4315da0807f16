"""Refuses to start on settings that contradict each other, with a sentence that says what to change."""

import base64
import binascii
import re
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, transaction
from django.urls import URLPattern, URLResolver, get_resolver

from console.access import rule_for

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
PUBLIC_KEY = re.compile(r"-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+?)\s+-----END PUBLIC KEY-----")


@register()
def provider_settings(**_: Any) -> list[CheckMessage]:
    environment = settings.CODEGO_ENVIRONMENT
    found: list[CheckMessage] = []
    if environment not in {"sandbox", "live"}:
        return [_error("E001", f"CODEGO_ENVIRONMENT is {environment!r}. Set it to sandbox or live.")]
    other = "vcck_live_" if environment == "sandbox" else "vcck_sbx_"
    found += [
        _error("E002", f"{name} is a key of the other environment. Set CODEGO_ENVIRONMENT or the key.")
        for name in ("CODEGO_API_KEY", "CODEGO_KYC_API_KEY")
        if getattr(settings, name).startswith(other)
    ]
    if (key := settings.CODEGO_SECRETS_PUBLIC_KEY) and not _is_public_key(key):
        words = (
            "CODEGO_SECRETS_PUBLIC_KEY is not a public key. Set it to the whole PEM text from "
            "-----BEGIN PUBLIC KEY----- to -----END PUBLIC KEY-----, or unset it."
        )
        found.append(_error("E012", words))
    if environment == "live":
        found += _live_settings()
    return found


def _is_public_key(text: str) -> bool:
    """Framing and base64 alone: what is inside, the browser finds out."""
    framed = PUBLIC_KEY.fullmatch(text.strip())
    try:
        return bool(framed and base64.b64decode("".join(framed[1].split()), validate=True))
    except binascii.Error:
        return False


def _live_settings() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if not settings.HTTPS:
        found.append(_error("E003", "A live console needs HTTPS. Set PUBLIC_URL to its https:// address."))
    if settings.DEBUG:
        found.append(_error("E004", "A live console never runs with DEBUG. Unset DEBUG."))
    if settings.EMAIL_BACKEND.rsplit(".", 2)[-2] in {"console", "filebased"}:
        found.append(_error("E010", "A live console must not print password links. Set EMAIL_URL to your mail server."))
    if "*" in settings.ALLOWED_HOSTS:
        found.append(_error("E011", "A live console names its hosts. Set ALLOWED_HOSTS without *."))
    for name in ("CODEGO_API_URL", "CODEGO_KYC_URL"):
        url = urlsplit(getattr(settings, name))
        if url.scheme != "https" and url.hostname not in LOOPBACK:
            found.append(_error("E005", f"{name} must start with https:// in the live environment."))
        if "sandbox" in (url.hostname or ""):
            found.append(_error("E006", f"{name} is the sandbox of the provider. Set it to the live address."))
    return found


@register(Tags.database)
def installation(**_: Any) -> list[CheckMessage]:
    """The database remembers which environment it was first used with; demo staff never enter a live one."""
    from console.staff.models import User
    from console.sync.models import Installation

    environment = settings.CODEGO_ENVIRONMENT
    found: list[CheckMessage] = []
    try:
        first = Installation.objects.filter(pk=1).first()
        demo = environment == "live" and User.objects.filter(is_demo=True, is_active=True).exists()
    except DatabaseError:
        return []  # not migrated yet: there is nothing to contradict
    if first and first.environment != environment:
        words = (
            f"This database belongs to the {first.environment} environment. Use another DATABASE_URL for {environment}."
        )
        found.append(_error("E007", words))
    if demo:
        found.append(_error("E008", "Demo staff are in this live database. Delete or deactivate them first."))
    return found


@register()
def every_route_is_guarded(**_: Any) -> list[CheckMessage]:
    return [
        _error("E009", f"The route {name!r} names no permission. Add @requires or @public.")
        for name, view in routes()
        if rule_for(view, name) is False and not name.startswith(("account_", "mfa_", "usersessions_"))
    ]


def routes(patterns: Any = None, space: str = "") -> list[tuple[str, Any]]:
    """Every route of the console as (name, view)."""
    found: list[tuple[str, Any]] = []
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            found += routes(pattern.url_patterns, inner)
        elif isinstance(pattern, URLPattern):
            found.append((f"{space}{pattern.name or pattern.pattern}", pattern.callback))
    return found


def refuse_contradictions() -> None:
    """For whatever serves or works without Django's own checks: raises ImproperlyConfigured with the sentences. The
    first use of a database is written into it here."""
    from console.sync.models import Installation

    if wrong := [*provider_settings(), *installation()]:
        raise ImproperlyConfigured(" ".join(str(each.msg) for each in wrong))
    with suppress(DatabaseError), transaction.atomic():
        Installation.objects.get_or_create(pk=1, defaults={"environment": settings.CODEGO_ENVIRONMENT})


def _error(number: str, words: str) -> Error:
    return Error(words, id=f"deckhand.{number}")
