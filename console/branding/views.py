"""The brand as browsers fetch it, and the administrator's screen that sets it."""

from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_safe

from console.access import Actor, Permission, public, requires
from console.branding import brand, colour, look, services
from console.branding.forms import MOST, BrandForm, WordsForm
from console.branding.models import BrandSettings, Image
from console.htmx import redirect, toast
from console.proxies import NamedFiles

FOR_EVER = "public, max-age=31536000, immutable"
A_WHILE = "public, max-age=300"
INERT = "sandbox; default-src 'none'; style-src 'unsafe-inline'"  # an image that is opened as a page runs nothing


@public
@require_safe
def css(request: HttpRequest) -> HttpResponse:
    return _versioned(request, brand().css, "text/css; charset=utf-8")


@public
@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """The initials on the accent, where no icon was uploaded."""
    response = _versioned(request, brand().favicon_svg, "image/svg+xml")
    response["Content-Security-Policy"] = INERT
    return response


@public
@require_safe
def image(request: HttpRequest, name: str) -> HttpResponse:  # noqa: ARG001
    """By the hash of what it holds: it never changes, and whoever has its address was shown it."""
    found = get_object_or_404(Image, pk=name)
    response = HttpResponse(bytes(found.data), content_type=found.content_type)
    response["Cache-Control"] = FOR_EVER
    response["Content-Security-Policy"] = INERT
    return response


@public
@require_safe
def manifest(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    now = brand()
    said = {
        "name": now.name,
        "short_name": now.name[:12],
        "start_url": "/",
        "display": "browser",
        "theme_color": now.accent,
        "background_color": "#ffffff",
        "icons": [{"src": now.favicon_url, "type": now.favicon_type, "sizes": "any"}],
    }
    response = JsonResponse(said, content_type="application/manifest+json")
    response["Cache-Control"] = A_WHILE
    return response


@requires(Permission.BRAND_EDIT)
@csrf_exempt  # until it is settled how the body is read: `_edit` checks the token
def edit(request: HttpRequest) -> HttpResponse:
    request.upload_handlers = [NamedFiles(request, MOST)]
    return _edit(request)


@csrf_protect
def _edit(request: HttpRequest) -> HttpResponse:
    services.look_again()
    row = services.row() or BrandSettings()
    if request.method != "POST":
        return _screen(request, BrandForm(initial={word: getattr(row, word) for word in services.WORDS}), row)
    form = BrandForm(request.POST, request.FILES)
    if not form.is_valid():
        return _screen(request, form, row, status=422)
    if "look" in request.POST:
        return _screen(request, form, row)
    changed = services.save(form.words(), form.images(), actor=Actor.of(request))
    toast(
        request,
        _("Saved. Every page, e-mail and export uses it from now on.") if changed else _("Nothing was changed."),
    )
    return redirect(request, "branding:settings")


@requires(Permission.BRAND_EDIT)
@require_safe
def looked_at(request: HttpRequest) -> HttpResponse:
    """The check and the preview of what is typed, as it is typed."""
    return render(request, "branding/_look.html", _look(WordsForm(request.GET)))


@requires(Permission.BRAND_EDIT)
@require_safe
def preview_css(request: HttpRequest) -> HttpResponse:
    try:
        accent = colour.parsed(request.GET.get("accent", ""))
    except ValueError as wrong:
        raise BadRequest("accent") from wrong
    response = HttpResponse(colour.css(accent, ".preview"), content_type="text/css; charset=utf-8")
    response["Cache-Control"] = "private, max-age=86400"
    return response


@requires(Permission.BRAND_EDIT)
def reset(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        services.reset(actor=Actor.of(request))
        toast(request, _("The brand is what the environment says again."))
        return redirect(request, "branding:settings")
    then = services.of(BrandSettings())
    facts = [(_("Name"), then.name), (_("Accent colour"), then.accent), (_("Support address"), then.support_email)]
    context = {
        "title": _("Go back to the environment's brand?"),
        "what": _(
            "Name, colour and support address become those of the environment. Logo, icon and picture are taken away."
        ),
        "facts": facts,
        "verb": _("Reset the brand"),
        "danger": True,
        "local": True,
        "action_url": request.path,
        "back_url": reverse("branding:settings"),
    }
    template = "ui/_confirm.html" if request.headers.get("HX-Request") else "ui/confirm.html"
    return render(request, template, context)


def _screen(request: HttpRequest, form: BrandForm, row: BrandSettings, status: int = 200) -> HttpResponse:
    images = [
        (form[name], form[f"remove_{name}"], getattr(row, name) and services.mark(getattr(row, name))) for name in MOST
    ]
    context = {
        "title": _("Brand"),
        "form": form,
        "images": images,
        "is_set": row.pk and any(getattr(row, services.column(name)) for name in (*services.WORDS, *services.IMAGES)),
        "again": bool(request.FILES) and (bool(form.errors) or "look" in request.POST),
    }
    return render(request, "branding/settings.html", context | _look(form), status=status)


def _look(form: WordsForm) -> dict[str, Any]:
    """With the typed words where they can be used, else those of before."""
    row = services.row() or BrandSettings()
    form.is_valid()
    typed = form.cleaned_data if form.is_bound else {}
    for word in services.WORDS:
        setattr(row, word, typed.get(word, getattr(row, word)))
    tried = services.of(row)
    return {
        "tried": tried,
        "wrong": " ".join(map(str, form.errors.get("accent", []))) if form.is_bound else "",
        "uses": look.uses(tried.accent),
        "preview_url": f"{reverse('branding:preview')}?accent={tried.accent.removeprefix('#')}",
    }


def _versioned(request: HttpRequest, content: str, content_type: str) -> HttpResponse:
    """Kept for ever under the address that names this very content; under a bare one for five minutes, then asked again."""
    version = services.version(content)
    etag = f'"{version}"'
    if etag in request.headers.get("If-None-Match", ""):
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = HttpResponse(content, content_type=content_type)
    response["ETag"] = etag
    response["Cache-Control"] = FOR_EVER if request.GET.get("v") == version else A_WHILE
    return response
