"""The one writer of cardholders, companies, contracts and balances: provider records become rows here and nowhere else."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from cardholders import telling
from cardholders.chains import chain_name
from cardholders.models import (
    BALANCE_FIELDS,
    Balance,
    BalanceReading,
    Cardholder,
    Company,
    Contract,
    ContractReading,
)
from console.access import SYSTEM
from console.audit import services as audit
from console.audit.events import Action
from console.codego.records import BalanceRecord, CompanyRecord, ContractRecord, TokenRecord, UserRecord, normal
from console.history import services as history
from console.history.models import Change, ChangeSource
from console.history.services import Written
from console.notes.models import Note
from console.provider.mirror import OURS, Applied, Incoming, Source, Verdict, image, mark_dirty, refer, write
from console.provider.models import Command
from console.templatetags.console import status_of
from console.terms import services as terms
from console.vocabulary import services as vocabulary
from console.vocabulary.models import Word

Owner = TypeVar("Owner", Cardholder, Company)
APPLICATION_WORDS: tuple[vocabulary.Ask, ...] = (
    ("application.status", "application_status", lambda word: status_of(word, "application")),
)
CONTRACT_WORDS: tuple[vocabulary.Ask, ...] = (("contract.chain", "chain_id", lambda word: chain_name(int(word))),)


def apply_cardholders(records: Sequence[UserRecord], *, source: Source) -> Applied:
    with transaction.atomic():
        companies = refer(Company, (r.company_id for r in records if r.company_id))
        if not source.again:
            _identify(Cardholder, records)
        incoming = [_cardholder(r, companies) for r in records]
        before = {} if source.again else telling.states_of(Cardholder, [r.id for r in records])
        applied = write(Cardholder, incoming, source)
        vocabulary.listen(Cardholder, incoming, applied, source, APPLICATION_WORDS)
        if not source.again:
            _name_new(Cardholder, records)
            telling.tell(Cardholder, [r.id for r in records], before)
    return applied


def apply_companies(records: Sequence[CompanyRecord], *, source: Source) -> Applied:
    with transaction.atomic():
        if not source.again:
            _identify(Company, records)
        incoming = [_company(r) for r in records]
        before = {} if source.again else telling.states_of(Company, [r.id for r in records])
        applied = write(Company, incoming, source)
        vocabulary.listen(Company, incoming, applied, source, APPLICATION_WORDS)
        if not source.again:
            _name_new(Company, records)
            telling.tell(Company, [r.id for r in records], before)
    return applied


def apply_contracts(records: Sequence[ContractRecord], *, source: Source) -> Applied:
    holders = refer(Cardholder, (r.user_id for r in records if r.user_id))
    companies = refer(Company, (r.company_id for r in records if r.company_id))
    with transaction.atomic():
        ownerless = [r.id for r in records if not (r.user_id or r.company_id)]
        known = set(
            Contract.objects.filter(codego_id__in=ownerless, by_reference=False).values_list("codego_id", flat=True)
        )
        unplaced = {i for i in ownerless if i not in known}
        refer(Contract, unplaced)
        if not source.is_read:
            mark_dirty(Contract, unplaced, source.news_at)
        placed = [r for r in records if r.id not in unplaced]
        incoming = [_contract(r, holders, companies) for r in placed]
        applied = write(Contract, incoming, source)
        vocabulary.listen(Contract, incoming, applied, source, CONTRACT_WORDS)
        for record in placed:  # only read with its owner can it be known whole, so a placeholder keeps whose it is
            Contract.objects.filter(codego_id=record.id, by_reference=True, cardholder=None, company=None).update(
                cardholder_id=holders.get(record.user_id or ""), company_id=companies.get(record.company_id or "")
            )
        if not source.again:
            _keep_contract_readings([r.id for r in placed], source)
    verdicts = iter(applied.verdicts)
    return Applied([Verdict.HINT if r.id in unplaced else next(verdicts) for r in records], applied.changes)


def _keep_contract_readings(ids: Sequence[str], source: Source) -> None:
    for contract in Contract.objects.filter(codego_id__in=ids).select_for_update():
        last = contract.readings.order_by("-at").first()
        if (contract.tokens or last) and (last is None or last.tokens != contract.tokens):
            ContractReading.objects.create(contract=contract, at=source.at, tokens=contract.tokens)


def note_listed(owner: Cardholder | Company, ids: Sequence[str]) -> None:
    """Which of the owner's contracts its whole list has lost, and since when; or has again."""
    known = owner.contracts.filter(by_reference=False)
    for pk, codego_id, missing_since in known.values_list("pk", "codego_id", "missing_since"):
        if (codego_id in ids) == bool(missing_since):
            gone = None if missing_since else timezone.now()
            Contract.objects.filter(pk=pk).update(missing_since=gone)


def apply_balances(records: Sequence[tuple[Cardholder | Company, BalanceRecord]], *, source: Source) -> Applied:
    incoming = [_balance(owner, record) for owner, record in records]
    with transaction.atomic():
        applied = write(Balance, incoming, source)
        new = {Verdict.CREATED, Verdict.CHANGED}
        if not source.again:
            _keep_balance_readings(
                [i.codego_id for i, v in zip(incoming, applied.verdicts, strict=True) if v in new], source
            )
    return applied


def _keep_balance_readings(ids: Sequence[str], source: Source) -> None:
    BalanceReading.objects.bulk_create(
        BalanceReading(
            balance=balance, at=source.at, extra=balance.extra, **{f: getattr(balance, f) for f in BALANCE_FIELDS}
        )
        for balance in Balance.objects.filter(codego_id__in=ids)
    )


def touch_balances(owner_ids: Sequence[str], at: datetime) -> None:
    """Money moved for these owners, as was heard at `at`: their balance is to be read again."""
    mark_dirty(Balance, owner_ids, at)


def touch_contracts(owner_ids: Sequence[str], at: datetime) -> None:
    """Collateral moved for these owners: their contracts are to be read again."""
    if owner_ids:
        theirs = Q(cardholder__codego_id__in=owner_ids) | Q(company__codego_id__in=owner_ids)
        ids = Contract.objects.filter(theirs).values_list("codego_id", flat=True)
        mark_dirty(Contract, [str(i) for i in ids], at)


def _cardholder(record: UserRecord, companies: dict[str, int]) -> Incoming:
    values = {
        "first_name": record.first_name,
        "last_name": record.last_name,
        "phone_country_code": record.phone_country_code,
        "phone_number": record.phone_number,
        "is_active": record.is_active,
        "company_id": companies.get(record.company_id or ""),
    }
    return Incoming(record.id, record.updated_at, values | _applicant(record), record.raw, record.flags)


def _company(record: CompanyRecord) -> Incoming:
    values = {"name": record.name, "owners": None if record.owners is None else list(record.owners)}
    return Incoming(record.id, record.updated_at, values | _applicant(record), record.raw, record.flags)


def _applicant(record: UserRecord | CompanyRecord) -> dict[str, Any]:
    return {
        "email": record.email,
        "application_status": record.application_status,
        "state": None if record.application_status is None else normal(record.application_status),
        "application_reason": record.application_reason,
        "kyc_status": record.kyc_status,
        "address": record.address,
        "codego_created_at": record.created_at,
    }


def _contract(record: ContractRecord, holders: dict[str, int], companies: dict[str, int]) -> Incoming:
    values = {
        "cardholder_id": holders.get(record.user_id or ""),
        "company_id": companies.get(record.company_id or ""),
        "chain_id": record.chain_id,
        "contract_version": record.contract_version,
        "controller_address": record.controller_address,
        "proxy_address": record.proxy_address,
        "deposit_address": record.deposit_address,
        "tokens": None if record.tokens is None else [_token(t) for t in record.tokens],
    }
    return Incoming(record.id, None, values, record.raw, record.flags)


def _token(token: TokenRecord) -> dict[str, str | None]:
    fields = ("address", "balance", "exchange_rate", "advance_rate")
    return {name: None if (value := getattr(token, name)) is None else str(value) for name in fields}


def _balance(owner: Cardholder | Company, record: BalanceRecord) -> Incoming:
    values: dict[str, Any] = {name: getattr(record, name) for name in BALANCE_FIELDS}
    values["extra"] = record.extra
    values["cardholder_id" if isinstance(owner, Cardholder) else "company_id"] = owner.pk
    return Incoming(str(owner.codego_id), None, values, record.raw, record.flags)


def _identify(model: type[Owner], records: Sequence[UserRecord] | Sequence[CompanyRecord]) -> None:
    """Where a record names the external id of a row that knows no provider id yet, the two are one applicant."""
    ids = {r.external_user_id: r.id for r in records if r.external_user_id}
    waiting = model._default_manager.select_for_update().filter(external_id__in=ids, codego_id__isnull=True)
    for row in waiting.order_by("pk"):
        codego_id, before = ids[str(row.external_id)], image(row)
        if other := model._default_manager.select_for_update().filter(codego_id=codego_id).first():
            before = image(other)
            _merge(other, row)
        row.codego_id = codego_id
        row.save()
        terms.renew(row)
        merged = Written(row.pk, before, image(row))
        history.note(model._meta.model_name or "", [merged], source=ChangeSource.MERGE, at=timezone.now())


def _merge(loser: Owner, winner: Owner) -> None:
    """Everything that pointed at the row known by the provider's id points at the one staff opened; what it knew is kept."""
    for relation in loser._meta.related_objects:
        name = relation.field.name
        relation.related_model._default_manager.filter(**{name: loser}).update(**{name: winner})
    noun = loser._meta.model_name or ""
    for log in (Note, Command, Change, Word):
        log._default_manager.filter(record=noun, record_id=loser.pk).update(record_id=winner.pk)
    audit.record(Action.RECORD_MERGE, actor=SYSTEM, record=noun, record_id=winner.pk, merged=loser.pk)
    for column in (f.attname for f in loser._meta.concrete_fields if f.name not in OURS):
        setattr(winner, column, getattr(loser, column) or getattr(winner, column))
    winner.by_reference, winner.dirty_at = loser.by_reference, loser.dirty_at
    terms.forget(noun, loser.pk)
    loser.delete()


def _name_new(model: type[Owner], records: Sequence[UserRecord] | Sequence[CompanyRecord]) -> None:
    """Remembers the external id of applicants that were opened elsewhere under the same key."""
    for record in records:
        if record.external_user_id:
            taken = model._default_manager.filter(external_id=record.external_user_id)
            if not taken.exists():
                model._default_manager.filter(codego_id=record.id, external_id__isnull=True).update(
                    external_id=record.external_user_id
                )
