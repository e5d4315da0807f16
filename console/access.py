"""Who may do what: permissions, the five roles, and the guard that no route can be without. It only raises;
console.audit records what was refused."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.translation import gettext_lazy as _


class Permission(StrEnum):
    """`noun:verb`, alphabetical."""

    ACTIVITY_OWN = "activity:own"
    ACTIVITY_READ = "activity:read"
    BRAND_EDIT = "brand:edit"
    BREAK_WORK = "break:work"
    CARD_ACTIVATE = "card:activate"
    CARD_CANCEL = "card:cancel"
    CARD_ISSUE = "card:issue"
    CARD_LIMIT = "card:limit"
    CARD_LOCK = "card:lock"
    CARD_PIN = "card:pin"
    CARD_REVEAL = "card:reveal"
    CARD_UNLOCK = "card:unlock"
    CHARGE_MAKE = "charge:make"
    DISPUTE_OPEN = "dispute:open"
    INBOX_READ = "inbox:read"
    INBOX_REPLAY = "inbox:replay"
    KYC_START = "kyc:start"
    LIST_EXPORT = "list:export"
    NOTE_WRITE = "note:write"
    PERSONAL_READ = "personal:read"
    PROVIDER_READ = "provider:read"
    PROVIDER_TEST = "provider:test"
    RECONCILIATION_READ = "reconciliation:read"
    RECONCILIATION_RUN = "reconciliation:run"
    RECONCILIATION_SIGN = "reconciliation:sign"
    RECORD_READ = "record:read"
    RECORD_REFRESH = "record:refresh"
    REPORT_MAKE = "report:make"
    REPORT_READ = "report:read"
    REVIEW_DECIDE = "review:decide"
    REVIEW_READ = "review:read"
    STAFF_MANAGE = "staff:manage"
    VOCABULARY_EDIT = "vocabulary:edit"


class Role(StrEnum):
    VIEWER = "viewer"
    OPERATIONS = "operations"
    COMPLIANCE = "compliance"
    FINANCE = "finance"
    ADMIN = "admin"


ROLE_LABELS = {
    Role.VIEWER: _("Viewer"),
    Role.OPERATIONS: _("Operations"),
    Role.COMPLIANCE: _("Compliance"),
    Role.FINANCE: _("Finance"),
    Role.ADMIN: _("Administrator"),
}

_P = Permission
ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({_P.RECORD_READ}),
    Role.OPERATIONS: frozenset({
        _P.RECORD_READ, _P.RECORD_REFRESH, _P.PERSONAL_READ, _P.NOTE_WRITE, _P.KYC_START, _P.CARD_ISSUE, _P.CARD_ACTIVATE,
        _P.CARD_UNLOCK, _P.CARD_LIMIT, _P.CARD_LOCK, _P.CARD_CANCEL, _P.CARD_REVEAL, _P.CARD_PIN, _P.DISPUTE_OPEN,
        _P.REVIEW_READ, _P.LIST_EXPORT, _P.ACTIVITY_OWN,
    }),
    Role.COMPLIANCE: frozenset({
        _P.RECORD_READ, _P.RECORD_REFRESH, _P.PERSONAL_READ, _P.NOTE_WRITE, _P.CARD_LOCK, _P.CARD_CANCEL, _P.REVIEW_READ,
        _P.REVIEW_DECIDE, _P.LIST_EXPORT, _P.INBOX_READ, _P.PROVIDER_READ, _P.ACTIVITY_OWN, _P.ACTIVITY_READ,
    }),
    Role.FINANCE: frozenset({
        _P.RECORD_READ, _P.RECORD_REFRESH, _P.NOTE_WRITE, _P.LIST_EXPORT, _P.REPORT_READ, _P.REPORT_MAKE,
        _P.RECONCILIATION_READ, _P.RECONCILIATION_RUN, _P.RECONCILIATION_SIGN, _P.BREAK_WORK, _P.CHARGE_MAKE,
        _P.INBOX_READ, _P.PROVIDER_READ, _P.ACTIVITY_OWN, _P.ACTIVITY_READ,
    }),
    Role.ADMIN: frozenset({
        _P.RECORD_READ, _P.RECORD_REFRESH, _P.PERSONAL_READ, _P.NOTE_WRITE, _P.REVIEW_READ, _P.REPORT_READ, _P.RECONCILIATION_READ,
        _P.INBOX_READ, _P.INBOX_REPLAY, _P.PROVIDER_READ, _P.PROVIDER_TEST, _P.ACTIVITY_OWN, _P.ACTIVITY_READ, _P.STAFF_MANAGE,
        _P.BRAND_EDIT, _P.VOCABULARY_EDIT,
    }),
}  # fmt: skip

# allauth's views are not ours to decorate, so they stand here by route name. A route of theirs that is not named
# cannot be opened: sign-up, e-mail addresses, second factors and session lists come when their screens do.
PUBLIC_ROUTES = frozenset({
    "account_login", "account_logout", "account_reset_password", "account_reset_password_done",
    "account_reset_password_from_key", "account_reset_password_from_key_done", "account_inactive",
})  # fmt: skip
SIGNED_IN_ROUTES = frozenset({"account_change_password", "account_reauthenticate"})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a staff member from an address, or the system itself (`user_id` None)."""

    user_id: int | None = None
    roles: tuple[str, ...] = ()
    address: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> "Actor":
        user: Any = request.user
        return cls(user.pk, tuple(user.roles), request.META.get("REMOTE_ADDR", ""))


SYSTEM = Actor()


class Can:
    """What the person may do, for templates: `can.card_lock`."""

    def __init__(self, permissions: frozenset[Permission]) -> None:
        self._permissions = permissions

    def __getattr__(self, name: str) -> bool:
        return Permission[name.upper()] in self._permissions


def permissions_of(roles: list[str]) -> frozenset[Permission]:
    """All that any of these roles may do; a role that no longer exists grants nothing."""
    return frozenset().union(*(ROLE_PERMISSIONS[Role(role)] for role in roles if role in set(Role)))


def allowed(user: Any, permission: Permission) -> bool:
    return permission in permissions_of(getattr(user, "roles", []))


_View = TypeVar("_View", bound=Callable[..., HttpResponseBase])


def requires(*permissions: Permission) -> Callable[[_View], _View]:
    """Marks a view with what it takes to open it: all of these."""

    def mark(view: _View) -> _View:
        view.permissions = permissions  # type: ignore[attr-defined]
        return view

    return mark


def public(view: _View) -> _View:
    """Marks a view that strangers may open: it says so where it stands."""
    view.permissions = None  # type: ignore[attr-defined]
    return view


def rule_for(view: Any, route: str | None) -> tuple[Permission, ...] | Literal[False] | None:
    """The permissions a route needs (none of them: anybody signed in); None for a public one, False for an unnamed one."""
    if hasattr(view, "permissions"):
        rule: tuple[Permission, ...] | None = view.permissions
        return rule
    if route in PUBLIC_ROUTES:
        return None
    return () if route in SIGNED_IN_ROUTES else False


class AccessMiddleware:
    """Opens a view only to those its mark allows; a view without a mark opens to nobody."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated:
            response.headers.setdefault("Cache-Control", "private, no-store")  # Back shows nothing after sign-out
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:  # noqa: ARG002
        route = request.resolver_match.view_name if request.resolver_match else None
        rule = rule_for(view, route)
        if rule is None:
            return None
        if rule is False:
            if route and route.startswith(("account_", "mfa_", "usersessions_")):
                raise Http404
            raise ImproperlyConfigured(f"The route {route!r} names no permission.")
        if not request.user.is_authenticated:
            return _sign_in(request)
        lacking = [permission for permission in rule if not allowed(request.user, permission)]
        if lacking:
            request.refused = lacking[0]  # type: ignore[attr-defined]
            raise PermissionDenied(lacking[0].value)
        return None


def _sign_in(request: HttpRequest) -> HttpResponseBase:
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401, headers={"HX-Redirect": resolve_url(settings.LOGIN_URL)})
    return HttpResponseRedirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': request.get_full_path()})}")
