"""The page of every part in every state, made of the templates that the other pages are made of."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods

from console.access import Permission, requires
from console.branding import tokens
from console.charts import Chart, Mark
from console.htmx import page_or_fragment, redirect, toast
from console.templatetags.console import STATUSES

LEVELS = ("info", "good", "warn", "bad")
SHAPES = ("dot", "ring", "half", "square", "triangle", "diamond", "cross", "bar")
BUTTONS = [
    {"label": lazy("Plain")},
    {"label": lazy("Primary"), "kind": "primary"},
    {"label": lazy("Danger"), "kind": "danger"},
    {"label": lazy("Danger, last step"), "kind": "primary danger"},
    {"label": lazy("Quiet"), "kind": "quiet"},
    {"label": lazy("With an icon"), "icon": "lock"},
    {"label": lazy("A link"), "url": "#buttons"},
    {"label": lazy("Disabled"), "disabled": True},
    {"label": lazy("Primary, disabled"), "kind": "primary", "disabled": True},
    {"label": lazy("Busy"), "busy": True},
    {"label": lazy("Primary, busy"), "kind": "primary", "busy": True},
]


class ExampleForm(forms.Form):
    name = forms.CharField(label=lazy("Required"), help_text=lazy("With a line of help."))
    note = forms.CharField(label=lazy("Optional"), required=False)
    wrong = forms.EmailField(label=lazy("Invalid"), initial="no address")
    kind = forms.ChoiceField(label=lazy("A choice"), choices=[("a", lazy("Virtual")), ("b", lazy("Physical"))])
    picks = forms.MultipleChoiceField(
        label=lazy("Several"),
        choices=[("a", lazy("Viewer")), ("b", lazy("Finance"))],
        widget=forms.CheckboxSelectMultiple,
    )
    agree = forms.BooleanField(label=lazy("A box to tick"))
    off = forms.CharField(label=lazy("Disabled"), disabled=True, initial="4242")
    file = forms.FileField(label=lazy("A file"), required=False)
    text = forms.CharField(label=lazy("Long text"), widget=forms.Textarea({"rows": 3}), required=False)


class ReasonForm(forms.Form):
    reason = forms.CharField(label=lazy("Reason"), error_messages={"required": lazy("Write a reason first.")})


@requires(Permission.RECORD_READ)
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """The page; its own example of a dialog, which asks for a reason and does nothing with it."""
    here = reverse("branding:components")
    reason = ReasonForm(request.POST if request.method == "POST" else None, label_suffix="", auto_id="dialog_%s")
    if request.method == "POST" and reason.is_valid():
        toast(request, _("Nothing was done: this is a page of examples."))
        return redirect(request, here)
    dialog = {
        "title": _("Lock this card?"), "what": _("Every purchase is declined until it is unlocked."),
        "facts": [(_("Card"), "··4242"), (_("Holder"), None)], "form": reason, "verb": _("Lock card"),
        "danger": True, "local": True, "action_url": f"{here}?dialog=1", "back_url": here,
    }  # fmt: skip
    if "dialog" in request.GET:
        status = 422 if reason.errors else 200
        return page_or_fragment(request, "ui/confirm.html", "ui/_confirm.html", dialog, status=status)
    return render(request, "branding/components.html", _examples(here))


def _examples(here: str) -> dict[str, Any]:
    now = timezone.now()
    earlier = now - timedelta(minutes=12)
    wrong = {"name": "Ana Marinho", "wrong": "no address", "kind": "a", "picks": ["a"], "agree": "on"}
    chips = [
        SimpleNamespace(label=_("Status"), value=_("Active"), remove_url="#chips"),
        SimpleNamespace(label=_("Cardholder"), value=_("A name that goes on and on"), remove_url="#chips"),
    ]
    heads = [
        {"label": _("Name"), "url": "#tables", "aria_sort": "ascending"},
        {"label": _("State")},
        {"label": _("Amount"), "url": "#tables", "numeric": True},
    ]
    lines = [SimpleNamespace(label=_("Status"), old=_("Active"), new=_("Locked"))]
    words = [SimpleNamespace(text=_("Called twice, no answer.") + " "), SimpleNamespace(text="Finn", person=True)]
    return {
        "title": _("Components"),
        "here": here,
        "pairs": tokens.pairs(),
        "sizes": tokens.lengths("tiny", "small", "dense", "text", "large", "title", "figure"),
        "spaces": tokens.lengths("s1", "s2", "s3", "s4", "s5", "s6", "s7"),
        "corners": tokens.lengths("radius-small", "radius", "radius-large", "radius-round"),
        "buttons": BUTTONS,
        "statuses": list(STATUSES),
        "badges": list(zip(tokens.TONES, SHAPES, strict=False)) + [("idle", shape) for shape in SHAPES[len(tokens.TONES) :]],
        "levels": LEVELS,
        "toasts": ("done", "refused", "unknown"),
        "forms": [ExampleForm(label_suffix="", auto_id="new_%s"), ExampleForm(wrong, label_suffix="", auto_id="sent_%s")],
        "shown": SimpleNamespace(
            chips=chips, heads=heads, rows=range(3), clear_url="#chips", export_url="#chips", notice=_("A word about this list."),
            next_url="#tables", previous_url="#tables",
        ),
        "meters": [
            {"mood": "silent", "down_since": earlier},
            {"mood": "waiting", "wait": 4},
            {"mood": "refused", "refused_at": earlier},
        ],
        "readings": [
            {"state": state, "at": None if state == "never" else earlier, "why": why, "key": f"as-of-{state}"}
            for state, why in (("fresh", ""), ("reading", ""), ("never", ""), ("stale", _("The last sweep failed.")))
        ],
        "charts": _charts(),
        "items": [
            {"title": _("Card locked"), "tone": "warn", "shape": "square", "at": earlier, "actor": "Olga", "lines": lines},
            {"title": _("Purchase declined"), "tone": "bad", "shape": "cross", "at": earlier},
            {"title": _("Card issued"), "tone": "good", "shape": "dot", "at": earlier, "told_at": now},
        ],
        "notes": [(SimpleNamespace(pk=0, author="Olga", author_id=0, at=earlier), words)],
        "standings": [
            SimpleNamespace(
                level=level, text=_("How it stands."), why=_("Why it stands so."), how=_("What they can do."),
                who=SimpleNamespace(value=_("The cardholder")), said="insufficient_funds",
                steps=[SimpleNamespace(url="#standing", label=_("What helps"), dialog=False)],
            )
            for level in LEVELS
        ],
        "notes_clear": True,
    }  # fmt: skip


def _charts() -> list[Chart]:
    days = [Mark(f"{day} Nov", day * 37 % 90, f"${day * 37 % 90}.00") for day in range(1, 15)]
    parts = [
        Mark(tone, 40 - 6 * place, str(40 - 6 * place), "#figures", tone=tone)
        for place, tone in enumerate(tokens.TONES)
    ]
    return [
        Chart(_("Spend by day"), days, "bars"),
        Chart(_("By tone"), parts, "rows", head=_("Tone")),
        Chart(_("Parts of a whole"), parts, "stack", head=_("Tone")),
    ]
