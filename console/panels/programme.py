"""The programme: how far people came, the state of the cards, and what collateral leaves to spend."""

from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cardholders.accounts import accounts, low_power
from cardholders.filters import STAGE_LABELS, UNKNOWN, stages
from cardholders.models import Cardholder, Contract
from cards.filters import OTHER, STATES
from cards.models import Card
from console import attention
from console.charts import Chart, Mark
from console.money import format_minor
from console.panels.face import KEPT_LONG, Asked, Face, Line, Lines, address, compared, figure, number
from console.panels.periods import Period
from console.reconciliation.ours import cents, worth
from console.templatetags.console import status_of

USD = "USD"
LOWEST = 6  # accounts named
CARD_TONES = {"active": "good", "locked": "warn"}


# --- Onboarding -------------------------------------------------------------------------------------------------------


def funnel(asked: Asked) -> Face:
    """Of those first seen in this time, how many came how far; and where all of them are now."""
    period = asked.period
    steps, states = asked.kept("funnel", lambda: (_steps(period), _states(period)))
    before = asked.kept("funnel-before", lambda: _seen(period.before).count())
    begun = steps["all"]
    if not begun:
        return Face(
            empty=_("Nobody was first seen in this time"),
            empty_words=_("People appear here as they are onboarded or imported."),
        )
    labels = {"all": _("First seen")} | {key: str(label) for key, label in STAGE_LABELS.items()}
    marks = [_step(key, labels[key], steps[key], begun, period) for key in labels]
    marks[0] = marks[0]._replace(note=compared(begun, before, number(before)))
    where = [_state(word, n, period) for word, n in sorted(states.items(), key=lambda pair: (-pair[1], pair[0]))]
    return Face(
        charts=[
            Chart(_("How far they came"), marks, head=_("Step")),
            Chart(_("Where they are now"), where, head=_("Application")),
        ]
    )


def _seen(period: Period) -> QuerySet[Cardholder]:
    return Cardholder.objects.filter(**period.within("created_at"))


def _steps(period: Period) -> dict[str, int]:
    seen = _seen(period)
    return {"all": seen.count()} | {key: seen.filter(stage).count() for key, stage in stages().items()}


def _states(period: Period) -> dict[str, int]:
    return dict(_seen(period).order_by().values_list("state").annotate(n=Count("pk")))


def _step(key: str, label: str, n: int, begun: int, period: Period) -> Mark:
    reached = {} if key == "all" else {"reached": key}
    url = address("cardholders:list", **reached, **period.query)
    return figure(
        label, n, url, note=_("%(percent)s%% of them") % {"percent": number((200 * n + begun) // (2 * begun))}
    )


def _state(word: str, n: int, period: Period) -> Mark:
    """A word that this console does not know is no filter of the list, so it leads nowhere."""
    known = status_of(word, "application")
    if word and not known:
        return Mark(word, n, number(n), "", None, "new", _("A word this console does not know"))
    url = address("cardholders:list", state=word or UNKNOWN, **period.query)
    return figure(known.label if known else _("Unknown to the provider"), n, url, tone=known.tone if known else "idle")


# --- Cards ------------------------------------------------------------------------------------------------------------


def cards(asked: Asked) -> Face:
    period = asked.period
    states = asked.kept("cards", lambda: dict(Card.objects.order_by().values_list("state").annotate(n=Count("pk"))))
    if not states:
        return Face(empty=_("No cards yet"), empty_words=_("Cards appear here as they are issued or imported."))
    issued = asked.kept("cards-issued", lambda: _issued(period))
    before = asked.kept("cards-before", lambda: _issued(period.before))
    expiring = asked.kept("cards-expiring", lambda: Card.objects.expiring(asked.now.date()).count())
    figures = [
        figure(
            _("Issued in this time"),
            issued,
            address("cards:list", **period.query),
            note=compared(issued, before, number(before)),
        ),
        figure(
            _("Expire within 60 days"), expiring, address("cards:list", expiring="on"), tone="info" if expiring else ""
        ),
    ]
    known = dict(STATES)
    marks = [
        figure(label, states[word], address("cards:list", status=word), tone=CARD_TONES.get(word, "idle"))
        for word, label in STATES
        if word in states
    ]
    if other := sum(n for word, n in states.items() if word not in known):
        marks.append(figure(_("Any other word"), other, address("cards:list", status=OTHER), tone="new"))
    return Face(figures, [Chart(_("Cards by state"), marks, "stack", head=_("State"))])


def _issued(period: Period) -> int:
    return Card.objects.filter(**period.within("codego_created_at")).count()


# --- Accounts ---------------------------------------------------------------------------------------------------------


def power(asked: Asked) -> Face:
    """The accounts with the least left to spend, the lowest first."""
    found = list(
        low_power().select_related("cardholder", "company")
        .defer("raw", "cardholder__raw", "company__raw")[: LOWEST]
    )  # fmt: skip
    if not found:
        return Face(empty=_("Every account has spending power left"))
    low = asked.kept("power", lambda: attention.count(low_power()))
    url = address("cardholders:accounts", low="on")
    head = Mark(_("Accounts low on spending power"), low, attention.shown(low), url, _exact(low), "warn")
    lines = [
        Line(
            holder.get_absolute_url(), holder, at=each.fresh_at, shown=format_minor(each.spending_power, USD),
            note=_("of a credit limit of %(limit)s") % {"limit": format_minor(each.credit_limit, USD)},
        )
        for each in found
        if (holder := each.cardholder or each.company)
    ]  # fmt: skip
    return Face([head], lines=[Lines(_("Least left to spend"), lines, _("Account"), _("As of"))])


def _exact(n: int) -> int | None:
    return None if n > attention.MOST else n


def collateral(asked: Asked) -> Face:
    """What the collateral allows, and what of it is held, owed and free: the provider's figures, in US dollars."""
    sums = asked.kept("collateral", _balances)
    if not sums["n"]:
        return Face(
            empty=_("No account has a credit limit yet"),
            empty_words=_("A limit appears once collateral is deposited."),
        )
    held, owed, free = sums["held"], sums["owed"], sums["free"]
    every, n = address("cardholders:accounts"), sums["n"]
    over = sums["over"]
    worth_now, contracts = asked.kept("deposited", _deposited, KEPT_LONG)
    on = ngettext("tokens on %(n)s contract", "tokens on %(n)s contracts", contracts) % {"n": number(contracts)}
    figures = [
        Mark(_("Collateral"), worth_now, format_minor(worth_now, USD), every, note=on),
        Mark(_("Credit limit it gives"), sums["limit"], format_minor(sums["limit"], USD), every, n),
        figure(
            _("Nothing left to spend"), over, address("cardholders:accounts", spent="on"), tone="bad" if over else ""
        ),
    ]
    parts = [
        Mark(_("Owed"), owed, format_minor(owed, USD), every, n, "info"),
        Mark(_("Held"), held, format_minor(held, USD), every, n, "warn"),
        Mark(_("Free"), free, format_minor(free, USD), every, n, "good"),
    ]
    used = number((200 * (owed + held) + sums["limit"]) // (2 * sums["limit"]))
    return Face(
        figures,
        [
            Chart(
                _("The limit, used and free"),
                parts,
                "stack",
                _("%(percent)s%% of the limit is used") % {"percent": used},
                _("Part"),
            )
        ],
    )


def _deposited() -> tuple[int, int]:
    """What the tokens of all contracts are worth, before the provider's advance rate, and how many contracts there are."""
    total, n = Decimal(), 0
    for tokens in Contract.objects.filter(missing_since=None, by_reference=False).values_list("tokens", flat=True):
        total += sum((worth(token | {"advance_rate": None}) for token in tokens), Decimal())
        n += 1
    return cents(total), n


def _balances() -> dict[str, int]:
    found = accounts().aggregate(
        n=Count("pk"), limit=Sum("credit_limit"), held=Sum("pending_charges"), owed=Sum("balance_due"),
        free=Sum("spending_power"), over=Count("pk", filter=Q(spending_power__lte=0)),
    )  # fmt: skip
    return {name: int(value or 0) for name, value in found.items()}
