"""Every command against every point of failure: one effect at most, and in the end the console says what is true."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cardholders import services as kyc
from cardholders.models import Cardholder
from cards import reveal
from cards import services as cards
from cards.models import Card
from console.access import Actor
from console.codego.records import Encrypted
from console.codego.secret import Secret
from console.provider.models import Command, CommandKind, CommandState
from console.sync import reading, settle
from tests.browser import Browser
from tests.console.failures.conftest import Cell, Point, die_at, die_when
from tests.factories import make_cardholder, make_staff, make_transaction
from transactions import charges, dispute_changes
from transactions import services as disputes
from transactions.evidence import KINDS, Evidence
from transactions.models import Dispute

OTHERS = [kind for kind in CommandKind if kind != CommandKind.CHARGE]  # a fee may take a day to show

pytestmark = pytest.mark.django_db(transaction=True)
FILE = Evidence("receipt.pdf", KINDS[0], b"%PDF-1.7 receipt")
FEE = "Replacement card, by courier"
ORDER = cards.Order(type="virtual", limit_amount=50_000, limit_frequency="per30DayPeriod")

# What the provider does and answers: does it take effect?
WIRE = {
    "a slow answer": ("latency", True),
    "connection closed before": ("drop_before", False),
    "connection closed after": ("drop_after", True),
    "reset before": ("reset", False),
    "reset after": ("reset_after", True),
    "500, not done": ("error_before", False),
    "500, yet done": ("error_after", True),
    "503": ("unavailable", False),
    "429, then well": ("rate_limited", True),
    "time-out, done late": ("hang_before", True),
    "time-out, done": ("hang_after", True),
    "half a document": ("garbage", True),
    "a web page": ("html", True),
    "an empty answer": ("empty", True),
}
# Where the console's process is killed, and whether the request has taken effect by then.
DEATH = {
    "killed before it is stored": (Point("console.provider.commands", "begin", "call"), False),
    "killed when stored": (Point("console.provider.commands", "begin", "return"), False),
    "killed before it is sent": (Point("console.codego.transport", "Transport._attempt", "call", write=True), False),
    "killed as the answer comes": (Point("console.codego.transport", "Transport._attempt", "return", write=True), True),
    "killed before it is noted": (Point("console.provider.commands", "finish", "call"), True),
    "killed when noted": (Point("console.provider.commands", "finish", "return"), True),
}


@dataclass(frozen=True)
class Deed:
    """A command as staff give it: the request it makes, what it leaves at the provider, and what it leaves here."""

    match: str
    act: Callable[["Programme"], Any]
    at_provider: Callable[["Programme"], Any]
    here: Callable[["Programme"], Any]
    settles: CommandState = CommandState.DONE  # where its answer was lost and it had taken effect


class Programme:
    """A cardholder with a card, a purchase, a dispute and an applicant, the same at the provider and here."""

    def __init__(self, sandbox) -> None:
        self.sandbox = sandbox
        self.actor = Actor(make_staff("operations").pk, ("operations",), "10.0.0.1")
        user = next(u for u in sandbox.list("users") if u["applicationStatus"] == "approved" and not u.get("companyId"))
        sandbox.story("fund", userId=user["id"], amount=100_000)
        self.holder = make_cardholder(codego_id=user["id"], read_at=None)
        self.card = Card.objects.get(codego_id=cards.issue(self.holder, ORDER, actor=self.actor).result)
        self.sent_card = self._physical(user["id"])
        self.purchase = self._purchase()
        opened = disputes.open_dispute(self._purchase(), "Not as described.", actor=self.actor)
        self.dispute = Dispute.objects.get(codego_id=opened.result)
        self.applicant = Cardholder.objects.create(email="new@holder.test", external_id=f"dh_{uuid.uuid4().hex[:8]}")
        self.before = self.counts()
        self.since = timezone.now()

    def _physical(self, user: str) -> Card:
        """One that waits to be activated."""
        address = {"line1": "1 Main St", "city": "Lisbon", "postalCode": "1000", "countryCode": "PT"}
        person = {"firstName": "Ana", "lastName": "Test", "phoneNumber": "351910000000", "method": "international"}
        order = cards.Order(type="physical", shipping=address | person)
        return Card.objects.get(codego_id=cards.issue(self.holder, order, actor=self.actor).result)

    def _purchase(self):
        made = self.sandbox.story("authorise", cardId=self.card.codego_id, amount=2_500)
        self.sandbox.story("settle", transactionId=made["id"])
        settled = {"kind": "spend", "state": "completed", "status": "completed", "amount": 2_500}
        return make_transaction(self.card, codego_id=made["id"], **settled)

    def counts(self) -> dict[str, int]:
        return {deed.match: self.effects(deed.match) for deed in DEEDS.values()}

    def effects(self, match: str) -> int:
        """Accepted writes of this kind, ever."""
        method, _, template = match.partition(" ")
        parts = template.split("/")
        done = self.sandbox.http.get("/control/api/effects", params={"method": method}).json()["effects"]
        return sum(
            one["status"] < 400 and all(a in {"*", b} for a, b in zip(parts, one["path"].split("/"), strict=False))
            for one in done
            if len(one["path"].split("/")) == len(parts)
        )

    def card_at_provider(self, card: Card) -> dict:
        return next(c for c in self.sandbox.list("cards") if c["id"] == card.codego_id)

    def dispute_at_provider(self) -> dict:
        return next(d for d in self.sandbox.list("disputes") if d["id"] == self.dispute.codego_id)

    def made(self, name: str) -> int:
        """Accepted writes of this kind since the beginning."""
        match = DEEDS[name].match
        return self.effects(match) - self.before[match]

    def settled(self) -> None:
        """Time passes until every command has found out what became of it, and what was marked is read."""
        for _ in range(6):
            self.looked()
            for long_enough, kinds in (
                (timedelta(days=1, minutes=1), [CommandKind.CHARGE]),
                (timedelta(minutes=11), OTHERS),
            ):
                sent = Command.objects.filter(kind__in=kinds).exclude(sent_at=None)
                sent.update(sent_at=timezone.now() - long_enough)
        reading.read_dirty()

    def looked(self) -> None:
        """One look at what is open."""
        Command.objects.exclude(check_at=None).update(check_at=timezone.now() - timedelta(seconds=1))
        settle.settle_due()


def _newest(programme: Programme, kind: CommandKind) -> Command | None:
    return Command.objects.filter(kind=kind, created_at__gt=programme.since).order_by("-created_at").first()


def _change(kind: CommandKind, card: Callable[[Programme], Card]):
    def act(programme: Programme) -> Any:
        target = Card.objects.get(pk=card(programme).pk)
        return cards.change_status(target, kind, actor=programme.actor, reason="asked by phone")

    return act


def _status(card: Callable[[Programme], Card]):
    return lambda programme: programme.card_at_provider(card(programme))["status"]


def _row(card: Callable[[Programme], Card]):
    return lambda programme: Card.objects.get(pk=card(programme).pk).status


def _virtual(programme: Programme) -> Card:
    return programme.card


def _sent(programme: Programme) -> Card:
    return programme.sent_card


def _of_holder(programme: Programme) -> list[str]:
    held = programme.sandbox.list("cards")
    return sorted(c["last4"] for c in held if c["userId"] == programme.holder.codego_id and c["type"] == "virtual"
                  and c["createdAt"] >= programme.card_at_provider(programme.card)["createdAt"])  # fmt: skip


def _rows_of_holder(programme: Programme) -> list[str]:
    return sorted(Card.objects.filter(cardholder=programme.holder, type="virtual").values_list("last4", flat=True))


def _set_pin(programme: Programme) -> Any:
    browser = Browser(programme.sandbox.public_key)
    sealed = Encrypted(**browser.sealed("244391FFFFFFFFFF"))
    asked = {"actor": programme.actor, "reason": "asked by phone", "once": uuid.uuid4()}
    return reveal.set_pin(Card.objects.get(pk=programme.card.pk), Secret(browser.session), sealed, **asked)


def _on_dispute(act: Callable[..., Any], *given: Any, **more: Any):
    return lambda programme: act(Dispute.objects.get(pk=programme.dispute.pk), *given, actor=programme.actor, **more)


def _dispute(there: str, here: str):
    """A field of the dispute at the provider, and its column here."""
    return (
        lambda programme: programme.dispute_at_provider()[there],
        lambda programme: getattr(Dispute.objects.get(pk=programme.dispute.pk), here),
    )


def _flat(transaction: dict) -> dict:
    return transaction | transaction.get(transaction["type"], {})


DEEDS: dict[str, Deed] = {
    "issue": Deed(
        "POST /users/*/cards", lambda p: cards.issue(p.holder, ORDER, actor=p.actor), _of_holder, _rows_of_holder
    ),
    "lock": Deed("PATCH /cards/*", _change(CommandKind.LOCK, _virtual), _status(_virtual), _row(_virtual)),
    "activate": Deed("PATCH /cards/*", _change(CommandKind.ACTIVATE, _sent), _status(_sent), _row(_sent)),
    "cancel": Deed("PATCH /cards/*", _change(CommandKind.CANCEL, _virtual), _status(_virtual), _row(_virtual)),
    "limit": Deed(
        "PATCH /cards/*",
        lambda p: cards.set_limit(Card.objects.get(pk=p.card.pk), 12_345, "perAuthorization", actor=p.actor),
        lambda p: p.card_at_provider(p.card)["limit"]["amount"],
        lambda p: Card.objects.get(pk=p.card.pk).limit_amount,
    ),
    "dispute": Deed(
        "POST /transactions/*/disputes",
        lambda p: disputes.open_dispute(p.purchase, "Never arrived.", actor=p.actor),
        lambda p: [d["status"] for d in p.sandbox.list("disputes") if d["transactionId"] == p.purchase.codego_id],
        lambda p: list(p.purchase.disputes.values_list("status", flat=True)),
    ),
    "withdraw": Deed(
        "PATCH /disputes/*",
        _on_dispute(dispute_changes.withdraw, reason="the holder found it"),
        *_dispute("status", "status"),
    ),
    "statement": Deed(
        "PATCH /disputes/*",
        _on_dispute(dispute_changes.restate, "Not as described, and late.", before="Not as described."),
        *_dispute("textEvidence", "text_evidence"),
    ),
    "evidence": Deed(
        "PUT /disputes/*/evidence",
        _on_dispute(dispute_changes.attach, FILE),
        *_dispute("hasFileEvidence", "has_file_evidence"),
    ),
    "charge": Deed(
        "POST /users/*/charges",
        lambda p: charges.charge(p.holder, 1_999, FEE, actor=p.actor, reason="asked by phone"),
        lambda p: [t["amount"] for t in map(_flat, p.sandbox.list("transactions")) if t.get("description") == FEE],
        lambda p: list(p.holder.transactions.filter(kind="fee", description=FEE).values_list("amount", flat=True)),
    ),
    "kyc": Deed(
        "POST /session/create",
        lambda p: kyc.open_session(Cardholder.objects.get(pk=p.applicant.pk), actor=p.actor),
        lambda p: p.made("kyc"),
        lambda p: p.made("kyc"),
        settles=CommandState.LAPSED,
    ),
    "pin": Deed(
        "PUT /cards/*/pin",
        _set_pin,
        lambda p: p.made("pin"),
        lambda p: p.made("pin"),
        settles=CommandState.LAPSED,
    ),
}
NOTHING = "nothing asked"
WITHOUT_EFFECT = {CommandState.REFUSED, CommandState.NOT_DONE, NOTHING}


@pytest.fixture
def programme(sandbox, settings, db) -> Programme:
    settings.CODEGO_SECRETS_PUBLIC_KEY = sandbox.public_key
    return Programme(sandbox)


def _ends_well(programme: Programme, name: str, point: str, cells: list[Cell], *, effect: bool) -> None:
    """One effect or none, as the failure has it; what we say and what we hold is what the provider did."""
    deed = DEEDS[name]
    command = _newest(programme, CommandKind(name))
    said = command.state if command else NOTHING
    there, here = deed.at_provider(programme), deed.here(programme)
    cells.append(Cell(name, point, programme.made(name), str(there), said))
    assert programme.made(name) == int(effect)
    assert here == there
    assert said in (
        {CommandState.DONE, deed.settles} if effect else WITHOUT_EFFECT | ({deed.settles} & {CommandState.LAPSED})
    )


def _eventually(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 8
    while not condition():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.05)


@pytest.mark.parametrize("point", WIRE)
@pytest.mark.parametrize("name", DEEDS)
def test_what_fails_on_the_wire(programme, sandbox, cells, name, point):
    fault, effect = WIRE[point]
    sandbox.fault(DEEDS[name].match, fault, seconds=1.5)
    DEEDS[name].act(programme)
    programme.looked()
    _eventually(lambda: programme.made(name) == int(effect))
    programme.settled()
    _ends_well(programme, name, point, cells, effect=effect)


@pytest.mark.parametrize("point", DEATH)
@pytest.mark.parametrize("name", DEEDS)
def test_where_the_process_dies(programme, cells, name, point):
    place, effect = DEATH[point]
    die_at(place, lambda: DEEDS[name].act(programme))
    programme.settled()
    _ends_well(programme, name, point, cells, effect=effect)


@pytest.mark.parametrize("name", DEEDS)
def test_a_process_that_dies_while_it_waits(programme, sandbox, cells, name, settings):
    settings.CODEGO_TIMEOUT = 20.0
    sandbox.fault(DEEDS[name].match, "hang_after", seconds=20)
    die_when(lambda: programme.made(name) == 1, lambda: DEEDS[name].act(programme))
    programme.settled()
    _ends_well(programme, name, "killed while waiting", cells, effect=True)
