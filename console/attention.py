"""What needs somebody now: each matter with whose it is, how many, and where the rows are. None is counted past 100."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.core.cache import caches
from django.db.models import Exists, OuterRef, QuerySet, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, ngettext_lazy

from cardholders.accounts import low_power
from cardholders.filters import settled
from cardholders.models import APPROVED, Cardholder, Company, Contract
from cards.models import Card
from console.access import Permission, Role
from console.codego.wire import normal
from console.days import span
from console.money import grouped
from console.provider.models import Command, CommandState
from console.provider.observing import last_refusal
from console.reconciliation.causes import Cause
from console.reconciliation.models import Break, BreakState, Reconciliation, ReconciliationState
from console.reconciliation.wording import OLD, of_age, waits
from console.sync import health, silence
from console.sync.models import Delivery, DeliveryVerdict, Rejected, Run, RunState
from console.vocabulary.models import Word
from transactions.models import Transaction

MOST = 100
TONES = ("bad", "warn", "info")  # the gravest first
BRIEFLY = 15  # seconds that a count over a whole table is kept
STUCK_STATES = ("needsinformation", "needsverification", "manualreview")
STUCK, CONTRACTLESS, DECLINED, TURNED_AWAY = (
    timedelta(days=2), timedelta(minutes=15), timedelta(days=7), timedelta(hours=24),
)  # fmt: skip
UNPROVEN = timedelta(hours=3)  # a reconciliation follows the sweep of each hour
CREDIT_DECLINE = "account credit limit exceeded"  # as the provider words it


class Found(NamedTuple):
    words: str
    url: str = ""
    detail: str = ""


class Rule(NamedTuple):
    """`needs` is what it takes to see it, and to open the rows behind it."""

    key: str
    tone: str
    needs: Permission
    whose: tuple[Role, ...]
    find: Callable[[], Found | None]


class Matter(NamedTuple):
    """One line on the home page."""

    key: str
    tone: str
    whose: tuple[Role, ...]
    found: Found


def matters(permissions: frozenset[Permission]) -> list[Matter]:
    """What these permissions may see, the gravest first."""
    found = [(rule, rule.find()) for rule in RULES if rule.needs in permissions]
    grave = sorted(found, key=lambda pair: TONES.index(pair[0].tone))
    return [Matter(rule.key, rule.tone, rule.whose, what) for rule, what in grave if what]


# --- The rows behind the counts ---------------------------------------------------------------------------------------


def commands(state: str) -> QuerySet[Command]:
    return Command.objects.filter(state=state).order_by("created_at")


def stuck(model: Any, noun: str) -> QuerySet[Any]:
    """Waiting for somebody longer than two days, and not settled by a decision here."""
    waiting: QuerySet[Any] = model.objects.filter(state__in=STUCK_STATES, state_since__lt=timezone.now() - STUCK)
    return waiting.filter(~settled(noun)).order_by("state_since")


def contractless(model: Any, noun: str) -> QuerySet[Any]:
    """Approved for a while without the contract their credit hangs on; a company's people spend from the company's."""
    approved: QuerySet[Any] = model.objects.filter(state=APPROVED, state_since__lt=timezone.now() - CONTRACTLESS)
    if model is Cardholder:
        approved = approved.filter(company=None)
    return approved.filter(~Exists(Contract.objects.filter(**{noun: OuterRef("pk")}))).order_by("state_since")


def credit_declines() -> QuerySet[Transaction]:
    return Transaction.objects.filter(
        state="declined", occurred_at__gte=_decline_start(), declined_reason__iexact=CREDIT_DECLINE
    )


def unexplained() -> QuerySet[Break]:
    return Break.objects.filter(state=BreakState.OPEN, cause=Cause.UNKNOWN)


def old_breaks() -> QuerySet[Break]:
    now = timezone.now()
    return Break.objects.filter(of_age(OLD, now), waits(now), state=BreakState.OPEN)


def opened_again() -> QuerySet[Reconciliation]:
    return Reconciliation.objects.filter(reopened_at__isnull=False)  # until it is signed off again


def _decline_start() -> Any:
    """Whole days, so that the list under the same filter shows the same rows."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - DECLINED + timedelta(days=1)


def count(*rows: QuerySet[Any]) -> int:
    """Together, and one past the bound at most."""
    return min(sum(len(each.order_by().values_list("pk")[: MOST + 1]) for each in rows), MOST + 1)


def shown(number: int) -> str:
    return f"{MOST}+" if number > MOST else str(number)


# --- The rules --------------------------------------------------------------------------------------------------------


def _counted(words: Any, counting: Callable[[], int], url: Callable[[], str]) -> Callable[[], Found | None]:
    def find() -> Found | None:
        number = counting()
        said = {"count": min(number, MOST), "n": shown(number)}
        return Found(words % said, url()) if number else None

    return find


def _kept(key: str, counting: Callable[[], int]) -> Callable[[], int]:
    """Remembered for some seconds: every open home page asks, and no index answers these."""
    return lambda: caches["local"].get_or_set(f"attention:{key}", counting, BRIEFLY) or 0


def _rows_page(key: str) -> Callable[[], str]:
    return lambda: reverse("attention", args=[key])


def _address(route: str, **query: Any) -> Callable[[], str]:
    return lambda: f"{reverse(route)}?{urlencode(query, doseq=True)}"


def _declines_address() -> str:
    first = _decline_start().date().isoformat()
    return _address("transactions:list", **{"reason": normal(CREDIT_DECLINE), "from": first})()


def _machinery() -> Found | None:
    if not any(age is None or age > health.ALIVE for age in health.heartbeat_ages().values()):
        return None
    return Found(
        _("Background work stands still: the worker, or the clock that wakes it, gives no sign of life."),
        detail=_("Webhooks are kept but not applied, and nothing is read from the provider until it runs again."),
    )


def _refusal() -> Found | None:
    last = last_refusal()
    if last is None:
        return None
    why = {
        401: _("It does not accept the API key. Check CODEGO_API_KEY, and that it was not replaced."),
        403: _("The key may lack the right, or this server's address is not on the provider's IP allow-list."),
    }
    return Found(
        _("The provider turns the console away (%(status)s).") % {"status": last.status}, detail=why[last.status or 403]
    )


def _unproven() -> Found | None:
    """The newest reconciliation failed, or there is none of late although the sweeps run."""
    newest = Reconciliation.objects.order_by("-pk").only("state", "started_at").first()
    url = reverse("reconciliation:desk")
    if newest and newest.state == ReconciliationState.FAILED:
        return Found(_("The last reconciliation failed."), url, _("The balances are as the one before proved them."))
    since = timezone.now() - UNPROVEN
    swept = Run.objects.filter(state=RunState.DONE, finished_at__gte=since)
    if (newest and newest.started_at >= since) or not swept.exists():
        return None
    if newest is None and not Run.objects.filter(state=RunState.DONE, kind="import", finished_at__lt=since).exists():
        return None
    detail = _("Sweeps do run. See whether the reconciliation of each hour does.")
    return Found(_("No balance has been proven for more than three hours."), url, detail)


def _prepared() -> Found | None:
    waiting = Reconciliation.objects.filter(prepared_at__isnull=False, signed_at=None)
    newest = waiting.order_by("-pk").only("pk").first()
    words = _("A reconciliation is prepared. A second person has to sign it off.")
    return Found(words, newest.get_absolute_url()) if newest else None


def _silence() -> Found | None:
    found = silence.webhook_silence()
    if found is None:
        return None
    said = {"time": span(found.quiet), "usual": grouped(found.usual) if found.usual is not None else ""}
    words = (
        _("Nothing has come for %(time)s; %(usual)s would be usual.")
        if said["usual"]
        else _("No webhook has come for %(time)s.")
    )
    return Found(
        words % said,
        detail=_(
            "Check the address and the secret for webhooks at the provider. Until then the console catches up by reading."
        ),
    )


def _turned_away() -> Found | None:
    since = timezone.now() - TURNED_AWAY
    number = Rejected.objects.filter(last_at__gte=since, hour__gte=since - timedelta(hours=1)).aggregate(
        n=Sum("count")
    )["n"]
    if not number:
        return None
    words = ngettext(
        "%(n)s delivery of the last 24 hours could not be verified. Nothing in it was believed.",
        "%(n)s deliveries of the last 24 hours could not be verified. Nothing in them was believed.",
        number,
    )
    detail = _("If the provider changed its webhook secret, add the new one to CODEGO_WEBHOOK_SECRETS.")
    return Found(words % {"n": number}, reverse("sync:rejected"), detail)


_P, _R = Permission, Role
RULES: tuple[Rule, ...] = (
    Rule("machinery", "bad", _P.RECORD_READ, (_R.ADMIN,), _machinery),
    Rule("refusal", "bad", _P.RECORD_READ, (_R.ADMIN,), _refusal),
    Rule("several", "bad", _P.RECORD_READ, (_R.OPERATIONS, _R.FINANCE), _counted(
        ngettext_lazy(
            "%(n)s request to the provider needs a person to say what came of it.",
            "%(n)s requests to the provider need a person to say what came of them.", "count"),
        lambda: count(commands(CommandState.SEVERAL)), _rows_page("several"))),
    Rule("unknown", "warn", _P.RECORD_READ, (_R.OPERATIONS,), _counted(
        ngettext_lazy(
            "%(n)s request to the provider has an unknown outcome. It is being looked up; do not repeat it.",
            "%(n)s requests to the provider have an unknown outcome. They are being looked up; do not repeat them.",
            "count"),
        lambda: count(commands(CommandState.UNKNOWN)), _rows_page("unknown"))),
    Rule("deliveries", "bad", _P.INBOX_READ, (_R.ADMIN,), _counted(
        ngettext_lazy("%(n)s delivery could not be applied.", "%(n)s deliveries could not be applied.", "count"),
        lambda: count(Delivery.objects.filter(verdict__in=(DeliveryVerdict.FAILED, DeliveryVerdict.PARKED))),
        _address("sync:inbox", verdict=["failed", "parked"]))),
    Rule("stuck", "warn", _P.REVIEW_READ, (_R.COMPLIANCE, _R.OPERATIONS), _counted(
        ngettext_lazy(
            "%(n)s applicant has waited for somebody for more than two days.",
            "%(n)s applicants have waited for somebody for more than two days.", "count"),
        lambda: count(stuck(Cardholder, "cardholder"), stuck(Company, "company")), _rows_page("stuck"))),
    Rule("contractless", "warn", _P.RECORD_READ, (_R.OPERATIONS,), _counted(
        ngettext_lazy(
            "%(n)s approved applicant has no collateral contract after 15 minutes.",
            "%(n)s approved applicants have no collateral contract after 15 minutes.", "count"),
        _kept("contractless", lambda: count(contractless(Cardholder, "cardholder"), contractless(Company, "company"))),
        _rows_page("contractless"))),
    Rule("power", "warn", _P.RECORD_READ, (_R.OPERATIONS, _R.FINANCE), _counted(
        ngettext_lazy(
            "%(n)s account is low on spending power: under $50, or under 5%% of its credit limit.",
            "%(n)s accounts are low on spending power: under $50, or under 5%% of the credit limit.", "count"),
        _kept("power", lambda: count(low_power())), _rows_page("power"))),
    Rule("unexplained", "bad", _P.RECONCILIATION_READ, (_R.FINANCE,), _counted(
        ngettext_lazy(
            "%(n)s difference of a balance has no explanation.", "%(n)s differences of balances have no explanation.",
            "count"),
        lambda: count(unexplained()), _address("reconciliation:breaks", unexplained="on"))),
    Rule("reopened", "bad", _P.RECONCILIATION_READ, (_R.FINANCE,), _counted(
        ngettext_lazy(
            "%(n)s signed period was opened again by something late.",
            "%(n)s signed periods were opened again by something late.", "count"),
        lambda: count(opened_again()), _address("reconciliation:history", standing="reopened"))),
    Rule("prepared", "info", _P.RECONCILIATION_READ, (_R.FINANCE,), _prepared),
    Rule("unproven", "bad", _P.RECONCILIATION_READ, (_R.FINANCE, _R.ADMIN), _unproven),
    Rule("old_breaks", "warn", _P.RECONCILIATION_READ, (_R.FINANCE,), _counted(
        ngettext_lazy(
            "%(n)s break has waited for somebody for more than 7 days.",
            "%(n)s breaks have waited for somebody for more than 7 days.", "count"),
        lambda: count(old_breaks()), _address("reconciliation:breaks", age=OLD.key, waits="on"))),
    Rule("declines", "warn", _P.RECORD_READ, (_R.OPERATIONS,), _counted(
        ngettext_lazy(
            "%(n)s purchase was declined in the last 7 days because the account had no credit left.",
            "%(n)s purchases were declined in the last 7 days because the account had no credit left.", "count"),
        lambda: count(credit_declines()), _declines_address)),
    Rule("silence", "warn", _P.RECORD_READ, (_R.ADMIN,), _silence),
    Rule("turned_away", "warn", _P.INBOX_READ, (_R.ADMIN,), _turned_away),
    Rule("vocabulary", "info", _P.VOCABULARY_EDIT, (_R.ADMIN,), _counted(
        ngettext_lazy(
            "The provider used %(n)s new word.", "The provider used %(n)s new words.", "count"),
        lambda: count(Word.objects.filter(noted_at=None)), _address("vocabulary:list", standing="new"))),
    Rule("expiring", "info", _P.RECORD_READ, (_R.OPERATIONS,), _counted(
        ngettext_lazy("%(n)s card expires within 60 days.", "%(n)s cards expire within 60 days.", "count"),
        lambda: count(Card.objects.expiring(timezone.now().date())), _address("cards:list", expiring="on"))),
)  # fmt: skip
