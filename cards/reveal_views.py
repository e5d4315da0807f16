"""The pages that show a card's number or PIN and set a new one, and the answers their script asks for.

What is secret travels in the bodies of POST requests and of answers that nobody keeps; the page opens it itself."""

import base64
import binascii
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cards import reveal
from cards.actions import about, card_of
from cards.forms import REASON
from cards.models import Card
from console.access import Actor, Permission, requires
from console.codego import errors
from console.codego.errors import CodegoError
from console.codego.records import Encrypted
from console.codego.secret import Secret
from console.htmx import page_or_fragment
from console.privacy import refuse_card_numbers
from console.provider.commands import CannotDo
from console.provider.models import Command, CommandState
from console.provider.observing import lacks

SECONDS = 30  # that a number or a PIN stays on screen
# What went wrong at the provider → the answer's status, and what to do about it. The first that fits.
TROUBLES: tuple[tuple[type[CodegoError], int, Any], ...] = (
    (errors.NoSuchRoute, 501, lazy("The provider does not offer this.")),
    (errors.NoSuchObject, 404, lazy("The provider does not know this card.")),
    (errors.RateLimited, 503, lazy("The provider takes no more requests at the moment. Wait a little and try again.")),
    (errors.Unauthorized, 502, lazy("The provider refused this console's key or address. Tell an administrator.")),
    (errors.Refused, 422, lazy("The provider refused.")),
    (errors.NotSent, 503, lazy("The provider was not asked. Try again in a moment.")),
    (errors.Unavailable, 504, lazy("The provider has trouble answering. Try again in a moment.")),
    (errors.CodegoError, 502, lazy("The provider's answer could not be understood.")),
)
WRONG_KEY = lazy(
    "The provider could not read the session: CODEGO_SECRETS_PUBLIC_KEY is not the public key of this environment. "
    "An administrator has to correct it."
)


class Sealed(forms.CharField):
    """Base64 of so many bytes at least and at most. What was sent is never repeated."""

    def __init__(self, least: int, most: int) -> None:
        super().__init__(max_length=most * 2)
        self.least, self.most = least, most

    def to_python(self, value: Any) -> str:
        text = str(value or "")
        try:
            size = len(base64.b64decode(text, validate=True))
        except (ValueError, binascii.Error):
            size = 0
        if not self.least <= size <= self.most:
            raise ValidationError(_("This page is out of date. Reload it and try again."))
        return text


class ViewForm(forms.Form):
    session = Sealed(64, 512)
    reason = forms.CharField(
        max_length=REASON,
        validators=[refuse_card_numbers],
        error_messages={"required": lazy("Say why: it is kept with the card and your name.")},
    )

    def problem(self) -> str:
        return str(next(iter(self.errors.values()))[0])


class SetForm(ViewForm):
    iv = Sealed(12, 64)
    once = forms.UUIDField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["data"] = Sealed(17, 256)  # a form has something else of this name on its class


@requires(Permission.CARD_REVEAL)
@require_safe
def number_page(request: HttpRequest, pk: int) -> HttpResponse:
    card = card_of(pk)
    context = {
        "title": _("Show card number"),
        "what": _(
            "Number, expiry and security code, for half a minute. That you looked is kept on record; the digits are kept nowhere."
        ),
        "off": reveal.why_not(card, reveal.NUMBER),
        "view_url": reverse("cards:number", args=[card.pk]),
    }
    return _page(request, card, context)


@requires(Permission.CARD_PIN)
@require_http_methods(["GET", "HEAD", "POST"])
def pin_page(request: HttpRequest, pk: int) -> HttpResponse:
    card = card_of(pk)
    if request.method == "POST":
        return _set_pin(request, card)
    context = {
        "title": _("PIN"),
        "what": _(
            "See the PIN of this card, or set a new one. That you did is kept on record; the PIN itself is kept nowhere."
        ),
        "off": reveal.why_not(card, reveal.PIN, reveal.SET_PIN),
        "is_pin": True,
        "view_url": reverse("cards:pin_view", args=[card.pk]),
        "no_view": lacks(reveal.PIN),
        "set_url": request.path,
        "no_set": lacks(reveal.SET_PIN),
    }
    return _page(request, card, context)


@requires(Permission.CARD_REVEAL)
@require_POST
@sensitive_post_parameters("session")
def number(request: HttpRequest, pk: int) -> JsonResponse:
    form = ViewForm(request.POST)
    if not form.is_valid():
        return _answer({"error": form.problem()}, 422)
    try:
        pan, cvc = reveal.card_number(card_of(pk), **_asked(request, form))
    except (CannotDo, CodegoError) as failure:
        return _refusal(failure)
    return _answer({"pan": _pair(pan), "cvc": _pair(cvc)})


@requires(Permission.CARD_REVEAL)
@require_POST
@sensitive_post_parameters("session")
def pin(request: HttpRequest, pk: int) -> JsonResponse:
    form = ViewForm(request.POST)
    if not form.is_valid():
        return _answer({"error": form.problem()}, 422)
    try:
        found = reveal.pin(card_of(pk), **_asked(request, form))
    except (CannotDo, CodegoError) as failure:
        return _refusal(failure)
    return _answer({"pin": _pair(found) if found else None})


@sensitive_post_parameters("session", "iv", "data")
@sensitive_variables("sealed")
def _set_pin(request: HttpRequest, card: Card) -> JsonResponse:
    form = SetForm(request.POST)
    if not form.is_valid():
        return _answer({"error": form.problem()}, 422)
    sealed = Encrypted(iv=form.cleaned_data["iv"], data=form.cleaned_data["data"])
    try:
        command = reveal.set_pin(card, encrypted=sealed, once=form.cleaned_data["once"], **_asked(request, form))
    except CannotDo as failure:
        return _refusal(failure)
    return _ended(command)


def _asked(request: HttpRequest, form: ViewForm) -> dict[str, Any]:
    given = form.cleaned_data
    return {"session": Secret(given["session"]), "actor": Actor.of(request), "reason": given["reason"]}


def _page(request: HttpRequest, card: Card, context: dict[str, Any]) -> HttpResponse:
    shown = {
        "card": card,
        "facts": about(request, card),
        "public_key": settings.CODEGO_SECRETS_PUBLIC_KEY,
        "seconds": SECONDS,
        "back_url": card.get_absolute_url(),
    }
    return page_or_fragment(request, "cards/reveal.html", "cards/_reveal.html", shown | context)


def _pair(encrypted: Encrypted) -> dict[str, str]:
    return {"iv": encrypted.iv, "data": encrypted.data}


def _answer(content: dict[str, Any], status: int = 200) -> JsonResponse:
    return JsonResponse(content, status=status, headers={"Cache-Control": "no-store"})


def _refusal(failure: CannotDo | CodegoError) -> JsonResponse:
    if isinstance(failure, CannotDo):
        return _answer({"error": str(failure)}, 429 if isinstance(failure, reveal.UsedUp) else 409)
    said = (failure.provider_message or failure.provider_error) if isinstance(failure, errors.Refused) else ""
    if _is_wrong_key(said):
        return _answer({"error": _with_words(WRONG_KEY, said)}, 502)
    status, ours = next((status, ours) for kind, status, ours in TROUBLES if isinstance(failure, kind))
    return _answer({"error": _with_words(ours, said)}, status)


def _ended(command: Command) -> JsonResponse:
    """How setting a PIN ended, in words."""
    if command.state == CommandState.DONE:
        return _answer({"said": _("The new PIN is set. It counts from now on.")})
    if command.state == CommandState.LAPSED:
        return _answer({"error": command.message}, 504)
    if lacks(reveal.SET_PIN):
        return _answer({"error": _("The provider does not let a PIN be set. Nothing has changed.")}, 501)
    if _is_wrong_key(command.message):
        return _answer({"error": _with_words(WRONG_KEY, command.message)}, 502)
    return _answer({"error": _with_words(_("The PIN was not set, and nothing has changed."), command.message)}, 422)


def _is_wrong_key(words: str) -> bool:
    return "session id" in words.casefold()


def _with_words(ours: object, said: str) -> str:
    """Our sentence, and the provider's own beside it."""
    return _("%(ours)s The answer was: “%(said)s”") % {"ours": ours, "said": said} if said else str(ours)
