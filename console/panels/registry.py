"""THE TABLE of panels: what each needs, and which role sees which, in what order."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from console.access import Permission, Role, permissions_of
from console.panels import ledger, programme, reviews, spending, system
from console.panels.face import Asked, Face


class Panel(NamedTuple):
    """`timed`: it speaks of the chosen period. `wide`: it takes the whole width. `route` leads to all there is."""

    key: str
    title: Any
    needs: Permission
    face: Callable[[Asked], Face]
    route: str
    all: Any
    timed: bool = False
    wide: bool = False


_P, _R = Permission, Role
PANELS = {
    panel.key: panel
    for panel in (
        Panel("funnel", _("Onboarding"), _P.RECORD_READ, programme.funnel, "cardholders:list", _("All cardholders"), timed=True),
        Panel("spend", _("Spend"), _P.RECORD_READ, spending.spend, "transactions:list", _("All transactions"), timed=True, wide=True),
        Panel("declines", _("Declines"), _P.RECORD_READ, spending.declines, "transactions:list", _("All transactions"), timed=True),
        Panel("cards", _("Cards"), _P.RECORD_READ, programme.cards, "cards:list", _("All cards"), timed=True),
        Panel("power", _("Low spending power"), _P.RECORD_READ, programme.power, "cardholders:accounts", _("All accounts")),
        Panel("queue", _("Outcomes that wait"), _P.REVIEW_READ, reviews.queue, "cardholders:reviews", _("All reviews")),
        Panel("stopped", _("Denied or locked"), _P.REVIEW_READ, reviews.stopped, "cardholders:reviews", _("All reviews"), timed=True),
        Panel("decisions", _("Decisions"), _P.ACTIVITY_READ, reviews.decisions, "audit:list", _("All activity"), timed=True),
        Panel("collateral", _("Collateral against limit"), _P.RECORD_READ, programme.collateral, "cardholders:accounts", _("All accounts")),
        Panel("proofs", _("Balances that tie"), _P.RECONCILIATION_READ, ledger.proofs, "reconciliation:desk", _("Reconciliation")),
        Panel("breaks", _("Breaks"), _P.RECONCILIATION_READ, ledger.breaks, "reconciliation:breaks", _("All open breaks")),
        Panel("fees", _("Fees"), _P.RECORD_READ, spending.fees, "transactions:list", _("All transactions"), timed=True),
        Panel("close", _("Month to close"), _P.RECONCILIATION_READ, ledger.close, "reconciliation:history", _("All reconciliations")),
        Panel("reports", _("Reports"), _P.REPORT_READ, ledger.reports, "transactions:reports", _("All reports")),
        Panel("freshness", _("Freshness"), _P.RECONCILIATION_READ, system.freshness, "sync:runs", _("All sweeps")),
        Panel("webhooks", _("Webhooks"), _P.INBOX_READ, system.webhooks, "sync:inbox", _("Inbox")),
        Panel("machinery", _("Machinery"), _P.PROVIDER_READ, system.machinery, "provider:provider", _("Provider")),
        Panel("staff", _("Staff"), _P.STAFF_MANAGE, system.staff, "staff:list", _("All staff")),
    )
}  # fmt: skip

ORDER: dict[Role, tuple[str, ...]] = {
    Role.OPERATIONS: ("spend", "funnel", "cards", "declines", "power"),
    Role.COMPLIANCE: ("queue", "funnel", "stopped", "decisions"),
    Role.FINANCE: ("spend", "collateral", "proofs", "breaks", "fees", "close", "reports"),
    Role.ADMIN: ("freshness", "machinery", "webhooks", "staff", "spend", "breaks"),
    Role.VIEWER: ("spend", "declines", "funnel"),
}


def panels_for(roles: Iterable[str]) -> list[Panel]:
    """Those of each role one after the other, none twice, and none that may not be seen."""
    held = [role for role in ORDER if role in set(roles)]
    may = permissions_of([str(role) for role in held])
    keys = dict.fromkeys(key for role in held for key in ORDER[role])
    return [PANELS[key] for key in keys if PANELS[key].needs in may]
