"""The proof of one balance as a statement: collateral, credit limit, charges, spending power, and the difference in named
pieces that add up to it. Amounts are minor units of USD."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.shortcuts import render as rendered
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_safe

from cardholders.chains import TOKENS, chain_name
from cardholders.models import Balance, BalanceFigures, Cardholder, Company, Contract
from console.access import Permission, requires
from console.reconciliation import breaks, rows
from console.reconciliation.causes import MEANINGS, Cause, Meaning
from console.reconciliation.forms import MomentForm
from console.reconciliation.identity import IDENTITY, RESULT, Line
from console.reconciliation.models import Break
from console.reconciliation.ours import worth
from console.reconciliation.proving import Proven, prove

OWNERS: dict[str, type[Cardholder] | type[Company]] = {"cardholder": Cardholder, "company": Company}
READINGS = 20
LABELS = {term.figure: term.label for term in IDENTITY} | {RESULT: lazy("Spending power")}


class Term(NamedTuple):
    """A line of the statement; `theirs` and `difference` are None where the provider gave no such figure."""

    label: Any
    sign: str
    theirs: int | None
    ours: int
    difference: int | None


class Token(NamedTuple):
    contract: Contract | None
    chain: str
    symbol: str
    address: str
    balance: str
    exchange_rate: str
    advance_rate: str
    worth: Decimal  # dollars


class Piece(NamedTuple):
    """A named part of the difference, by what it makes of the spending power, and the break that stands for it."""

    line: str
    cause: str
    label: Any
    meaning: Meaning
    amount: int
    until: datetime | None
    evidence: list[rows.Row]
    known_as: Break | None

    @property
    def is_unexplained(self) -> bool:
        return self.cause == Cause.UNKNOWN


@requires(Permission.RECONCILIATION_READ)
@require_safe
def proof(request: HttpRequest, noun: str, pk: int) -> HttpResponse:
    if noun not in OWNERS:
        raise Http404
    owner: Any = get_object_or_404(OWNERS[noun]._default_manager.defer("raw"), pk=pk)
    form = MomentForm(request.GET or None, label_suffix="")
    asked = form.cleaned_data["at"] if form.is_valid() else None
    balance = owner.balances.filter(by_reference=False).defer("raw").order_by("-pk").first()
    proven = prove(balance, asked) if balance else None
    if form.is_valid():
        form = MomentForm(initial={"at": asked and timezone.localtime(asked)}, label_suffix="")
    context = {
        "title": _("Balance proof"),
        "owner": owner,
        "noun": noun,
        "company": getattr(owner, "company", None),
        "form": form,
        "asked": asked,
        "balance": balance,
        "proven": proven,
        "readings": _readings(request, balance) if balance else [],
        **(_statement(proven) if proven else {}),
    }
    return rendered(request, "reconciliation/proof.html", context)


class Stored(NamedTuple):
    at: datetime
    url: str


def _readings(request: HttpRequest, balance: Balance) -> list[Stored]:
    instants = balance.readings.order_by("-at").values_list("at", flat=True)[:READINGS]
    return [Stored(at, f"{request.path}?{urlencode({'at': at.isoformat()})}") for at in instants]


def _statement(proven: Proven) -> dict[str, Any]:
    figures = proven.reading.figures
    tokens = _tokens(proven)
    pieces = _pieces(proven)
    power = getattr(figures, RESULT)
    return {
        "figures": figures,
        "tokens": tokens,
        "collateral": sum((token.worth for token in tokens), Decimal(0)),
        "terms": _terms(proven, figures),
        "power": Term(_("Spending power"), "=", power, proven.our_power, proven.difference),
        "pieces": pieces,
        "sum": sum(piece.amount for piece in pieces),
        "missing": [str(LABELS[name]) for name in proven.missing],
        "newest": proven.reading.at == proven.reading.balance.read_at,
    }


def _terms(proven: Proven, figures: BalanceFigures) -> list[Term]:
    found = []
    for term in IDENTITY:
        theirs, ours = getattr(figures, term.figure), proven.ours[term.line]
        sign = "" if term.sign > 0 else "−"
        found.append(Term(term.label, sign, theirs, ours, None if theirs is None else theirs - ours))
    return found


def _tokens(proven: Proven) -> list[Token]:
    contracts = Contract.objects.defer("raw").in_bulk({contract for contract, _token in proven.tokens})
    found = []
    for (pk, _key), token in sorted(proven.tokens.items()):
        contract = contracts.get(pk)
        chain, address = (contract.chain_id if contract else None) or 0, str(token.get("address") or "")
        found.append(
            Token(
                contract, chain_name(chain), TOKENS.get((chain, address.lower()), ""), address,
                _text(token.get("balance"), "0"), _text(token.get("exchange_rate"), "1"),
                _text(token.get("advance_rate"), "1"), worth(token),
            )
        )  # fmt: skip
    return found


def _text(value: Any, missing: str) -> str:
    """As sent; where nothing was, what `worth` takes it for."""
    return missing if value is None else str(value)


def _pieces(proven: Proven) -> list[Piece]:
    drafts = breaks.of_proofs([proven])
    if not drafts:
        return []
    standing = {each.key: each for each in breaks.standing(balance=proven.reading.balance)}
    found = rows.find((one.noun, one.pk) for draft in drafts.values() for one in draft.evidence)
    return [
        Piece(
            str(Line(draft.line).label), draft.cause, Cause(draft.cause).label, MEANINGS[draft.cause], draft.amount,
            draft.until, rows.shown(_named(draft.evidence), found), standing.get(key),
        )
        for key, draft in drafts.items()
    ]  # fmt: skip


def _named(evidence: Sequence[Any]) -> list[rows.Named]:
    return [(one.noun, one.pk) for one in evidence]
