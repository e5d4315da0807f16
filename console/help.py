"""The help pages inside the console."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_safe

from console.access import Permission, requires
from console.htmx import page_or_fragment

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Shortcut:
    """One or several ways to the same; each is what is held or pressed together. `letter`: off where single keys are."""

    ways: Sequence[Sequence[Words]]
    does: Words
    letter: bool = False


ENTER, SPACE, ESC, SHIFT, CTRL = lazy("Enter"), lazy("Space"), lazy("Esc"), lazy("Shift"), lazy("Ctrl")
TAB, HOME, END = lazy("Tab"), pgettext_lazy("key", "Home"), pgettext_lazy("key", "End")

SHORTCUTS: Sequence[tuple[Words, Sequence[Shortcut]]] = (
    (
        lazy("Anywhere"),
        (
            Shortcut([[CTRL, "K"], ["⌘", "K"]], lazy("Find anything, or type what to do")),
            Shortcut([["/"]], lazy("The same"), letter=True),
            Shortcut([["?"]], lazy("These keys"), letter=True),
            Shortcut([["z"]], lazy("To the Undo button, while something can be undone"), letter=True),
            Shortcut([[ESC]], lazy("Close what lies on top: a menu, a dialog, the preview. Nothing is sent.")),
            Shortcut([[TAB], [SHIFT, TAB]], lazy("Next, previous link, button or field. The first one skips to the content.")),
            Shortcut([[ENTER]], lazy("Open a link, send a form, sort by a heading")),
            Shortcut([[SPACE]], lazy("Press a button, tick a box, open a menu")),
        ),
    ),
    (
        lazy("While finding"),
        (
            Shortcut([["↓"], ["↑"]], lazy("Next, previous result")),
            Shortcut([[HOME], [END]], lazy("First, last result")),
            Shortcut([[ENTER]], lazy("Open it, or do it")),
            Shortcut([[CTRL, ENTER], ["⌘", ENTER]], lazy("Open it in a new tab")),
        ),
    ),
    (
        lazy("In a list"),
        (
            Shortcut([["j"], ["k"]], lazy("Next, previous row"), letter=True),
            Shortcut([["↓"], ["↑"]], lazy("The same, once a row has the focus")),
            Shortcut([[ENTER]], lazy("Open the row's record")),
            Shortcut([["o"]], lazy("The same"), letter=True),
            Shortcut([[SPACE]], lazy("Preview the row beside the list, or close the preview")),
            Shortcut([["p"]], lazy("The same"), letter=True),
            Shortcut([["→"], ["←"]], lazy("Into the preview, back to the list")),
            Shortcut([["f"]], lazy("Filters"), letter=True),
            Shortcut([["e"]], lazy("Export what is shown"), letter=True),
            Shortcut([["]"], ["["]], lazy("Next, previous page"), letter=True),
            Shortcut([["x"]], lazy("Select the row, or not"), letter=True),
            Shortcut([[SHIFT, "X"]], lazy("Select all rows from the last one to here"), letter=True),
            Shortcut([["a"]], lazy("To what can be done with the selected rows"), letter=True),
            Shortcut([[ESC]], lazy("Close the preview, then clear the selection")),
        ),
    ),
    (
        lazy("In a chart"),
        (
            Shortcut([["←"], ["→"]], lazy("Previous, next bar; its value is read out")),
            Shortcut([[HOME], [END]], lazy("First, last bar")),
            Shortcut([[ENTER]], lazy("The rows behind the bar")),
        ),
    ),
    (
        lazy("In a note"),
        (
            Shortcut([["@"]], lazy("Call a colleague: type the beginning of a name")),
            Shortcut([["↓"], ["↑"]], lazy("Next, previous colleague")),
            Shortcut([[ENTER], [TAB]], lazy("Take this one")),
            Shortcut([[ESC]], lazy("None of them")),
        ),
    ),
    (
        lazy("While a card number or PIN is shown"),
        (Shortcut([[ESC]], lazy("Hide it at once")),),
    ),
)  # fmt: skip


@requires(Permission.RECORD_READ)
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    return render(request, "help/help.html", {"title": _("Help")})


@requires(Permission.RECORD_READ)
@require_safe
def keyboard(request: HttpRequest) -> HttpResponse:
    context = {"title": _("Keyboard"), "shortcuts": SHORTCUTS}
    return page_or_fragment(request, "help/keyboard.html", "help/_keyboard.html", context)
