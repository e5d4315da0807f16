"""Compliance: the queue of outcomes by state and age, who was stopped lately, and what was decided."""

from typing import Any

from django.db.models import Case, Count, QuerySet, Value, When
from django.utils.translation import gettext as _

from cardholders.filters import AGES, STATES, of_age, settled
from cardholders.forms import DECISIONS
from cardholders.models import NEEDS_SOMEBODY, Cardholder, Company
from cardholders.nouns import MODELS
from console.access import Permission
from console.audit.events import Action
from console.audit.models import Entry
from console.charts import Chart
from console.panels.face import Asked, Face, Line, Lines, address, compared, figure, number
from console.panels.periods import Period
from console.templatetags.console import status_of

ROUTES = {"cardholder": "cardholders:reviews", "company": "cardholders:company_reviews"}
STOPPED = ("denied", "locked")
FEW = 6


def queue(asked: Asked) -> Face:
    people = asked.kept("reviews-cardholder", lambda: _queue("cardholder", asked))
    companies = asked.kept("reviews-company", lambda: _queue("company", asked))
    if not people and not companies:
        return Face(
            empty=_("The queue is empty"), empty_words=_("Nobody waits for a person to look at an application.")
        )
    charts = []
    if people:
        charts = [
            Chart(_("People by state"), _by_state("cardholder", people), head=_("Application")),
            Chart(_("People by how long they wait"), _by_age("cardholder", people), head=_("Waiting for")),
        ]
    if companies:
        charts.append(Chart(_("Companies by state"), _by_state("company", companies), head=_("Application")))
    return Face(charts=charts)


def _queue(noun: str, asked: Asked) -> list[tuple[str, str, int]]:
    """State, age, and how many."""
    model: Any = MODELS[noun]
    open_ = model.objects.filter(~settled(noun), state__in=NEEDS_SOMEBODY).order_by()
    ages = [When(of_age(key, asked.now), then=Value(key)) for key in AGES]
    aged = open_.annotate(age=Case(*ages, default=Value("day")))
    return list(aged.values_list("state", "age").annotate(n=Count("pk")))


def _by_state(noun: str, rows: list[tuple[str, str, int]]) -> list[Any]:
    return [
        figure(STATES[state], n, address(ROUTES[noun], state=state), tone=known.tone if known else "")
        for state in NEEDS_SOMEBODY
        if (n := sum(each for word, _age, each in rows if word == state))
        for known in [status_of(state, "application")]
    ]


def _by_age(noun: str, rows: list[tuple[str, str, int]]) -> list[Any]:
    return [
        figure(label, n, address(ROUTES[noun], age=key), tone="bad" if key == "older" and n else "")
        for key, (label, _least, _most) in AGES.items()
        for n in [sum(each for _state, age, each in rows if age == key)]
    ]


def stopped(asked: Asked) -> Face:
    """The latest that were denied or locked in this time."""
    period = asked.period
    found: list[Any] = []
    for model in (Cardholder, Company):
        rows: Any = model.objects.filter(state__in=STOPPED, **period.within("state_since"))
        found += rows.order_by("-state_since").defer("raw")[:FEW]
    if not found:
        return Face(empty=_("Nobody was denied or locked in this time"))
    found.sort(key=lambda each: each.state_since, reverse=True)
    clear = asked.may(Permission.PERSONAL_READ)
    lines = [
        Line(
            each.get_absolute_url(), each, status=each.application_status, at=each.state_since,
            note=each.application_reason if clear else "",
        )
        for each in found[:FEW]
    ]  # fmt: skip
    return Face(lines=[Lines(_("The latest"), lines, _("Applicant"), _("Since"))])


def decisions(asked: Asked) -> Face:
    period = asked.period
    made = asked.kept("decisions", lambda: _decided(period).count())
    before = asked.kept("decisions-before", lambda: _decided(period.before).count())
    if not made and not before:
        return Face(empty=_("Nothing was decided in this time"))
    url = address("audit:list", action=Action.REVIEW_DECIDE.value, **period.query)
    head = figure(_("Decisions made"), made, url, note=compared(made, before, number(before)))
    latest = _decided(period).select_related("actor").order_by("-at", "-pk")[:FEW]
    holders = _holders(latest)
    lines = [
        Line(
            holder.get_absolute_url(), holder, note=f"{DECISIONS.get(str(each.detail.get('decision')), '')}", at=each.at
        )
        for each in latest
        if (holder := holders.get((each.record, each.record_id)))
    ]
    return Face([head], lines=[Lines(_("The latest"), lines, _("Applicant"), _("When"))] if lines else [])


def _decided(period: Period) -> QuerySet[Entry]:
    return Entry.objects.filter(action=Action.REVIEW_DECIDE, **period.within("at"))


def _holders(entries: Any) -> dict[tuple[str, int | None], Any]:
    found: dict[tuple[str, int | None], Any] = {}
    for noun, model in MODELS.items():
        pks = [each.record_id for each in entries if each.record == noun]
        rows: Any = model.objects
        found |= {(noun, each.pk): each for each in (rows.filter(pk__in=pks).defer("raw") if pks else ())}
    return found
