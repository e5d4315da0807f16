"""Breaks, proofs and movements as files: exactly what is shown, with what is needed to check them. Amounts are US dollars
with cents, signed as the provider's figure less ours."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from cardholders.models import BALANCE_FIELDS
from console import privacy
from console.access import Actor, Permission, allowed
from console.audit import services as audit
from console.audit.events import Action
from console.audit.exporting import exported
from console.branding import brand
from console.exports import ExportColumn, stream_csv
from console.money import major
from console.reconciliation import rows
from console.reconciliation.causes import Cause
from console.reconciliation.filters import BreakFilter
from console.reconciliation.identity import Line
from console.reconciliation.models import Break, Proof, ProofState, Reconciliation
from console.reconciliation.wording import USD, age_of
from console.reconciliation.work import proofs_of

CHUNK = 500
UNITS = "Amounts are US dollars with cents; a difference is the provider's figure less ours"


def exactly(moment: datetime | None) -> str:
    return formats.date_format(timezone.localtime(moment), "j M Y, H:i:s") if moment else ""


def counts_in_words(reconciliation: Reconciliation) -> str:
    """Balances by what they came to."""
    words = _("%(tied)d tie, %(explained)d explained, %(unexplained)d unexplained, %(incomplete)d not provable")
    return words % {state: reconciliation.counts.get(state, 0) for state in ProofState.values}


# --- Breaks -----------------------------------------------------------------------------------------------------------


def breaks(
    request: HttpRequest, form: BreakFilter, queryset: QuerySet[Break], sorts: dict[str, str], default_sort: str
) -> StreamingHttpResponse:
    """The list under its filters and its sort."""
    now, zone = timezone.now(), _zone()
    chips = ", ".join(f"{chip.label} = {chip.value}" for chip in form.chips(request))
    preamble = [*_head("breaks", now, zone), UNITS, f"Filters: {chips or 'open breaks'}"]
    return exported(
        request, queryset, name="breaks", form=form, columns=_break_columns(request, now, zone), sortable=sorts,
        default_sort=default_sort, preamble=preamble, filename=_name("breaks", now), rows=_with_evidence,
    )  # fmt: skip


class _Shown:
    """A break with the rows that show it."""

    def __init__(self, each: Break, evidence: Sequence[rows.Row]) -> None:
        self.each, self.evidence = each, evidence


def _with_evidence(queryset: QuerySet[Break]) -> Iterator[_Shown]:
    waiting = queryset.iterator(chunk_size=CHUNK)
    while some := list(islice(waiting, CHUNK)):
        found = rows.of_breaks(some)
        for each in some:
            yield _Shown(each, found[each.pk])


def _break_columns(request: HttpRequest, now: datetime, zone: ZoneInfo) -> list[ExportColumn]:
    when = _clock(zone)
    return [
        ExportColumn("Break", lambda s: s.each.pk, "number"),
        ExportColumn("State", lambda s: s.each.get_state_display(), "state"),
        ExportColumn("Line", lambda s: s.each.get_line_display(), "line"),
        ExportColumn("Cause", lambda s: s.each.get_cause_display(), "cause"),
        ExportColumn("What it means", lambda s: s.each.meaning.what),
        ExportColumn("Amount", lambda s: _dollars(s.each.amount), "amount"),
        ExportColumn("First seen", lambda s: when(s.each.first_seen), "age"),
        ExportColumn("Age", lambda s: age_of(s.each.first_seen, now).label, "age"),
        ExportColumn("Expected to go until", lambda s: when(s.each.expected_until), "until"),
        *_holder_columns(request, lambda s: s.each.owner),
        ExportColumn("Whose", lambda s: s.each.assignee or "", "owner"),
        ExportColumn("Explanation", lambda s: s.each.resolution, "words"),
        ExportColumn("Evidence", lambda s: "; ".join(f"{one.noun} {one.codego_id}" for one in s.evidence)),
    ]


# --- One reconciliation -----------------------------------------------------------------------------------------------


def proofs(request: HttpRequest, reconciliation: Reconciliation) -> StreamingHttpResponse:
    found = proofs_of(reconciliation).select_related("balance__cardholder", "balance__company")
    found = found.defer("extra", "balance__raw", "balance__cardholder__raw", "balance__company__raw")
    return _of(
        request, reconciliation, "proofs", _proof_columns(request, _zone()),
        found.order_by("balance_id").iterator(chunk_size=CHUNK),
    )  # fmt: skip


def movements(request: HttpRequest, reconciliation: Reconciliation) -> StreamingHttpResponse:
    found = reconciliation.movements.select_related("about__cardholder", "about__company", "by")
    found = found.defer("about__cardholder__raw", "about__company__raw")
    return _of(
        request, reconciliation, "movements", _movement_columns(request, _zone()),
        found.order_by("pk").iterator(chunk_size=CHUNK),
    )  # fmt: skip


def _of(
    request: HttpRequest, reconciliation: Reconciliation, name: str, columns: Sequence[ExportColumn],
    found: Iterable[Any],
) -> StreamingHttpResponse:  # fmt: skip
    audit.record(
        Action.LIST_EXPORT, actor=Actor.of(request), record="reconciliation", record_id=reconciliation.pk, list=name
    )
    zone = _zone()
    preamble = [
        *_head(f"{name} of reconciliation {reconciliation.pk}", timezone.now(), zone),
        *_about(reconciliation, zone),
    ]
    return stream_csv(_name(f"{name}-{reconciliation.pk}", reconciliation.as_of), preamble, columns, found)


def _about(reconciliation: Reconciliation, zone: ZoneInfo) -> list[str]:
    when = _clock(zone)
    signed = "Not signed off"
    if reconciliation.prepared_by:
        signed = f"Prepared by {reconciliation.prepared_by} at {when(reconciliation.prepared_at)}"
    if reconciliation.signed_by:
        signed += f"; signed off by {reconciliation.signed_by} at {when(reconciliation.signed_at)}"
    if reconciliation.reopened_at:
        signed += f"; open again since {when(reconciliation.reopened_at)}: {', '.join(reconciliation.reopened_why)}"
    return [
        f"As of {when(reconciliation.as_of)}, {reconciliation.get_state_display()}",
        f"Digest (SHA-256 of inputs, proofs and open breaks): {reconciliation.digest or 'none yet'}",
        *(_input(source, given) for source, given in sorted(reconciliation.inputs.items())),
        UNITS,
        signed,
    ]


def _input(source: str, given: Mapping[str, Any]) -> str:
    if "rows" not in given:
        return f"Input {source}: up to number {given.get('newest')} of the log"
    return f"Input {source}: {given['rows']} rows, SHA-256 {given['sha256'] or 'of nothing'}"


def _proof_columns(request: HttpRequest, zone: ZoneInfo) -> list[ExportColumn]:
    when = _clock(zone)
    ours = (("Our credit limit", "our_limit"), ("Our pending charges", "our_pending"), ("Our balance due", "our_due"))
    return [
        *_holder_columns(request, lambda p: p.balance.company or p.balance.cardholder),
        ExportColumn("State", lambda p: p.get_state_display()),
        ExportColumn("Cut-off", lambda p: when(p.cut_off)),
        *(
            ExportColumn(f"Provider's {name.replace('_', ' ')}", _cell(name))
            for name in BALANCE_FIELDS
        ),
        *(ExportColumn(header, _cell(name)) for header, name in ours),
        ExportColumn("Our spending power", _cell("our_power")),
        ExportColumn("Difference", _cell("difference")),
        ExportColumn("Sum of pieces", lambda p: _dollars(sum(piece["amount"] for piece in p.pieces))),
        ExportColumn("Unexplained", _cell("unexplained")),
        ExportColumn("Pieces", pieces_in_words),
    ]  # fmt: skip


def pieces_in_words(proof: Proof) -> str:
    return "; ".join(
        f"{Line(piece['line']).label}, {Cause(piece['cause']).label}: {_dollars(piece['amount'])}"
        for piece in proof.pieces
    )


def _movement_columns(request: HttpRequest, zone: ZoneInfo) -> list[ExportColumn]:
    when = _clock(zone)
    return [
        ExportColumn("Break", lambda m: m.about_id),
        ExportColumn("What happened", lambda m: m.get_kind_display()),
        ExportColumn("At", lambda m: when(m.at)),
        ExportColumn("Added to the open sum", lambda m: _dollars(m.amount)),
        ExportColumn("Counts in", lambda m: "balances" if m.about.balance_id else "contracts"),
        *_holder_columns(request, lambda m: m.about.owner),
        ExportColumn("Line", lambda m: m.about.get_line_display()),
        ExportColumn("Cause", lambda m: m.about.get_cause_display()),
        ExportColumn("Amount now", lambda m: _dollars(m.about.amount)),
        ExportColumn("State now", lambda m: m.about.get_state_display()),
        ExportColumn("First seen", lambda m: when(m.about.first_seen)),
        ExportColumn("By", lambda m: m.by or ""),
    ]


# --- Cells ------------------------------------------------------------------------------------------------------------


def _holder_columns(request: HttpRequest, owner: Callable[[Any], Any]) -> list[ExportColumn]:
    clear = allowed(request.user, Permission.PERSONAL_READ)
    return [
        ExportColumn("Holder id", lambda row: found.codego_id if (found := owner(row)) else "", "holder"),
        ExportColumn("Holder", lambda row: privacy.name(owner(row), clear=clear), "holder"),
    ]


def _cell(name: str) -> Callable[[Any], object]:
    return lambda row: _dollars(getattr(row, name))


def _dollars(amount: int | None) -> object:
    return None if amount is None else major(amount, USD)


def _head(what: str, now: datetime, zone: ZoneInfo) -> list[str]:
    made = now.astimezone(zone).isoformat(timespec="seconds")
    return [
        f"{brand().name}: {what}, {settings.CODEGO_ENVIRONMENT} environment",
        f"Made {made}; times in {zone.key}, with offset",
    ]


def _name(what: str, moment: datetime) -> str:
    return f"{what}-{timezone.localtime(moment):%Y%m%d-%H%M}.csv"


def _zone() -> ZoneInfo:
    return ZoneInfo(timezone.get_current_timezone_name())


def _clock(zone: ZoneInfo) -> Callable[[datetime | None], str]:
    return lambda moment: moment.astimezone(zone).isoformat(timespec="seconds") if moment else ""
