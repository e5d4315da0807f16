"""How often each resource is swept, by which kind of run, and when what we show of it is called stale: the one table."""

from datetime import timedelta
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


class Pace(NamedTuple):
    """`whole`: every sweep of it reads every row, so a row can be called stale by its own age."""

    label: Any
    kind: str  # of the run that keeps it fresh
    every: timedelta
    stale: timedelta
    whole: bool = False


SCHEDULE = {
    "cards": Pace(_("Cards"), "catch_up", 5 * _MINUTE, 20 * _MINUTE, whole=True),
    "transactions": Pace(_("Transactions"), "catch_up", 5 * _MINUTE, 20 * _MINUTE),
    "disputes": Pace(_("Disputes"), "window", 24 * _HOUR, 26 * _HOUR),
    "companies": Pace(_("Companies"), "catch_up", 5 * _MINUTE, 20 * _MINUTE),
    "cardholders": Pace(_("Cardholders"), "catch_up", 5 * _MINUTE, 20 * _MINUTE),
    "contracts": Pace(_("Contracts"), "reconcile", _HOUR, 2 * _HOUR, whole=True),
    "balances": Pace(_("Balances"), "reconcile", _HOUR, 2 * _HOUR, whole=True),
}

# An import follows the references: holders are found by the ids on cards and transactions. A reconciliation reads
# balances before what explains them, so that whatever moved meanwhile is known to be later.
KINDS: dict[str, tuple[str, ...]] = {
    "import": ("cards", "transactions", "disputes", "companies", "cardholders", "contracts", "balances"),
    "catch_up": ("cards", "transactions", "cardholders", "companies"),
    "reconcile": ("balances", "contracts", "transactions"),
    "window": ("transactions", "disputes", "companies", "cardholders"),
}
IN_ORDER = frozenset({"import", "reconcile"})  # each resource to its end; the other kinds take theirs in turns


def every(kind: str) -> timedelta:
    """How often a kind of run is due, by the resources it keeps fresh."""
    return min(pace.every for pace in SCHEDULE.values() if pace.kind == kind)
