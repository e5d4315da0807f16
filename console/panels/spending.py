"""Money that moved in a period: purchases by day, declines by reason, fees. Each currency by itself, in minor units."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.charts import Chart, Mark
from console.money import format_minor
from console.panels.face import KEPT_LONG, Asked, Face, address, compared, figure, number
from console.panels.periods import DAY, Period
from transactions.declines import DECLINES, Fixer
from transactions.filters import USD, currency_of, reason_of
from transactions.models import SPENT, Transaction

LIST = "transactions:list"
HELD = "pending"
LATELY = timedelta(days=7)


class Tally(NamedTuple):
    """What purchases come to, and how many they are."""

    amount: int = 0
    rows: int = 0


Sums = Mapping[tuple[str, date, str], Tally]  # by currency, day and state


# --- Purchases --------------------------------------------------------------------------------------------------------


def spend(asked: Asked) -> Face:
    """Purchases settled and held, by the day they were authorised where the reader is; refunds are not deducted."""
    period = asked.period
    settled, lately = _parted(period)
    sums = {
        **asked.kept("spend-settled", lambda: _by_day(settled), KEPT_LONG),
        **asked.kept("spend-lately", lambda: _by_day(lately)),
    }
    before = asked.kept("spend-before", lambda: _by_currency(period.before), KEPT_LONG)
    currencies = sorted({currency for currency, _day, _state in sums} | {USD}, key=lambda c: (c != USD, c))
    if not sums and not before:
        return Face(empty=_("No purchases in this time"), empty_words=_("They appear here as cards are used."))
    figures = []
    for currency in currencies:
        total = _total(sums, currency)
        then = before.get(currency, 0)
        url = address(LIST, spent="on", currency=currency, **period.query)
        shown = format_minor(total.amount, currency)
        note = compared(total.amount, then, format_minor(then, currency))
        label = _("Spent, %(currency)s") % {"currency": currency}
        figures.append(Mark(label, total.amount, shown, url, total.rows, "", note))
        held = _total(sums, currency, HELD)
        if held.rows:
            figures.append(_held(held, currency, period))
    days = _days(sums, period)
    return Face(figures, [Chart(_("Purchases by day, US dollars"), days, "bars", _highest(days), _("Day"))])


def _parted(period: Period) -> tuple[Period, Period]:
    """The days in which little moves any more, and those in which much does."""
    parting = max(period.first, period.last - LATELY)
    return period._replace(last=parting - DAY), period._replace(first=parting)


def _held(held: Tally, currency: str, period: Period) -> Mark:
    url = address(LIST, spent="on", currency=currency, status=HELD, **period.query)
    words = ngettext("%(n)s purchase not settled yet", "%(n)s purchases not settled yet", held.rows)
    label = _("Still held, %(currency)s") % {"currency": currency}
    return Mark(
        label, held.amount, format_minor(held.amount, currency), url, held.rows, "", words % {"n": number(held.rows)}
    )


def _days(sums: Sums, period: Period) -> list[Mark]:
    by_day: dict[date, Tally] = defaultdict(Tally)
    for (currency, day, _state), each in sums.items():
        if currency == USD:
            by_day[day] = Tally(by_day[day].amount + each.amount, by_day[day].rows + each.rows)
    return [_day(day, by_day.get(day, Tally())) for day in period.days]


def _day(day: date, total: Tally) -> Mark:
    shown = format_minor(total.amount, USD)
    url = address(LIST, spent="on", currency=USD, from_=day.isoformat(), to=day.isoformat()) if total.rows else ""
    return Mark(formats.date_format(day, "j M"), total.amount, shown, url, total.rows)


def _highest(days: Iterable[Mark]) -> str:
    top = max(days, key=lambda day: day.value)
    return _("Highest: %(day)s, %(amount)s") % {"day": top.label, "amount": top.shown} if top.value else ""


def _total(sums: Sums, currency: str, state: str = "") -> Tally:
    chosen = [each for (of, _day, word), each in sums.items() if of == currency and state in {"", word}]
    return Tally(sum(each.amount for each in chosen), sum(each.rows for each in chosen)) if chosen else Tally()


def _by_day(period: Period) -> Sums:
    spent = Transaction.objects.filter(SPENT, **period.within("occurred_at"))
    zoned = spent.annotate(day=TruncDate("occurred_at", tzinfo=timezone.get_current_timezone()))
    found: dict[tuple[str, date, str], Tally] = defaultdict(Tally)
    rows = zoned.order_by().values_list("currency", "day", "state").annotate(sum=Sum("amount"), n=Count("*"))
    for word, day, state, amount, n in rows:
        key = (currency_of(word), day, state)
        found[key] = Tally(found[key].amount + int(amount), found[key].rows + n)
    return dict(found)


def _by_currency(period: Period) -> dict[str, int]:
    spent = Transaction.objects.filter(SPENT, **period.within("occurred_at"))
    found: dict[str, int] = defaultdict(int)
    for word, amount in spent.order_by().values_list("currency").annotate(sum=Sum("amount")):
        found[currency_of(word)] += int(amount)
    return dict(found)


# --- Declines ---------------------------------------------------------------------------------------------------------


def declines(asked: Asked) -> Face:
    period = asked.period
    reasons = asked.kept("declines", lambda: _reasons(period))
    before = asked.kept("declines-before", lambda: _declined(period.before).count())
    total = sum(reasons.values())
    if not total and not before:
        return Face(empty=_("Nothing was declined in this time"))
    every = address(LIST, status="declined", **period.query)
    head = figure(_("Declined"), total, every, note=compared(total, before, number(before)))
    marks = [_reason(key, n, period) for key, n in sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))]
    return Face([head], [Chart(_("Declines by reason"), marks, "rows", head=_("Reason"))] if marks else [])


def _reason(key: str, n: int, period: Period) -> Mark:
    decline = DECLINES.get(key)
    label = decline.label if decline else _("Any other reason")
    note = decline.fixer.value if decline and decline.fixer is Fixer.US else ""
    return figure(label, n, address(LIST, reason=key, **period.query), note=note)


def _declined(period: Period) -> QuerySet[Transaction]:
    return Transaction.objects.filter(state="declined", **period.within("occurred_at"))


def _reasons(period: Period) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for words, n in _declined(period).order_by().values_list("declined_reason").annotate(n=Count("pk")):
        found[reason_of(words)] += n
    return dict(found)


# --- Fees -------------------------------------------------------------------------------------------------------------


def fees(asked: Asked) -> Face:
    period = asked.period
    sums = asked.kept("fees", lambda: _fees(period))
    before = asked.kept("fees-before", lambda: _fees(period.before))
    if not sums and not before:
        return Face(empty=_("No fees in this time"))
    none = Tally()
    figures = []
    for currency in sorted(sums.keys() | before.keys(), key=lambda c: (c != USD, c)):
        total, then = sums.get(currency, none), before.get(currency, none)
        note = compared(total.amount, then.amount, format_minor(then.amount, currency))
        url = address(LIST, type="fee", currency=currency, **period.query)
        label = _("Fees, %(currency)s") % {"currency": currency}
        figures.append(Mark(label, total.amount, format_minor(total.amount, currency), url, total.rows, "", note))
    return Face(figures)


def _fees(period: Period) -> dict[str, Tally]:
    rows = Transaction.objects.filter(kind="fee", **period.within("occurred_at")).order_by()
    found: dict[str, Tally] = defaultdict(Tally)
    for word, amount, n in rows.values_list("currency").annotate(sum=Sum("amount"), n=Count("pk")):
        key = currency_of(word)
        found[key] = Tally(found[key].amount + int(amount or 0), found[key].rows + n)
    return dict(found)
