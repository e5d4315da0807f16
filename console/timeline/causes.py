"""What set a change: the delivery, sweep or staff command behind it, in words and with its page."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from console.access import Permission, allowed
from console.history.models import Change, ChangeSource
from console.provider.models import Command
from console.sync.filters import KINDS
from console.sync.models import Delivery, Run

ASKED_WITHIN = timedelta(minutes=10)  # how long before a read whatever asked for it may lie
MOST = 500  # deliveries and commands among which the asker is looked for


class Cause(NamedTuple):
    words: str
    url: str = ""


Causes = dict[int, Cause]


def causes_of(request: HttpRequest, row: Any, changes: Sequence[Change]) -> Causes:
    """By the change's number. Five queries at most, however many changes there are."""
    refs: dict[str, list[str]] = {}
    for change in changes:
        refs.setdefault(change.source, []).append(change.ref)
    deliveries = _deliveries(refs.get(ChangeSource.DELIVERY, []))
    runs = _runs(refs.get(ChangeSource.RUN, []))
    commands = _commands(refs.get(ChangeSource.COMMAND, []))
    asker = _asker(row, [change.at for change in changes if change.source == ChangeSource.READ])
    inbox, sweeps = (allowed(request.user, p) for p in (Permission.INBOX_READ, Permission.RECONCILIATION_READ))

    def of_read(change: Change) -> Cause:
        asked = asker(change.at)
        if asked is None:
            return Cause(_("Read from the provider"))
        if isinstance(asked, Delivery):
            words, url = _of_delivery(asked.type, str(asked.pk), inbox=inbox)
        else:
            words, url = _of_command(asked)
        return Cause(_("Read after: %(what)s") % {"what": words}, url)

    of_source: dict[str, Callable[[Change], Cause]] = {
        ChangeSource.DELIVERY: lambda c: _of_delivery(deliveries.get(c.ref, ""), c.ref, inbox=inbox),
        ChangeSource.RUN: lambda c: _of_run(runs.get(c.ref, ""), c.ref, sweeps=sweeps),
        ChangeSource.COMMAND: lambda c: _of_command(commands.get(c.ref)),
        ChangeSource.READ: of_read,
    }
    return {
        change.pk: of_source[change.source](change)
        if change.source in of_source
        else Cause(change.get_source_display())
        for change in changes
    }


def _of_run(kind: str, ref: str, *, sweeps: bool) -> Cause:
    if not kind:
        return Cause(_("Sweep"))
    words = _("Sweep: %(kind)s") % {"kind": KINDS.get(kind, kind)}
    return Cause(words, reverse("sync:run", args=[ref]) if sweeps else "")


def _of_delivery(event_type: str, ref: str, *, inbox: bool) -> Cause:
    words = _("Delivery %(type)s") % {"type": event_type} if event_type else _("Delivery")
    return Cause(words, reverse("sync:delivery", args=[ref]) if inbox and event_type else "")


def _of_command(command: Command | None) -> Cause:
    if command is None:
        return Cause(_("Staff command"))
    actor = command.actor or _("The console")
    words = _("%(what)s by %(who)s") % {"what": command.get_kind_display(), "who": actor}
    return Cause(words, reverse("provider:command", args=[command.pk]))


def _deliveries(refs: Sequence[str]) -> dict[str, str]:
    ids = [int(ref) for ref in refs if ref.isdecimal()]
    found = Delivery.objects.filter(pk__in=ids).values_list("pk", "type") if ids else ()
    return {str(pk): event_type or "?" for pk, event_type in found}


def _runs(refs: Sequence[str]) -> dict[str, str]:
    ids = [int(ref) for ref in refs if ref.isdecimal()]
    return {str(pk): kind for pk, kind in Run.objects.filter(pk__in=ids).values_list("pk", "kind")} if ids else {}


def _commands(refs: Sequence[str]) -> dict[str, Command]:
    ids = [ref for ref in refs if ref]
    return {str(each.pk): each for each in Command.objects.filter(pk__in=ids).select_related("actor")} if ids else {}


def _asker(row: Any, reads: Sequence[datetime]) -> Callable[[datetime], Delivery | Command | None]:
    """Gives what came or was sent last before a read, of this object, if that is not long ago."""
    if not reads or not row.codego_id:
        return lambda _at: None
    window = (min(reads) - ASKED_WITHIN, max(reads))
    told = Delivery.objects.filter(object_id=row.codego_id, received_at__range=window).defer("body")
    sent = Command.objects.filter(record=row._meta.model_name, record_id=row.pk, sent_at__range=window)
    found: list[tuple[datetime, Delivery | Command]] = []
    found += [(each.received_at, each) for each in told.order_by("-received_at")[:MOST]]
    found += [(each.sent_at, each) for each in sent.select_related("actor").order_by("-sent_at")[:MOST] if each.sent_at]
    found.sort(key=lambda each: each[0], reverse=True)

    def last_before(at: datetime) -> Delivery | Command | None:
        return next((each for when, each in found if at - ASKED_WITHIN <= when <= at), None)

    return last_before
