"""Where a transaction and a dispute stand: what it means for the money, until when, and what can be done."""

from datetime import timedelta
from typing import Any, NamedTuple

from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from cards.declines import remedy_of
from console.access import Permission
from console.money import format_minor
from console.provider.models import Command
from console.standing import (
    EXPLAINED,
    GONE,
    OLDER,
    READING,
    Case,
    Facts,
    Fixer,
    Standing,
    Step,
    Turn,
    read_flags,
    stand,
)
from console.vocabulary import services as vocabulary
from transactions.chain import MEANINGS, Chain
from transactions.declines import UNKNOWN, UNSAID, Explained
from transactions.models import Dispute, Transaction


class Guidance(NamedTuple):
    """A period of the card scheme's rules, which the provider may shorten, and where it is from."""

    lasts: timedelta
    source: str


# As peers publish Visa's rules, read in November 2026. The provider decides; the screen says so.
DISPUTABLE = Guidance(timedelta(days=120), "docs.chargeflow.io: up to 120 days from processing for most reasons")
MERCHANT_ANSWERS = Guidance(timedelta(days=30), "docs.chargeflow.io: the merchant has 30 days to answer")

_P = Permission
OPEN = Step(_("Open dispute"), "transactions:open_dispute", _P.DISPUTE_OPEN, of="disputable", dialog=True)
ANSWER = Step(_("Record what support said"), "transactions:answer", _P.DISPUTE_OPEN, of="answerable", dialog=True)
SEE = Step(_("See the dispute"), "transactions:dispute", _P.RECORD_READ, of="dispute")
PURCHASE = Step(_("See the purchase"), "transactions:detail", _P.RECORD_READ, of="purchase")
DEPOSIT = (
    Step(_("See balance and contract"), "cardholders:detail", _P.RECORD_READ, of="holder"),
    Step(_("See balance and contract"), "cardholders:company", _P.RECORD_READ, of="company"),
)

CASES: tuple[Case, ...] = (
    GONE,
    READING,
    Case(
        "answerable",
        "warn",
        _("A dispute was sent, and its answer was lost"),
        _("Nothing else can show what became of it."),
        Turn.US,
        _("Ask the provider's support about this transaction's id, then record the answer."),
        (ANSWER,),
    ),
    Case("declined eased", "info", _("Declined: %(label)s"), _("%(why)s"), how=_("%(eased)s")),
    Case("declined told", "warn", _("Declined: %(label)s"), _("%(told)s")),
    Case("declined ours", "warn", _("Declined: %(label)s"), _("%(why)s"), how=_("%(advice)s")),
    Case("declined", "info", _("Declined: %(label)s"), _("%(why)s"), how=_("%(advice)s")),
    Case(
        "spend disputed",
        "info",
        _("A dispute about it is open"),
        MEANINGS["spend", "completed"],
        Turn.PROVIDER,
        _("The provider decides it; the page of the dispute says what comes next."),
        (SEE,),
    ),
    Case(
        "purchase pending overdue",
        "warn",
        _("Held for longer than a hold should last"),
        _("It should have been let go on %(ends)s, %(days)s days after the authorisation."),
        Fixer.PROVIDER,
        _("If it stays, ask its support. A later settlement still arrives, forced."),
    ),
    Case(
        "purchase pending",
        "info",
        _("On hold until %(ends)s at the latest"),
        MEANINGS["spend", "pending"],
        Turn.MERCHANT,
        _("It takes the money or releases it. What is left is let go by itself %(days)s days after the authorisation."),
    ),
    Case(
        "purchase reversed held",
        "info",
        _("Given up by the merchant, yet still held"),
        _("Up to %(held)s can stay held until %(ends)s, %(days)s days after the authorisation."),
        Turn.NOBODY,
        _("It is let go by itself. The merchant may still take it until then, forced."),
    ),
    Case("purchase reversed", "info", _("Given up by the merchant"), MEANINGS["spend", "reversed"], Turn.NOBODY),
    Case(
        "purchase completed in_time",
        "good",
        _("Settled"),
        MEANINGS["spend", "completed"],
        how=_("A dispute is usually possible until %(until)s. This is guidance: the provider decides."),
        steps=(OPEN,),
    ),
    Case(
        "purchase completed",
        "good",
        _("Settled"),
        MEANINGS["spend", "completed"],
        how=_("The usual time for a dispute ended on %(until)s. This is guidance: the provider decides."),
        steps=(OPEN,),
    ),
    Case(
        "refund pending",
        "info",
        _("Refund on its way"),
        MEANINGS["refund", "pending"],
        Turn.MERCHANT,
        _("It lapses on %(ends)s if the merchant does not complete it."),
    ),
    Case("refund completed", "good", _("Refunded"), MEANINGS["refund", "completed"]),
    Case("refund reversed", "info", _("Refund taken back"), MEANINGS["refund", "reversed"], Turn.NOBODY),
    Case(
        "payment pending",
        "info",
        _("Repayment seen, not counted yet"),
        MEANINGS["payment", "pending"],
        Turn.NOBODY,
        _("It is counted once its chain confirms it."),
        DEPOSIT,
    ),
    Case("payment completed", "good", _("Repayment received"), MEANINGS["payment", "completed"], steps=DEPOSIT),
    Case("collateral", "good", _("Collateral"), MEANINGS["collateral", ""], steps=DEPOSIT),
    Case("fee", "info", _("Fee"), MEANINGS["fee", ""], steps=DEPOSIT),
    Case("transfer", "info", _("Transfer"), _("Money that moved between wallets."), steps=DEPOSIT),
    OLDER,
    EXPLAINED,
    Case(
        "",
        "warn",
        _("The provider sent a word this console does not know: “%(word)s”"),
        _("What it means for the money is not known."),
        Fixer.PROVIDER,
        _("Ask its support what the word means. An administrator can write it down for everybody."),
    ),
)


def standing_of(
    found: Transaction,
    chain: Chain,
    explained: Explained | None,
    disputes: list[Dispute],
    answerable: Command | None,
    *,
    why_not: str,
    permissions: frozenset[Permission],
) -> Standing:
    """Of what the page has read already."""
    hold = chain.hold
    until = (found.posted_at or found.occurred_at) + DISPUTABLE.lasts if found.is_settled_spend else None
    is_open = next((each for each in disputes if each.state in {"pending", "inreview"}), None)
    word = found.status if found.kind in KINDS else found.type
    words: dict[str, Any] = {
        "error": found.read_error,
        "word": word,
        "ends": _day(hold.closes_at) if hold else "",
        "days": hold.lasts_days if hold else "",
        "held": format_minor(hold.amount or 0, found.currency) if hold else "",
        "until": _day(until),
        **_of_decline(explained),
    }
    kind = "refund" if found.is_refund else "purchase" if found.kind == "spend" else found.kind
    so = {
        kind: bool(kind),
        "spend": found.kind == "spend",
        found.state: bool(found.state),
        "answerable": answerable is not None,
        "disputed": is_open is not None,
        "held": hold is not None,
        "overdue": bool(hold and hold.is_overdue),
        "in_time": until is None or until > timezone.now(),
        "ours": bool(explained and explained.for_us),
        "eased": bool(explained and explained.note),
    }
    flags = {flag for flag, holds in so.items() if holds} | read_flags(found)
    told = None
    if explained and explained.decline is UNKNOWN:
        told = vocabulary.meaning_of("transaction.decline", explained.words)
        words["told"] = told.meaning if told else ""
        flags |= {"told"} if told else set()
    elif told := vocabulary.meaning_of("transaction.status" if found.kind in KINDS else "transaction.type", word):
        words["meaning"] = told.meaning
        flags.add("explained")
    company = found.company_id if not found.cardholder_id else None
    ids: dict[str, Any] = {
        "record": found.pk,
        "disputable": found.pk if found.codego_id and not why_not else None,
        "answerable": answerable and answerable.pk,
        "dispute": is_open and is_open.pk,
        "holder": found.cardholder_id,
        "company": company,
    }
    remedy = None
    if explained and found.card and not explained.note:
        remedy = remedy_of(explained.decline, found.card)
    facts = Facts(
        flags=frozenset(flags),
        words=words,
        ids=ids,
        steps=(remedy,) if remedy else (),
        who=_fixer(explained, told),
        said=explained.words if explained else "",
    )
    return stand(CASES, facts, permissions)


KINDS = frozenset({"spend", "collateral", "payment", "fee", "transfer"})


def _of_decline(explained: Explained | None) -> dict[str, Any]:
    if explained is None:
        return {}
    said = explained.decline
    label = _("no reason given") if said is UNSAID else _("reason not known") if said is UNKNOWN else said.label
    return {"label": label, "why": said.meaning, "advice": said.advice, "eased": explained.note}


def _fixer(explained: Explained | None, told: vocabulary.Told | None) -> Fixer | None:
    if told and told.fixer:
        return Fixer[told.fixer.upper()]
    return explained.decline.fixer if explained and not explained.note else None


# --- Disputes ---------------------------------------------------------------------------------------------------------

ATTACH = Step(_("Attach file"), "transactions:attach", _P.DISPUTE_OPEN, of="attachable", dialog=True)
STATEMENT = Step(_("Change statement"), "transactions:statement", _P.DISPUTE_OPEN, of="statable", dialog=True)

DISPUTE_CASES: tuple[Case, ...] = (
    GONE,
    Case(
        "reading",
        "info",
        _("Known by reference, being read from the provider"),
        _("Where the provider lists no disputes, it stays like this until the provider reports on it."),
    ),
    Case(
        "pending late",
        "info",
        _("With the provider for longer than is usual"),
        _("The merchant's usual time to answer ended on %(by)s. This is guidance: the provider decides."),
        Turn.PROVIDER,
        _("Ask its support how the case stands."),
        (ATTACH, STATEMENT),
    ),
    Case(
        "pending",
        "info",
        _("With the provider, which puts it to the merchant"),
        _("The merchant usually has until %(by)s to answer. This is guidance: the provider decides."),
        Turn.PROVIDER,
        _("Meanwhile, what supports the case can still be sent."),
        (ATTACH, STATEMENT),
    ),
    Case(
        "inreview late",
        "info",
        _("The provider is looking at it"),
        _("The merchant's usual time to answer ended on %(by)s. This is guidance: the provider decides."),
        Turn.PROVIDER,
        _("Send what supports the case before it is decided, or ask how it stands."),
        (ATTACH, STATEMENT),
    ),
    Case(
        "inreview",
        "info",
        _("The provider is looking at it"),
        _("Both sides are weighed. The merchant's usual time to answer ends on %(by)s."),
        Turn.PROVIDER,
        _("Send what supports the case before it is decided."),
        (ATTACH, STATEMENT),
    ),
    Case(
        "accepted",
        "good",
        _("Decided for the cardholder"),
        _("The money comes back as a credit of its own, which can take some days."),
        Turn.NOBODY,
        _("The purchase's page shows a likely refund once it is there."),
        (PURCHASE,),
    ),
    Case(
        "rejected",
        "warn",
        _("Decided for the merchant"),
        _("The money stays with the merchant."),
        Fixer.PROVIDER,
        _("Ask its support for the reason, and tell the cardholder."),
        (PURCHASE,),
    ),
    Case(
        "canceled",
        "info",
        _("Withdrawn"),
        _("The case is dropped and the merchant keeps the money."),
        Turn.NOBODY,
        _("While time is left, the purchase's page offers a new dispute."),
        (PURCHASE,),
    ),
    OLDER,
    EXPLAINED,
    Case(
        "",
        "warn",
        _("The provider sent a status this console does not know: “%(word)s”"),
        _("Whether the case is still open is not known."),
        Fixer.PROVIDER,
        _("Ask its support what the word means. An administrator can write it down for everybody."),
        (PURCHASE,),
    ),
)


def standing_of_dispute(found: Dispute, offered: set[str], permissions: frozenset[Permission]) -> Standing:
    """`offered` are the routes of what the provider was seen to take."""
    by = found.opened_at + MERCHANT_ANSWERS.lasts
    flags = {found.state} - {""} | read_flags(found) | ({"late"} if by < timezone.now() else set())
    words: dict[str, Any] = {"error": found.read_error, "word": found.status, "by": _day(by)}
    if told := vocabulary.meaning_of("dispute.status", found.status):
        words["meaning"] = told.meaning
        flags.add("explained")
    ids = {
        "record": found.pk,
        "attachable": found.pk if "attach" in offered else None,
        "statable": found.pk if "statement" in offered else None,
        "purchase": found.transaction_id,
    }
    who = Fixer[told.fixer.upper()] if told and told.fixer else None
    return stand(DISPUTE_CASES, Facts(flags=frozenset(flags), words=words, ids=ids, who=who), permissions)


def _day(moment: Any) -> str:
    return formats.date_format(timezone.localtime(moment), "j M Y") if moment else ""
