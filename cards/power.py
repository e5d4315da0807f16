"""The spending power that stands beside a limit: the holder's, or their company's where the balance is kept there."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from cardholders.models import Balance, Cardholder, Company


@dataclass(frozen=True, slots=True)
class Power:
    """As the provider gave it, `amount` in minor units of USD, and the reading that says so."""

    amount: int | None = None
    of_company: bool = False
    balance: Balance | None = None

    @property
    def at(self) -> datetime | None:
        return self.balance.fresh_at if self.balance else None


def power_of(cardholder: Cardholder | None, company: Company | None = None) -> Power:
    if company is None and cardholder is not None:
        company = cardholder.company
    owners = Q(pk=None)
    if cardholder:
        owners |= Q(cardholder=cardholder)
    if company:
        owners |= Q(company=company)
    found = list(Balance.objects.filter(owners).exclude(spending_power=None).defer("raw"))
    if not found:
        return Power()
    best = min(found, key=lambda balance: (balance.company_id is None) == bool(company))
    return Power(best.spending_power, bool(best.company_id), best)
