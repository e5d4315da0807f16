"""What could not be verified: what is wrong and what to do about it, and verifying it again."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from console.access import Actor, Permission, requires
from console.audit import services as audit
from console.audit.events import Action
from console.htmx import page_or_fragment, redirect, toast
from console.money import grouped
from console.sync import forged
from console.sync.filters import InboxFilter
from console.sync.models import Delivery, DeliveryVerdict, Rejected, Rejection
from console.sync.tasks import ring

HOURS = 24
NEWEST = 20
MOST_VERIFIED = 1_000
SEVERAL = 3  # wrong signatures in a day that are no stranger's try: the provider sends each delivery again and again
MEANING = {
    Rejection.WRONG: lazy("Well made, but with a secret this console does not have."),
    Rejection.NO_SIGNATURE: lazy("Not from the provider, or a proxy on the way removes the Signature header."),
    Rejection.MALFORMED: lazy("The Signature header is no SHA-256 in hex: another scheme, or a stranger."),
    Rejection.NOT_JSON: lazy("Cut off or changed on the way, or a stranger. Look at what stands between."),
    Rejection.TOO_LARGE: lazy("No delivery of the provider is that large; its body was not read."),
}


class Reason(NamedTuple):
    """One line of the table of reasons."""

    key: str
    label: str
    meaning: str
    number: int
    newest: Rejected
    url: str


class Advice(NamedTuple):
    level: str
    lead: str
    text: str
    steps: Sequence[str] = ()


@requires(Permission.INBOX_READ)
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    look, counters = forged.look(HOURS)
    newest = Delivery.objects.filter(verdict=DeliveryVerdict.FORGED).defer("body").order_by("-received_at", "-pk")
    total = sum(look.counts.values())
    context = {
        "title": _("Not verified"),
        "look": look,
        "advice": _advice(look),
        "reasons": [_reason(look, key) for key, _n in look.counts.most_common()],
        "hours": _hours(counters),
        "hours_title": ngettext("%(n)s delivery in 24 hours", "%(n)s deliveries in 24 hours", total)
        % {"n": grouped(total)},
        "newest": [(each, each.get_rejection_display()) for each in newest[:NEWEST]],
        "all_url": f"{reverse('sync:inbox')}?verdict={DeliveryVerdict.FORGED}",
        "verify_url": f"{reverse('sync:verify-all')}?verdict={DeliveryVerdict.FORGED}",
        "kept_days": forged.KEPT_FOR.days,
    }
    return render(request, "sync/rejected.html", context)


@requires(Permission.INBOX_REPLAY)
def verify(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Delivery.objects.defer("body"), pk=pk)
    if request.method == "POST":
        _verify(request, [found.pk], record_id=found.pk)
        return redirect(request, "sync:delivery", found.pk)
    facts = [(_("Type"), found.type), (_("Object"), found.object_id), (_("Why not"), found.get_rejection_display())]
    context = _words(request, facts) | {"back_url": reverse("sync:delivery", args=[found.pk])}
    return page_or_fragment(request, "ui/confirm.html", "ui/_confirm.html", context)


@requires(Permission.INBOX_REPLAY)
def verify_all(request: HttpRequest) -> HttpResponse:
    """All kept ones under the filter of the list it came from, the oldest first. A filter that cannot be understood
    verifies nothing."""
    form = InboxFilter(request.GET)
    found = form.filtered(Delivery.objects.all()).filter(verdict=DeliveryVerdict.FORGED).order_by("received_at", "pk")
    ids = [] if form.errors else list(found.values_list("pk", flat=True)[:MOST_VERIFIED])
    if not ids:
        toast(request, _("No delivery matches this filter."), "refused")
        return redirect(request, "sync:rejected")
    if request.method == "POST":
        _verify(request, ids, filters=[bound.name for bound, _value in form.in_force()])
        return redirect(request, "sync:rejected")
    facts = [(str(chip.label), chip.value) for chip in form.chips(request)] + [(_("Deliveries"), grouped(len(ids)))]
    most = _("Only the %(most)s oldest: verify again for the rest.") % {"most": grouped(MOST_VERIFIED)}
    notice = most if len(ids) == MOST_VERIFIED else ""
    context = _words(request, facts) | {"notice": notice, "back_url": reverse("sync:rejected")}
    return page_or_fragment(request, "ui/confirm.html", "ui/_confirm.html", context)


def _words(request: HttpRequest, facts: Iterable[tuple[str, str]]) -> dict[str, object]:
    return {
        "title": _("Verify again?"),
        "what": _(
            "Each signature is checked again, with the secrets this console has now. What verifies is applied as if it "
            "had come then; the rest stays here."
        ),
        "facts": list(facts),
        "verb": _("Verify again"),
        "action_url": request.get_full_path(),
    }


def _verify(
    request: HttpRequest, ids: Sequence[int], *, record_id: int | None = None, filters: Sequence[str] = ()
) -> None:
    """Done and written down together, and the worker rung."""
    with transaction.atomic():
        outcome = forged.verify_again(ids)
        audit.record(
            Action.DELIVERY_VERIFY, actor=Actor.of(request), record="delivery", record_id=record_id, filters=filters,
            verified=outcome.verified, unverified=outcome.unverified, altered=outcome.altered,
        )  # fmt: skip
        if outcome.verified:
            ring("drain")
    toast(request, told(outcome), "done" if outcome.verified else "refused")


def told(outcome: forged.Outcome) -> str:
    """What became of them, in a sentence or several."""
    words = [
        ngettext(
            "%(n)s delivery is genuine and is applied now.", "%(n)s deliveries are genuine and are applied now.",
            outcome.verified,
        ) % {"n": grouped(outcome.verified)} if outcome.verified else _("None could be verified."),
    ]  # fmt: skip
    if outcome.duplicates:
        words.append(_("%(n)s of them had come again meanwhile.") % {"n": grouped(outcome.duplicates)})
    if outcome.unverified:
        words.append(_("%(n)s fit none of the secrets in CODEGO_WEBHOOK_SECRETS.") % {"n": grouped(outcome.unverified)})
    if outcome.altered:
        words.append(
            _("%(n)s were shortened or lost card secrets when they were kept.") % {"n": grouped(outcome.altered)}
        )
    return " ".join(words)


def _advice(look: forged.Look) -> Advice:
    """The one thing to know first."""
    if not look.counts:
        return Advice("good", _("Every delivery of the last 24 hours was verified."), "")
    wrong = look.last.get(Rejection.WRONG)
    if wrong and look.is_our_secret and look.counts[Rejection.WRONG] >= SEVERAL:
        since = _("Nothing has been verified since %(then)s.") % {"then": _clock(look.verified_at)}
        return Advice(
            "bad",
            _("The webhook secret is wrong: what comes is signed with one that this console does not have."),
            since if look.verified_at else _("Nothing has ever been verified."),
            (
                _("Copy the webhook secret from the provider's settings."),
                _(
                    "Add it to CODEGO_WEBHOOK_SECRETS, beside the present one with a comma between, and restart the console."
                ),
                _(
                    "Then press Verify again here: what was kept is applied. The provider sends the rest again by itself."
                ),
            ),
        )
    if wrong:
        return Advice(
            "warn",
            _("Some deliveries are signed with a secret that this console does not have."),
            _(
                "If the provider is changing its secret, add the coming one to CODEGO_WEBHOOK_SECRETS; else ask who sends them."
            ),
        )
    return Advice(
        "info",
        _("None of these was signed as the provider signs."),
        _(
            "They are most likely not from the provider, and did no harm. If webhooks are missing too, look at the proxy."
        ),
    )


def _clock(moment: datetime | None) -> str:
    return date_format(timezone.localtime(moment), "j M, H:i") if moment else ""


def _reason(look: forged.Look, key: str) -> Reason:
    label, meaning = (Rejection(key).label, MEANING[Rejection(key)]) if key in Rejection.values else (key, "")
    url = f"{reverse('sync:inbox')}?verdict={DeliveryVerdict.FORGED}&rejection={key}"
    return Reason(key, str(label), str(meaning), look.counts[key], look.last[key], url)


def _hours(counters: Sequence[Rejected]) -> list[tuple[str, int, str]]:
    """One bar for each hour, the present one last."""
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    hours = [now - timedelta(hours=back) for back in reversed(range(HOURS))]
    counts = {hour: sum(each.count for each in counters if each.hour == hour) for hour in hours}
    return [(date_format(timezone.localtime(hour), "H:i"), count, grouped(count)) for hour, count in counts.items()]
