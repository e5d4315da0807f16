"""What every page's frame shows: brand, navigation by role, environment, what the person may do, and what lives
in it."""

from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from console import live
from console.access import Can, Permission, permissions_of
from console.branding import brand
from console.branding.theme import theme_of


class Item(NamedTuple):
    label: Any
    route: str
    icon: str
    needs: Permission


NAVIGATION = (
    (_("Work"), (
        Item(_("Home"), "home", "home", Permission.RECORD_READ),
        Item(_("Reviews"), "cardholders:reviews", "reviews", Permission.REVIEW_READ),
        Item(_("Bulk actions"), "bulk:list", "copy", Permission.NOTE_WRITE),
    )),
    (_("Programme"), (
        Item(_("Cardholders"), "cardholders:list", "cardholders", Permission.RECORD_READ),
        Item(_("Companies"), "cardholders:companies", "companies", Permission.RECORD_READ),
        Item(_("Cards"), "cards:list", "cards", Permission.RECORD_READ),
        Item(_("Transactions"), "transactions:list", "transactions", Permission.RECORD_READ),
        Item(_("Disputes"), "transactions:disputes", "disputes", Permission.RECORD_READ),
        Item(_("Accounts"), "cardholders:accounts", "reconciliation", Permission.RECORD_READ),
    )),
    (_("Finance"), (
        Item(_("Reports"), "transactions:reports", "reports", Permission.REPORT_READ),
        Item(_("Reconciliation"), "reconciliation:desk", "reconciliation", Permission.RECONCILIATION_READ),
    )),
    (_("System"), (
        Item(_("Inbox"), "sync:inbox", "inbox", Permission.INBOX_READ),
        Item(_("Provider"), "provider:provider", "provider", Permission.PROVIDER_READ),
        Item(_("Activity"), "audit:list", "activity", Permission.ACTIVITY_OWN),
        Item(_("Staff"), "staff:list", "staff", Permission.STAFF_MANAGE),
        Item(_("Settings"), "branding:settings", "settings", Permission.BRAND_EDIT),
    )),
)  # fmt: skip


def frame(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    known = {"brand": brand(), "environment": settings.CODEGO_ENVIRONMENT, "theme": theme_of(request)}
    if user is None or not user.is_authenticated:
        return {**known, "can": Can(frozenset())}
    permissions = permissions_of(user.roles)
    return {
        **known,
        "can": Can(permissions),
        "nav": _navigation(request, permissions),
        "live": SimpleLazyObject(lambda: live.of(request)),  # a fragment shows no frame
        "search_url": reverse("search:page") if Permission.RECORD_READ in permissions else "",
    }


def _navigation(request: HttpRequest, permissions: frozenset[Permission]) -> list[dict[str, Any]]:
    groups = []
    for label, items in NAVIGATION:
        shown = [_item(request, item) for item in items if item.needs in permissions]
        if shown:
            groups.append({"label": label, "items": shown})
    return groups


def _item(request: HttpRequest, item: Item) -> dict[str, Any]:
    url = reverse(item.route)
    current = request.path == url if url == "/" else request.path.startswith(url)
    return {"label": item.label, "url": url, "icon": item.icon, "current": current, "count": None}
