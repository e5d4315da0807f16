"""Onboarding: the new applicant, and the page that frames the provider's identity check and follows its outcome.

The one-time address of the frame is in the single answer to the POST that opened the session, and nowhere else."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cardholders import handoff, services
from cardholders.forms import CardholderForm, CompanyForm, OnboardForm
from cardholders.kyc_headers import kyc_origins, kyc_page, origin_of
from cardholders.models import KycSession
from cardholders.nouns import Applicant, applicant_or_404, noun_of
from cardholders.outcomes import meaning
from cardholders.progress import Progress
from console.access import Actor, Permission, requires
from console.codego import records
from console.codego.errors import CodegoError
from console.htmx import page_or_fragment, redirect, toast, wants_fragment
from console.provider.commands import CannotDo
from console.provider.models import Command, CommandState

FORMS: dict[str, type[OnboardForm]] = {"cardholder": CardholderForm, "company": CompanyForm}
ADD: dict[str, Callable[..., Applicant]] = {"cardholder": services.add_cardholder, "company": services.add_company}
Opened = tuple[Command, records.KycSession | None]


@requires(Permission.KYC_START)
@kyc_page
def new(request: HttpRequest, noun: str) -> HttpResponse:
    form = FORMS[noun](request.POST or None)
    if request.method == "POST" and form.is_valid():
        applicant = ADD[noun](**form.cleaned_data, actor=Actor.of(request))
        if "start" in request.POST:
            return _opened(request, applicant, lambda: services.open_session(applicant, actor=Actor.of(request)))
        if "send" in request.POST:
            toast(request, _("Added. Now make the link."))
            return redirect(request, f"cardholders:{noun}_handoff", applicant.pk)
        toast(request, _("Added. Start the check here, or send it to their phone."))
        return redirect(request, applicant)
    title = _("New cardholder") if noun == "cardholder" else _("New company")
    context = {"form": form, "noun": noun, "title": title}
    return render(request, "cardholders/new.html", context, status=422 if form.errors else 200)


@requires(Permission.KYC_START)
@kyc_page
@require_http_methods(["GET", "HEAD", "POST"])
def session(request: HttpRequest, noun: str, pk: int) -> HttpResponse:
    """POST opens a session and shows it there and then; GET says how far the applicant is."""
    applicant = applicant_or_404(noun, pk)
    if request.method == "POST":
        return _opened(request, applicant, lambda: services.open_session(applicant, actor=Actor.of(request)))
    context = _context(applicant)
    if wants_fragment(request) and request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204)
    return page_or_fragment(request, "cardholders/kyc.html", "cardholders/_kyc.html", context)


@requires(Permission.KYC_START)
@kyc_page
@require_POST
def resume(request: HttpRequest, noun: str, pk: int) -> HttpResponse:
    applicant = applicant_or_404(noun, pk)
    last = KycSession.newest_of(applicant)
    if last is None:
        return _opened(request, applicant, lambda: services.open_session(applicant, actor=Actor.of(request)))
    return _opened(request, applicant, lambda: services.resume_session(last, actor=Actor.of(request)))


@requires(Permission.KYC_START)
@kyc_page
@require_POST
def submitted(request: HttpRequest, noun: str, pk: int) -> HttpResponse:
    """The browser saw the end of the check, or the person says so: from here on the page waits for the decision."""
    applicant = applicant_or_404(noun, pk)
    if last := KycSession.newest_of(applicant):
        services.submitted(last)
    if not wants_fragment(request):
        return redirect(request, f"cardholders:{noun}_kyc", pk)
    return page_or_fragment(request, "cardholders/kyc.html", "cardholders/_kyc.html", _context(applicant))


def _opened(request: HttpRequest, applicant: Applicant, ask: Callable[[], Opened]) -> HttpResponse:
    """The page with the frame, or with the reason why there is none."""
    context = _context(applicant)
    try:
        command, opened = ask()
    except (CannotDo, CodegoError) as refusal:
        return render(request, "cardholders/kyc.html", context | {"problem": str(refusal)}, status=422)
    context |= _context(applicant)
    if opened is None:
        return render(request, "cardholders/kyc.html", context | _why_not(command), status=422)
    url = opened.iframe_url.reveal()
    if (origin := origin_of(url)) not in kyc_origins():
        words = _(
            "The provider wants to show a page of %(origin)s, which is not one of the addresses this console may show. "
            "Nothing was opened. An administrator can allow it with CODEGO_KYC_ORIGINS."
        )
        return render(request, "cardholders/kyc.html", context | {"problem": words % {"origin": origin}}, status=422)
    return render(request, "cardholders/kyc.html", context | {"iframe_url": url, "origins": " ".join(kyc_origins())})


def _why_not(command: Command) -> dict[str, str]:
    if command.state == CommandState.UNKNOWN:
        return {
            "problem": _(
                "The answer was lost, and the way into the session with it. Open another one: no harm is done."
            )
        }
    return {"problem": _("The provider did not open a session."), "provider_says": command.message}


def _context(applicant: Applicant) -> dict[str, Any]:
    noun, last = noun_of(applicant), KycSession.newest_of(applicant)
    home = reverse(f"cardholders:{noun}_kyc", args=[applicant.pk])
    progress, link = Progress.of(applicant, last), handoff.standing(applicant)
    seen = f"{progress.version}-{link.version}" if link else progress.version
    return {
        "applicant": applicant,
        "noun": noun,
        "session": last,
        "progress": progress,
        "seen": seen,
        "link": link,
        "meaning": meaning(applicant),
        "kyc_url": home,
        "resume_url": reverse(f"cardholders:{noun}_kyc_resume", args=[applicant.pk]),
        "submitted_url": reverse(f"cardholders:{noun}_kyc_submitted", args=[applicant.pk]),
        "live_url": f"{home}?{urlencode({'seen': seen})}",
        "title": _("KYC session") if noun == "cardholder" else _("KYB session"),
    }
