"""Reads people, companies and their collateral by whichever routes this provider has (facts 1.2 to 1.4)."""

from collections.abc import Sequence
from dataclasses import replace

from cardholders.models import APPROVED, Cardholder, Company, Contract
from cardholders.sync import note_listed
from console.codego.client import Codego
from console.codego.errors import NoSuchObject, NoSuchRoute
from console.codego.records import BalanceRecord, CompanyRecord, ContractRecord, UserRecord

Owner = Cardholder | Company
UNOWNED = 20  # how many approved owners without a contract are asked when a contract names nobody


def read_user(client: Codego, codego_id: str) -> UserRecord:
    """The user, or where the provider has no such route, its application."""
    try:
        return client.user(codego_id)
    except NoSuchRoute:
        return client.application(codego_id)


def read_company(client: Codego, codego_id: str) -> CompanyRecord:
    try:
        return client.company_application(codego_id)
    except NoSuchRoute:
        return client.company(codego_id)


def contracts_of_owner(client: Codego, owner: Owner) -> list[ContractRecord]:
    """Contracts with their owner filled in; none where there are none yet or the provider keeps none for it."""
    holder = isinstance(owner, Cardholder)
    try:
        found = (client.user_contracts if holder else client.company_contracts)(str(owner.codego_id))
    except NoSuchRoute:
        return []
    except NoSuchObject:
        found = []
    note_listed(owner, [record.id for record in found])
    if holder:
        return [replace(record, user_id=owner.codego_id) for record in found]
    return [replace(record, company_id=owner.codego_id) for record in found]


def contracts_of(client: Codego, contract: Contract) -> list[ContractRecord]:
    """All contracts of this contract's owner; of the newest approved owners without one where it names nobody."""
    if owner := contract.cardholder or contract.company:
        return contracts_of_owner(client, owner)
    found: list[ContractRecord] = []
    for model in (Cardholder, Company):
        without = model.objects.filter(state=APPROVED, codego_id__isnull=False, contracts__isnull=True)
        for owner in without.order_by("-state_since")[:UNOWNED]:
            found += contracts_of_owner(client, owner)
            if any(record.id == contract.codego_id for record in found):
                return found
    return found


def balance_of(client: Codego, owner: Owner) -> Sequence[tuple[Owner, BalanceRecord]]:
    """The owner's balance; none where the provider keeps it on the company (facts 7.13)."""
    holder = isinstance(owner, Cardholder)
    try:
        return [(owner, (client.user_balances if holder else client.company_balances)(str(owner.codego_id)))]
    except (NoSuchObject, NoSuchRoute):
        return []
