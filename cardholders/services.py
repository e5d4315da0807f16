"""What staff can do with applicants: open and resume KYC sessions, note that one was submitted, decide a review.

A session's one-time iframe URL goes from the provider's answer into one response and is kept nowhere."""

from collections.abc import Callable
from typing import NoReturn, TypeVar

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cardholders.models import Cardholder, Company, Handoff, KycSession, new_external_id
from console.access import Actor
from console.audit import services as audit
from console.audit.events import Action, Outcome
from console.codego import records
from console.codego.protocols import Priority
from console.provider import commands
from console.provider.commands import CannotDo
from console.provider.factory import client
from console.provider.mirror import mark_dirty
from console.provider.models import Command, CommandKind, CommandState
from console.terms import services as terms

Applicant = Cardholder | Company
New = TypeVar("New", Cardholder, Company)


def add_cardholder(*, email: str, first_name: str, last_name: str, actor: Actor) -> Cardholder:
    """A person we are about to onboard: ours until the provider names them."""
    return _add(Cardholder(email=email, first_name=first_name, last_name=last_name), actor)


def add_company(*, email: str, name: str, actor: Actor) -> Company:
    return _add(Company(email=email, name=name), actor)


def open_session(
    applicant: Applicant, *, actor: Actor, handoff: Handoff | None = None, locale: str = "en"
) -> tuple[Command, records.KycSession | None]:
    """Opens a KYC session (reference, step 1), for staff or by the link of a handoff. The record it returns holds the
    iframe URL: hand it to the page only."""
    if applicant.is_approved:
        _refuse(applicant, actor, _("This applicant is already approved."))
    _give_external_id(applicant)
    payload: dict[str, str | bool] = {"applicant_type": _kind(applicant)}
    command = _begin(applicant, actor, payload | ({"handoff": str(handoff.pk)} if handoff else {}))
    opened: list[records.KycSession] = []

    def create() -> str:
        with client(Priority.INTERACTIVE) as provider:
            opened.append(
                provider.create_kyc_session(
                    external_user_id=str(applicant.external_id),
                    applicant_type=_kind(applicant),
                    email=applicant.email,
                    origin=settings.PUBLIC_URL,
                    return_url=f"{settings.PUBLIC_URL}{reverse('cardholders:onboarding_thanks') if handoff else '/'}",
                    locale=locale,
                    idempotency_key=command.pk,
                )
            )
        return opened[0].session_id

    return _sent(applicant, command, create, opened, handoff)


def resume_session(session: KycSession, *, actor: Actor) -> tuple[Command, records.KycSession | None]:
    """Goes on with an abandoned session; where the provider will not, a fresh one is opened (facts 8)."""
    applicant = session.cardholder or session.company
    if applicant is None:
        raise CannotDo(_("This session belongs to nobody."))
    command = _begin(applicant, actor, {"resume": True})
    opened: list[records.KycSession] = []

    def resume() -> str:
        with client(Priority.INTERACTIVE) as provider:
            opened.append(provider.resume_kyc_session(session.session_id, idempotency_key=command.pk))
        return opened[0].session_id

    done, resumed = _sent(applicant, command, resume, opened)
    return open_session(applicant, actor=actor) if done.state == CommandState.REFUSED else (done, resumed)


def submitted(session: KycSession) -> None:
    """The browser saw `kyc:done`: progress, not a decision. The applicant is read until there is one."""
    KycSession.objects.filter(pk=session.pk, submitted_at=None).update(submitted_at=timezone.now())
    for model, codego_id in (
        (Cardholder, session.cardholder and session.cardholder.codego_id),
        (Company, session.company and session.company.codego_id),
    ):
        if codego_id:
            mark_dirty(model, [codego_id])


def decide(applicant: Applicant, decision: str, *, actor: Actor, reason: str) -> None:
    """Records what compliance made of an outcome. The provider decides the application; this is our evidence."""
    audit.record(
        Action.REVIEW_DECIDE,
        actor=actor,
        record=str(applicant._meta.model_name),
        record_id=applicant.pk,
        reason=reason,
        decision=decision,
        state=applicant.state,
    )


def settle(command: Command) -> Command:
    """A session whose answer was lost is of no use to anybody: its URL is gone, and it lapses within the hour."""
    return commands.finish(command, CommandState.LAPSED, message=_("The session was lost. Open a new one."))


def _add(applicant: New, actor: Actor) -> New:
    applicant.external_id, applicant.by_reference = new_external_id(), True
    with transaction.atomic():
        applicant.save()
        terms.renew(applicant)
        audit.record(Action.APPLICANT_ADD, actor=actor, record=str(applicant._meta.model_name), record_id=applicant.pk)
    return applicant


def _begin(applicant: Applicant, actor: Actor, payload: dict[str, str | bool]) -> Command:
    return commands.begin(
        CommandKind.KYC,
        record=str(applicant._meta.model_name),
        record_id=applicant.pk,
        target=str(applicant.external_id or ""),
        actor=actor,
        payload=payload,
    )


def _sent(
    applicant: Applicant,
    command: Command,
    call: Callable[[], str],
    opened: list[records.KycSession],
    handoff: Handoff | None = None,
) -> tuple[Command, records.KycSession | None]:
    """The command as it ended, and the session if it was opened, which is on record without its URL."""
    owner = "cardholder" if isinstance(applicant, Cardholder) else "company"

    def keep(done: Command) -> None:
        facts = {
            owner: applicant,
            "opened_at": timezone.now(),
            "expires_at": opened[0].expires_at,
            "handoff": handoff,
        }
        KycSession.objects.update_or_create(session_id=done.result, defaults=facts)

    done = commands.send(command, call, keep=keep)
    return done, opened[0] if opened and done.state == CommandState.DONE else None


def _give_external_id(applicant: Applicant) -> None:
    if not applicant.external_id:
        rows = type(applicant)._default_manager.filter(pk=applicant.pk, external_id__isnull=True)
        rows.update(external_id=new_external_id())
        applicant.refresh_from_db(fields=["external_id"])


def _kind(applicant: Applicant) -> str:
    return "individual" if isinstance(applicant, Cardholder) else "company"


def _refuse(applicant: Applicant, actor: Actor, words: str) -> NoReturn:
    audit.record(
        Action.KYC_OPEN,
        actor=actor,
        outcome=Outcome.REFUSED,
        record=str(applicant._meta.model_name),
        record_id=applicant.pk,
    )
    raise CannotDo(words)
