"""How staff hand the check over to the applicant's phone, and follow it there."""

from typing import Any
from urllib.parse import quote

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_POST

from cardholders import handoff as handoffs
from cardholders.nouns import Applicant, applicant_or_404, noun_of
from cardholders.outcomes import meaning
from cardholders.qr import picture
from console.access import Actor, Permission, requires
from console.branding import brand
from console.htmx import page_or_fragment, redirect, toast, wants_fragment
from console.provider.commands import CannotDo


class HandoffForm(forms.Form):
    hours = forms.TypedChoiceField(
        label=lazy("The link works for"), coerce=int, choices=list(handoffs.HOURS.items()), initial=handoffs.USUAL_HOURS
    )
    language = forms.ChoiceField(label=lazy("Language of the page"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"label_suffix": ""})
        self.fields["language"].choices = [("", _("As their phone is set")), *settings.LANGUAGES]  # type: ignore[attr-defined]


@requires(Permission.KYC_START)
@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HttpRequest, noun: str, pk: int) -> HttpResponse:
    """POST makes a link and shows it, this once; GET follows the newest one, and offers to make another."""
    applicant = applicant_or_404(noun, pk)
    form = HandoffForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _made(request, applicant, form.cleaned_data)
    context = _context(applicant) | {"form": form}
    if "seen" in request.GET and wants_fragment(request):
        if request.GET["seen"] == context["seen"]:
            return HttpResponse(status=204)
        return render(request, "cardholders/_handoff_live.html", context)
    status = 422 if form.errors else 200
    return page_or_fragment(
        request, "cardholders/handoff.html", "cardholders/_handoff_form.html", context, status=status
    )


@requires(Permission.KYC_START)
@require_POST
def revoke(request: HttpRequest, noun: str, pk: int) -> HttpResponse:
    if handoffs.revoke(applicant_or_404(noun, pk), actor=Actor.of(request)):
        toast(request, _("The link was revoked: it opens nothing any more."))
    return redirect(request, f"cardholders:{noun}_handoff", pk)


def _made(request: HttpRequest, applicant: Applicant, given: dict[str, Any]) -> HttpResponse:
    try:
        link, url = handoffs.make(applicant, **given, actor=Actor.of(request))
    except CannotDo as refusal:
        context = _context(applicant) | {"form": HandoffForm(), "problem": str(refusal)}
        return render(request, "cardholders/handoff.html", context, status=422)
    made = {"url": url, "qr": picture(url), "form": HandoffForm(), **_messages(url, link.language)}
    response = render(request, "cardholders/handoff.html", _context(applicant) | made)
    response["Cache-Control"] = "no-store"
    return response


def _messages(url: str, language: str) -> dict[str, str]:
    """A text message and an e-mail to nobody yet, written in the language that the page will have."""
    with translation.override(language or translation.get_language()):
        words = _("%(brand)s asks you to complete a check. Open this link on your phone: %(url)s")
        text = quote(words % {"brand": brand().name, "url": url}, safe="")
        subject = quote(_("Your check"), safe="")
    return {"mail_url": f"mailto:?subject={subject}&body={text}", "sms_url": f"sms:?&body={text}"}


def _context(applicant: Applicant) -> dict[str, Any]:
    noun, link = noun_of(applicant), handoffs.standing(applicant)
    here = reverse(f"cardholders:{noun}_handoff", args=[applicant.pk])
    seen = f"{link.version if link else ''}-{applicant.state}"
    return {
        "applicant": applicant,
        "noun": noun,
        "link": link,
        "meaning": meaning(applicant),
        "seen": seen,
        "live_url": f"{here}?seen={seen}",
        "revoke_url": reverse(f"cardholders:{noun}_handoff_revoke", args=[applicant.pk]),
        "handoff_url": here,
        "title": _("Check on their phone"),
    }
