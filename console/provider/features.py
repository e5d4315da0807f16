"""What a provider of this API may have or lack. Discovered from answers, never guessed, and tried again when asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from console.codego.errors import CodegoError, NoSuchRoute
from console.codego.protocols import Priority
from console.provider.factory import client
from console.provider.models import Capability, RequestLog
from console.provider.observing import BELIEVED, routes

Words = str | Promise


class Presence(StrEnum):
    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


CHARGES = {"cardholder": "POST /users/{id}/charges", "company": "POST /companies/{id}/charges"}  # by whom is charged


@dataclass(frozen=True, slots=True)
class Feature:
    """`without` says what the console does where the provider lacks it."""

    key: str
    label: Words
    routes: tuple[str, ...]
    without: Words


FEATURES = (
    Feature(
        "applications", _("Applications by id"),
        ("GET /applications/{id}", "GET /applications/companies/{id}"),
        _("Outcomes are read from the cardholder and the company themselves."),
    ),
    Feature(
        "lists", _("Lists of cardholders and companies"), ("GET /users", "GET /companies"),
        _("People and companies are found from cards, transactions and webhooks; somebody approved without a card may be missing."),
    ),
    Feature(
        "company_contracts", _("Contracts of companies"), ("GET /companies/{id}/contracts",),
        _("A company's deposit address and tokens are not shown."),
    ),
    Feature(
        "company_balances", _("Balances of companies"), ("GET /companies/{id}/balances",),
        _("A company's spending power is not shown."),
    ),
    Feature(
        "secrets", _("Card number, security code and PIN on screen"),
        ("GET /cards/{id}/secrets", "GET /cards/{id}/pin"), _("They cannot be shown here."),
    ),
    Feature("pin_set", _("Setting a PIN"), ("PUT /cards/{id}/pin",), _("Cardholders set it where the provider lets them.")),
    Feature(
        "dispute_list", _("Reading disputes"), ("GET /disputes", "GET /disputes/{id}"),
        _("Disputes are known from webhooks and from what is opened here; a lost answer needs a word of support."),
    ),
    Feature(
        "dispute_update", _("Withdrawing a dispute or adding to it"), ("PATCH /disputes/{id}",),
        _("Write to the provider's support."),
    ),
    Feature(
        "dispute_evidence", _("Files as evidence"), ("PUT /disputes/{id}/evidence", "GET /disputes/{id}/evidence"),
        _("Send files to the provider's support."),
    ),
    Feature(
        "charges", _("Charging a fee"), tuple(CHARGES.values()),
        _("Ask its support to charge a fee; it is shown here like those that the provider charges by itself."),
    ),
)  # fmt: skip
NEED_A_BROWSER = frozenset({"/cards/{id}/secrets", "/cards/{id}/pin"})  # only there is a session key made
BY_KEY = {feature.key: feature for feature in FEATURES}


@dataclass(frozen=True, slots=True)
class Standing:
    """A feature and what the answers showed of it. `since` and `seen_at` in UTC, None while nothing is known."""

    feature: Feature
    presence: Presence
    known: Sequence[Capability]

    @property
    def since(self) -> datetime | None:
        return max((route.since for route in self.known), default=None)

    @property
    def seen_at(self) -> datetime | None:
        return max((route.seen_at for route in self.known), default=None)

    @property
    def can_be_tried(self) -> bool:
        """Where a read can be made, or an absence forgotten."""
        readable = any(r.startswith("GET ") and r.split()[1] not in NEED_A_BROWSER for r in self.feature.routes)
        return readable or self.presence == Presence.ABSENT


def standings() -> list[Standing]:
    """Every feature; one of which a route is missing counts as lacking."""
    known = {capability.route: capability for capability in routes()}
    return [_standing(feature, [known[route] for route in feature.routes if route in known]) for feature in FEATURES]


def _standing(feature: Feature, known: Sequence[Capability]) -> Standing:
    absent = [route for route in known if not route.present]
    presence = Presence.ABSENT if absent else Presence.PRESENT if known else Presence.UNKNOWN
    return Standing(feature, presence, absent or known)


def try_again(feature: Feature) -> list[tuple[str, Presence, str]]:
    """Reads are made again now, with the object last asked for; of writes the absence is forgotten, so that the next
    one shows. Each route with what is known afterwards, and in which words."""
    routes().filter(route__in=feature.routes, present=False).delete()
    routes().filter(route__in=feature.routes).update(seen_at=timezone.now() - BELIEVED)  # so that the answer is written
    return [(route, *_try(route)) for route in feature.routes]


def _try(route: str) -> tuple[Presence, str]:
    method, _, path = route.partition(" ")
    object_id = _last_object(route) if "{id}" in path else ""
    if method != "GET" or object_id is None or path in NEED_A_BROWSER:
        return Presence.UNKNOWN, ""
    try:
        with client(Priority.INTERACTIVE) as provider:
            provider.try_read(path, object_id)
    except NoSuchRoute as absent:
        return Presence.ABSENT, str(absent)
    except CodegoError as failure:
        return Presence.UNKNOWN, str(failure)
    return Presence.PRESENT, ""


def _last_object(route: str) -> str | None:
    """An id this route was asked for before; None: nothing tells which to ask for."""
    asked = RequestLog.objects.filter(route=route).exclude(object_id="").order_by("-at", "-pk")
    return asked.values_list("object_id", flat=True).first()
